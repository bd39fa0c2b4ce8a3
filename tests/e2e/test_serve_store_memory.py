# SPDX-License-Identifier: Apache-2.0
"""`kseg serve --store` needs no more memory for a longer log: neither for archiving it nor for reading it from archives."""

import pathlib
import random
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kafka_clients  # noqa: E402
import kseg_cli as k  # noqa: E402
import raw_kafka as raw  # noqa: E402
import tiers  # noqa: E402

SEGMENT_BYTES = 16 << 20
TOPICS = ("a", "b")  # so that both jobs have something to do
ROUNDS = 3
MOST_ARCHIVING_MIB = 112
MOST_READING_MIB = 176  # 64 MiB of pieces are kept


class Watch(threading.Thread):
    """The most memory of a process that is not a file's, in MiB, since it was last asked for."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.status, self.ended, self.most = pathlib.Path(f"/proc/{pid}/status"), threading.Event(), 0

    def run(self):
        while not self.ended.wait(0.02):
            self.look()

    def look(self):
        line = next(line for line in self.status.read_text().splitlines() if line.startswith("RssAnon"))
        self.most = max(self.most, int(line.split()[1]) / 1024)

    def take(self):
        self.look()
        most, self.most = self.most, 0
        return most

    def end(self):
        self.ended.set()
        self.join(10)


def batches(count):
    """About 1 MB each, of records with many words that are in no other: what an index needs most memory for."""
    rng = random.Random(20261126)

    def value():
        return b"{" + b",".join(b'"f%d":"%x"' % (i, rng.getrandbits(64)) for i in range(36)) + b"}"
    return [k.build_batch(0, [(b"k%d" % i, value()) for i in range(1000)]) for _ in range(count)]


@unittest.skipIf(k.SANITIZER, "sanitizers keep what was freed")
class Memory(k.ScratchCase):
    def produce(self, address, topic, content):
        client = raw.Client(address)
        for i in range(SEGMENT_BYTES * 2 // len(content[0]) + 1):
            client.produce(topic, content[i % len(content)])
        client.close()

    def read(self, address, topic):
        client, offset, size = raw.Client(address), 0, 0
        while (answer := tiers.fetch(client, topic, offset)).high_watermark > offset:
            self.assertEqual(answer.error, 0)
            size += len(answer.data)
            offset = answer.batches()[-1].last_offset + 1
        client.close()
        return size

    def at_once(self, work, *arguments):
        threads = [threading.Thread(target=work, args=(self.broker.address, topic, *arguments)) for topic in TOPICS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def test_is_that_of_a_short_log(self):
        self.broker = kafka_clients.Broker(self.dir, "--topic", "a", "--topic", "b", "--segment-bytes", str(SEGMENT_BYTES), "--sync",
                                           "none", "--store", str(self.dir / "store"))
        self.addCleanup(self.broker.kill)
        self.broker.start()
        watch = Watch(self.broker.process.pid)
        watch.start()
        self.addCleanup(watch.end)
        content, archiving = batches(32), []
        for _ in range(ROUNDS):
            self.at_once(self.produce, content)
            for topic in TOPICS:
                tiers.wait_until_archived(self.broker.data, topic)
            archiving.append(watch.take())
        reading = []
        for _ in range(ROUNDS):
            self.at_once(self.read)
            reading.append(watch.take())
        self.assertGreater(self.read(self.broker.address, "a"), (ROUNDS * 2 - 1) * SEGMENT_BYTES)
        print("MiB while it archives", [round(mib) for mib in archiving], "while it reads", [round(mib) for mib in reading])
        self.assertLess(max(archiving), MOST_ARCHIVING_MIB)
        self.assertLess(max(reading), MOST_READING_MIB)
        watch.end()


if __name__ == "__main__":
    k.main()
