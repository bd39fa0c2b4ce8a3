# SPDX-License-Identifier: Apache-2.0
"""--offsets, --since, --until, --limit, --key: equal to filtering everything, with and without index files."""

import base64
import concurrent.futures
import datetime
import fnmatch
import pathlib
import random
import shutil
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402

CASES = ("v2-compacted-lz4", "v2-sparse", "v2-timestamps", "v2-txn-none", "v2-many-batches", "v2-base-4294967301", "v1-lz4",
         "v0-gzip", "v2-empty-batches", "v2-logappend-none")
LOOKUPS_PER_CASE = {"offset": k.tries("KSEG_LOOKUPS", 40), "time": k.tries("KSEG_LOOKUPS", 100)}


def key_text(record):
    return None if record["key"] is None else base64.b64decode(record["key"]).decode("utf-8", "replace")


def rfc3339(ms, offset_minutes=0):
    zone = datetime.timezone(datetime.timedelta(minutes=offset_minutes))
    t = datetime.datetime.fromtimestamp(0, zone) + datetime.timedelta(milliseconds=ms)
    text = t.isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z") if offset_minutes == 0 else text


class Ranges(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = k.scratch()
        cls.dir = cls.scratch.__enter__()
        cls.alone, cls.lines = {}, {}
        for case in CASES:
            folder = cls.dir / case
            folder.mkdir()
            cls.alone[case] = pathlib.Path(shutil.copy(k.log_of(case), folder))
            cls.lines[case] = k.without_place(k.decode("--json", k.log_of(case)).lines())

    @classmethod
    def tearDownClass(cls):
        cls.scratch.__exit__(None, None, None)

    def check(self, case, options, keep, limit=None):
        """The options print the lines whose truth record `keep` accepts, with the index files and without."""
        wanted = [line for line, record in zip(self.lines[case], k.truth(case).records) if keep(record)][:limit]
        for log in (k.log_of(case), self.alone[case]):
            run = k.decode("--json", *options, log)
            self.assertEqual((run.status, run.err), (0, ""), str(run))
            got = k.without_place(run.lines())
            self.assertEqual([x["offset"] for x in got], [x["offset"] for x in wanted], str(run))
            self.assertEqual(got, wanted, str(run))

    def offset_points(self, case):
        """Offsets worth cutting at: ends, batch edges, and numbers that no record has."""
        offsets = [r["offset"] for r in k.truth(case).records]
        edges = {b[name] + i for b in k.sample(k.truth(case).batches, 3) for name in ("baseOffset", "lastOffset") for i in (0, 1)}
        return sorted({offsets[0], offsets[len(offsets) // 2], offsets[-1], offsets[-1] + 1} | edges)

    def test_offset_ranges(self):
        for case in CASES:
            points = self.offset_points(case)
            for a, b in k.sample([(a, b) for a in points for b in points if a < b], 8):
                with self.subTest(case=case, a=a, b=b):
                    self.check(case, ["--offsets", f"{a}..{b}"], lambda r: a <= r["offset"] < b)
            for a in k.sample(points, 4):
                with self.subTest(case=case, a=a):
                    self.check(case, ["--offsets", f"{a}.."], lambda r: r["offset"] >= a)
                    self.check(case, ["--offsets", f"..{a}"], lambda r: r["offset"] < a)
                    self.check(case, ["--offsets", str(a)], lambda r: r["offset"] == a)

    def test_time_ranges(self):
        for case in CASES:
            times = sorted({r["timestamp"] for r in k.truth(case).records if r["timestamp"] >= 0} | {1700000000000})
            for a, b in k.sample([(a, b) for a in k.sample(times, 5) for b in k.sample(times, 5) if a < b], 5):
                with self.subTest(case=case, since=a, until=b):
                    self.check(case, ["--since", str(a), "--until", str(b)], lambda r: a <= r["timestamp"] < b)
            for a in k.sample(times, 3):
                with self.subTest(case=case, time=a):
                    self.check(case, ["--since", str(a)], lambda r: r["timestamp"] >= a)
                    self.check(case, ["--until", str(a)], lambda r: r["timestamp"] < a)

    def test_rfc_3339_times(self):
        case = "v2-many-batches"
        times = sorted({r["timestamp"] for r in k.truth(case).records})
        a, b = times[len(times) // 3], times[len(times) // 2]
        for east in (0, 90, -480):
            with self.subTest(minutes_east=east):
                self.check(case, ["--since", rfc3339(a, east), "--until", rfc3339(b, east)], lambda r: a <= r["timestamp"] < b)
        self.check(case, ["--since", "2023-11-14T22:13:20Z"], lambda r: r["timestamp"] >= 1700000000000)

    def test_relative_times(self):
        now = int(time.time() * 1000)
        hour = 3600 * 1000
        ages = [10 * 24 * hour, 3 * hour, hour, 60 * 1000]
        batches = [k.build_batch(i, [(b"age", str(age).encode())], timestamp=now - age) for i, age in enumerate(ages)]
        log = self.dir / "relative.log"
        log.write_bytes(b"".join(batches))
        for options, offsets in ((["--since=-2h"], [2, 3]), (["--since", "-2h"], [2, 3]), (["--since", "-7d"], [1, 2, 3]),
                                 (["--until=-2h"], [0, 1]), (["--since=-7d", "--until=-2h"], [1])):
            with self.subTest(options=options):
                run = k.decode("--json", *options, log)
                self.assertEqual(run.status, 0, str(run))
                self.assertEqual([x["offset"] for x in run.lines()], offsets, str(run))

    def test_limits(self):
        for case in CASES:
            middle = self.offset_points(case)[len(self.offset_points(case)) // 2]
            for n in (1, 2, 7, 100000):
                with self.subTest(case=case, limit=n):
                    self.check(case, ["--limit", str(n)], lambda r: True, n)
                    self.check(case, ["--offsets", f"{middle}..", "--limit", str(n)], lambda r: r["offset"] >= middle, n)

    def test_keys_by_glob(self):
        for case, globs in (("v2-txn-none", ("p0-*", "p?-1", "nothing*")), ("v2-many-batches", ("k1", "k*9", "k[12]0")),
                            ("v2-timestamps", ("down", "z*", "?"))):
            for glob in globs:
                with self.subTest(case=case, glob=glob):
                    def keep(r):
                        text = key_text(r)
                        return text is not None and fnmatch.fnmatchcase(text, glob)
                    self.check(case, ["--key", glob], keep)
                    self.check(case, ["--key", glob, "--limit", "3"], keep, 3)

    def test_options_combine(self):
        case = "v2-many-batches"
        truth = k.truth(case).records
        a, b, since = truth[500]["offset"], truth[2500]["offset"], sorted(r["timestamp"] for r in truth)[1500]
        self.check(case, ["--offsets", f"{a}..{b}", "--since", str(since), "--key", "k*", "--limit", "50"],
                   lambda r: a <= r["offset"] < b and r["timestamp"] >= since and (key_text(r) or "").startswith("k"), 50)

    def test_an_empty_answer_is_no_error(self):
        last = k.truth("v2-sparse").records[-1]["offset"]
        self.check("v2-sparse", ["--offsets", f"{last + 1}.."], lambda r: False)
        self.check("v2-sparse", ["--since", str(2**63 - 1)], lambda r: False)

    def test_ranges_of_batches(self):
        case = "v2-many-batches"
        for a, b in ((100, 200), (0, 1), (2990, 3000)):
            for log in (k.log_of(case), self.alone[case]):
                run = k.decode("--batches", "--json", "--offsets", f"{a}..{b}", log)
                self.assertEqual(run.status, 0, str(run))
                wanted = [(t["position"], t["size"]) for t in k.truth(case).batches if t["lastOffset"] >= a and t["baseOffset"] < b]
                self.assertEqual([(x["position"], x["size"]) for x in run.lines()], wanted, str(run))


class Lookups(unittest.TestCase):
    """Kafka's own look-ups through its index files."""

    def first_of_each(self, jobs):
        """jobs: [(options, wanted offset or None)]; two at a time."""
        def one(job):
            options, wanted = job
            run = k.decode("--json", *options, "--limit", "1")
            got = [x["offset"] for x in run.lines()]
            ok = run.status == 0 and got == ([] if wanted is None else [wanted])
            return None if ok else f"{run}: expected {wanted}, got {got}"
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            faults = [f for f in pool.map(one, jobs) if f]
        self.assertFalse(faults, f"{len(faults)} of {len(jobs)} differ, first:\n" + "\n".join(faults[:5]))

    def test_times(self):
        for case in k.cases():
            with self.subTest(case=case):
                found = [x for x in k.lookups(case, "time") if x["target"] >= 0]
                self.first_of_each([(["--since", str(x["target"]), k.log_of(case)], x["offset"])
                                    for x in k.sample(found, LOOKUPS_PER_CASE["time"])])

    def test_offsets(self):
        for case in k.cases():
            with self.subTest(case=case):
                offsets = [r["offset"] for r in k.truth(case).records]
                self.first_of_each([(["--offsets", f"{x['target']}..", k.log_of(case)],
                                     next((o for o in offsets if o >= x["target"]), None))
                                    for x in k.sample(k.lookups(case, "offset"), LOOKUPS_PER_CASE["offset"])])

    def test_large(self):
        for log in sorted((k.CORPUS / "large").glob("*/*.log")):
            with self.subTest(case=log.parent.name):
                found = [x for x in k.lookups(f"large/{log.parent.name}", "time") if x["target"] >= 0]
                self.first_of_each([(["--since", str(x["target"]), log], x["offset"]) for x in k.sample(found, 15)])


class WrongIndexes(k.ScratchCase):
    """An index file is a hint: whatever it holds, the output is that of the log alone."""

    CASE = "v2-many-batches"

    def setUp(self):
        super().setUp()
        self.source = k.log_of(self.CASE)
        self.log = pathlib.Path(shutil.copy(self.source, self.dir))

    def put(self, suffix, content):
        self.log.with_suffix(suffix).write_bytes(content)

    def hostile(self, suffix):
        good = self.source.with_suffix(suffix).read_bytes()
        entry = 8 if suffix == ".index" else 12
        rng = random.Random(11)
        yield "random", rng.randbytes(entry * 40)
        yield "random, odd size", rng.randbytes(entry * 40 + 3)
        yield "all ff", b"\xff" * (entry * 20)
        yield "truncated to 5 bytes", good[:5]
        yield "empty", b""
        yield "reversed", b"".join(good[i:i + entry] for i in reversed(range(0, len(good), entry)))
        yield "zeros", bytes(entry * 100)
        if suffix == ".index":
            yield "positions doubled", b"".join(
                good[i:i + 4] + (2 * int.from_bytes(good[i + 4:i + 8], "big")).to_bytes(4, "big") for i in range(0, len(good), 8))
            yield "positions off by one", b"".join(
                good[i:i + 4] + (1 + int.from_bytes(good[i + 4:i + 8], "big")).to_bytes(4, "big") for i in range(0, len(good), 8))
            yield "offsets too low", b"".join(
                (int.from_bytes(good[i:i + 4], "big") // 10).to_bytes(4, "big") + good[i + 4:i + 8] for i in range(0, len(good), 8))
            yield "positions beyond the end", b"".join(good[i:i + 4] + b"\x7f\xff\xff\xf0" for i in range(0, len(good), 8))

    def test_output_is_the_same(self):
        middle = sorted(r["timestamp"] for r in k.truth(self.CASE).records)[1500]
        queries = (["--offsets", "1000..1100"], ["--offsets", "45"], ["--offsets", "2999.."], ["--offsets", "..3"],
                   ["--since", str(middle), "--limit", "20"])
        wanted = [k.decode("--json", *q, self.log).lines() for q in queries]
        self.assertTrue(all(wanted))
        for suffix in (".index", ".timeindex"):
            for what, content in self.hostile(suffix):
                for other in (False, True):
                    for s in (".index", ".timeindex"):
                        self.log.with_suffix(s).unlink(missing_ok=True)
                        if other:
                            shutil.copy(self.source.with_suffix(s), self.dir)
                    self.put(suffix, content)
                    for query, lines in zip(queries, wanted):
                        with self.subTest(suffix=suffix, what=what, other_index_right=other, query=query):
                            run = k.decode("--json", *query, self.log)
                            self.assertIn(run.status, (0, 3), str(run))
                            self.assertEqual(run.lines(), lines, str(run))

    def test_a_range_reads_only_what_it_needs(self):
        data = self.log.read_bytes()
        self.log.write_bytes(k.flip(data, 92 + 70))  # batch 1, far before the range
        wanted = [line for line in k.without_place(k.decode("--json", self.source).lines()) if line["offset"] >= 2000]
        run = k.decode("--json", "--offsets", "2000..", self.log)
        self.assertEqual(run.status, 3, f"{run}: without an index the damage is on the way")
        self.assertEqual(k.without_place(run.lines()), wanted)
        shutil.copy(self.source.with_suffix(".index"), self.dir)
        run = k.decode("--json", "--offsets", "2000..", self.log)
        self.assertEqual((run.status, run.err), (0, ""), f"{run}: with the index the damage is out of the way")
        self.assertEqual(k.without_place(run.lines()), wanted)


if __name__ == "__main__":
    k.main()
