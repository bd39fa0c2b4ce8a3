# SPDX-License-Identifier: Apache-2.0
"""query by way of segment indexes: the same answers as from the logs, and what happens when an index or a log is not as it was."""

import json
import os
import pathlib
import random
import re
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402

CASES = ("v0-gzip", "v1-none", "v2-base-4294967301", "v2-compacted-lz4", "v2-empty-batches", "v2-logappend-none",
         "v2-many-batches", "v2-mixed", "v2-sparse", "v2-timestamps", "v2-txn-none")


class StoreCase(k.ScratchCase):
    def setUp(self):
        super().setUp()
        self.wal, self.store = self.dir / "wal", self.dir / "store"
        self.wal.mkdir()

    def log(self, base=0, topic="t", partition=0):
        return self.wal / f"{topic}-{partition}" / f"{base:020}.log"

    def index(self, base=0, topic="t", partition=0):
        return self.store / f"{topic}-{partition}" / f"{base:020}"

    def put(self, data, base=0, topic="t", partition=0, indexed=True):
        log = self.log(base, topic, partition)
        log.parent.mkdir(exist_ok=True)
        log.write_bytes(data)
        if indexed:
            self.make_index(log)
        return log

    def make_index(self, *logs, status=(0,)):
        run = k.run("index", *logs, "-o", self.store)
        self.assertIn(run.status, status, run)

    def ask(self, *args, status=0, places=("--store",), topic="t"):
        where = [x for place in places for x in (place, self.store if place == "--store" else self.wal)]
        run = k.run("query", *where, "--topic", topic, *args)
        self.assertEqual(run.status, status, run)
        if status == 0 and "--explain" not in args:
            self.assertEqual(run.err, "", run)
        return run

    def offsets(self, *args, **options):
        return [x["offset"] for x in self.ask("--json", *args, **options).lines()]


