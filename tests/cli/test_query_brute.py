# SPDX-License-Identifier: Apache-2.0
"""Random queries: by a scan, by indexes, by archives and by them together the program prints exactly what the model of the
language takes.

KSEG_QUERY_CASES: how many queries (default 300); KSEG_QUERY_SEED: of the first round; KSEG_QUERY_MILLION=1: also a log of a
million records."""

import os
import pathlib
import random
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import make_log  # noqa: E402
import query_check as c  # noqa: E402
import query_model  # noqa: E402
import random_query  # noqa: E402
import record_model as m  # noqa: E402

CASES = k.tries("KSEG_QUERY_CASES", 300)
SEED = int(os.environ.get("KSEG_QUERY_SEED", "1"))
CASES_OF_A_LOG = 150
MOST_FAULTS = 10
OFFSET = re.compile(rb'"offset":(\d+)')


class Ways:
    """A log and its indexes; asks for the same in each way."""

    def __init__(self, log, directory, some):
        """some: what to index for the way that takes the rest from the log."""
        self.log, self.reader = log, c.Reader()
        whole, part = directory / "whole", directory / "part"
        c.build_index(log, whole, "--json-values")
        c.build_index(log, part, "--fields", "value,headers", files=some)
        c.pack(whole, directory / "archives")
        c.pack(part, directory / "archived-part", "--format", "tar.zst")
        self.ways = {"scan": ["--wal", log.wal], "index": ["--store", whole], "both": ["--wal", log.wal, "--store", part],
                     "archives": ["--store", directory / "archives"],
                     "archives and log": ["--wal", log.wal, "--store", directory / "archived-part"]}

    def faults(self, ask):
        try:
            wanted = ask.wanted(self.log)
        except query_model.QueryError:
            wanted = None
        found = []
        for name, place in self.ways.items():
            run = k.run("query", *place, "--topic", self.log.topic, *ask.arguments())
            if wanted is None:
                wrong = None if run.status == 2 and not run.out else "expected exit 2: this is no query"
            else:
                wrong = c.fault(run, ask, wanted, self.reader)
            if wrong:
                found.append(f"{name}: {wrong}\n    {ask}\n    {run}"[:3000])
        return found


def random_ask(rng, maker, records, partitions, of_one):
    """of_one: how often of one partition alone."""
    ask = c.Ask(match=maker.query() if rng.random() < 0.93 else None)
    if rng.random() < of_one:
        ask.partition = rng.choice(partitions)
    if rng.random() < 0.2:
        offsets = sorted(rng.choice(records).offset for _ in range(2))
        ask.first, ask.end = rng.choice([(offsets[0], offsets[1]), (offsets[0], None), (None, offsets[1]),
                                         (offsets[0], offsets[0] + rng.randint(1, 30))])
    if rng.random() < 0.2:
        times = sorted(max(0, rng.choice(records).timestamp) for _ in range(2))
        ask.since, ask.until = rng.choice([(times[0], times[1]), (times[0], None), (None, times[1])])
    if rng.random() < 0.2:
        ask.limit = rng.choice([1, 2, 10, 100])
    ask.control = rng.random() < 0.3
    chance = rng.random()
    ask.count = chance < 0.1
    ask.raw = 0.1 <= chance < 0.25
    return ask


