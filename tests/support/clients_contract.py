# SPDX-License-Identifier: Apache-2.0
"""What every client of Kafka must see of `kseg serve`; tests/e2e/test_serve_CLIENT.py names the client and what it has."""

import base64
import random
import shutil
import time
import unittest

import kafka_clients
import kafka_tools
import kseg_cli as k

SEED = 20261126
TOPIC_EXISTS, UNKNOWN_TOPIC = 36, 3
WAIT_S = 20
# Clients feel the time to a group's first message: an initial delay of 3 s, as Kafka's, would be seen here.
FIRST_MESSAGE_MS = 2500
BIG_BYTES = 900 * 1024
MANY = 10_000
FEWEST_ARCHIVES = 10


def text(data):
    return None if data is None else base64.b64encode(data).decode()


def record(value, key=None, headers=(), timestamp=None, partition=0):
    """A record to produce, as drivers take it."""
    return [partition, timestamp, text(key), text(value), [[name, text(content)] for name, content in headers]]


def numbered(first, count, partition=0, timestamp=None):
    return [record(f"value {i}".encode(), f"key {i}".encode(), timestamp=timestamp, partition=partition)
            for i in range(first, first + count)]


def by_values(records):
    return sorted(base64.b64decode(r[4]).decode() for r in records)