class Corpus(StoreCase):
    def test_answers_are_those_of_the_logs(self):
        for case in CASES:
            topic = case.strip("_")
            source = k.log_of(case)
            log = self.put(source.read_bytes(), int(source.stem), topic)
            records = k.truth(case).records
            a, b = records[len(records) // 3]["offset"], records[2 * len(records) // 3]["offset"] + 1
            since = sorted(r["timestamp"] for r in records)[len(records) // 2]
            self.assertEqual(self.ask("--format", "raw", "--control", topic=topic).out, log.read_bytes(), case)
            for options in ([], ["--offsets", f"{a}..{b}", "--control"], ["--since", str(since), "--control"],
                            ["--until", str(since), "--offsets", f"{a}.."], ["--limit", "3"], ["--match", "a OR one OR batch"],
                            ["--match", "NOT key:*", "--offsets", f"{a}.."], ["--match", "nowhere"]):
                for form in (["--json"], ["--format", "raw"], ["--count"], ["--count", "--format", "raw"]):
                    with self.subTest(case=case, options=options, form=form):
                        by_index = self.ask(*form, *options, topic=topic)
                        by_scan = self.ask(*form, *options, topic=topic, places=("--wal",))
                        self.assertEqual(by_index.out, by_scan.out)

    def test_records_are_those_that_kafka_read(self):
        for case in CASES:
            topic = case.strip("_")
            source = k.log_of(case)
            self.put(source.read_bytes(), int(source.stem), topic)
            got = self.ask("--json", "--control", topic=topic).lines()
            self.assertEqual([x["offset"] for x in got], [r["offset"] for r in k.truth(case).records], case)
            self.assertEqual(k.records_sha256(got), k.truth(case).summary["recordsSha256"], case)

    def test_damage_is_told_as_a_scan_tells_it(self):
        for number, case in enumerate(sorted({v["case"] for v in k.sample(k.verdicts(), 30)})):
            with self.subTest(case=case):
                topic = f"d{number}"
                log = self.put(k.damaged_log(case).read_bytes(), topic=topic, indexed=False)
                self.make_index(log, status=(0, 3))
                for options in (["--control"], ["--control", "--offsets", "3..12"], ["--match", "nowhere"],
                                ["--since", str(2**62)]):
                    by_index, by_scan = (k.run("query", place, where, "--topic", topic, "--json", *options)
                                         for place, where in (("--store", self.store), ("--wal", self.wal)))
                    self.assertEqual((by_index.lines(), by_index.status), (by_scan.lines(), by_scan.status),
                                     f"{by_index}\n{by_scan}")


class Places(StoreCase):
    def segment(self, base, count=10):
        return b"".join(k.build_batch(base + i, [(b"key", b"value %d" % (base + i))]) for i in range(count))

    def test_indexes_and_the_active_segment_together(self):
        self.put(self.segment(0), 0)
        self.put(self.segment(10), 10)
        self.put(self.segment(20), 20, indexed=False)
        both = ("--store", "--wal")
        self.assertEqual(self.offsets(places=both), list(range(30)))
        self.assertEqual(self.offsets("--offsets", "9..21", places=both), list(range(9, 21)))
        self.assertEqual(self.offsets(), list(range(20)))
        said = self.ask("--count", "--explain", places=both).err
        self.assertEqual(re.findall(r"slice: (\w+) ", said), ["index", "index", "log"])

    def test_a_segment_that_is_not_indexed_yet(self):
        self.put(self.segment(0), 0)
        self.put(self.segment(10), 10, indexed=False)
        self.put(self.segment(20), 20)
        self.assertEqual(self.offsets(places=("--store", "--wal")), list(range(30)))
        run = self.ask("--json", status=3)
        self.assertIn("offsets 10 to 19 are missing", run.err)
        self.log(0).unlink()  # by names its index reaches to 20
        self.assertEqual(self.offsets("--offsets", "10..", places=("--store", "--wal")), list(range(10, 30)))

    def test_partitions(self):
        for partition in (0, 1, 11):
            self.put(self.segment(5 * partition), 5 * partition, partition=partition)
        self.put(self.segment(100), 100, topic="other")
        got = self.ask("--json").lines()
        self.assertEqual([(x["partition"], x["offset"]) for x in got],
                         [(p, o) for p in (0, 1, 11) for o in range(5 * p, 5 * p + 10)])
        self.assertEqual(self.offsets("--partition", "11"), list(range(55, 65)))
        self.assertIn("no topic unknown; there are other, t", self.ask(status=1, topic="unknown").err)

    def test_store_and_logs_are_moved_together(self):
        self.put(self.segment(0), 0)
        self.dir.joinpath("moved").mkdir()
        for name in ("wal", "store"):
            self.dir.joinpath(name).rename(self.dir / "moved" / name)
        self.wal, self.store = self.dir / "moved" / "wal", self.dir / "moved" / "store"
        self.assertEqual(self.offsets("--match", "value"), list(range(10)))
        run = k.run("query", "--store", "store", "--topic", "t", "--count", cwd=self.dir / "moved")
        self.assertEqual((run.status, run.text), (0, "10\n"), run)

    def test_a_store_by_way_of_a_link(self):
        self.put(self.segment(0), 0)
        deep = self.dir / "a" / "b"
        deep.mkdir(parents=True)
        deep.joinpath("link").symlink_to(self.store)
        self.store = deep / "link"
        self.assertEqual(self.offsets("--match", "value"), list(range(10)))

    def test_hidden_and_unfinished_directories(self):
        self.put(self.segment(0), 0)
        shutil.copytree(self.index(0), self.store / "t-0" / f".{10:020}")
        shutil.copytree(self.store / "t-0", self.store / ".t-1")
        self.assertEqual(self.offsets(), list(range(10)))
        self.index(20).mkdir()
        run = self.ask("--json", status=3)
        self.assertEqual([x["offset"] for x in run.lines()], list(range(10)))
        self.assertIn(f"{20:020}", run.err)


class Broken(StoreCase):
    """Whatever happened to an index or a log, nothing is left out in silence."""

    def setUp(self):
        super().setUp()
        self.put(self.segment(0), 0)
        self.put(self.segment(10), 10)

    def segment(self, base, key=b"key"):
        return b"".join(k.build_batch(base + i, [(key, b"value %d" % (base + i))]) for i in range(10))

    def test_damaged_files(self):
        rng = random.Random(5)
        for file in sorted(self.index(0).iterdir()):
            good = file.read_bytes()
            for damaged in (good[:len(good) // 2], b"", k.flip(good, rng.randrange(len(good))) if good else b"x", None):
                with self.subTest(file=file.name, size=None if damaged is None else len(damaged)):
                    if damaged is None:
                        file.unlink()
                    elif damaged == good:
                        continue
                    else:
                        file.write_bytes(damaged)
                    for places in (("--store",), ("--store", "--wal")):
                        run = k.run("query", *[x for p in places for x in (p, self.store if p == "--store" else self.wal)],
                                    "--topic", "t", "--json", "--match", "value")
                        got = [x["offset"] for x in run.lines()]
                        if file.name == "manifest.json" and "--wal" not in places:
                            self.assertEqual((got, run.status), (list(range(10, 20)), 3), run)  # nobody knows its log
                        else:
                            self.assertEqual(got, list(range(20)), run)
                        if run.status == 3:
                            self.assertIn(str(self.index(0)), run.err)
                        else:
                            self.assertEqual(run.status, 0, run)
                            # A file that was not needed.
                            self.assertNotIn(file.name, ("manifest.json", "batches", "checksums"))
                    file.write_bytes(good)

    def test_an_unknown_version(self):
        path = self.index(0) / "manifest.json"
        text = path.read_text().replace('"version": 1', '"version": 2')
        text = re.sub(r'"crc32c": "[0-9a-f]{8}"\n}\n$', '"crc32c": "00000000"\n}\n', text)
        crc = k.crc32c(text.encode())
        path.write_text(re.sub(r'00000000"\n}\n$', f'{crc:08x}"\n}}\n', text))
        json.loads(path.read_text())
        run = self.ask("--json", status=3, places=("--store", "--wal"))
        self.assertEqual([x["offset"] for x in run.lines()], list(range(20)))
        self.assertRegex(run.err, r"manifest\.json.*version")

    def test_a_log_that_is_gone(self):
        self.log(0).unlink()
        for places in (("--store",), ("--store", "--wal")):
            run = self.ask("--json", status=3, places=places)
            self.assertEqual([x["offset"] for x in run.lines()], list(range(10, 20)))
            self.assertIn(f"{0:020}.log: No such file", run.err)
        self.assertEqual(self.ask("--count", status=3).text, "10\n")
        self.assertEqual(self.offsets("--offsets", "10.."), list(range(10, 20)))

    def test_a_log_that_was_moved(self):
        moved = self.dir / "moved"
        self.wal.rename(moved)
        self.wal = moved
        run = self.ask("--count", "--explain", places=("--store", "--wal"))
        self.assertEqual(run.text, "20\n")
        self.assertNotIn("scanned", run.err)

    def test_another_log(self):
        for other in (self.segment(0, b"kee"), self.segment(0) + k.build_batch(10, [(b"key", b"value")])):
            self.log(0).write_bytes(other)
            for places in (("--store",), ("--store", "--wal")):
                run = self.ask("--json", status=3, places=places)
                self.assertEqual([x["offset"] for x in run.lines()], list(range(20)))
                self.assertRegex(run.err, r"warning: \S+\.log: .*not the log of \S+/manifest.json: ")
        self.assertEqual([x["key"] for x in self.ask("--json", "--limit", "1", status=3).lines()], ["key"])

    def test_one_batch_is_another(self):
        batches = [b.data for b in k.log_batches(self.log(0))]
        for at in range(10):
            other = list(batches)
            other[at] = k.build_batch(at, [(b"KEY", b"value %d" % at)])
            self.log(0).write_bytes(b"".join(other))
            for places in (("--store",), ("--store", "--wal")):
                run = k.run("query", *[x for p in places for x in (p, self.store if p == "--store" else self.wal)],
                            "--topic", "t", "--json")
                self.assertEqual(run.status, 3, run)
                self.assertEqual([x["offset"] for x in run.lines()], list(range(20)), run)
                self.assertEqual(run.lines()[at]["key"], "KEY")

    def test_a_batch_has_rotted(self):
        size = len(k.build_batch(0, [(b"key", b"value 0")]))
        data = self.log(0).read_bytes()
        self.log(0).write_bytes(k.flip(data, 4 * size + 70))
        run = self.ask("--json", status=3)
        self.assertEqual([x["offset"] for x in run.lines()], [x for x in range(20) if x != 4])
        self.assertRegex(run.err, rf"{0:020}\.log: offset {4 * size}: batch crc; expected 0x[0-9a-f]+, got 0x")
        self.assertEqual(self.offsets("--offsets", "5.."), list(range(5, 20)))
        self.assertEqual(self.ask("--format", "raw", status=3).out, data[:4 * size] + data[5 * size:] + self.segment(10))

    def test_a_log_that_is_a_pipe(self):
        self.log(0).unlink()
        os.mkfifo(self.log(0))
        run = self.ask("--json", status=3)
        self.assertEqual([x["offset"] for x in run.lines()], list(range(10, 20)))


class Cost(k.ScratchCase):
    def test_an_offset_among_a_thousand_segments(self):
        with k.scratch(in_memory=True) as folder:
            log = folder / "wal" / "t-0"
            log.mkdir(parents=True)
            for i in range(1001):
                batches = (k.build_batch(100 * i + 10 * j, [(b"k", b"v%d" % (100 * i + 10 * j + n)) for n in range(10)])
                           for j in range(10))
                (log / f"{100 * i:020}.log").write_bytes(b"".join(batches))
            run = k.run("index", folder / "wal", "-o", folder / "store", timeout=600)
            self.assertEqual(run.status, 0, run)
            for offset in (0, 45678, 99999):
                run = k.run("query", "--store", folder / "store", "--topic", "t", "--offsets", str(offset), "--explain", "--json")
                self.assertEqual([x["offset"] for x in run.lines()], [offset], run)
                total = re.search(r"total: 1 slices, (\d+) files, (\d+) requests, (\d+) bytes, ([\d.]+) ms\n", run.err)
                files, requests, size, ms = map(float, total.groups())
                self.assertLess(size, 1 << 20, run)
                self.assertLess(size, 100_000, run)
                self.assertLess(files, 10, run)
                self.assertLess(requests, 40, run)
                self.assertLess(ms, 1000, run)
            # Of all of them by time one is opened further than its manifest.
            run = k.run("query", "--store", folder / "store", "--topic", "t", "--match", "v45678", "--explain", "--count")
            self.assertEqual(run.text, "1\n", run)


if __name__ == "__main__":
    k.main()
