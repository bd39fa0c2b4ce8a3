# SPDX-License-Identifier: Apache-2.0
"""`kseg serve --store`: what was produced is fetched back from archives, sealed and active segments, byte for byte."""

import bisect
import os
import pathlib
import random
import shutil
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import objects_contract  # noqa: E402
import raw_kafka as raw  # noqa: E402
import s3_servers  # noqa: E402
import serve_cli as s  # noqa: E402
import tiers  # noqa: E402

SEGMENT = 200_000
OUT_OF_RANGE, CORRUPT_MESSAGE, KAFKA_STORAGE_ERROR = 1, 2, 56
TIME = 1_700_000_000_000


class Produced:
    """What was produced to a topic, as it has to come back."""

    def __init__(self, seed=20261126):
        self.rng = random.Random(seed)
        self.data, self.firsts, self.positions, self.records = b"", [], [], []

    def end(self):
        return len(self.records)

    def add(self, client, topic, most=6000):
        count = self.rng.randrange(1, 6)
        base = self.end()
        times = [TIME + base * 10 + self.rng.randrange(-200, 200) for _ in range(count)]
        values = [b"%d " % (base + i) + self.rng.randbytes(self.rng.randrange(most)) for i in range(count)]
        batch = k.build_batch(base, [(b"key", value) for value in values], timestamps=times)
        self.records = self.records + times
        assert client.produce(topic, batch) == base
        self.firsts.append(base)
        self.positions.append(len(self.data))
        self.data += batch

    def from_offset(self, offset):
        return self.data[self.positions[bisect.bisect_right(self.firsts, offset) - 1]:]


