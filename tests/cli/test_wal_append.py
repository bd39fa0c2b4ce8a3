# SPDX-License-Identifier: Apache-2.0
"""wal-append: what is appended, byte for byte, what is acknowledged and when, and what the directory looks like then."""

import json
import pathlib
import shutil
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402

PATCHED = (slice(0, 8), slice(12, 16))  # base offset and leader epoch


class WalCase(k.ScratchCase):
    def setUp(self):
        super().setUp()
        self.wal = self.dir / "wal"
        self.log = self.wal / "t-0"

    def append(self, *args, stdin=b"", status=0, topic="t"):
        run = k.run("wal-append", "--wal", self.wal, "--topic", topic, *args, stdin=stdin)
        self.assertEqual(run.status, status, run)
        return run

    def batches(self):
        return [b for path in sorted(self.log.glob("*.log")) for b in k.log_batches(path)]

    def records(self, status=(0,)):
        run = k.decode("--json", self.log)
        self.assertIn(run.status, status, run)
        return run.lines()

    def verify(self, status=0):
        return self.append("--verify", status=status)


class Batches(WalCase):
    def test_only_offset_and_epoch_change(self):
        for case in ("v2-none", "v2-zstd", "v2-txn-none", "v2-sparse", "v2-empty-batches", "v2-compacted-lz4", "v2-timestamps",
                     "v2-logappend-none"):
            with self.subTest(case):
                shutil.rmtree(self.wal, ignore_errors=True)
                source = k.log_batches(k.log_of(case))
                acks = self.append("--ack", k.log_of(case)).lines()
                ours = self.batches()
                self.assertEqual(len(ours), len(source))
                expected_offset = 0
                for was, now, ack in zip(source, ours, acks):
                    self.assertEqual(was.data[8:12] + was.data[16:], now.data[8:12] + now.data[16:])
                    self.assertEqual(now.leader_epoch, 0)
                    self.assertEqual(now.base_offset, expected_offset)
                    self.assertEqual(ack, {"base_offset": now.base_offset, "last_offset": now.last_offset,
                                           "records": now.records})
                    expected_offset = now.last_offset + 1
                self.verify()

    def test_keep_offsets_keeps_gaps(self):
        case = "v2-compacted-lz4"
        self.append("--keep-offsets", "--input", "batches", k.log_of(case))
        self.assertEqual([b.base_offset for b in self.batches()], [b.base_offset for b in k.log_batches(k.log_of(case))])
        run = self.append("--keep-offsets", k.log_of(case), status=1)
        self.assertIn("base offset; expected", run.err)

    def test_empty_input_is_of_every_form(self):
        for options in ([], ["--keep-offsets"], ["--codec", "zstd"]):
            with self.subTest(options=options):
                run = self.append(*options, "--ack", stdin=b"")
                self.assertEqual((run.out, run.err), (b"", ""))

    def test_a_log_that_is_empty_begins_with_the_first_offset_kept(self):
        self.append("--keep-offsets", k.log_of("v2-base-4294967301"))
        self.assertEqual([p.name for p in self.log.glob("*.log")], ["00000000004294967301.log"])

    def test_a_bad_crc_is_refused_and_burns_no_offset(self):
        first, second = (k.build_batch(0, [(b"k", b"v%d" % i)]) for i in range(2))
        run = self.append("--ack", stdin=first + k.flip(second, 70) + second, status=3)
        self.assertEqual([x["base_offset"] for x in run.lines()], [0, 1])
        self.assertRegex(run.err, r"warning: stdin: offset \d+: batch crc; expected 0x[0-9a-f]{8}, got 0x[0-9a-f]{8}; refused")
        self.assertEqual([r["value"] for r in self.records()], ["v0", "v1"])

    def test_a_body_that_lies_is_refused(self):
        batch = k.build_batch(0, [(b"k", b"v")])
        lying = k.with_crc(batch[:57] + struct.pack(">i", 2) + batch[61:])  # records_count 2
        run = self.append(stdin=lying, status=3)
        self.assertIn("bad_count", run.err)
        self.assertEqual(self.batches(), [])

    def test_a_wrong_max_timestamp_is_corrected_with_a_new_crc(self):
        good = k.build_batch(0, [(b"k", b"a"), (b"k", b"b")])
        wrong = k.with_crc(good[:35] + struct.pack(">q", 1) + good[43:])
        self.append(stdin=wrong)
        self.assertEqual(self.batches()[0].data, good)

    def test_message_sets_are_refused(self):
        run = self.append(k.log_of("v1-none"), status=1)
        self.assertIn("message sets cannot be appended", run.err)

    def test_a_torn_input_is_reported(self):
        batch = k.build_batch(0, [(b"k", b"v")])
        run = self.append(stdin=batch + batch[:-1], status=3)
        self.assertIn("torn tail", run.err)
        self.assertEqual(len(self.batches()), 1)

    def test_a_batch_of_a_producer_that_comes_again_is_answered_with_its_offsets(self):
        batches = [k.build_batch(0, [(b"k", b"%d" % i)], producer=(7, 0, i)) for i in range(3)]
        self.append(stdin=b"".join(batches))
        run = self.append("--ack", stdin=batches[2])  # in a second process: the state is on disk
        self.assertEqual(run.lines(), [{"base_offset": 2, "last_offset": 2, "records": 1}])
        self.assertEqual(len(self.batches()), 3)
        self.append(stdin=k.build_batch(0, [(b"k", b"x")], producer=(7, 0, 5)))  # compaction leaves such gaps
        self.assertEqual(len(self.batches()), 4)

    def test_the_epoch_of_the_checkpoint_is_stamped(self):
        self.append(stdin=k.build_batch(0, [(b"k", b"v")]))
        (self.log / "leader-epoch-checkpoint").write_text("0\n2\n0 0\n7 1\n")
        self.append(stdin=k.build_batch(0, [(b"k", b"v")]))
        self.assertEqual([b.leader_epoch for b in self.batches()], [0, 7])

    def test_a_directory_is_appended_segment_by_segment(self):
        self.append("--segment-bytes", "300", stdin=b"\n".join(b"line %d" % i for i in range(100)), topic="s")
        self.append(self.wal / "s-0")
        self.assertEqual([r["value"] for r in self.records()], [f"line {i}" for i in range(100)])


