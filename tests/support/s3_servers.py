# SPDX-License-Identifier: Apache-2.0
"""Servers that speak S3, for tests/e2e, on 127.0.0.1: moto, s3rver and versitygw; a second client; and ours, driven by lines.

Without the toolchain that a server needs the test ends with status 77, which ctest calls skipped."""

import base64
import contextlib
import dataclasses
import fcntl
import http.client
import json
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import termios
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
START_TIMEOUT_S = 60
ANSWER_TIMEOUT_S = 300
BUCKET = "logs"
# What a test's own environment must not bring in.
FOREIGN = re.compile(r"AWS_|(?i:.*_proxy$)")


def fetch(name):
    if name == "versitygw" and not os.environ.get("KSEG_LARGE"):
        print("skipped: building versitygw takes minutes; set KSEG_LARGE, as tests/run --nightly does", file=sys.stderr)
        sys.exit(SKIPPED)
    done = subprocess.run([HERE / "s3" / "fetch", name], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"skipped: no {name}: {done.stderr.strip()[-400:]}", file=sys.stderr)
        sys.exit(SKIPPED)
    return done.stdout.strip()


@dataclasses.dataclass
class Server:
    endpoint: str
    key: str
    secret: str
    token: str = ""
    checks_signatures: bool = True
    knows_conditions: bool = True
    lists_uploads: bool = True
    dates_uploads: bool = True  # tells when an upload in parts began
    lists_well: bool = True  # in order and in pages
    knows_short_ranges: bool = True  # 0-0 is a range
    ca: str = ""

    def environment(self, **more):
        """The process's own, with this server's keys and no others."""
        kept = {name: value for name, value in os.environ.items() if not FOREIGN.match(name)}
        keys = {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_SESSION_TOKEN": self.token,
                "AWS_CA_BUNDLE": self.ca, "AWS_REGION": "us-east-1", "HOME": "/nonexistent"}
        return {**kept, **{name: value for name, value in keys.items() if value}, **more}


def stop(process):
    """Ends a process that was started here."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream:
            stream.close()


def wait_for_port(port, process):
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError("the server does not accept connections")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


@contextlib.contextmanager
def moto(log):
    """Yields the server, and the same with keys that have a session token."""
    python = fetch("moto")
    with open(log, "wb") as err:
        process = subprocess.Popen([python, HERE / "s3" / "moto_server.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=err, text=True)
    try:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"moto did not start: {pathlib.Path(log).read_text()[-2000:]}")
        started = json.loads(line)
        endpoint = f"http://127.0.0.1:{started['port']}"
        yield (Server(endpoint, started["key"], started["secret"], dates_uploads=False),
               Server(endpoint, *started["temporary"]))
    finally:
        stop(process)


@contextlib.contextmanager
def s3rver(directory):
    """Checks no signatures of version 4, ignores If-None-Match, and lists directory by directory."""
    script = fetch("s3rver")
    process = subprocess.Popen(["node", script, "-d", directory, "-a", "127.0.0.1", "-p", "0", "--configure-bucket", BUCKET],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        port = None
        for line in process.stdout:
            if match := re.search(r"listening on 127\.0\.0\.1:(\d+)", line):
                port = int(match[1])
                break
        if port is None:
            raise RuntimeError("s3rver did not start")
        # Its log must go on being read, or it would wait.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield Server(f"http://127.0.0.1:{port}", "S3RVER", "S3RVER", checks_signatures=False, knows_conditions=False,
                     lists_uploads=False, lists_well=False, knows_short_ranges=False)
    finally:
        stop(process)


@contextlib.contextmanager
def versitygw(directory, tls=None):
    """tls   (certificate, key) files, or None for plain HTTP. The bucket is a directory."""
    program = fetch("versitygw")
    directory = pathlib.Path(directory)
    (directory / "data" / BUCKET).mkdir(parents=True)
    (directory / "metadata").mkdir()
    port = free_port()  # it does not tell which port it got
    options = ["--cert", tls[0], "--key", tls[1]] if tls else []
    with open(directory / "log", "wb") as log:
        # Attributes of objects in files, since not every file system has extended ones.
        process = subprocess.Popen(
            [program, "-p", f"127.0.0.1:{port}", "-a", "accesskey", "-s", "secret/key+1", "--keep-alive", *options, "posix",
             "--sidecar", directory / "metadata", directory / "data"], stdout=log, stderr=log)
    try:
        wait_for_port(port, process)
        yield Server(f"{'https' if tls else 'http'}://127.0.0.1:{port}", "accesskey", "secret/key+1", ca=tls[0] if tls else "")
    finally:
        stop(process)


class Lines:
    """A process that answers each line with a line of JSON."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=environment)
        self.err = b""
        self.reader = threading.Thread(target=self._read_err, daemon=True)
        self.reader.start()

    def _read_err(self):
        for line in self.process.stderr:
            self.err += line

    def ask(self, line):
        timer = threading.Timer(ANSWER_TIMEOUT_S, self.process.kill)
        timer.start()
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = b""
        finally:
            timer.cancel()
        if not answer:
            raise AssertionError(f"{line[:200]!r}: no answer; {self.err.decode(errors='replace')[-2000:]}")
        return json.loads(answer)

    def close(self):
        stop(self.process)
        self.reader.join()
        self.process.stderr.close()


def readable_bytes(pipe):
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, struct.pack("i", 0)))[0]


class Store(Lines):
    """Our store, by objects_tool. Keeps all that it said, in which no secret may stand."""

    def __init__(self, url, server, *options, environment=None):
        tool = pathlib.Path(os.environ["KSEG_BUILD"]) / "tests" / "objects_tool"
        if environment is None:
            environment = server.environment()
        super().__init__([tool, url, "--endpoint", server.endpoint, *map(str, options)], environment)
        self.said = ""

    def __call__(self, *words):
        answer = self.ask("\t".join(map(str, words)))
        self.said += json.dumps(answer)
        return answer

    @property
    def details(self):
        # They were written before the answer was; the thread that reads them may be behind.
        said = None
        while said != self.err or readable_bytes(self.process.stderr):
            said = bytes(self.err)
            time.sleep(0.1)
        return said.decode().splitlines()


class Boto(Lines):
    def __init__(self, server):
        arguments = [fetch("moto"), HERE / "s3" / "boto_client.py", server.endpoint, *([server.ca] if server.ca else [])]
        super().__init__(arguments, server.environment())

    def __call__(self, call, **arguments):
        answer = self.ask(json.dumps({"call": call, "bucket": BUCKET, **arguments}))
        if "error" in answer:
            raise AssertionError(f"{call}: {answer['error']}")
        return answer["result"]

    def put(self, key, body):
        self("put", key=key, body=base64.b64encode(body).decode())

    def get(self, key):
        return base64.b64decode(self("get", key=key))

    def list(self):
        return [tuple(entry) for entry in self("list")]
