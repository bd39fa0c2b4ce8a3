# SPDX-License-Identifier: Apache-2.0
"""Shared by tests of `kseg serve`: starts and ends a broker, and speaks with it by kcat, a client on librdkafka, or by
frames written here."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

import kseg_cli as k

TIMEOUT_S = 30
SKIPPED = 77


class Served:
    """A running broker."""

    def __init__(self, directory, *args, data=True):
        self.port_file = pathlib.Path(directory) / f"port-{time.monotonic_ns()}"
        where = ["--data", str(pathlib.Path(directory) / "data")] if data else []
        self.err_path = self.port_file.with_suffix(".err")
        with open(self.err_path, "wb") as err:
            self.process = subprocess.Popen(
                [k.program(), "serve", "--listen", "127.0.0.1:0", "--port-file", str(self.port_file), *where, *args],
                stdout=subprocess.PIPE, stderr=err, env=dict(os.environ, TMPDIR=str(directory)))
        deadline = time.monotonic() + TIMEOUT_S
        while not self.port_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"kseg serve did not start: {self.err()}")
            time.sleep(0.01)
        self.address = self.port_file.read_text().strip()
        self.host, port = self.address.rsplit(":", 1)
        self.port = int(port)

    def err(self):
        return self.err_path.read_text()

    def end(self, number=signal.SIGTERM):
        """Ends it; returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            status = self.process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("kseg serve did not end") from None
        self.out = self.process.stdout.read().decode()
        self.process.stdout.close()
        return status

    def kcat(self, *args, stdin=b"", status=0):
        done = subprocess.run(["kcat", "-b", self.address, "-X", "check.crcs=true", *args], input=stdin, capture_output=True,
                              timeout=TIMEOUT_S, check=False)
        if status is not None and done.returncode != status:
            raise AssertionError(f"kcat {' '.join(args)}: status {done.returncode}: {done.stderr.decode()}")
        return done.stdout

    def request(self, frame):
        """Sends a request's bytes; returns the response's without its length."""
        with socket.create_connection((self.host, self.port), TIMEOUT_S) as connection:
            connection.sendall(struct.pack(">i", len(frame)) + frame)
            return read_frame(connection)


def read_frame(connection):
    def read(size):
        got = b""
        while len(got) < size:
            part = connection.recv(size - len(got))
            if not part:
                raise ConnectionError("closed")
            got += part
        return got
    return read(struct.unpack(">i", read(4))[0])


@contextlib.contextmanager
def served(directory, *args, data=True):
    broker = Served(directory, *args, data=data)
    try:
        yield broker
    finally:
        broker.end()


def need_kcat():
    if not shutil.which("kcat"):
        print("skipped: kcat is not installed", file=sys.stderr)
        sys.exit(SKIPPED)


def api_versions():
    """An ApiVersions request of version 0."""
    return struct.pack(">hhih", 18, 0, 7, -1)


def metadata(*topics, create=True):
    """A Metadata request of version 4; without topics of all."""
    body = struct.pack(">i", len(topics) if topics else -1)
    for topic in topics:
        body += struct.pack(">h", len(topic)) + topic.encode()
    return struct.pack(">hhih", 3, 4, 7, -1) + body + bytes([create])


def parse_metadata(answer):
    """({node: (host, port)}, controller, {topic: (error, partitions)}) of a Metadata response of version 4."""
    at = 8  # correlation id, throttle time

    def take(form):
        nonlocal at
        value, = struct.unpack_from(">" + form, answer, at)
        at += struct.calcsize(">" + form)
        return value

    def text():
        nonlocal at
        size = take("h")
        if size < 0:
            return None
        value = answer[at:at + size].decode()
        at += size
        return value

    brokers = {}
    for _ in range(take("i")):
        node, host, port = take("i"), text(), take("i")
        text()
        brokers[node] = (host, port)
    text()
    controller = take("i")
    topics = {}
    for _ in range(take("i")):
        error, name = take("h"), text()
        take("b")
        count = take("i")
        for _ in range(count):
            take("h"), take("i"), take("i")
            for _ in range(2):
                for _ in range(take("i")):
                    take("i")
        topics[name] = (error, count)
    assert at == len(answer), (at, len(answer))
    return brokers, controller, topics
