# SPDX-License-Identifier: Apache-2.0
"""index: what is indexed and under which name, what is refused, and that an index is whole or not there.

KSEG_KILL_CYCLES sets how often it is killed (8, at most 60)."""

import fcntl
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402

CHRONIK = k.TESTS / "data" / "chronik" / "v2-plain" / "wal"
LARGE = k.CORPUS / "large" / "large-zstd"
KILL_CYCLES = min(60, int(os.environ.get("KSEG_KILL_CYCLES", "8")))
DEADLINE_S = 60  # for what happens within seconds on a machine that is not busy


def index(*args, **options):
    return k.run("index", *args, **options)


def digits(offset):
    return f"{offset:020d}"


def manifest(directory):
    return json.loads((directory / "manifest.json").read_text())


def tree(out):
    """{name below out: {file: bytes}} of all directories of indexes, hidden ones too; locks left out."""
    return {str(d.relative_to(out)): {f.name: f.read_bytes() for f in d.iterdir()} for d in sorted(out.glob("*/*"))
            if d.is_dir()}


def hidden(out):
    return [str(p) for p in out.glob("*/.*") if p.name != ".lock"]


def wait_until(condition):
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


class IndexCase(k.ScratchCase):
    def setUp(self):
        super().setUp()
        self.out = self.dir / "out"

    def index(self, *args, status=0, **options):
        done = index("-o", self.out, *args, **options)
        self.assertEqual(done.status, status, done)
        return done

    def names(self, out=None):
        return sorted(tree(out or self.out))

    def log_dir(self, partitions, name="data"):
        """A log directory; partitions: {name: base offsets}; a batch of two records in each segment."""
        for partition, offsets in partitions.items():
            folder = self.dir / name / partition
            folder.mkdir(parents=True, exist_ok=True)
            for offset in offsets:
                batch = k.build_batch(offset, [(b"k%d" % offset, b"value"), (None, b"other")])
                (folder / f"{digits(offset)}.log").write_bytes(batch)
        return self.dir / name

    def start(self, *args):
        process = subprocess.Popen([k.program(), "index", "-o", self.out, *map(os.fspath, args)], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.communicate()


class Names(IndexCase):
    def test_a_log_directory_gives_all_that_is_sealed(self):
        data = self.log_dir({"orders-3": (0, 2, 4), "a-b-0": (7, 9), "__consumer_offsets-1": (0, 5), "one-0": (0,),
                             "gone-0.0123456789abcdef0123456789abcdef-delete": (0, 2)})
        (data / "meta.properties").write_text("version=1\n")
        self.index(data)
        self.assertEqual(self.names(), [f"__consumer_offsets-1/{digits(0)}", f"a-b-0/{digits(7)}", f"orders-3/{digits(0)}",
                                        f"orders-3/{digits(2)}"])

    def test_a_partition_directory(self):
        data = self.log_dir({"orders-3": (0, 2, 4)})
        self.index(str(data / "orders-3") + "/")
        self.assertEqual(self.names(), [f"orders-3/{digits(0)}", f"orders-3/{digits(2)}"])

    def test_a_directory_by_its_name_from_inside(self):
        data = self.log_dir({"orders-3": (0, 2, 4)})
        self.index(".", cwd=data / "orders-3")
        self.assertEqual(self.names(), [f"orders-3/{digits(0)}", f"orders-3/{digits(2)}"])
        self.assertEqual(manifest(self.out / f"orders-3/{digits(0)}")["log"]["path"],
                         f"../../../data/orders-3/{digits(0)}.log")

    def test_a_file_is_sealed_and_its_path_tells_the_partition(self):
        data = self.log_dir({"orders-3": (0, 2)})
        self.index(data / "orders-3" / f"{digits(2)}.log")
        self.assertEqual(self.names(), [f"orders-3/{digits(2)}"])

    def test_a_file_of_another_name_is_named_by_its_first_batch(self):
        path = self.dir / "captured.bin"
        path.write_bytes(k.build_batch(4294967301, [(None, b"v")]))
        self.index("--topic", "t", "--partition", "7", path)
        self.assertEqual(self.names(), [f"t-7/{digits(4294967301)}"])
        path.write_bytes(b"no batch at all")
        self.assertIn("no batch", self.index("--topic", "t", path, status=1).err)
        # Of compressed messages of magic 1 the first offset is inside.
        first = min(r["offset"] for r in k.truth("v1-lz4").records)
        other = self.dir / "legacy.bin"
        shutil.copy(k.log_of("v1-lz4"), other)
        self.index("--topic", "old", other)
        self.assertIn(f"old-0/{digits(first)}", self.names())

    def test_options_tell_what_paths_do_not(self):
        data = self.log_dir({"orders-3": (0, 2), "plain": (0, 2)})
        self.index("--topic", "t", data / "plain")
        self.index("--topic", "t", "--partition", "5", data / "orders-3")
        self.index("--topic", "orders", data / "orders-3")
        self.index("--partition", "9", data / "orders-3")
        self.assertEqual(self.names(), [f"orders-3/{digits(0)}", f"orders-9/{digits(0)}", f"t-0/{digits(0)}",
                                        f"t-5/{digits(0)}"])
        missing = self.index(data / "plain", status=1)
        self.assertIn("--topic", missing.err)

    def test_options_choose_from_a_log_directory(self):
        data = self.log_dir({"a-0": (0, 2), "a-1": (0, 2), "b-0": (0, 2)})
        self.index("--topic", "a", data)
        self.assertEqual(self.names(), [f"a-0/{digits(0)}", f"a-1/{digits(0)}"])
        shutil.rmtree(self.out)
        self.index("--partition", "0", data)
        self.assertEqual(self.names(), [f"a-0/{digits(0)}", f"b-0/{digits(0)}"])

    def test_one_name_for_two_is_an_error_and_nothing_is_made(self):
        self.log_dir({"t-0": (0, 2)}, "a")
        self.log_dir({"t-0": (0, 2), "u-0": (0, 2)}, "b")
        for args in ((self.dir / "a", self.dir / "b"), (self.dir / "a", self.dir / "a"),
                     (self.dir / "a/t-0", self.dir / f"a/t-0/{digits(0)}.log")):
            with self.subTest(args):
                refused = self.index(*args, status=1)
                self.assertIn(f"t-0/{digits(0)}", refused.err)
                self.assertFalse(self.out.exists())


class Refused(IndexCase):
    def test_wrong_command_lines(self):
        data = self.log_dir({"t-0": (0, 2)})
        for args in ([], ["-o", self.out], [data], ["-o", "", data], ["-o", "-", data], ["-o", self.out, "--fields", "", data],
                     ["-o", self.out, "--fields", "key,values", data], ["-o", self.out, "--fields", "key,", data],
                     ["-o", self.out, "--jobs", "0", data], ["-o", self.out, "--partition", "-1", data],
                     ["-o", self.out, "--topic", "a/b", data], ["-o", self.out, "--topic", "", data],
                     ["-o", self.out, "--unknown", data]):
            with self.subTest(args):
                done = index(*args)
                self.assertEqual(done.status, 2, done)
                self.assertFalse(self.out.exists())

    def test_what_is_no_segment(self):
        case = k.CORPUS / "v2-none"
        empty = self.dir / "empty"
        empty.mkdir()
        for argument, words in ((case / f"{digits(0)}.index", "beside a segment"), (case / f"{digits(0)}.timeindex", "beside"),
                                ("-", "stdin"), (self.dir / "missing", "No such file"), (empty, "neither segments"),
                                (CHRONIK, "kseg wal-append"), (CHRONIK / "orders" / "0" / "wal_0_0.log", "kseg wal-append"),
                                ("/dev/null", "no file"), (case / "lookups.jsonl", "no batch")):
            with self.subTest(argument):
                self.assertIn(words, self.index("--topic", "t", argument, status=1).err)
                self.assertFalse(self.out.exists())
        # Told by what it holds, whatever its name.
        renamed = self.dir / f"{digits(0)}.log"
        shutil.copy(CHRONIK / "orders" / "0" / "wal_0_0.log", renamed)
        self.assertIn("kseg wal-append", self.index("--topic", "t", renamed, status=1).err)

    def test_the_rest_goes_on(self):
        data = self.log_dir({"t-0": (0, 2), "u-0": (0, 2)})
        self.index(self.dir / "missing", data, status=1)
        self.assertEqual(len(self.names()), 2)

    def test_what_is_in_the_way(self):
        data = self.log_dir({"t-0": (0, 2), "u-0": (0, 2)})
        self.out.mkdir()
        (self.out / "t-0").write_text("mine")
        refused = self.index(data, status=1)
        self.assertIn("out/t-0", refused.err)
        self.assertEqual((self.out / "t-0").read_text(), "mine")
        self.assertEqual(self.names(), [f"u-0/{digits(0)}"])

    def test_nothing_sealed_is_nothing_to_do(self):
        data = self.log_dir({"t-0": (0,)})
        self.index(data)
        self.assertFalse(self.out.exists())


class Contents(IndexCase):
    def check_files(self, directory):
        """The manifest names every other file with its size and its checksum."""
        listed = manifest(directory)["files"]
        self.assertEqual([f["name"] for f in listed], sorted(f.name for f in directory.iterdir() if f.name != "manifest.json"))
        for entry in listed:
            content = (directory / entry["name"]).read_bytes()
            self.assertEqual(entry["size"], len(content), entry)
            self.assertEqual(entry["crc32c"], f"{k.crc32c(content):08x}", entry)

    def test_the_corpus(self):
        for case in k.cases():
            with self.subTest(case):
                log, truth = k.log_of(case), k.truth(case)
                damaged = k.shows_damage(k.decode("--batches", "--json", log).lines())
                self.index("--topic", "t", log, status=3 if damaged else 0)
                base_offset = int(log.stem)
                directory = self.out / "t-0" / digits(base_offset)
                told = manifest(directory)
                self.assertEqual((told["topic"], told["partition"], told["base_offset"]), ("t", 0, base_offset))
                self.assertEqual((told["records"], told["batches"]), (len(truth.records), len(truth.batches)))
                times = [r["timestamp"] for r in truth.records] + [b["maxTimestamp"] for b in truth.batches if b["count"] == 0]
                self.assertEqual((told["first_offset"], told["last_offset"], told["min_timestamp"], told["max_timestamp"]),
                                 (min(b["baseOffset"] for b in truth.batches), max(b["lastOffset"] for b in truth.batches),
                                  min(times), max(times)))
                content = log.read_bytes()
                self.assertEqual(told["log"], {"path": os.path.relpath(log, directory), "size": len(content),
                                               "crc32c": f"{k.crc32c(content):08x}"})
                self.check_files(directory)
                shutil.rmtree(self.out)

    def test_damage_is_told_where_it_is(self):
        """As decode --batches tells it."""
        for verdict in k.sample(sorted(p.name for p in (k.CORPUS / "damaged").iterdir() if p.is_dir()), 80):
            with self.subTest(verdict):
                log = k.damaged_log(verdict)
                lines = k.decode("--batches", "--json", log).lines()
                wrong = [position for position, _, line in k.extents(lines) if k.shows_damage([line])]
                done = self.index("-v", "--topic", "t", log, status=3 if wrong else 0)
                told = [int(m) for m in re.findall(rf"warning: {re.escape(str(log))}: offset (\d+): ", done.err)]
                self.assertEqual(told, wrong, done)
                told = manifest(self.out / "t-0" / digits(0))
                self.assertEqual(told["damaged"], len(wrong))
                self.assertEqual(told["log"]["crc32c"], f"{k.crc32c(log.read_bytes()):08x}")
                # Once more it is there already, and the damage still is.
                again = self.index("-q", "--topic", "t", log, status=3 if wrong else 0)
                self.assertEqual(again.err, "")
                shutil.rmtree(self.out)

    def test_fields_and_json_values(self):
        path = self.dir / f"{digits(0)}.log"
        path.write_bytes(k.build_batch(0, [(b"alpha", b'{"outer":{"inner":"beta"}}', [(b"gamma", b"delta")])]))
        terms = {}
        for options in ((), ("--fields", "key"), ("--fields=value,headers",), ("--fields", "headers,key,value"),
                        ("--json-values",), ("--fields", "key", "--json-values"), ("--json-values", "--fields", "key")):
            self.index("--topic", "t", *options, path)
            directory = self.out / "t-0" / digits(0)
            told = manifest(directory)["fields"]
            text = b"".join(f.read_bytes() for f in directory.iterdir() if f.suffix == ".tis")
            terms[options] = [word for word in (b"alpha", b"beta", b"gamma", b"outer.inner") if word in text]
            chosen = " ".join(options).replace("=", " ").split()
            fields = chosen[chosen.index("--fields") + 1].split(",") if "--fields" in chosen else ["key", "value", "headers"]
            self.assertEqual(told, {"key": "key" in fields, "value": "value" in fields, "headers": "headers" in fields,
                                    "json_paths": "--json-values" in chosen})
        self.assertEqual(terms[()], [b"alpha", b"beta", b"gamma"])
        self.assertEqual(terms[("--fields", "key")], [b"alpha"])
        self.assertEqual(terms[("--fields=value,headers",)], [b"beta", b"gamma"])
        self.assertEqual(terms[("--json-values",)], [b"alpha", b"beta", b"gamma", b"outer.inner"])
        self.assertEqual(terms[("--fields", "key", "--json-values")], [b"alpha", b"beta", b"outer.inner"])

    def test_an_empty_segment(self):
        path = self.dir / f"{digits(12)}.log"
        path.write_bytes(b"")
        self.index("--topic", "t", path)
        told = manifest(self.out / "t-0" / digits(12))
        self.assertEqual((told["records"], told["first_offset"], told["log"]["size"], told["log"]["crc32c"]),
                         (0, None, 0, "00000000"))


class Again(IndexCase):
    def outcomes(self, *args, status=0):
        done = self.index("-v", *args, status=status)
        return re.findall(rf"kseg: {re.escape(str(self.out))}/(\S+): ([a-z ]+)", done.err)

    def test_the_same_bytes_however_it_is_done(self):
        for place in ("a", "b/c", "d"):
            for case in k.cases():
                folder = self.dir / place / "data" / f"{case}-0"
                folder.mkdir(parents=True)
                shutil.copy(k.log_of(case), folder)
                (folder / f"{digits(10 ** 12)}.log").touch()
        for place, jobs in (("a", 1), ("b/c", 4), ("d", 4)):
            done = index("-o", self.dir / place / "out", "--jobs", str(jobs), "--json-values", self.dir / place / "data")
            self.assertIn(done.status, (0, 3), done)
        a, b, d = (tree(self.dir / place / "out") for place in ("a", "b/c", "d"))
        self.assertEqual(sorted(a), [f"{case}-0/{k.log_of(case).stem}" for case in k.cases()])
        self.assertEqual(a, b)
        self.assertEqual(a, d)

    def test_what_is_there_stays(self):
        data = self.log_dir({"t-0": (0, 2, 4)})
        self.assertEqual(self.outcomes(data), [(f"t-0/{digits(0)}", "made"), (f"t-0/{digits(2)}", "made")])
        stamps = {f: f.stat().st_mtime_ns for f in self.out.glob("*/*/*")}
        self.assertEqual(self.outcomes(data), [(f"t-0/{digits(0)}", "up to date"), (f"t-0/{digits(2)}", "up to date")])
        self.assertEqual({f: f.stat().st_mtime_ns for f in self.out.glob("*/*/*")}, stamps)

    def test_what_does_not_fit_is_made_anew(self):
        data = self.log_dir({"t-0": (0, 2)})
        log = data / "t-0" / f"{digits(0)}.log"
        made = self.out / "t-0" / digits(0)
        self.index(data)
        first = tree(self.out)
        anew = [(f"t-0/{digits(0)}", "made anew")]

        content = log.read_bytes()
        log.write_bytes(k.build_batch(0, [(b"k0", b"valuf"), (None, b"other")]))  # of the same size
        self.assertEqual(self.outcomes(data), anew)
        self.assertNotEqual(tree(self.out), first)
        log.write_bytes(content)
        self.assertEqual(self.outcomes(data), anew)
        self.assertEqual(tree(self.out), first)

        self.assertEqual(self.outcomes("--fields", "value", data), anew)
        self.assertEqual(self.outcomes(data), anew)
        for hurt in ("batches", "manifest.json", "checksums"):
            (made / hurt).unlink()
            self.assertEqual(self.outcomes(data), anew, hurt)
            (made / hurt).write_bytes((made / hurt).read_bytes()[:-1])
            self.assertEqual(self.outcomes(data), anew, hurt)
        self.assertEqual(tree(self.out), first)

        # Moved away from its log it is of another one.
        moved = self.dir / "further" / "out"
        moved.parent.mkdir()
        self.out.rename(moved)
        self.out = moved
        self.assertEqual(self.outcomes(data), anew)
        self.assertEqual(hidden(self.out), [])

    def test_report_in_the_order_of_the_input(self):
        data = self.log_dir({f"t-{n}": range(0, 20, 2) for n in range(3)})
        done = self.outcomes("-j", "4", data / "t-2", data / "t-0", data / "t-1")
        self.assertEqual([name for name, _ in done], [f"t-{n}/{digits(o)}" for n in (2, 0, 1) for o in range(0, 18, 2)])

    def test_progress(self):
        shown = self.index("--topic", "t", "--progress", LARGE / f"{digits(123456789)}.log")
        self.assertIn("MiB", shown.err)
        shutil.rmtree(self.out)
        silent = self.index("--topic", "t", "--no-progress", LARGE / f"{digits(123456789)}.log")
        self.assertEqual((silent.err, silent.out), ("", b""))


class Stopped(IndexCase):
    def reference(self, source):
        index("-o", self.dir / "ref", source)
        return tree(self.dir / "ref")

    def source(self):
        """A log directory whose indexes take a while."""
        data = self.dir / "data"
        for n in range(2):
            folder = data / f"t-{n}"
            folder.mkdir(parents=True)
            shutil.copy(LARGE / f"{digits(123456789)}.log", folder)
            (folder / f"{digits(10 ** 12)}.log").touch()
        return data

    def test_killed_at_any_moment(self):
        seed = random.SystemRandom().randrange(1 << 32)
        print(f"seed {seed}")
        chosen = random.Random(seed)
        data = self.source()
        wanted = self.reference(data)
        started = time.monotonic()
        self.index(data)
        whole_s = time.monotonic() - started
        shutil.rmtree(self.out)
        for cycle in range(KILL_CYCLES):
            process = self.start("-j", "2", *(("--fields", "key") if cycle % 3 == 2 else ()), data)
            time.sleep(chosen.uniform(0, whole_s))
            process.send_signal(signal.SIGKILL)
            process.communicate()
            for name, files in tree(self.out).items() if self.out.exists() else ():
                if "/." not in name:  # what has the name of an index is one
                    told = json.loads(files["manifest.json"])
                    self.assertEqual({f["name"]: f["size"] for f in told["files"]},
                                     {n: len(c) for n, c in files.items() if n != "manifest.json"})
                    if told["fields"]["value"]:
                        self.assertEqual(files, wanted[name])
            if cycle % 2 == 1:
                self.index(data)
                self.assertEqual(tree(self.out), wanted)
            if cycle % 4 == 3:
                shutil.rmtree(self.out)
        self.index(data)
        self.assertEqual(tree(self.out), wanted)
        self.assertEqual(hidden(self.out), [])

    def test_interrupted(self):
        data = self.source()
        process = self.start("-j", "1", data)
        self.assertTrue(wait_until(lambda: hidden(self.out)))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=DEADLINE_S)
        self.assertEqual((process.returncode, err), (130, b""))
        self.assertEqual(hidden(self.out), [])
        self.assertLess(len(self.names()), 2)

    def test_two_processes_at_once(self):
        data = self.log_dir({f"t-{n}": range(0, 40, 2) for n in range(4)})
        wanted = self.reference(data)
        both = [self.start(data), self.start(data)]
        for process in both:
            _, err = process.communicate(timeout=DEADLINE_S)
            self.assertIn(process.returncode, (0, 1), err)
            if process.returncode == 1:
                self.assertIn(b"another process", err)
        self.index(data)
        self.assertEqual(tree(self.out), wanted)

    def test_a_partition_that_another_process_has(self):
        data = self.log_dir({"t-0": (0, 2), "t-1": (0, 2, 4)})
        (self.out / "t-1").mkdir(parents=True)
        with open(self.out / "t-1" / ".lock", "w", encoding="utf-8") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            refused = self.index(data, status=1)
            self.assertEqual(refused.err, f"error: {self.out}/t-1: another process makes indexes here\n")
            self.assertEqual(self.names(), [f"t-0/{digits(0)}"])
        self.index(data)
        self.assertEqual(len(self.names()), 3)

    def test_leftovers_go(self):
        data = self.log_dir({"t-0": (0, 2)})
        for name in (f".tmp-{digits(0)}", f".tmp-{digits(99)}", f".old-{digits(0)}"):
            (self.out / "t-0" / name).mkdir(parents=True)
            (self.out / "t-0" / name / "manifest.json").write_text("{}")
        self.index(data)
        self.assertEqual(self.names(), [f"t-0/{digits(0)}"])
        self.assertEqual(hidden(self.out), [])


