# SPDX-License-Identifier: Apache-2.0
"""kcat as a driver of kafka_clients: a process for each operation. See clients/python/driver.py for the operations."""

import json
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import kafka_clients
import s3_servers
from clients.python import driver

TIMEOUT_S = 30
# Neither occurs in a value that is sent with others.
KEY_END, MESSAGE_END = "\x1d|", "\x1e|"
COMMIT_S = 0.4
FAST = ["-X", "reconnect.backoff.ms=20", "-X", "reconnect.backoff.max.ms=200"]


def read(line):
    """A line of kcat -J. It passes bytes on that are no UTF-8, so they are read as Latin-1 and given back."""
    r = json.loads(line.decode("latin-1"))
    key, value, *headers = (None if x is None else x.encode("latin-1") for x in (r["key"], r["payload"], *r.get("headers", [])))
    names = [name.decode() for name in headers[::2]]
    return driver.record_out(r["partition"], r["offset"], r["ts"], key, value, zip(names, headers[1::2]))


class Member:
    def __init__(self, address, group, topic, directory):
        self.out, self.err, self.begin, self.first_ms = directory / "out", directory / "err", time.monotonic(), None
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(
                ["kcat", "-b", address, "-J", "-u", *FAST, "-X", "auto.offset.reset=earliest", "-X", "auto.commit.interval.ms=100",
                 "-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=200", "-X", "check.crcs=true", "-G", group, topic],
                stdin=subprocess.DEVNULL, stdout=out, stderr=err)

    def state(self):
        assigned = []
        for line in self.err.read_text(errors="replace").splitlines():
            if match := re.search(r"rebalanced \(memberid [^)]*\): (assigned|revoked)(.*)", line):
                assigned = sorted(map(int, re.findall(r"\[(\d+)\]", match[2]))) if match[1] == "assigned" else []
        lines = [line for line in self.out.read_bytes().split(b"\n")[:-1] if line]
        if lines and self.first_ms is None:
            self.first_ms = round((time.monotonic() - self.begin) * 1000)
        return {"assigned": assigned, "records": list(map(read, lines)), "first_ms": self.first_ms}


class Kcat:
    def __init__(self, address):
        if not shutil.which("kcat"):
            kafka_clients.skip("no kcat")
        self.address, self.members, self.count = address, {}, 0
        self.scratch = tempfile.TemporaryDirectory(prefix="kseg_client_")
        self.dir = pathlib.Path(self.scratch.name)

    def __call__(self, op, **arguments):
        return getattr(self, op)(**arguments)

    def run(self, *args, stdin=b""):
        done = subprocess.run(["kcat", "-b", self.address, *args], input=stdin, capture_output=True, timeout=TIMEOUT_S, check=False)
        if done.returncode != 0 or b"ERROR" in done.stderr:
            raise kafka_clients.Refused(f"kcat {args}: {done.stderr.decode(errors='replace')[-1000:]}", None)
        return done

    def topics(self):
        return {"topics": sorted(t["topic"] for t in json.loads(self.run("-L", "-J").stdout)["topics"])}

    def describe(self, topic):
        found = json.loads(self.run("-L", "-J", "-t", topic).stdout)
        partitions, = (t["partitions"] for t in found["topics"] if t["topic"] == topic)
        brokers = [(b["id"], *b["name"].rsplit(":", 1)) for b in found["brokers"]]
        return {"partitions": sorted([p["partition"], p["leader"]] for p in partitions),
                "brokers": [[number, host, int(port)] for number, host, port in brokers]}

    def produce(self, topic, codec, idempotent, records):
        offsets, together = [], {}
        options = ["-P", "-vvv", "-t", topic, "-z", codec, "-X", f"enable.idempotence={str(idempotent).lower()}",
                   "-X", "message.max.bytes=2000000"]

        def send(partition, *more, stdin=b""):
            said = self.run(*options, "-p", str(partition), *more, stdin=stdin).stderr.decode(errors="replace")
            offsets.extend(map(int, re.findall(r"delivered to partition \d+ \(offset (\d+)\)", said)))

        def send_together():
            for partition, lines in together.items():
                send(partition, "-K", KEY_END, "-D", MESSAGE_END, stdin=b"".join(lines))
            together.clear()

        for partition, _, key, value, headers in map(driver.record_in, records):
            if key and value and not headers and len(value) < 4000:
                together.setdefault(partition, []).append(key + KEY_END.encode() + value + MESSAGE_END.encode())
                continue
            send_together()
            words = [word for name, content in headers
                     for word in ("-H", name.encode() + (b"" if content is None else b"=" + content))]
            if key is not None and not value:  # it sends no empty file
                send(partition, *words, *(["-Z"] if value is None else []), "-K", KEY_END, "-D", MESSAGE_END,
                     stdin=key + (KEY_END + MESSAGE_END).encode())
                continue
            (self.dir / "message").write_bytes(value)
            send(partition, *words, *([] if key is None else ["-k", key]), str(self.dir / "message"))
        send_together()
        return {"offsets": offsets}

    def consume(self, topic, partition, offset, count):
        done = self.run("-C", "-e", "-J", "-X", "check.crcs=true", "-t", topic, "-p", str(partition), "-o", str(offset),
                        "-c", str(count))
        return {"records": [read(line) for line in done.stdout.split(b"\n") if line]}

    def times(self, topic, partition, times):
        found = []
        for when in times:
            said = self.run("-Q", "-t", f"{topic}:{partition}:{when}").stdout.decode()
            offset = int(re.search(r"offset (-?\d+)", said)[1])
            found.append(None if offset < 0 else offset)
        return {"offsets": found}

    def join(self, member, group, topic):
        self.count += 1
        directory = self.dir / str(self.count)
        directory.mkdir()
        self.members[member] = Member(self.address, group, topic, directory)

    def state(self, member):
        return self.members[member].state()

    def commit(self, member):  # pylint: disable=unused-argument
        """It commits by itself, after a while."""
        time.sleep(COMMIT_S)

    def leave(self, member):
        process = self.members.pop(member).process
        process.send_signal(signal.SIGTERM)
        process.wait(TIMEOUT_S)

    def close(self):
        for member in self.members.values():
            s3_servers.stop(member.process)
        self.scratch.cleanup()