class Contract(unittest.TestCase):
    """A client's module derives from it.

    client       its name for tests/support/clients/fetch
    nightly      tested only with KSEG_LARGE
    codecs       that it can produce
    idempotent   it can produce idempotently
    options      of kseg serve
    lacks        words of: admin, describe, groups-admin, committed, times, timestamps, null-headers, header-order,
                 empty (read as null), codes, groups, reconnects (its members end with the broker), fences (a member hands
                 out what it was waiting for of a partition that another has meanwhile)"""

    client, nightly, idempotent, lacks, options = "", False, True, frozenset(), ()
    codecs = k.CODECS

    @classmethod
    def setUpClass(cls):
        cls.command = cls.make_command()
        own = k.scratch()
        cls.broker = kafka_clients.Broker(own.__enter__(), *cls.options)
        cls.addClassCleanup(own.__exit__, None, None, None)
        cls.broker.start()
        cls.addClassCleanup(cls.broker.kill)
        cls.driver = cls.make_driver()
        cls.addClassCleanup(lambda: cls.driver.close())

    @classmethod
    def make_command(cls):
        return kafka_clients.fetch(cls.client, cls.nightly)

    @classmethod
    def make_driver(cls):
        return kafka_clients.Driver(cls.command, cls.broker.address)

    def need(self, *words):
        for word in words:
            if word in self.lacks:
                self.skipTest(f"{self.client} has no {word}")

    def topic(self, name, partitions=1):
        """A fresh topic."""
        name = f"{name}.{self.client}_test-1"
        if "admin" not in self.lacks:
            self.driver("create", topic=name, partitions=partitions)
        return name

    def produce(self, topic, records, codec="none", idempotent=None):
        idempotent = self.idempotent if idempotent is None else idempotent
        if "timestamps" in self.lacks:
            records = [[r[0], None, *r[2:]] for r in records]
        return self.driver("produce", topic=topic, codec=codec, idempotent=idempotent, records=records)["offsets"]

    def consume(self, topic, count, offset=0, partition=0):
        return self.driver("consume", topic=topic, partition=partition, offset=offset, count=count)["records"]

    def assert_read(self, found, records, first=0, since=None):
        """found: records as read; they are those that were produced, in order, from the offset `first` on."""
        self.assertEqual(len(found), len(records))

        def same(key, value, headers):
            """Without the difference that the client does not show."""
            fields = [key, value, [[name, content] for name, content in headers]]
            return k.json.loads(k.json.dumps(fields).replace('""', "null")) if "empty" in self.lacks else fields

        for offset, (got, want) in enumerate(zip(found, records), first):
            self.assertEqual([got[0], got[1], *same(*got[3:])], [want[0], offset, *same(*want[2:])])
            if want[1] is not None and "timestamps" not in self.lacks:
                self.assertEqual(got[2], want[1])
            elif since is not None:
                self.assertTrue(since * 1000 - 1000 <= got[2] <= time.time() * 1000 + 1000, got)

    @classmethod
    def log_files(cls, topic, partition=0):
        """The log of a partition, all of it."""
        return cls.broker.segments(topic, partition)

    @classmethod
    def all_log_files(cls):
        """Those of every partition that the broker still has."""
        return sorted(cls.broker.data.glob("*-*/*.log"))

    def on_disk(self, topic, partition=0):
        """(batches, records) of the log as our reader shows them; tearDownClass compares it with Kafka's."""
        files = self.log_files(topic, partition)
        self.assertEqual(len(files), 1)
        batches, records = k.decode("--batches", "--format=jsonl", files[0]), k.decode("--format=jsonl", files[0])
        self.assertEqual((batches.status, batches.err, records.status, records.err), (0, "", 0, ""))
        return batches.lines(), records.lines()

    @classmethod
    def tearDownClass(cls):
        """The broker ends well, and what it leaves is what Kafka reads: the same records, valid batches, right indexes."""
        cls.broker.stop()
        if not shutil.which("java"):
            return
        files = [f for f in cls.all_log_files() if f.stat().st_size]
        for file, lines in kafka_tools.read_segments(*files).items():
            faults = [line for line in lines if line["type"] == "error" or line.get("valid") is False]
            if faults:
                raise AssertionError(f"{file}: Kafka finds {faults[:3]}")
            theirs = [(r["offset"], r["timestamp"], r["key"], r["value"], [(h["key"], h["value"]) for h in r["headers"]])
                      for r in lines if r["type"] == "record"]
            ours = [(r["offset"], r["timestamp"], *(text(k.json_bytes(r[field])) for field in ("key", "value")),
                     [(h["key"], text(k.json_bytes(h["value"]))) for h in r["headers"]])
                    for r in k.decode("--format=jsonl", file).lines()]
            if ours != theirs:
                where = next((pair for pair in zip(ours, theirs) if pair[0] != pair[1]), (len(ours), len(theirs)))
                raise AssertionError(f"{file}: here and by Kafka: {str(where)[:500]}")
        with_index = [f for f in files if f.with_suffix(".index").exists()]
        faults = kafka_tools.index_faults(*(f.with_suffix(".index") for f in with_index)) if with_index else []
        if faults:
            raise AssertionError(f"indexes: {faults[:3]}")

    def wait(self, what, condition):
        """Waits until the condition is neither false nor empty, and returns it."""
        end = time.monotonic() + WAIT_S
        while not (result := condition()):
            if time.monotonic() > end:
                self.fail(f"after {WAIT_S} s: {what() if callable(what) else what}")
            time.sleep(0.05)
        return result

    # ---- admin ----

    def test_topics_come_and_go(self):
        self.need("admin")
        topic = self.topic("admin", 3)
        self.assertIn(topic, self.driver("topics")["topics"])
        if "describe" not in self.lacks:
            found = self.driver("describe", topic=topic)
            (broker, host, port), = found["brokers"]
            self.assertEqual(f"{host}:{port}", self.broker.address)
            self.assertEqual(found["partitions"], [[0, broker], [1, broker], [2, broker]])
        self.assert_refused(TOPIC_EXISTS, "create", topic=topic, partitions=1)
        self.assert_refused(UNKNOWN_TOPIC, "delete", topic="there.is.none")
        self.assertTrue(self.broker.segments(topic, 2))
        self.driver("delete", topic=topic)
        self.wait("the topic is still listed", lambda: topic not in self.driver("topics")["topics"])
        self.wait("its files are still there", lambda: not self.broker.segments(topic, 2))
        self.driver("create", topic=topic, partitions=1)
        self.assertEqual(self.produce(topic, numbered(0, 1)), [0])

    def assert_refused(self, code, op, **arguments):
        with self.assertRaises(kafka_clients.Refused) as caught:
            self.driver(op, **arguments)
        if "codes" not in self.lacks:
            self.assertEqual(caught.exception.code, code, caught.exception)

    # ---- produce and consume ----

    def test_codecs_nulls_and_headers(self):
        rng = random.Random(SEED)
        headers = [("a", b"1"), ("b", b""), ("a", b"\xff\x01")]
        if "null-headers" not in self.lacks:
            headers.append(("c", None))
        if "header-order" in self.lacks:
            headers.sort(key=lambda h: h[0])
        for codec in self.codecs:
            with self.subTest(codec=codec):
                since = time.time()
                topic = self.topic(f"codec-{codec}")
                records = [record(b"value", b"key", timestamp=1_700_000_000_000), record(None, b"gone"), record(b"no key"),
                           record(b"", b""), record(rng.randbytes(5000), b"\xff\xfe"),
                           record(b"with headers", b"h", headers)]
                records += [record(b"squeeze me " * 100, str(i).encode()) for i in range(50)]
                self.assertEqual(self.produce(topic, records, codec), list(range(len(records))))
                self.assert_read(self.consume(topic, len(records)), records, since=since)
                batches, ours = self.on_disk(topic)
                # Some send a batch as it is that would not shrink.
                self.assertEqual({b["codec"] for b in batches} - {"none"}, {codec} - {"none"})
                self.assertEqual(max(batches, key=lambda b: b["records"])["codec"], codec)
                self.assertEqual([(text(k.json_bytes(r["key"])), text(k.json_bytes(r["value"]))) for r in ours],
                                 [(r[2], r[3]) for r in records])

    def test_a_big_message(self):
        topic = self.topic("big")
        records = [record(random.Random(SEED).randbytes(BIG_BYTES), b"big"), record(b"small", b"small")]
        self.assertEqual(self.produce(topic, records), [0, 1])
        self.assert_read(self.consume(topic, 2), records)

    def test_many_small_messages(self):
        topic = self.topic("many")
        records = numbered(0, MANY)
        self.assertEqual(self.produce(topic, records), list(range(MANY)))
        self.assert_read(self.consume(topic, MANY), records)
        self.assert_read(self.consume(topic, 10, offset=MANY // 2)[:10], records[MANY // 2:][:10], MANY // 2)
        _, ours = self.on_disk(topic)
        self.assertEqual([r["offset"] for r in ours], list(range(MANY)))

    def test_idempotent_and_not(self):
        if not self.idempotent:
            self.skipTest(f"{self.client} has no idempotent producer")
        topic = self.topic("idempotent")
        self.produce(topic, numbered(0, 30), idempotent=True)
        self.produce(topic, numbered(30, 30), idempotent=False)
        batches, ours = self.on_disk(topic)
        self.assertEqual([k.json_bytes(r["value"]) for r in ours], [f"value {i}".encode() for i in range(60)])
        first = [b for b in batches if b["last_offset"] < 30]
        ids = {b["producer_id"] for b in first}
        self.assertEqual((len(ids), ids > {-1}, ids - {-1} == ids), (1, False, True))
        sequence = 0
        for b in first:
            self.assertEqual((b["base_sequence"], b["producer_epoch"]), (sequence, 0))
            sequence += b["records"]
        self.assertEqual({b["producer_id"] for b in batches if b["base_offset"] >= 30}, {-1})

    def test_offsets_for_times(self):
        self.need("times")
        topic = self.topic("times")
        if "admin" not in self.lacks:
            self.assertEqual(self.driver("times", topic=topic, partition=0, times=[-2, -1])["offsets"], [0, 0])
        base = 1_700_000_000_000
        times = [base + t for t in (50, 10, 30, 90, 20, 70, 200, 100)]
        for start in (0, 4):  # at least two batches
            self.produce(topic, [record(b"v", timestamp=t) for t in times[start:start + 4]], codec=self.codecs[-1])
            time.sleep(0.01)
        if "timestamps" in self.lacks:
            times = [r[2] for r in self.consume(topic, 8)]
            self.assertLess(times[0], times[4])
            asked = [times[0] - 1, times[0], times[4], times[7], times[7] + 1]
        else:
            asked = [base + t for t in (0, 10, 40, 60, 90, 91, 150, 200, 201)]
        expected = [next((o for o, t in enumerate(times) if t >= when), None) for when in asked]
        self.assertEqual(self.driver("times", topic=topic, partition=0, times=[-2, -1, *asked])["offsets"], [0, 8, *expected])

    def test_starting_again(self):
        topic = self.topic("again")
        records = numbered(0, 100)
        self.produce(topic, records[:60])
        self.broker.stop()
        self.broker.start()
        self.assertEqual(self.produce(topic, records[60:]), list(range(60, 100)))
        self.assert_read(self.consume(topic, 100), records)

    # ---- groups ----

    def state(self, *members):
        """(partitions of each, values read by any of them)."""
        states = [self.driver("state", member=m) for m in members]
        return [s["assigned"] for s in states], by_values([r for s in states for r in s["records"]])

    def wait_for(self, members, assigned, values, again=False):
        """assigned: lists of partitions. again: what was not committed may be read twice, by another member too."""
        def fits():
            got = self.state(*members)
            return sorted(got[0]) == assigned and (set(values) <= set(got[1]) if again else len(got[1]) >= len(values))
        self.wait(lambda: f"{members} have {self.state(*members)}, wanted {assigned} and {len(values)}", fits)
        if not again:
            self.assertEqual(self.state(*members)[1], sorted(values))

    def test_group(self):
        self.need("groups")
        topic, group, sent = self.topic("group", 2), f"group-{self.client}", []

        def send():
            """Five records more to each partition; returns all that were ever sent."""
            for partition in (0, 1):
                values = numbered(len(sent), 5, partition)
                self.produce(topic, values)
                sent.extend(base64.b64decode(r[3]).decode() for r in values)
            return list(sent)

        send()
        self.driver("join", member="a", group=group, topic=topic)
        self.wait_for("a", [[0, 1]], sent)
        self.assertLess(self.driver("state", member="a")["first_ms"], FIRST_MESSAGE_MS)
        self.driver("commit", member="a")
        self.assert_committed(group, topic, [5, 5])

        self.driver("join", member="b", group=group, topic=topic)
        self.wait_for("ab", [[0], [1]], sent)
        self.assertEqual(self.state("b")[1], [], "what was committed was read again")
        if "groups-admin" not in self.lacks:
            self.assertIn(group, self.driver("groups")["groups"])
            self.assertEqual(self.driver("group", group=group), {"state": "Stable", "members": 2})
        self.wait_for("ab", [[0], [1]], send(), again="fences" in self.lacks)
        if "fences" not in self.lacks:
            self.assertEqual(len(self.state("b")[1]), 5)
        for member in "ab":
            self.driver("commit", member=member)

        if "reconnects" not in self.lacks:
            self.broker.stop()
            self.broker.start()
        self.wait_for("ab", [[0], [1]], send(), again=True)
        for member in "ab":
            self.driver("commit", member=member)

        self.driver("leave", member="b")
        before = self.state("a")[1]
        self.wait(lambda: f"a has {self.state('a')}", lambda: self.state("a")[0] == [[0, 1]])
        send()
        self.wait_for("a", [[0, 1]], set(before + sent[-10:]), again=True)
        self.driver("commit", member="a")
        self.driver("leave", member="a")
        self.assert_committed(group, topic, [20, 20])
        if "groups-admin" not in self.lacks:
            self.assertEqual(self.driver("group", group=group), {"state": "Empty", "members": 0})

        send()
        self.driver("join", member="c", group=group, topic=topic)
        self.wait_for("c", [[0, 1]], sent[-10:])
        self.driver("leave", member="c")

    def assert_committed(self, group, topic, offsets):
        if "committed" in self.lacks:
            return
        self.assertEqual(self.driver("committed", group=group, topic=topic, partitions=[0, 1])["offsets"], offsets)


class ArchivedContract(Contract):
    """The same where segments are small and go to a store while clients are at work: they must not notice."""

    segment_bytes = 8_000

    @classmethod
    def setUpClass(cls):
        own = k.scratch()
        cls.folder = own.__enter__()
        cls.addClassCleanup(own.__exit__, None, None, None)
        cls.store = cls.folder / "store"
        cls.options = ("--store", cls.store, "--segment-bytes", str(cls.segment_bytes))
        super().setUpClass()

    def test_reading_what_only_the_store_has(self):
        topic = self.topic("archived")
        rng, records = random.Random(SEED), []
        for _ in range(3 * FEWEST_ARCHIVES):
            some = [record(rng.randbytes(self.segment_bytes // 2)), *numbered(len(records), 10)]
            self.produce(topic, some)
            records += some
        self.wait("its first segments are in the store alone",
                  lambda: int(self.broker.segments(topic)[0].stem) >= FEWEST_ARCHIVES * len(some))
        self.assert_read(self.consume(topic, len(records)), records)

    @classmethod
    def log_files(cls, topic, partition=0):
        """One file, of what is in the store and here."""
        folder = cls.folder / f"{topic}-{partition}"
        folder.mkdir(exist_ok=True)
        file = folder / f"{0:020}.log"
        file.unlink(missing_ok=True)
        run = k.run("query", "--store", cls.store, "--wal", cls.broker.data, "--topic", topic, "--partition", str(partition),
                    "--control", "--format", "raw", "-o", file, timeout=WAIT_S)
        if (run.status, run.err) != (0, ""):
            raise AssertionError(run)
        return [file]

    @classmethod
    def all_log_files(cls):
        partitions = [folder.name.rpartition("-") for folder in sorted(cls.broker.data.glob(f"*.{cls.client}_test-1-*")) if folder.is_dir()]
        return [file for topic, _, number in partitions for file in cls.log_files(topic, int(number))]

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        run = k.run("pack", "--verify", "--deep", "--store", cls.store, timeout=300)
        if run.status != 0:
            raise AssertionError(run)