class Watch(IndexCase):
    def append(self, count, *options):
        lines = b"".join(b"line %d of some text\n" % n for n in range(count))
        done = k.run("wal-append", "--wal", self.dir / "wal", "--topic", "t", "--segment-bytes", "2000", "--batch-bytes", "500",
                     "--input", "lines", *options, stdin=lines)
        self.assertEqual(done.status, 0, done)
        return sorted(int(p.stem) for p in (self.dir / "wal" / "t-0").glob("*.log"))[:-1]

    def indexed(self):
        return [int(p.name) for p in sorted((self.out / "t-0").glob("[0-9]*"))] if self.out.exists() else []

    def test_a_log_that_grows(self):
        (self.dir / "wal").mkdir()
        process = self.start("-v", "--watch", self.dir / "wal")
        sealed = self.append(400)
        self.assertGreater(len(sealed), 2)
        self.assertTrue(wait_until(lambda: self.indexed() == sealed), (self.indexed(), sealed))
        for _ in range(3):
            sealed = self.append(200)
            self.assertTrue(wait_until(lambda: self.indexed() == sealed), (self.indexed(), sealed))
        sealed = self.append(1, "--seal")
        self.assertTrue(wait_until(lambda: self.indexed() == sealed), (self.indexed(), sealed))
        # Retention takes segments away; their indexes stay.
        for offset in sealed[:2]:
            (self.dir / "wal" / "t-0" / f"{digits(offset)}.log").unlink()
        sealed = sealed[:2] + self.append(100)
        self.assertTrue(wait_until(lambda: self.indexed() == sealed), (self.indexed(), sealed))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=DEADLINE_S)
        self.assertEqual(process.returncode, 0, err)
        self.assertEqual(re.findall(r": ([a-z ]+);", err.decode()), ["made"] * len(sealed))
        self.assertEqual(hidden(self.out), [])
        made = tree(self.out)
        self.index(self.dir / "wal")
        self.assertEqual(tree(self.out), made)

    def test_a_segment_that_is_replaced_is_indexed_anew(self):
        data = self.log_dir({"t-0": (0, 2)})
        process = self.start("--watch", data / "t-0")
        directory = self.out / "t-0" / digits(0)
        self.assertTrue(wait_until(directory.exists))
        before = manifest(directory)["log"]["crc32c"]
        fresh = self.dir / "fresh"
        fresh.write_bytes(k.build_batch(0, [(b"k", b"another value")]))
        fresh.rename(data / "t-0" / f"{digits(0)}.log")
        self.assertTrue(wait_until(lambda: directory.exists() and manifest(directory)["log"]["crc32c"] != before))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=DEADLINE_S)
        self.assertEqual(process.returncode, 0)

    def test_stopped_in_the_middle(self):
        folder = self.dir / "data" / "t-0"
        folder.mkdir(parents=True)
        shutil.copy(LARGE / f"{digits(123456789)}.log", folder)
        (folder / f"{digits(10 ** 12)}.log").touch()
        process = self.start("--watch", self.dir / "data")
        self.assertTrue(wait_until(lambda: hidden(self.out)))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=DEADLINE_S)
        self.assertEqual((process.returncode, err), (0, b""))
        self.assertEqual(hidden(self.out), [])

    def test_damage_and_errors_are_told_once(self):
        data = self.log_dir({"t-0": (0, 2), "u-0": (0, 2)})
        log = data / "t-0" / f"{digits(0)}.log"
        log.write_bytes(log.read_bytes() + b"torn")
        (self.out / "u-0").mkdir(parents=True)
        with open(self.out / "u-0" / ".lock", "w", encoding="utf-8") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            process = self.start("--watch", data)
            self.assertTrue(wait_until(self.indexed))
            time.sleep(2.5)
        self.assertTrue(wait_until(lambda: len(self.names()) == 2))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=DEADLINE_S)
        self.assertEqual(process.returncode, 1, err)
        self.assertEqual(err.decode().count("another process"), 1)
        self.assertEqual(err.decode().count("bytes that are no batch"), 1)


if __name__ == "__main__":
    k.main()