class Chronik(WalCase):
    def test_a_chronik_log_is_migrated(self):
        data = k.TESTS / "data" / "chronik"
        for case in ("v1-plain", "v1-then-v2", "v2-compressed-zstd", "v2-compressed-lz4", "v2-control"):
            for directory in (False, True):
                with self.subTest(case, directory=directory):
                    shutil.rmtree(self.wal, ignore_errors=True)
                    files = sorted((data / case).rglob("wal_*.log"))
                    self.assertTrue(files, case)
                    expected = k.decode("--json", *files)
                    shared = files[0].parent if directory else None
                    self.append("--keep-offsets", *([shared] if directory else files), status=expected.status)
                    # Offsets that no segment spans begin a new one, and decode misses those between.
                    self.assertEqual(k.without_place(self.records(status=(0, 3))), k.without_place(expected.lines()))

    def test_of_several_partitions_the_one_that_is_asked_for_is_taken(self):
        for partition in (0, 1):
            self.append("--partition", str(partition), stdin=b"of %d\n" % partition)
        run = k.run("wal-append", "--wal", self.dir / "copy", "--topic", "t", "--partition", "1", self.wal)
        self.assertEqual(run.status, 0, run)
        self.assertEqual([r["value"] for r in k.decode("--json", self.dir / "copy" / "t-1").lines()], ["of 1"])
        run = k.run("wal-append", "--wal", self.dir / "copy", "--topic", "other", self.wal)
        self.assertEqual(run.status, 1, run)
        self.assertIn("several partitions", run.err)


class Lines(WalCase):
    def test_lines(self):
        self.append(stdin=b"one\n\ntwo \r\n\xff\xfe\nlast")
        self.assertEqual([k.json_bytes(r["value"]) for r in self.records()], [b"one", b"", b"two \r", b"\xff\xfe", b"last"])
        self.assertEqual({r["key"] for r in self.records()}, {None})

    def test_keys(self):
        self.append("--key-separator", "::", "--input", "lines", stdin=b"a::b::c\nplain\n::x\n")
        self.assertEqual([(r["key"], r["value"]) for r in self.records()], [("a", "b::c"), (None, "plain"), ("", "x")])

    def test_batches_are_cut_by_size(self):
        self.append("--batch-bytes", "200", stdin=b"".join(b"%030d\n" % i for i in range(20)) + b"x" * 1000 + b"\n")
        self.assertTrue(all(b.size <= 200 for b in self.batches()[:-1]))
        self.assertEqual(self.batches()[-1].records, 1)

    def test_codecs(self):
        for codec in k.CODECS:
            self.append("--codec", codec, stdin=b"abc " * 200)
        self.assertEqual([b.codec for b in self.batches()], list(k.CODECS))
        self.assertEqual([r["value"] for r in self.records()], ["abc " * 200] * 5)

    def test_an_object_that_is_no_record_line_is_a_value(self):
        self.append(stdin=b'{"value":"a","name":"b"}\n')
        self.assertEqual([r["value"] for r in self.records()], ['{"value":"a","name":"b"}'])


