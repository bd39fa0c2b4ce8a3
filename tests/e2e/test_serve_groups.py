# SPDX-License-Identifier: Apache-2.0
"""Groups of `kseg serve`, with kafka-python as members: who comes, goes, dies and comes back, what each gets, where they go on
after a restart; and how long a group takes to begin, by frames written here."""

import json
import pathlib
import queue
import socket
import struct
import subprocess
import sys
import threading
import time

SUPPORT = pathlib.Path(__file__).resolve().parent.parent / "support"
sys.path.insert(0, str(SUPPORT))
import kseg_cli as k  # noqa: E402
import serve_cli as s  # noqa: E402

WAIT_S = 60
# From the first request of a new member to its first record, as the broker can keep it waiting.
BEGIN_MS = 100
PARTITIONS = 4


def client_python():
    fetch = SUPPORT / "clients" / "fetch"
    if not fetch.exists():
        return None
    done = subprocess.run([fetch, "kafka-python"], capture_output=True, text=True, check=False)
    return done.stdout.split()[0] if done.returncode == 0 else None


class Member:
    """A consumer in a process of its own, and what it has said."""

    def __init__(self, python, broker, group, *instance):
        self.process = subprocess.Popen([python, SUPPORT / "group_member.py", broker.address, group, "t", *instance],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.lines, self.assigned, self.values, self.rounds = queue.Queue(), None, [], 0
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def hear(self):
        while not self.lines.empty():
            said = self.lines.get()
            if said["event"] == "assigned":
                self.assigned = said["partitions"]
                self.rounds += 1
            elif said["event"] == "record":
                self.values.append(said["value"])

    def end(self, word="leave"):
        if self.process.poll() is None:
            self.process.stdin.write(word + "\n")
            self.process.stdin.flush()
        self.process.wait(WAIT_S)
        self.reader.join(WAIT_S)
        self.hear()
        self.process.stdin.close()
        self.process.stdout.close()


class Groups(k.ScratchCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.python = client_python()

    def setUp(self):
        super().setUp()
        if self.python is None:
            self.skipTest("no kafka-python")
        self.members = []
        self.broker = s.Served(self.dir, "--topic", f"t:{PARTITIONS}")
        self.addCleanup(lambda: self.broker.end())
        self.addCleanup(lambda: [m.end("die") for m in self.members if m.process.poll() is None])

    def member(self, *instance):
        self.members.append(Member(self.python, self.broker, "g", *instance))
        return self.members[-1]

    def produce(self, values):
        script = ("import sys; from kafka import KafkaProducer; p = KafkaProducer(bootstrap_servers=sys.argv[1]);"
                  f"[p.send('t', v.encode(), partition=i % {PARTITIONS}) for i, v in enumerate(sys.argv[2:])]; p.flush()")
        subprocess.run([self.python, "-c", script, self.broker.address, *values], check=True, timeout=WAIT_S,
                       stderr=subprocess.DEVNULL)

    def wait(self, what, done):
        deadline = time.monotonic() + WAIT_S
        while True:
            for member in self.members:
                member.hear()
            if done():
                return
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    def wait_shared(self, *members):
        """Until these have all partitions between them, each some."""
        def shared():
            parts = [m.assigned or [] for m in members]
            return all(parts) and sorted(sum(parts, [])) == list(range(PARTITIONS))
        self.wait("not shared among the members", shared)

    def test_members_come_and_go(self):
        first = self.member()
        self.wait_shared(first)
        second = self.member()
        self.wait_shared(first, second)
        self.assertEqual(len(first.assigned), 2)
        values = [f"value {i}" for i in range(40)]
        self.produce(values)
        self.wait("records", lambda: len(first.values) + len(second.values) >= 40)
        self.assertEqual(sorted(first.values + second.values), sorted(values))
        self.assertEqual((len(first.values), len(second.values)), (20, 20))
        second.end()
        self.wait_shared(first)
        more = [f"more {i}" for i in range(8)]
        self.produce(more)
        self.wait("records", lambda: len(first.values) >= 28)
        self.assertEqual(sorted(first.values[20:]), sorted(more))

    def test_a_dead_member_is_replaced_when_its_session_ends(self):
        first = self.member()
        second = self.member()
        self.wait_shared(first, second)
        second.end("die")
        started = time.monotonic()
        self.wait_shared(first)
        self.assertGreater(time.monotonic() - started, 4)
        self.assertLess(time.monotonic() - started, 12)

    def test_a_static_member_comes_back_without_a_rebalance(self):
        first = self.member("one")
        second = self.member("two")
        self.wait_shared(first, second)
        rounds, part = first.rounds, second.assigned
        second.end("die")
        back = self.member("two")
        self.wait("no partitions", lambda: back.assigned)
        self.assertEqual(back.assigned, part)
        time.sleep(1)
        first.hear()
        self.assertEqual(first.rounds, rounds)

    def test_a_group_goes_on_after_a_restart(self):
        first = self.member()
        self.produce([f"before {i}" for i in range(12)])
        self.wait("records", lambda: len(first.values) == 12)
        first.end()
        self.assertEqual(self.broker.end(), 0)
        self.broker = s.Served(self.dir)
        self.produce([f"after {i}" for i in range(12)])
        second = self.member()
        self.wait("records", lambda: len(second.values) >= 12)
        self.assertEqual(sorted(second.values), sorted(f"after {i}" for i in range(12)))
        # Uncleanly this time.
        second.end()
        self.assertEqual(self.broker.end(9), -9)
        self.broker = s.Served(self.dir)
        third = self.member()
        self.produce(["last"])
        self.wait("a record", lambda: third.values)
        self.assertEqual(third.values, ["last"])


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


class Begin(k.ScratchCase):
    """A new member by hand, so that no client's own waiting is measured. Layouts: Kafka's protocol guide."""

    def call(self, connection, key, version, body):
        frame = struct.pack(">hhi", key, version, 1) + text("c") + body
        connection.sendall(struct.pack(">i", len(frame)) + frame)
        return s.read_frame(connection)[4:]

    def begin(self, broker, group):
        """Milliseconds from a member's first request to its assignment and its offsets."""
        with socket.create_connection((broker.host, broker.port), s.TIMEOUT_S) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            started = time.monotonic()
            self.call(connection, 10, 0, text(group))

            def join(member):
                return self.call(connection, 11, 5, text(group) + struct.pack(">ii", 6000, 60000) + text(member)
                                 + struct.pack(">h", -1) + text("consumer") + struct.pack(">i", 1) + text("range")
                                 + struct.pack(">i", 0))

            asked = join("")
            self.assertEqual(struct.unpack_from(">h", asked, 4), (79,))  # MEMBER_ID_REQUIRED
            at = 4 + 2 + 4 + 2 + 2  # throttle, error, generation, no protocol, no leader
            size = struct.unpack_from(">h", asked, at)[0]
            member = asked[at + 2:at + 2 + size].decode()
            joined = join(member)
            self.assertEqual(struct.unpack_from(">hi", joined, 4), (0, 1))
            synced = self.call(connection, 14, 3, text(group) + struct.pack(">i", 1) + text(member) + struct.pack(">hi", -1, 1)
                               + text(member) + struct.pack(">i", 2) + b"ok")
            self.assertEqual(synced, struct.pack(">ihi", 0, 0, 2) + b"ok")
            offsets = self.call(connection, 9, 1, text(group) + struct.pack(">i", 1) + text("t") + struct.pack(">ii", 1, 0))
            self.assertEqual(struct.unpack_from(">q", offsets, 4 + 2 + 1 + 4 + 4), (-1,))
            return (time.monotonic() - started) * 1000

    def test_a_group_begins_at_once(self):
        with s.served(self.dir, "--topic", "t") as broker:
            took = [self.begin(broker, f"group {i}") for i in range(5)]
        # The machine may be busy; the broker itself must not wait.
        self.assertLess(min(took), BEGIN_MS, took)


if __name__ == "__main__":
    k.main()
