# SPDX-License-Identifier: Apache-2.0
"""The broker under frames that no client should send, while a good client goes on: it lives, holds bounded memory and no
descriptors of those who are gone, serves the good client, and its log has everything that it acknowledged.

KSEG_FRAMES sets how many frames are sent (20000), KSEG_HOSTILE_SEED the seed, which is printed.
"""

import multiprocessing
import os
import pathlib
import queue
import random
import signal
import statistics
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import hostile_frames as h  # noqa: E402
import kafka_clients  # noqa: E402
import kseg_cli as k  # noqa: E402
import raw_kafka as r  # noqa: E402

FRAMES = int(os.environ.get("KSEG_FRAMES", "20000"))
SEED = int(os.environ.get("KSEG_HOSTILE_SEED", str(random.SystemRandom().randrange(1 << 32))))
ATTACKERS = 4
MOST_MIB = 400
LONGEST_ANSWER_S = 5
GOOD, GROUP = "good.topic", "good-group"


class Watch(threading.Thread):
    """The broker's memory, looked at now and then."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.most_mib, self.ended = pid, 0, threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(0.05):
            self.most_mib = max(self.most_mib, memory_mib(self.pid))


def memory_mib(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0


def descriptors(pid):
    """What the broker has open, by kind: sockets, deleted files, others."""
    found = {"socket": 0, "deleted": 0, "other": 0}
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(entry)
        except OSError:
            continue
        found["socket" if target.startswith("socket") else "deleted" if "(deleted)" in target else "other"] += 1
    return found


class GoodClient:
    """Two connections, one of which produces while the other consumes and commits."""

    def __init__(self, address):
        self.address, self.ended, self.produced, self.faults = address, threading.Event(), threading.Event(), []
        self.acknowledged, self.consumed, self.committed, self.took = {}, 0, -1, []
        self.threads = [threading.Thread(target=self.guard, args=(work,)) for work in (self.produce, self.consume)]
        for thread in self.threads:
            thread.start()

    def guard(self, work):
        client = r.Client(self.address)
        try:
            work(client)
        except Exception as e:  # pylint: disable=broad-except
            self.faults.append(f"{type(e).__name__}: {e}")
        finally:
            client.close()
            if work == self.produce:
                self.produced.set()

    def timed(self, call, *args):
        begin = time.monotonic()
        result = call(*args)
        self.took.append(time.monotonic() - begin)
        return result

    def produce(self, client):
        number = 0
        while not self.ended.is_set():
            values = [f"good {number + i}".encode() for i in range(3)]
            offset = self.timed(client.produce, GOOD, k.build_batch(0, [(None, value) for value in values]))
            self.acknowledged.update((offset + i, value) for i, value in enumerate(values))
            number += 3
            time.sleep(0.002)

    def consume(self, client):
        while not self.produced.is_set() or self.consumed < len(self.acknowledged):
            for batch in self.timed(client.fetch, GOOD, self.consumed):
                for offset, value in r.values_of(batch):
                    if offset < self.consumed:
                        continue
                    if offset != self.consumed or value != f"good {offset}".encode():
                        raise AssertionError(f"expected record {self.consumed}, got {value} at {offset}")
                    self.consumed += 1
            self.timed(client.commit, GROUP, GOOD, self.consumed)
            self.committed = self.consumed

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(60)


class Hostile(k.ScratchCase):
    def start(self, *options):
        broker = kafka_clients.Broker(self.dir, "--topic", GOOD, "--topic", h.TOPIC, *options)
        self.addCleanup(broker.kill)
        broker.start()
        host, _, port = broker.address.rpartition(":")
        self.where = (host, int(port))
        return broker

    def settled(self, pid, expected):
        """Descriptors once those of closed connections are gone, or after a while."""
        end = time.monotonic() + 10
        while (found := descriptors(pid)) and found["socket"] > expected and time.monotonic() < end:
            time.sleep(0.05)
        return found

    def check_good(self, broker, good, watch):
        """A good client has been served throughout; then the log has all that was acknowledged, also once started again."""
        self.assertEqual(good.faults, [])
        self.assertGreater(len(good.acknowledged), 0)
        self.assertEqual(good.consumed, len(good.acknowledged))
        watch.ended.set()
        took = sorted(good.took)
        print(f"good client: {len(took)} requests, median {1000 * statistics.median(took):.1f} ms, 99 % "
              f"{1000 * took[len(took) * 99 // 100]:.0f} ms, most {1000 * took[-1]:.0f} ms; broker: {watch.most_mib:.0f} MiB")
        self.assertLess(took[-1], LONGEST_ANSWER_S)
        self.assertLess(watch.most_mib, MOST_MIB)
        broker.stop()
        for topic in (GOOD, h.TOPIC):
            if (broker.data / f"{topic}-0").is_dir():
                verified = k.run("wal-append", "--wal", broker.data, "--topic", topic, "--verify")
                self.assertEqual(verified.status, 0, verified)
        there = {line["offset"]: line["value"].encode() for line in k.decode("--json", broker.data / f"{GOOD}-0").lines()}
        self.assertEqual(there, good.acknowledged)
        broker.start()
        client = r.Client(broker.address)
        self.assertEqual(client.committed(GROUP, GOOD), good.committed)
        self.assertEqual(r.values_of(client.fetch(GOOD, 0)[0])[0], (0, b"good 0"))
        client.close()
        broker.stop()

    def test_mutated_frames(self):
        print(f"{FRAMES} frames, KSEG_HOSTILE_SEED={SEED}")
        broker = self.start()
        pid = broker.process.pid
        frames = r.fixture_frames()
        client = r.Client(broker.address)
        advertised = {(key, version) for key, (first, last) in client.api_versions().items() for version in range(first, last + 1)}
        client.close()
        self.assertEqual(advertised - {(key, version) for key, version, _ in frames}, set(), "APIs without a frame")
        frames = [frame for frame in frames if frame[:2] in advertised]
        before = self.settled(pid, 1)
        watch, good = Watch(pid), GoodClient(broker.address)
        results = multiprocessing.Queue()
        attackers = [multiprocessing.Process(target=h.attack, args=(self.where, frames, FRAMES // ATTACKERS, SEED + i, results))
                     for i in range(ATTACKERS)]
        for attacker in attackers:
            attacker.start()
        sent = connections = 0
        for _ in attackers:
            try:
                one = results.get(timeout=max(120, FRAMES / 200))
            except queue.Empty:
                for attacker in attackers:
                    attacker.kill()
                self.fail(f"the attackers do not end; the broker: {broker.process.poll()}, {broker.said()}")
            sent, connections = sent + one[0], connections + one[1]
            self.assertEqual(one[2], [])
        for attacker in attackers:
            attacker.join()
        self.assertIsNone(broker.process.poll(), broker.said())
        good.stop()
        after = self.settled(pid, before["socket"])
        print(f"{sent} frames over {connections} connections; descriptors before {before}, after {after}")
        self.assertLessEqual(after["socket"], before["socket"])
        self.assertEqual(after["deleted"], 0)
        self.check_good(broker, good, watch)

    def test_promised_bytes(self):
        """Many who promise large requests and send little, and some who send half of one and stop."""
        broker = self.start()
        watch, good = Watch(broker.process.pid), GoodClient(broker.address)
        h.silence(self.where, 0.5, count=300)
        halves = []
        for _ in range(8):
            one = r.Client(broker.address)
            one.socket.sendall(struct.pack(">i", 60 << 20) + bytes(20 << 20))
            halves.append(one)
        time.sleep(0.5)
        for one in halves:
            one.close()
        good.stop()
        self.check_good(broker, good, watch)

    def test_waits_of_those_who_left(self):
        """Requests that wait are let go of with their connection."""
        broker = self.start()
        watch, good = Watch(broker.process.pid), GoodClient(broker.address)
        body = struct.pack(">iiiibi", -1, 0x7FFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF, 0, 1) + r.text(h.TOPIC)
        one = r.request(1, 4, body + struct.pack(">iiqi", 1, 0, 0, 1000))
        # Unknown partitions would be answered at once.
        many = r.request(1, 4, body + struct.pack(">i", 20000) + struct.pack(">iqi", 0, 0, 1000) * 20000)
        before = descriptors(broker.process.pid)
        for i in range(1200):
            client = r.Client(broker.address)
            client.socket.sendall(many if i % 2 else one * 20)
            client.close()
        good.stop()
        self.assertLessEqual(self.settled(broker.process.pid, 1)["socket"], before["socket"])
        self.check_good(broker, good, watch)

    def test_fetch_sessions(self):
        """Sessions of many partitions that nobody goes on with, and one that grows and grows."""
        broker = self.start()
        watch, good = Watch(broker.process.pid), GoodClient(broker.address)

        def fetch(number, session, epoch, first):
            partitions = b"".join(struct.pack(">iqqi", first + i, 0, 0, 1000) for i in range(60000))
            body = struct.pack(">iiiibii", -1, 0, 0, 1000, 0, session, epoch) + struct.pack(">i", 1) + r.text(h.TOPIC)
            return r.request(1, 7, body + struct.pack(">i", 60000) + partitions + struct.pack(">i", 0), number)

        client = r.Client(broker.address)
        for i in range(40):
            client.ask(lambda number: fetch(number, 0, 0, 0))
        session = client.ask(lambda number: fetch(number, 0, 0, 0))
        self.assertEqual(session.take("ih"), (0, 0))
        name = session.take("i")
        self.assertNotEqual(name, 0)
        errors = []
        for i in range(1, 30):
            answer = client.ask(lambda number: fetch(number, name, i, i * 60000))
            answer.take("i")
            errors.append(answer.take("h"))
        client.close()
        self.assertEqual(errors[:2], [0, 0])
        self.assertEqual(errors[-1], 70, "FETCH_SESSION_ID_NOT_FOUND")
        good.stop()
        self.check_good(broker, good, watch)

    def test_large_requests(self):
        """As many entries as a request has room for."""
        broker = self.start()
        watch, good = Watch(broker.process.pid), GoodClient(broker.address)
        size = 30 << 20
        entries = {
            (3, 12): b"\0" * 16 + b"\0\0",  # Metadata: an id, a null name, tags
            (32, 4): b"\2\1\0\0",  # DescribeConfigs: type, empty name, null keys, tags
            (20, 4): b"\1",  # DeleteTopics: empty names
            (15, 5): b"\1",  # DescribeGroups
            (42, 2): b"\1",  # DeleteGroups
            (37, 3): b"\1\0\0\0\1\0\0"}  # CreatePartitions
        tails = {(3, 12): b"\1\0\0", (32, 4): b"\0\0\0", (20, 4): b"\0\0\0\1\0", (15, 5): b"\0\0", (42, 2): b"\0",
                 (37, 3): b"\0\0\0\1\0\0"}
        for (key, version), entry in entries.items():
            count = size // len(entry)
            client = r.Client(broker.address)
            try:
                client.socket.sendall(r.request(key, version, r.uvarint(count + 1) + entry * count + tails[key, version], flexible=True))
                client.socket.settimeout(20)
                client.socket.recv(4)
            except OSError:
                pass
            client.close()
            self.assertIsNone(broker.process.poll(), broker.said())
        good.stop()
        self.check_good(broker, good, watch)

    def test_stopped_by_signal(self):
        """SIGTERM while attackers are at work ends it as cleanly."""
        broker = self.start()
        watch, good = Watch(broker.process.pid), GoodClient(broker.address)
        results = multiprocessing.Queue()
        attackers = [multiprocessing.Process(target=h.attack, args=(self.where, r.fixture_frames(), 1 << 40, SEED + i, results))
                     for i in range(2)]
        for attacker in attackers:
            attacker.start()
        time.sleep(1)
        good.stop()
        broker.process.send_signal(signal.SIGTERM)
        self.assertEqual(broker.process.wait(kafka_clients.STOP_TIMEOUT_S), 0, broker.said())
        broker.process = None
        for attacker in attackers:
            attacker.kill()
            attacker.join()
        broker.start()
        self.check_good(broker, good, watch)


if __name__ == "__main__":
    k.main()