class RecordLines(WalCase):
    def lines_of(self, case):
        return k.decode("--json", k.log_of(case)).out

    def test_nothing_of_a_record_is_lost(self):
        for case in ("v2-none", "v2-txn-none", "v2-timestamps", "v2-sparse", "v2-logappend-none", "v2-idempotent", "v0-none",
                     "v1-snappy"):
            with self.subTest(case):
                shutil.rmtree(self.wal, ignore_errors=True)
                lines = self.lines_of(case)
                # Between segments missing offsets would be damage.
                small = [] if "sparse" in case else ["--segment-bytes", "4K"]
                self.append("--keep-offsets", *small, stdin=lines)
                expected = k.without_place(map(json.loads, lines.splitlines()))
                for record in expected:
                    if record["timestamp_type"] == "none":  # magic 0 has none, and magic 2 cannot say so
                        record["timestamp_type"] = "create"
                self.assertEqual(k.without_place(self.records()), expected)

    def test_without_keep_offsets_the_next_are_given(self):
        lines = self.lines_of("v2-sparse")
        self.append("--input", "jsonl", stdin=lines)
        self.assertEqual([r["offset"] for r in self.records()], list(range(lines.count(b"\n"))))

    def test_a_line_that_is_none_is_left_out(self):
        run = self.append("--input", "jsonl", stdin=b'{"value":"a"}\nnonsense\n{"value":"b"}\n', status=3)
        self.assertIn("line left out", run.err)
        self.assertEqual([r["value"] for r in self.records()], ["a", "b"])