class Brute(k.ScratchCase):
    def ask_all(self, ways, asks, seed):
        faults = []
        for number, ask in enumerate(asks):
            faults += [f"KSEG_QUERY_SEED={seed}, query {number}: {x}" for x in ways.faults(ask)]
            if len(faults) >= MOST_FAULTS:
                break
        self.assertFalse(faults, f"{len(faults)} faults:\n" + "\n".join(faults))

    def random_asks(self, ways, rng, count, of_one):
        records = ways.log.records()
        maker = random_query.QueryMaker(rng, records)
        partitions = sorted(ways.log.segments)
        return (random_ask(rng, maker, records, partitions, of_one) for _ in range(count))

    def test_of_made_logs(self):
        for round_number in range(max(1, CASES * 2 // 3 // CASES_OF_A_LOG)):
            seed = SEED + round_number
            rng = random.Random(seed)
            directory = self.dir / str(seed)
            log = make_log.make_log(rng, directory / "wal")
            # The partition's directory of a topic whose name begins like the other's: made-1-0.
            decoy = make_log.make_log(rng, directory / "wal", "made-1", partitions=1, segments=1, batches=2)
            c.build_index(decoy, directory / "whole")
            ways = Ways(log, directory, sorted({file.parent for file in log.files()}))  # the segments but the last of each
            self.ask_all(ways, self.random_asks(ways, rng, CASES_OF_A_LOG, 0.2), seed)

    def test_of_the_corpus(self):
        log = m.corpus_log(self.dir / "wal")
        ways = Ways(log, self.dir, log.files()[::2])
        rng = random.Random(SEED)
        self.ask_all(ways, self.random_asks(ways, rng, CASES // 3, 0.9), SEED)


class ManyHits(k.ScratchCase):
    """Answers of any number are complete: there is no most. What matches is counted here by arithmetic."""

    def make(self, count, segment_bytes):
        """A log of that many records, with indexes of all its segments and of all but the last."""
        self.count = count
        wal = self.dir / "wal"
        line = b'{"number":%d,"word":"third%d rare%d","common":"in all"}\n'
        lines = b"".join(line % (i, i % 3, i // 1000) for i in range(count))
        run = k.run("wal-append", "--wal", wal, "--topic", "t", "--input", "lines", "--sync", "none",
                    "--segment-bytes", segment_bytes, stdin=lines, timeout=600)
        self.assertEqual((run.status, run.err), (0, ""), run)
        files = sorted(wal.glob("t-0/*.log"))
        self.assertGreater(len(files), 2)
        for store, options in (("whole", ["--jobs", "2", *files]), ("sealed", ["--json-values", wal])):
            run = k.run("index", "-o", self.dir / store, *options, timeout=900)
            self.assertEqual((run.status, run.err), (0, ""), run)
        c.pack(self.dir / "whole", self.dir / "archives")
        self.ways = {"scan": ["--wal", wal], "index": ["--store", self.dir / "whole"],
                     "archives": ["--store", self.dir / "archives"], "both": ["--wal", wal, "--store", self.dir / "sealed"]}

    def ask(self, way, *options):
        run = k.run("query", *self.ways[way], "--topic", "t", *options, timeout=900)
        self.assertEqual((run.status, run.err), (0, ""), run)
        return run

    def check(self, match, wanted, *options):
        for way in self.ways:
            with self.subTest(match=match, way=way, options=options):
                self.assertEqual(int(self.ask(way, "--match", match, "--count", *options).text), len(wanted))
                offsets = [int(x) for x in OFFSET.findall(self.ask(way, "--match", match, "--json", *options).out)]
                self.assertEqual(len(offsets), len(wanted))
                self.assertTrue(offsets == list(wanted), "other offsets, or another order")

    def check_all(self):
        count = self.count
        self.check("common", range(count))
        self.check("third1", range(1, count, 3))
        self.check("NOT third1", [i for i in range(count) if i % 3 != 1])
        self.check('"in all" AND rare7', range(7000, 8000))
        self.check("value.word:third2 AND NOT rare*", [])
        self.check(f"third0 OR offset:[{count // 2} TO *]", [i for i in range(count) if i % 3 == 0 or i >= count // 2])
        self.check(f"value.number:[{count - 15000} TO *]", range(count - 15000, count))
        self.check("third?", range(count - 11000), "--limit", str(count - 11000))
        self.check("common", range(5000, count - 1), "--offsets", f"5000..{count - 1}")

    def test_more_than_ten_thousand(self):
        self.make(25_000, "400K")
        self.check_all()

    @k.unittest.skipUnless(os.environ.get("KSEG_QUERY_MILLION"), "KSEG_QUERY_MILLION is not set")
    def test_a_million(self):
        self.make(1_050_000, "8M")
        self.check_all()


if __name__ == "__main__":
    k.main()