class Tiers(k.ScratchCase):
    def setUp(self):
        super().setUp()
        self.store = self.dir / "archives"

    def start(self, *options):
        broker = s.Served(self.dir, "--sync", "none", *options)
        self.addCleanup(lambda: broker.process.poll() is None and broker.end())
        return broker

    def serve(self, segment=SEGMENT):
        broker = self.start("--store", str(self.store), "--segment-bytes", str(segment), "--topic", "t")
        client = raw.Client(broker.address)
        self.addCleanup(client.close)
        # Until the store has been listed nobody knows where the partition begins.
        deadline = time.monotonic() + tiers.WAIT_S
        while tiers.list_offset(client, "t", -2)[0] != 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        return broker, client

    def wait_for_archives(self):
        return tiers.wait_until_archived(self.dir / "data", "t")

    def check_everything(self, client, produced):
        """All of it in order, then here and there; ends; times."""
        self.assertEqual(tiers.fetch_all(client, "t"), produced.data)
        rng = random.Random(1)
        for _ in range(150):
            offset = rng.randrange(produced.end())
            most = rng.choice([0, 1, 500, 5000, 100_000, 1 << 20, 8 << 20])
            answer = tiers.fetch(client, "t", offset, max_bytes=most)
            self.assertEqual((answer.error, answer.high_watermark), (0, produced.end()))
            expected = produced.from_offset(offset)
            self.assertEqual(answer.data, expected[:len(answer.data)])
            batches = answer.batches()
            self.assertTrue(len(batches) == 1 or len(answer.data) <= most, (offset, most, len(answer.data)))
            self.assertTrue(batches[0].base_offset <= offset <= batches[0].last_offset)
        for _ in range(60):
            when = TIME + rng.randrange(-300, produced.end() * 10 + 300)
            found = next((i for i, stamp in enumerate(produced.records) if stamp >= when), -1)
            self.assertEqual(tiers.list_offset(client, "t", when), (0, produced.records[found] if found >= 0 else -1, found))
        largest = max(produced.records)
        self.assertEqual(tiers.list_offset(client, "t", -3), (0, largest, produced.records.index(largest)))
        self.assertEqual(tiers.list_offset(client, "t", -1), (0, -1, produced.end()))
        self.assertEqual(tiers.list_offset(client, "t", -2), (0, -1, 0))

    def test_all_tiers(self):
        broker, client = self.serve()
        produced = Produced()
        self.assertEqual(tiers.list_offset(client, "t", tiers.LATEST_TIERED), (0, -1, -1))
        while len(produced.data) < 12 * SEGMENT:
            produced.add(client, "t")
        self.wait_for_archives()
        local, = tiers.local_bases(self.dir / "data", "t")
        self.assertGreater(local, 0)
        self.assertEqual(tiers.list_offset(client, "t", tiers.EARLIEST_LOCAL), (0, -1, local))
        self.assertEqual(tiers.list_offset(client, "t", tiers.LATEST_TIERED), (0, -1, local - 1))
        self.check_everything(client, produced)
        # The next life knows the archives again, and goes on.
        client.close()
        broker.end()
        broker, client = self.serve()
        self.check_everything(client, produced)
        while len(produced.data) < 14 * SEGMENT:
            produced.add(client, "t")
        self.wait_for_archives()
        self.check_everything(client, produced)
        # Records are deleted up to the middle of an archive.
        middle = produced.end() // 2
        self.assertEqual(tiers.delete_records(client, "t", middle), middle)
        self.assertEqual(tiers.fetch(client, "t", middle - 1).error, OUT_OF_RANGE)
        self.assertEqual(tiers.list_offset(client, "t", -2), (0, -1, middle))
        answer = tiers.fetch(client, "t", middle)
        self.assertEqual(answer.data, produced.from_offset(middle)[:len(answer.data)])
        found = next(i for i, stamp in enumerate(produced.records) if i >= middle and stamp >= TIME)
        self.assertEqual(tiers.list_offset(client, "t", TIME)[2], found)
        self.assertEqual(broker.end(), 0)
        self.assertEqual(broker.err(), "")

    def test_while_segments_are_archived(self):
        """Readers go through all of it again and again while it is produced and archived."""
        broker, client = self.serve()
        produced = Produced(2)
        produced.add(client, "t")
        failures, stop = [], threading.Event()

        def read():
            own = raw.Client(broker.address)
            try:
                while not stop.is_set():
                    got = tiers.fetch_all(own, "t")
                    if got != produced.data[:len(got)] or not got:
                        raise AssertionError(f"{len(got)} bytes, and not those")
                    found = tiers.list_offset(own, "t", produced.records[0])
                    if found[::2] != (0, next(i for i, stamp in enumerate(list(produced.records)) if stamp >= produced.records[0])):
                        raise AssertionError(f"by time: {found}")
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)
            finally:
                own.close()

        # What is compared must be there before it can be read.
        threads = [threading.Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(600):
                self.add_known(client, produced)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failures, [])
        self.wait_for_archives()
        self.assertGreater(len(list(self.store.rglob("*.tar.gz"))), 10)
        self.check_everything(client, produced)

    @staticmethod
    def add_known(client, produced):
        """As add(), but a reader may get the batch at any time from then on."""
        ahead = Produced()
        ahead.rng = produced.rng
        ahead.records = list(produced.records)
        ahead.data, ahead.firsts, ahead.positions = produced.data, list(produced.firsts), list(produced.positions)

        class Before:
            def produce(self, topic, batch):
                produced.records, produced.data = list(ahead.records), produced.data + batch
                return client.produce(topic, batch)

        base_data = produced.data
        ahead.add(Before(), "t")
        produced.firsts, produced.positions = ahead.firsts, ahead.positions
        assert produced.data.startswith(base_data)

    def test_query_of_a_running_broker(self):
        """kseg query on its store and directory, while segments go from one to the other: complete, and no error."""
        _, client = self.serve()
        produced, stop, failures = [0], threading.Event(), []

        def produce():
            try:
                while not stop.is_set():
                    records = [(None, b"value %d " % (produced[0] + i) + b"x" * 2000) for i in range(10)]
                    client.produce("t", k.build_batch(0, records))
                    produced[0] += 10
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)

        thread = threading.Thread(target=produce)
        thread.start()
        try:
            moved = 0
            deadline = time.monotonic() + 60
            while moved < 4:
                before = produced[0]
                bases = tiers.local_bases(self.dir / "data", "t")
                run = k.run("query", "--store", self.store, "--wal", self.dir / "data", "--topic", "t", "--json")
                moved += tiers.local_bases(self.dir / "data", "t")[0] != bases[0]
                self.assertEqual((run.status, run.err), (0, ""))
                offsets = [line["offset"] for line in run.lines()]
                self.assertEqual(offsets, list(range(len(offsets))))
                self.assertGreaterEqual(len(offsets), before)
                self.assertLess(time.monotonic(), deadline, "no segment went while a query ran")
        finally:
            stop.set()
            thread.join()
        self.assertEqual(failures, [])

    def test_aborted_transactions_of_kafka(self):
        """A segment that Kafka wrote, with its index of aborted transactions, goes into an archive."""
        folder = self.dir / "data" / "t-0"
        folder.mkdir(parents=True)
        log = k.log_of("v2-txn-none")
        for path in log.parent.glob(f"{log.stem}.*"):
            shutil.copy(path, folder)
        index = log.with_suffix(".txnindex").read_bytes()
        entries = [struct.unpack_from(">hqqqq", index, at)[1:] for at in range(0, len(index), 34)]
        self.assertGreater(len(entries), 5)
        batches = k.log_batches(log)
        end = batches[-1].last_offset + 1

        def answers(client):
            found = {}
            for offset in range(100, end):
                answer = tiers.fetch(client, "t", offset, committed=True, max_bytes=2000)
                self.assertEqual(answer.error, 0)
                found[offset] = (answer.data, answer.aborted)
            return found

        plain = self.start()
        client = raw.Client(plain.address)
        here = answers(client)
        client.close()
        plain.end()
        _, client = self.serve(10000)
        for _ in range(2):
            client.produce("t", k.build_batch(0, [(None, b"x" * 12000)]))
        self.wait_for_archives()
        archived = answers(client)
        for offset, (data, aborted) in archived.items():
            self.assertEqual(data, here[offset][0])
            read = k.parse_batches(data)
            if not read:
                continue
            producers = {b.producer_id for b in read if b.attributes & 0x10}
            # Kafka's rule: those that overlap. Of them whoever has records in the answer has to be told.
            overlap = {(p, first) for p, first, last, _ in entries if last >= offset and first <= read[-1].last_offset}
            self.assertLessEqual(set(aborted), overlap)
            self.assertLessEqual({e for e in overlap if e[0] in producers}, set(aborted) if producers else overlap)
            self.assertLessEqual(set(aborted), set(here[offset][1]))

    def test_damage_in_the_store(self):
        _, client = self.serve()
        produced = Produced(3)
        while len(produced.data) < 4 * SEGMENT:
            produced.add(client, "t")
        self.wait_for_archives()
        first, second = sorted(self.store.rglob("*.tar.gz"))[:2]
        content = bytearray(first.read_bytes())
        content[1000] ^= 1
        first.chmod(0o644)
        first.write_bytes(content)
        self.assertEqual(tiers.fetch(client, "t", 0).error, CORRUPT_MESSAGE)
        moved = second.rename(self.dir / "elsewhere")
        begin = int(second.name.split("_")[0])
        self.assertEqual(tiers.fetch(client, "t", begin).error, KAFKA_STORAGE_ERROR)
        moved.rename(second)
        answer = tiers.fetch(client, "t", begin)
        self.assertEqual(answer.error, 0)
        self.assertEqual(answer.data, produced.from_offset(begin)[:len(answer.data)])
        # The rest is as good as before.
        self.assertEqual(tiers.fetch_all(client, "t", begin), produced.from_offset(begin))


