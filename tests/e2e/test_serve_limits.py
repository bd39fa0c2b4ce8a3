# SPDX-License-Identifier: Apache-2.0
"""Many of everything: connections, requests under way, partitions, answers that nobody reads. The broker holds its limits and
bounded memory, and serves everybody else meanwhile."""

import os
import pathlib
import resource
import select
import socket
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import raw_kafka as r  # noqa: E402
import serve_cli as s  # noqa: E402

CONNECTIONS, REQUESTS = 4096, 64  # the limits: of the broker, and of one connection
PARTITIONS = 2000
CLOSE_TIMEOUT_S = 200  # every log is synced, on whatever disk this is
MOST_GROWTH_MIB = 512 if os.environ.get("KSEG_SANITIZER") else 64  # sanitizers keep what was freed
LONGEST_ANSWER_S = 5
MIB = 1 << 20


def memory_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    return 0


def one(value):
    return k.build_batch(0, [(None, value)])


def create(topic, partitions, number=1):
    """CreateTopics 2."""
    body = struct.pack(">i", 1) + r.text(topic) + struct.pack(">ihii", partitions, 1, 0, 0) + struct.pack(">ib", 60000, 0)
    return r.request(19, 2, body, number)


class Limits(k.ScratchCase):
    def setUp(self):
        super().setUp()
        least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (least, most))
        self.descriptors = most

    def client(self, broker):
        client = r.Client(broker.address)
        self.addCleanup(client.close)
        return client

    def connect(self, broker):
        made = socket.create_connection((broker.host, broker.port), timeout=30)
        self.addCleanup(made.close)
        return made

    def served_soon(self, client, topic):
        """A good client, beside whatever else goes on."""
        begin = time.monotonic()
        offset = client.produce(topic, one(b"good"))
        self.assertEqual(r.values_of(client.fetch(topic, offset)[-1])[-1], (offset, b"good"))
        self.assertLess(time.monotonic() - begin, LONGEST_ANSWER_S)

    def test_one_connection_too_many(self):
        if self.descriptors < CONNECTIONS + 200:
            self.skipTest(f"only {self.descriptors} descriptors")
        with s.served(self.dir, data=False) as broker:
            first = self.client(broker)
            self.assertIn(18, first.api_versions())
            sockets = [self.connect(broker) for _ in range(CONNECTIONS - 1)]
            for made in (sockets[0], sockets[-1]):  # all that fit are served
                made.sendall(r.request(18, 0, b""))
                self.assertGreater(struct.unpack(">i", made.recv(4, socket.MSG_WAITALL))[0], 4)
            for _ in range(10):
                self.assertEqual(self.connect(broker).recv(1), b"", "one too many was let in")
            self.assertIn(18, first.api_versions())
            sockets[0].close()
            end = time.monotonic() + 10
            while True:
                made = self.connect(broker)
                try:
                    made.sendall(r.request(18, 0, b""))
                    if made.recv(4):
                        break
                except ConnectionError:
                    pass
                self.assertLess(time.monotonic(), end, "a place that is free again was not given")

    def test_hundreds_of_connections(self):
        count, rounds = 400, 5
        with s.served(self.dir, data=False) as broker:
            clients = [self.client(broker) for _ in range(count)]
            clients[0].ask(lambda number: create("t", 1, number))
            offsets = []
            for i in range(rounds):
                for n, client in enumerate(clients):
                    client.socket.sendall(r.produce("t", one(f"{n}-{i}".encode()), correlation=1))
                for client in clients:
                    answer = r.Reader(client.receive(struct.unpack(">i", client.receive(4))[0]))
                    answer.take("ii")
                    answer.text()
                    _, _, error, offset, _ = answer.take("iihqq")
                    self.assertEqual(error, 0)
                    offsets.append(offset)
            self.assertEqual(sorted(offsets), list(range(count * rounds)))
            found = {}
            while len(found) < count * rounds:
                for batch in clients[0].fetch("t", len(found)):
                    found.update(r.values_of(batch))
            self.assertEqual(sorted(found.values()), sorted(f"{n}-{i}".encode() for n in range(count) for i in range(rounds)))

    def test_requests_under_way(self):
        """Who has 64 requests waiting is not read from any more; answers come in order, however many were sent at once."""
        with s.served(self.dir, data=False) as broker:
            good = self.client(broker)
            good.ask(lambda number: create("t", 1, number))
            greedy = self.connect(broker)
            for i in range(REQUESTS):
                greedy.sendall(r.fetch("t", 0, wait_ms=60000, min_bytes=MIB, correlation=i))
            greedy.setblocking(False)
            before, sent, more = memory_mib(broker.process.pid), 0, r.produce("t", one(b"x" * 900_000))
            end = time.monotonic() + 3
            while time.monotonic() < end and sent < 256 * MIB:
                if select.select([], [greedy], [], 0.3)[1]:
                    sent += greedy.send(more)
            self.assertLess(sent, 64 * MIB)
            self.assertLess(memory_mib(broker.process.pid) - before, MOST_GROWTH_MIB)
            self.served_soon(good, "t")
            eager = self.client(broker)
            eager.socket.sendall(b"".join(r.request(18, 0, b"", number) for number in range(1000)))
            for number in range(1000):
                answer = r.Reader(eager.receive(struct.unpack(">i", eager.receive(4))[0]))
                self.assertEqual(answer.take("i"), number)

    def test_answers_that_nobody_reads(self):
        """Of records, which stay in their file, and of metadata, which would be held in memory."""
        with s.served(self.dir, "--topic", "wide:1000", data=False) as broker:
            good = self.client(broker)
            good.ask(lambda number: create("t", 1, number))
            self.served_soon(good, "t")
            large = one(bytes(900_000))
            for _ in range(64):
                good.produce("t", large)
            before = memory_mib(broker.process.pid)
            slow, count = self.client(broker), 100
            slow.socket.sendall(b"".join(r.fetch("t", 1, correlation=i) for i in range(count)))
            blind, questions = self.connect(broker), 1000
            blind.setblocking(False)
            everything = b"".join(r.request(3, 4, struct.pack(">ib", -1, 0), i) for i in range(questions))
            sent, end, most = 0, time.monotonic() + 2, 0
            while time.monotonic() < end:
                if sent < len(everything) and select.select([], [blind], [], 0.05)[1]:
                    sent += blind.send(everything[sent:])
                self.served_soon(good, "t")
                most = max(most, memory_mib(broker.process.pid))
            self.assertLess(most - before, MOST_GROWTH_MIB)
            answers = [slow.receive(struct.unpack(">i", slow.receive(4))[0]) for _ in range(count)]
            self.assertEqual([struct.unpack(">i", answer[:4])[0] for answer in answers], list(range(count)))
            self.assertEqual({len(answer) for answer in answers}, {len(answers[0])})
            self.assertEqual({answer[-900_000:-1].strip(b"\0") for answer in answers}, {b""})

    def test_thousands_of_partitions(self):
        begin = time.monotonic()
        with s.served(self.dir) as broker:
            client = r.Client(broker.address, timeout_s=120)
            client.ask(lambda number: create("many", PARTITIONS, number))
            made = time.monotonic()
            self.assertEqual(s.parse_metadata(broker.request(s.metadata()))[2], {"many": (0, PARTITIONS)})
            for i in range(PARTITIONS):
                client.socket.sendall(r.produce("many", one(f"of {i}".encode()), partition=i, correlation=i))
                if i % 50 == 49:
                    for number in range(i - 49, i + 1):
                        answer = r.Reader(client.receive(struct.unpack(">i", client.receive(4))[0]))
                        self.assertEqual(answer.take("i"), number)
                        answer.take("i")
                        answer.text()
                        self.assertEqual(answer.take("iihqq")[1:4], (number, 0, 0))
            client.close()
            produced = time.monotonic()
            broker.process.terminate()
            self.assertEqual(broker.process.wait(CLOSE_TIMEOUT_S), 0)
        ended = time.monotonic()
        with s.served(self.dir) as broker:
            ready = time.monotonic()
            self.assertEqual(s.parse_metadata(broker.request(s.metadata()))[2], {"many": (0, PARTITIONS)})
            client = self.client(broker)
            for i in range(PARTITIONS):
                answer = client.ask(lambda number, i=i: r.fetch("many", 0, partition=i, correlation=number))
                answer.take("ii")
                answer.text()
                self.assertEqual(answer.take("iihqq")[1:4], (i, 0, 1))
                answer.take("i")
                self.assertEqual(r.values_of(k.parse_batches(answer.bytes(answer.take("i")))[0]), [(0, f"of {i}".encode())])
        print(f"{PARTITIONS} partitions: made in {made - begin:.1f} s, produced to in {produced - made:.1f} s, "
              f"closed in {ended - produced:.1f} s, opened in {ready - ended:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    k.main()
