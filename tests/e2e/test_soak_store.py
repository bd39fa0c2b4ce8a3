# SPDX-License-Identifier: Apache-2.0
"""`kseg serve --store` for a while, with small segments that are archived all the time: memory, descriptors and the time to
an acknowledgement do not grow.

KSEG_SOAK_SECONDS sets how long (300; an hour in nightly runs).
"""

import os
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import clients_contract  # noqa: E402
import kafka_clients  # noqa: E402
import kseg_cli as k  # noqa: E402
import raw_kafka as raw  # noqa: E402
import store_load  # noqa: E402
import tiers  # noqa: E402

SECONDS = int(os.environ.get("KSEG_SOAK_SECONDS", "300"))
OUT_OF_RANGE = 1
TOPICS = ("a", "b", "c", "d")
CLIENTS = ("java", "kafka-python", "franz-go")
CLIENT_PAUSE_S = 0.2


class Consumer(threading.Thread):
    """Reads a topic from its beginning to its end, again and again."""

    def __init__(self, address, topic):
        super().__init__(daemon=True)
        self.address, self.topic, self.ending, self.fault, self.rounds = address, topic, False, None, 0

    def run(self):
        client = raw.Client(self.address)
        try:
            while not self.ending:
                self.read_once(client)
        except (OSError, AssertionError) as error:
            self.fault = error
        finally:
            client.close()

    def read_once(self, client):
        error, _, start = tiers.list_offset(client, self.topic, -2)
        assert error == 0, error
        try:
            store_load.read_all(client, self.topic, start)
            self.rounds += 1
        except AssertionError as error:
            # What retention took while it was on its way there is no fault.
            if not isinstance(error.args[0], tuple) or error.args[0][-1] != OUT_OF_RANGE:
                raise


class Client(threading.Thread):
    """A client of Kafka, with a topic of its own: produces some records and reads them back, again and again."""

    SOME = 20  # records

    def __init__(self, address, name, command):
        super().__init__(daemon=True)
        self.driver = kafka_clients.Driver(command, address)
        self.topic, self.ending, self.fault, self.rounds = f"of-{name}", False, None, 0
        self.driver("create", topic=self.topic, partitions=1)

    def run(self):
        try:
            while not self.ending:
                self.go_round()
                time.sleep(CLIENT_PAUSE_S)
        except Exception as error:  # pylint: disable=broad-except  # told by the test
            self.fault = error
        finally:
            self.driver.close()

    def go_round(self):
        records = clients_contract.numbered(self.rounds * self.SOME, self.SOME)
        codec = k.CODECS[self.rounds % len(k.CODECS)]
        offsets = self.driver("produce", topic=self.topic, codec=codec, idempotent=True, records=records)["offsets"]
        found = self.driver("consume", topic=self.topic, partition=0, offset=offsets[0], count=self.SOME)["records"]
        assert [(r[1], r[3], r[4]) for r in found] == [(offset, r[2], r[3]) for offset, r in zip(offsets, records)], (self.topic, found)
        self.rounds += 1


class Soak(k.ScratchCase):
    @classmethod
    def setUpClass(cls):
        # Here, where a client that is missing ends the program as skipped.
        cls.commands = {name: kafka_clients.fetch(name) for name in CLIENTS}

    def measure(self, process):
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        rss = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) * 1024
        return rss, len(os.listdir(f"/proc/{process.pid}/fd"))

    def test_flat(self):
        topics = [part for topic in TOPICS for part in ("--topic", topic)]
        broker = kafka_clients.Broker(self.dir, *topics, "--segment-bytes", "64K", "--sync", "interval:20", "--retention-bytes",
                                      "4M", "--store", str(self.dir / "store"))
        self.addCleanup(broker.kill)
        broker.start()
        producers = [store_load.Producer(broker.address, topic, i, most_bytes=4000, pause_s=0.01) for i, topic in enumerate(TOPICS)]
        consumers = [Consumer(broker.address, topic) for topic in TOPICS[:2]]
        clients = [Client(broker.address, name, command) for name, command in self.commands.items()]
        for thread in (*producers, *consumers, *clients):
            thread.start()
        samples, slowest = [], []
        begin = time.monotonic()
        while time.monotonic() - begin < SECONDS:
            time.sleep(SECONDS / 30)
            samples.append(self.measure(broker.process))
            slowest.append(max(p.slowest_s for p in producers))
            for producer in producers:
                producer.slowest_s = 0.0
        for reader in (*consumers, *clients):
            reader.ending = True
        for producer in producers:
            producer.end()
        for reader in (*consumers, *clients):
            reader.join(60)
            self.assertIsNone(reader.fault)
            self.assertGreater(reader.rounds, 0)
        # The first third fills caches.
        third = len(samples) // 3
        rss, descriptors = zip(*samples)
        print(f"{sum(len(p.acknowledged) for p in producers)} records; rss {max(rss[:third]) >> 20} then {max(rss[third:]) >> 20} "
              f"MiB, descriptors {max(descriptors[:third])} then {max(descriptors[third:])}, slowest acknowledgement "
              f"{1000 * max(slowest):.0f} ms, {[c.rounds for c in (*consumers, *clients)]} rounds of readers and clients")
        self.assertLess(max(rss[2 * third:]), 1.25 * max(rss[:2 * third]) + (32 << 20), rss)
        self.assertLess(max(rss), 400 << 20)
        self.assertLessEqual(max(descriptors[2 * third:]), max(descriptors[:2 * third]) + 16, descriptors)
        self.assertLess(sorted(slowest)[len(slowest) // 2], 2.0, slowest)
        client = raw.Client(broker.address)
        self.addCleanup(client.close)
        for producer in producers:
            tiers.wait_until_archived(broker.data, producer.topic)
            _, _, start = tiers.list_offset(client, producer.topic, -2)
            found = store_load.read_all(client, producer.topic, start)
            lost = [offset for offset, value in producer.acknowledged.items() if offset >= start and found.get(offset) != value]
            self.assertEqual((lost, producer.faults), ([], []))
        broker.stop()
        store_load.check_store(str(self.dir / "store"))


if __name__ == "__main__":
    k.main()
