# SPDX-License-Identifier: Apache-2.0
"""Real clients of Kafka for tests/e2e: `kseg serve` as a process, and drivers of clients that answer a line with a line.

Without the toolchain that a client needs the test ends with status 77, which ctest calls skipped."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

import kseg_cli as k
import s3_servers

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
START_TIMEOUT_S = 20
STOP_TIMEOUT_S = 10


def skip(why):
    print(f"skipped: {why}", file=sys.stderr)
    sys.exit(SKIPPED)


def fetch(name, nightly=False):
    """The command of a client's driver. nightly: only where KSEG_LARGE is set."""
    if nightly and not os.environ.get("KSEG_LARGE"):
        skip(f"{name} is tested only with KSEG_LARGE, as tests/run --nightly does")
    done = subprocess.run([HERE / "clients" / "fetch", name], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        skip(f"no {name}: {done.stderr.strip()[-400:]}")
    return done.stdout.splitlines()


class Broker:
    """`kseg serve` over a directory, on a port that it keeps when started again."""

    def __init__(self, directory, *options):
        self.directory, self.options = pathlib.Path(directory), options
        self.data, self.address, self.process = self.directory / "data", "127.0.0.1:0", None
        self.log = self.directory / "serve.log"

    def start(self):
        port_file = self.directory / "port"
        port_file.unlink(missing_ok=True)
        with open(self.log, "ab") as log:
            # A test's broker may keep what it has in memory.
            self.process = subprocess.Popen(
                [k.program(), "serve", "--data", self.data, "--listen", self.address, "--port-file", port_file, *self.options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + START_TIMEOUT_S
        while not port_file.exists():
            if self.process.poll() is not None or time.monotonic() > end:
                self.kill()
                raise AssertionError(f"kseg serve did not start: {self.said()}")
            time.sleep(0.02)
        self.address = port_file.read_text().strip()
        return self

    def stop(self):
        """Asks it to end, as a service manager does; anything but status 0 is a failure."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            status = self.process.wait(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"kseg serve did not end within {STOP_TIMEOUT_S} s: {self.said()}") from None
        self.process = None
        if status != 0:
            raise AssertionError(f"kseg serve ended with status {status}: {self.said()}")

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def said(self):
        return self.log.read_text(errors="replace")[-2000:]

    def segments(self, topic, partition=0):
        return sorted((self.data / f"{topic}-{partition}").glob("*.log"))


class Refused(AssertionError):
    """A client that reports an error; code is Kafka's number, None where the client has none."""

    def __init__(self, text, code):
        super().__init__(text)
        self.code = code


class Driver(s3_servers.Lines):
    """A client, by its driver: driver("create", topic="t", partitions=1)."""

    def __init__(self, command, address):
        self.scratch = tempfile.TemporaryDirectory(prefix="kseg_client_")
        super().__init__([*command, address], {**os.environ, "TMPDIR": self.scratch.name, "KSEG_CLIENT_SCRATCH": self.scratch.name})

    def __call__(self, op, **arguments):
        answer = self.ask(k.json.dumps({"op": op, **arguments}))
        if "error" in answer:
            raise Refused(f"{op} {str(arguments)[:200]}: {answer['error']}", answer.get("code"))
        return answer

    def close(self):
        super().close()
        self.scratch.cleanup()
