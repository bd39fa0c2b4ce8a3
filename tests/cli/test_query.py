# SPDX-License-Identifier: Apache-2.0
"""query over logs without an index: every option, against what Kafka read of the corpus."""

import base64
import datetime
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402

SPARSE = ("v2-compacted-lz4", "v2-sparse", "v2-timestamps", "v2-txn-none", "v2-many-batches", "v2-base-4294967301", "v1-lz4",
          "v0-gzip", "v2-empty-batches", "v2-logappend-none")


def is_control(record):
    return "controlType" in record


def written(ms):
    """A time as RFC 3339 has it, as far as that goes."""
    if ms > 253402300799999:  # the year 9999
        return str(ms)
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc).isoformat(timespec="milliseconds")


class QueryCase(k.ScratchCase):
    def setUp(self):
        super().setUp()
        self.wal = self.dir / "wal"
        self.wal.mkdir()

    def put(self, case, partition=0, side_files=True):
        """A partition of topic t that holds the corpus case; its log."""
        folder = self.wal / f"t-{partition}"
        folder.mkdir()
        for file in k.log_of(case).parent.iterdir():
            if file.suffix == ".log" or (side_files and file.suffix in (".index", ".timeindex")):
                shutil.copy(file, folder)
        return folder / k.log_of(case).name

    def query(self, *args, status=0, topic="t", **options):
        run = k.run("query", "--wal", self.wal, "--topic", topic, *args, **options)
        self.assertEqual(run.status, status, run)
        if status == 0 and "--explain" not in args:
            self.assertEqual(run.err, "", run)
        return run

    def check(self, case, log, options, keep):
        """The options print what decode prints of the records that `keep` says so of."""
        records = k.truth(case).records
        for form in ("jsonl", "text"):
            lines = k.decode("--format", form, log).out.splitlines(keepends=True)
            self.assertEqual(len(lines), len(records))
            wanted = [line for line, record in zip(lines, records) if keep(record)]
            run = self.query("--format", form, *options)
            self.assertEqual(run.out, b"".join(wanted), run)
        self.assertEqual(self.query("--count", *options).text, f"{len(wanted)}\n")

    def fresh(self):
        shutil.rmtree(self.wal)
        self.wal.mkdir()


class Everything(QueryCase):
    def test_records_are_those_that_decode_prints(self):
        for case in k.cases():
            with self.subTest(case=case):
                self.fresh()
                log = self.put(case)
                self.check(case, log, ["--control"], lambda r: True)
                self.check(case, log, [], lambda r: not is_control(r))

    def test_raw_with_control_is_the_file(self):
        for case in k.cases():
            with self.subTest(case=case):
                self.fresh()
                log = self.put(case)
                self.assertEqual(self.query("--format", "raw", "--control").out, log.read_bytes())
                batches = k.truth(case).batches
                self.assertEqual(self.query("--format", "raw", "--control", "--count").text, f"{len(batches)}\n")
                data = [b for b, t in zip(self.raw_batches(log), batches) if not t.get("control")]
                self.assertEqual(self.query("--format", "raw").out, b"".join(data))

    def raw_batches(self, log):
        return [b.data for b in k.log_batches(log)]

    def test_forms_of_bytes(self):
        log = self.put("v2-none")
        for form in ("auto", "utf8", "base64", "hex"):
            run = self.query("--json", "--bytes", form, "--limit", "40")
            self.assertEqual(run.out, k.decode("--json", "--bytes", form, "--limit", "40", log).out)

    def test_partitions_come_one_after_the_other(self):
        logs = {p: self.put(c, p) for p, c in ((10, "v2-sparse"), (2, "v2-epochs"), (0, "v2-txn-none"))}
        whole = b"".join(k.decode("--json", logs[p]).out for p in sorted(logs))
        self.assertEqual(self.query("--json", "--control").out, whole)
        self.assertEqual([(x["topic"], x["partition"]) for x in self.query("--json", "--limit", "310").lines()[-2:]],
                         [("t", 10)] * 2)
        self.assertEqual(self.query("--json", "--partition", "2").out, k.decode("--json", logs[2]).out)
        data = sum(not is_control(r) for case in ("v2-sparse", "v2-epochs", "v2-txn-none") for r in k.truth(case).records)
        self.assertEqual(self.query("--count").text, f"{data}\n")

    def test_output_files(self):
        log = self.put("v2-epochs")
        out = self.dir / "out"
        self.query("--json", "-o", out)
        self.assertEqual(out.read_bytes(), k.decode("--json", log).out)
        self.query("--output", out, status=1)
        self.query("--output", out, "--overwrite", "--format", "raw")
        self.assertEqual(out.read_bytes(), log.read_bytes())