class TiersOnS3(k.ScratchCase):
    @classmethod
    def setUpClass(cls):
        cls.server, _ = objects_contract.enter(cls, s3_servers.moto(objects_contract.scratch_of_class(cls) / "log"))

    def test_fetches(self):
        url = f"s3://{s3_servers.BUCKET}/broker"
        os.environ.update(self.server.environment())
        broker = s.Served(self.dir, "--store", url, "--s3-endpoint", self.server.endpoint, "--segment-bytes", str(SEGMENT),
                          "--sync", "none", "--topic", "t")
        self.addCleanup(broker.end)
        client = raw.Client(broker.address)
        self.addCleanup(client.close)
        produced = Produced(4)
        while len(produced.data) < 5 * SEGMENT:
            produced.add(client, "t")
        tiers.wait_until_archived(self.dir / "data", "t")
        self.assertEqual(tiers.fetch_all(client, "t"), produced.data)
        rng = random.Random(5)
        for _ in range(30):
            offset = rng.randrange(produced.end())
            answer = tiers.fetch(client, "t", offset, max_bytes=rng.choice([1, 5000, 1 << 20]))
            self.assertEqual((answer.error, answer.data), (0, produced.from_offset(offset)[:len(answer.data)]))
        when = TIME + produced.end() * 3
        found = next(i for i, stamp in enumerate(produced.records) if stamp >= when)
        self.assertEqual(tiers.list_offset(client, "t", when), (0, produced.records[found], found))


if __name__ == "__main__":
    k.main()