class Segments(WalCase):
    def names(self, extension="log"):
        return sorted(p.name for p in self.log.glob(f"*.{extension}"))

    def test_rolled_by_size_with_index_files_as_kafka_writes_them(self):
        self.append("--segment-bytes", "20K", "--keep-offsets", k.log_of("v2-many-batches"))
        self.assertGreater(len(self.names()), 2)
        self.assertEqual(len(self.names("index")), len(self.names()))
        for path in self.log.glob("*.log"):
            self.assertLessEqual(path.stat().st_size, 20 << 10)
        self.verify()

    def test_one_segment_is_the_same_as_kafkas(self):
        for case in ("v2-many-batches", "v2-none", "v2-txn-none", "v2-timestamps"):
            with self.subTest(case):
                shutil.rmtree(self.wal, ignore_errors=True)
                source = k.log_of(case)
                self.append("--keep-offsets", "--seal", source)
                for extension in (".index", ".timeindex", ".txnindex"):
                    theirs = source.with_suffix(extension)
                    if theirs.exists():
                        self.assertEqual((self.log / theirs.name).read_bytes(), theirs.read_bytes(), extension)

    def test_rolled_by_age(self):
        hour = 3600_000
        lines = b"".join(b'{"timestamp":%d,"value":"x"}\n' % (i * hour // 2) for i in range(8))
        self.append("--segment-age", "1h", "--batch-bytes", "1", stdin=lines)
        self.assertEqual(self.names(), [f"{i:020d}.log" for i in (0, 3, 6)])

    def test_seal(self):
        self.append("--seal", stdin=b"a\n")
        self.append("--seal", stdin=b"")  # the empty segment stays the last
        self.assertEqual(self.names(), [f"{i:020d}.log" for i in (0, 1)])
        sealed = self.log / self.names()[0]
        before = (sealed.read_bytes(), sealed.stat().st_mtime_ns)
        self.append(stdin=b"b\n")
        self.assertEqual((sealed.read_bytes(), sealed.stat().st_mtime_ns), before)

    def test_missing_and_wrong_index_files_are_made_again(self):
        self.append("--segment-bytes", "20K", "--keep-offsets", k.log_of("v2-many-batches"))
        expected = {p.name: p.read_bytes() for p in self.log.glob("*index")}
        first, last = self.names("index")[0], self.names("index")[-1]
        (self.log / first).unlink()
        (self.log / last).write_bytes(b"\x7f" * 16)
        self.verify(status=3)
        self.append("-v")
        self.assertEqual({p.name: p.read_bytes() for p in self.log.glob("*index")}, expected)
        self.verify()


class Commands(WalCase):
    def test_two_partitions_share_a_directory(self):
        self.append("--partition", "1", stdin=b"a\n")
        self.append(stdin=b"b\n")
        self.assertEqual((self.wal / "recovery-point-offset-checkpoint").read_text(), "0\n2\nt 0 1\nt 1 1\n")
        self.assertTrue((self.wal / ".kafka_cleanshutdown").exists())

    def test_wrong_command_lines(self):
        for args in (["--sync", "often"], ["--sync", "interval:0"], ["--sync", "interval:x"], ["--batch-bytes", "0"],
                     ["--segment-age", "-1h"], ["--segment-bytes", "x"], ["--codec", "lzo"], ["--recovery", "all"],
                     ["--verify", "--ack"], ["--codec", "gzip", "--input", "batches"], ["--partition", "x"],
                     ["--key-separator", ""]):
            with self.subTest(args):
                self.append(*args, status=2)
                self.assertFalse(self.wal.exists())
        self.assertEqual(k.run("wal-append", "--topic", "t").status, 2)

    def test_names_that_kafka_would_not_take(self):
        for topic in ("a/b", "..", "x" * 250, "a b"):
            with self.subTest(topic):
                self.append(topic=topic, status=1)
        self.append("--partition", "-1", status=1)

    def test_an_input_that_is_not_there(self):
        self.append(self.dir / "missing", status=1)
        self.assertFalse(self.wal.exists())

    def test_verify_of_what_is_not_there(self):
        run = self.append("--verify", status=1)
        self.assertIn("No such file", run.err)


class Acknowledgements(WalCase):
    def pipe(self, *args):
        return subprocess.Popen([k.program(), "wal-append", "--wal", self.wal, "--topic", "t", "--ack", *args],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def test_a_slow_pipe_is_acknowledged_line_by_line(self):
        for sync in ("always", "interval:20", "none"):
            with self.subTest(sync):
                shutil.rmtree(self.wal, ignore_errors=True)
                with self.pipe("--sync", sync) as process:
                    for i in range(3):
                        process.stdin.write(b"line\n")
                        process.stdin.flush()
                        self.assertEqual(json.loads(process.stdout.readline())["base_offset"], i)
                    process.stdin.close()
                    self.assertEqual(process.wait(30), 0)

    def test_linger_gathers_lines(self):
        with self.pipe("--linger-ms", "400") as process:
            for _ in range(3):
                process.stdin.write(b"line\n")
                process.stdin.flush()
            self.assertEqual(json.loads(process.stdout.readline()), {"base_offset": 0, "last_offset": 2, "records": 3})
            process.stdin.close()
            self.assertEqual(process.wait(30), 0)

    def test_one_process_at_a_time(self):
        with self.pipe() as process:
            process.stdin.write(b"line\n")
            process.stdin.flush()
            process.stdout.readline()
            run = self.append(stdin=b"x\n", status=1)
            self.assertIn("open for writing", run.err)
            process.stdin.close()
            self.assertEqual(process.wait(30), 0)

    def test_ctrl_c_closes_cleanly(self):
        with self.pipe() as process:
            process.stdin.write(b"line\n")
            process.stdin.flush()
            process.stdout.readline()
            process.send_signal(2)
            self.assertEqual(process.wait(30), 130)
        self.assertTrue((self.wal / ".kafka_cleanshutdown").exists())

    def test_a_reader_that_goes_ends_it_quietly(self):
        with self.pipe("--batch-bytes", "1") as process:
            process.stdout.close()
            try:
                process.stdin.write(b"line\n" * 100000)
                process.stdin.close()
            except BrokenPipeError:
                pass
            self.assertEqual(process.wait(30), 1)
            self.assertEqual(process.stderr.read(), b"")

    def peak_kib(self, input_bytes):
        script = 'head -c "$1" /dev/zero | tr "\\0" "a" | fold -w 1000 | /usr/bin/env python3 -c "$0" "${@:2}"'
        measure = ("import resource,subprocess,sys; s=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL).returncode;"
                   "print(s,resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
        done = subprocess.run(["bash", "-c", script, measure, str(input_bytes), k.program(), "wal-append", "--wal", self.wal,
                               "--topic", "t", "--ack", "--sync", "none"], capture_output=True, text=True, timeout=300,
                              check=True)
        status, peak = map(int, done.stdout.split())
        self.assertEqual(status, 0, done.stderr)
        return peak

    def test_a_pipe_at_full_speed_is_bounded_in_memory(self):
        at_rest = self.peak_kib(1000)  # most of it libraries, and what a sanitizer adds
        self.assertLess(self.peak_kib(300_000_000) - at_rest, 48 << 10)


if __name__ == "__main__":
    k.main()