class Ranges(QueryCase):
    def points(self, case):
        """Offsets worth cutting at: ends, batch edges and their neighbours, and numbers that no record has."""
        offsets = [r["offset"] for r in k.truth(case).records]
        edges = {b[name] + i for b in k.sample(k.truth(case).batches, 3) for name in ("baseOffset", "lastOffset") for i in (0, 1)}
        return sorted({offsets[0], offsets[len(offsets) // 2], offsets[-1], offsets[-1] + 1} | edges)

    def test_offsets(self):
        for case in SPARSE:
            self.fresh()
            log = self.put(case, side_files=case != "v2-sparse")
            points = self.points(case)
            for a, b in k.sample([(a, b) for a in points for b in points if a < b], 5):
                with self.subTest(case=case, a=a, b=b):
                    self.check(case, log, ["--control", "--offsets", f"{a}..{b}"], lambda r: a <= r["offset"] < b)
            for a in k.sample(points, 3):
                with self.subTest(case=case, a=a):
                    self.check(case, log, ["--offsets", f"{a}.."], lambda r: r["offset"] >= a and not is_control(r))
                    self.check(case, log, ["--offsets", f"..{a}"], lambda r: r["offset"] < a and not is_control(r))
                    self.check(case, log, ["--control", "--offsets", str(a)], lambda r: r["offset"] == a)

    def test_times(self):
        for case in SPARSE:
            self.fresh()
            log = self.put(case)
            times = sorted({r["timestamp"] for r in k.truth(case).records if r["timestamp"] >= 0} | {1700000000000})
            for a, b in k.sample([(a, b) for a in k.sample(times, 5) for b in k.sample(times, 5) if a < b], 4):
                with self.subTest(case=case, since=a, until=b):
                    self.check(case, log, ["--control", "--since", str(a), "--until", str(b)],
                               lambda r: a <= r["timestamp"] < b)
            for a in k.sample(times, 2):
                with self.subTest(case=case, time=a):
                    self.check(case, log, ["--control", "--since", written(a)], lambda r: r["timestamp"] >= a)
                    self.check(case, log, ["--control", "--until", written(a)], lambda r: r["timestamp"] < a)

    def test_batches_of_a_range(self):
        for case in ("v2-sparse", "v2-txn-none", "v2-many-batches", "v2-empty-batches", "v2-compacted-lz4"):
            self.fresh()
            log = self.put(case)
            batches = k.log_batches(log)
            points = self.points(case)
            for a, b in k.sample([(a, b) for a in points for b in points if a < b], 5):
                with self.subTest(case=case, a=a, b=b):
                    wanted = [x.data for x in batches if x.last_offset >= a and x.base_offset < b]
                    run = self.query("--format", "raw", "--control", "--offsets", f"{a}..{b}")
                    self.assertEqual(run.out, b"".join(wanted), run)
            # Of times, batches with a record of such a time.
            records = k.truth(case).records
            since = sorted(r["timestamp"] for r in records)[len(records) // 2]
            hit = {r["batch"] for r in records if r["timestamp"] >= since}
            run = self.query("--format", "raw", "--control", "--since", str(since))
            self.assertEqual(run.out, b"".join(x.data for i, x in enumerate(batches) if i in hit), run)

    def test_limits(self):
        log = self.put("v2-txn-none")
        lines = k.decode("--json", log).out.splitlines(keepends=True)
        data = [line for line, r in zip(lines, k.truth("v2-txn-none").records) if not is_control(r)]
        for n in (0, 1, 2, 17, 100000):
            self.assertEqual(self.query("--json", "--limit", str(n)).out, b"".join(data[:n]))
            self.assertEqual(self.query("--count", "--limit", str(n)).text, f"{min(n, len(data))}\n")
            raw = [b.data for b in k.log_batches(log)]
            self.assertEqual(self.query("--format", "raw", "--control", "--limit", str(n)).out, b"".join(raw[:n]))

    def test_relative_times(self):
        now = int(time.time() * 1000)
        folder = self.wal / "t-0"
        folder.mkdir()
        ages = [10 * 24, 3, 1]
        (folder / f"{0:020}.log").write_bytes(
            b"".join(k.build_batch(i, [(None, b"x")], timestamp=now - age * 3600 * 1000) for i, age in enumerate(ages)))
        self.assertEqual([x["offset"] for x in self.query("--json", "--since", "-2h").lines()], [2])
        self.assertEqual([x["offset"] for x in self.query("--json", "--match", 'timestamp:["-7d" TO "-2h"]').lines()], [1])

    def test_segments_of_a_log(self):
        folder = self.wal / "t-0"
        folder.mkdir()
        data = k.log_of("v2-many-batches").read_bytes()
        batches = k.parse_batches(data)
        for first in range(0, 3000, 600):
            part = b"".join(b.data for b in batches[first:first + 600])
            (folder / f"{first:020}.log").write_bytes(part)
        for a, b in ((0, 3000), (599, 601), (600, 1200), (1, 2), (2999, 5000), (1700, 1700 + 700)):
            run = self.query("--format", "raw", "--offsets", f"{a}..{b}")
            self.assertEqual(run.out, b"".join(x.data for x in batches[a:b]), run)
            self.assertEqual(self.query("--count", "--offsets", f"{a}..{b}").text, f"{min(b, 3000) - a}\n")
        # Segments beside the range are not opened.
        explained = self.query("--count", "--offsets", "610..620", "--explain").err
        self.assertIn(f"{600:020}.log", explained)
        self.assertNotIn(f"{0:020}.log", explained)
        self.assertNotIn(f"{1200:020}.log", explained)


class Matches(QueryCase):
    def test_filters(self):
        case = "v2-txn-none"
        log = self.put(case)
        batches = k.truth(case).batches

        def batch(r):
            return batches[r["batch"]]
        middle = k.truth(case).records[150]["offset"]
        for match, keep in (
                ("producer_id:1001", lambda r: batch(r)["producerId"] == 1001),
                ("transactional:true", lambda r: batch(r)["transactional"]),
                ("NOT transactional:true", lambda r: not batch(r)["transactional"]),
                ("control:true", is_control),
                ("sequence:[3 TO 9]", lambda r: 3 <= r["sequence"] <= 9),
                (f"offset:[{middle} TO *]", lambda r: r["offset"] >= middle),
                ("*:*", lambda r: True),
                (f"producer_id:1002 AND offset:{{* TO {middle}}}",
                 lambda r: batch(r)["producerId"] == 1002 and r["offset"] < middle)):
            with self.subTest(match=match):
                self.check(case, log, ["--control", "--match", match], keep)
                self.check(case, log, ["--match", match], lambda r: keep(r) and not is_control(r))

    def test_words_and_keys(self):
        case = "v2-many-batches"
        log = self.put(case)

        def text(r, field):
            return None if r[field] is None else base64.b64decode(r[field]).decode()
        for match, keep in (
                ("2222", lambda r: "2222" in text(r, "value").split()),
                ('"batch 17"', lambda r: text(r, "value").endswith("batch 17")),
                ("key:K17", lambda r: text(r, "key") == "k17"),
                ('key:"K17"', lambda r: False),
                ('key:"k17"', lambda r: text(r, "key") == "k17"),
                ("key:k1* 29??", lambda r: text(r, "key").startswith("k1") and text(r, "value").split()[-1].startswith("29")
                 and len(text(r, "value").split()[-1]) == 4),
                ("nowhere", lambda r: False)):
            with self.subTest(match=match):
                self.check(case, log, ["--match", match], keep)
        hit = [b.data for b in k.log_batches(log) if b.base_offset in (17, 2222)]
        self.assertEqual(self.query("--format", "raw", "--match", "offset:17 OR 2222").out, b"".join(hit))
        self.assertEqual(self.query("--format", "raw", "--count", "--match", "offset:17 OR 2222").text, "2\n")

    def test_matching_within_ranges(self):
        case = "v2-many-batches"
        log = self.put(case)
        since = sorted(r["timestamp"] for r in k.truth(case).records)[1500]
        self.check(case, log, ["--offsets", "500..2500", "--since", str(since), "--match", "key:k7"],
                   lambda r: 500 <= r["offset"] < 2500 and r["timestamp"] >= since and base64.b64decode(r["key"]) == b"k7")


class Errors(QueryCase):
    def test_somewhere_to_look_is_needed(self):
        run = k.run("query", "--topic", "t")
        self.assertEqual(run.status, 2, run)
        self.assertIn("--store", run.err)
        self.assertEqual(k.run("query", "--wal", self.wal).status, 2)

    def test_unknown_topics_and_partitions(self):
        self.put("v2-epochs")
        self.put("v2-sparse", 3)
        (self.wal / "other-0").mkdir()
        run = self.query(topic="orders", status=1)
        self.assertRegex(run.err, r"no topic orders.* other, t\n")
        run = self.query("--partition", "1", status=1)
        self.assertRegex(run.err, r"no partition 1.* 0, 3\n")
        self.assertEqual(self.query(topic="other").out, b"")

    def test_places_that_are_not_there(self):
        for option in ("--wal", "--store"):
            run = k.run("query", option, self.dir / "nowhere", "--topic", "t")
            self.assertEqual((run.status, run.out), (1, b""), run)
            self.assertIn("nowhere", run.err)
        nobody = {name: "" for name in os.environ if name.startswith("AWS_")} | {"HOME": str(self.dir)}
        run = k.run("query", "--store", "s3://bucket/prefix", "--topic", "t", env=nobody)
        self.assertEqual((run.status, run.out), (1, b""), run)
        self.assertIn("AWS_ACCESS_KEY_ID", run.err)

    def test_queries_that_are_none(self):
        self.put("v2-epochs")
        for match in ("(a", "colour:red", "a AND", '"open'):
            run = self.query("--match", match, status=2)
            self.assertIn("--match", run.err)
            self.assertEqual(run.out, b"")

    def test_nothing_found_is_no_error(self):
        self.put("v2-epochs")
        for options in (["--offsets", "900.."], ["--match", "nowhere"], ["--since", str(2**62)], ["--limit", "0"]):
            for form in ("text", "jsonl", "raw"):
                self.assertEqual(self.query("--format", form, *options).out, b"")
            self.assertEqual(self.query("--count", *options).text, "0\n")

    def test_a_reader_that_leaves_is_quiet(self):
        self.put("v2-none")
        with subprocess.Popen([k.program(), "query", "--wal", self.wal, "--topic", "t", "--json"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            process.stdout.read(100)
            process.stdout.close()
            self.assertEqual(process.stderr.read(), b"")
            process.wait(timeout=60)

    def test_an_interrupt_ends_it(self):
        self.put("v2-none")
        read, write = os.pipe()
        with subprocess.Popen([k.program(), "query", "--wal", self.wal, "--topic", "t", "--json"], stdout=write,
                              stderr=subprocess.PIPE) as process:
            os.close(write)  # nobody reads: it stands still as soon as the pipe is full
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            time.sleep(0.1)
            while os.read(read, 1 << 20):
                pass
            os.close(read)
            self.assertIn(process.wait(timeout=60), (0, 130))


class Damage(QueryCase):
    def put_bytes(self, data, base=0):
        folder = self.wal / "t-0"
        folder.mkdir(exist_ok=True)
        path = folder / f"{base:020}.log"
        path.write_bytes(data)
        return path

    def batches(self, count=10, base=0):
        return [k.build_batch(base + 2 * i, [(b"k", b"a%d" % i), (b"k", b"b%d" % i)]) for i in range(count)]

    def test_wrong_crcs(self):
        parts = self.batches()
        at = sum(map(len, parts[:4]))
        log = self.put_bytes(k.flip(b"".join(parts), at + 70))
        run = self.query("--json", status=3)
        self.assertEqual([x["offset"] for x in run.lines()], [x for x in range(20) if x not in (8, 9)])
        self.assertRegex(run.err, rf"warning: {log}: offset {at}: batch crc; expected 0x[0-9a-f]{{8}}, got 0x")
        self.assertEqual(self.query("--format", "raw", status=3).out, b"".join(parts[:4] + parts[5:]))
        for inside in ("8..9", "9..", "..9", "5..15"):
            self.query("--offsets", inside, status=3)
        for beside in ("..8", "10..", "3..7"):
            self.query("--offsets", beside)
        # Nobody knows what it held.
        self.query("--match", "nowhere", status=3)
        self.query("--since", str(2**62), status=3)
        self.assertEqual(self.query("--count", status=3).text, "18\n")
        self.assertEqual(self.query("--json", "-q", status=3).err, "")

    def test_gaps_and_torn_tails(self):
        parts = self.batches()
        at = sum(map(len, parts[:4]))
        log = self.put_bytes(b"".join(parts[:4]) + b"garbage" * 30 + b"".join(parts[5:9]) + parts[9][:-3])
        run = self.query("--json", status=3)
        self.assertEqual([x["offset"] for x in run.lines()], [x for x in range(18) if x not in (8, 9)])
        self.assertRegex(run.err, rf"warning: {log}: offset {at}: ")
        self.assertRegex(run.err, r"torn tail")
        self.query("--offsets", "..8")
        self.query("--offsets", "10..18")
        self.query("--offsets", "8..9", status=3)
        self.query("--offsets", "18..", status=3)

    def test_a_missing_segment(self):
        self.put_bytes(b"".join(self.batches(5)))
        self.put_bytes(b"".join(self.batches(5, 30)), 30)
        run = self.query("--json", status=3)
        self.assertEqual([x["offset"] for x in run.lines()], [*range(10), *range(30, 40)])
        self.assertIn("offsets 10 to 29 are missing", run.err)
        self.query("--offsets", "30..")
        self.query("--offsets", "..10")

    def test_a_file_that_cannot_be_read(self):
        self.put_bytes(b"".join(self.batches(5)))
        (self.wal / "t-0" / f"{10:020}.log").mkdir()
        run = self.query("--json", status=3)
        self.assertEqual([x["offset"] for x in run.lines()], list(range(10)))
        self.assertIn(f"{10:020}.log", run.err)

    def test_the_damaged_corpus(self):
        """What decode leaves out, query leaves out, and says so."""
        for case in [verdict["case"] for verdict in k.sample(k.verdicts(), 40)]:
            with self.subTest(case=case):
                self.fresh()
                log = self.put_bytes(k.damaged_log(case).read_bytes())
                theirs = k.decode("--json", log)
                run = k.run("query", "--wal", self.wal, "--topic", "t", "--control", "--json")
                inside = [x for x in theirs.lines() if x["offset"] >= 0]
                self.assertEqual(run.lines(), inside, run)
                if theirs.status == 3:
                    self.assertEqual(run.status, 3, run)

    def test_a_log_that_is_being_written(self):
        parts = self.batches()
        whole = b"".join(parts)
        log = self.put_bytes(b"")
        for file in (log, log.with_suffix(".index"), log.with_suffix(".timeindex")):
            file.unlink(missing_ok=True)
        read, write = os.pipe()
        with subprocess.Popen([k.program(), "wal-append", "--wal", self.wal, "--topic", "t", "--ack", "--keep-offsets"],
                              stdin=read, stdout=subprocess.PIPE) as writer:
            os.close(read)
            os.write(write, whole)
            for _ in parts:
                self.assertTrue(writer.stdout.readline())
            with open(log, "ab") as file:
                file.write(parts[0][:40])  # as a write under way would look
            self.assertEqual(self.query("--count").text, "20\n")
            with open(log, "r+b") as file:
                file.truncate(len(whole))
            os.close(write)
            self.assertEqual(writer.wait(timeout=60), 0)
        with open(log, "ab") as file:
            file.write(parts[0][:40])
        self.assertEqual(self.query("--count", status=3).text, "20\n")


class Explanations(QueryCase):
    def test_what_it_says(self):
        self.put("v2-many-batches")
        run = self.query("--offsets", "1000..1010", "--match", "one", "--count", "--explain")
        self.assertEqual(run.text, "10\n")
        self.assertRegex(run.err, r"slice: log \S+/t-0/0{20}\.log, offsets 1000\.\.1010, scanned, 10 batches and 10 records "
                                  r"looked at, 10 given, \d+ requests, \d+ bytes\n")
        self.assertRegex(run.err, r"total: 1 slices, \d+ files, \d+ requests, \d+ bytes, [\d.]+ ms\n")
        self.assertLess(int(run.err.split(" requests, ")[1].split()[0]), 200000)


if __name__ == "__main__":
    k.main()
