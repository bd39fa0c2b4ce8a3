# SPDX-License-Identifier: Apache-2.0
"""Output formats and targets, --follow, signals, limits on decompression."""

import base64
import fnmatch
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402

HEADER_FIELDS = ("base_offset", "batch_length", "leader_epoch", "magic", "crc", "attributes", "last_offset_delta",
                 "base_timestamp", "max_timestamp", "producer_id", "producer_epoch", "base_sequence", "record*_count")

# Runs the program and prints its peak memory in KiB. A small process of its own, since the peak counts the parent's pages.
MEASURE = ("import os,resource,sys\n"
           "null=os.open(os.devnull,os.O_WRONLY)\n"
           "pid=os.posix_spawn(sys.argv[1],sys.argv[1:],os.environ,file_actions=[(os.POSIX_SPAWN_DUP2,null,1)])\n"
           "status=os.waitstatus_to_exitcode(os.waitpid(pid,0)[1])\n"
           "print(status,resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n")


def peak_kib(*args):
    done = subprocess.run([sys.executable, "-S", "-E", "-c", MEASURE, k.program(), *map(os.fspath, args)], capture_output=True,
                          timeout=60, check=True)
    status, kib = done.stdout.split()
    return int(status), int(kib)


class Case(k.ScratchCase):
    def start(self, *args, **options):
        process = subprocess.Popen([k.program(), *map(os.fspath, args)], **options)
        self.addCleanup(self.stop, process)
        return process

    def stop(self, process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass


class Raw(Case):
    def test_a_healthy_file_comes_out_as_it_is(self):
        for case in k.cases():
            with self.subTest(case=case):
                run = k.decode("--format", "raw", k.log_of(case))
                self.assertEqual((run.status, run.err), (0, ""), str(run))
                self.assertTrue(run.out == k.log_of(case).read_bytes(), "raw output differs from the file")

    def test_a_range_is_whole_batches(self):
        case = "v2-many-batches"
        batches, data = k.truth(case).batches, k.log_of(case).read_bytes()
        for a, b in ((0, 1), (100, 250), (2990, 4000)):
            with self.subTest(a=a, b=b):
                run = k.decode("-f", "raw", "--offsets", f"{a}..{b}", k.log_of(case))
                wanted = b"".join(data[t["position"]:t["position"] + t["size"]] for t in batches
                                  if t["lastOffset"] >= a and t["baseOffset"] < b)
                self.assertEqual(run.status, 0, str(run))
                self.assertTrue(run.out == wanted, f"{run}: expected {len(wanted)} bytes, got {len(run.out)}")

    def test_one_offset_inside_a_compressed_batch_brings_the_batch(self):
        for case in ("v2-zstd", "v1-lz4", "v0-gzip"):
            with self.subTest(case=case):
                t = k.truth(case).batches[1]
                middle = (t["baseOffset"] + t["lastOffset"]) // 2
                run = k.decode("-f", "raw", "--offsets", str(middle), k.log_of(case))
                self.assertTrue(run.out == k.log_of(case).read_bytes()[t["position"]:][:t["size"]], str(run))

    def test_limit_counts_batches(self):
        data = k.log_of("v2-many-batches").read_bytes()
        run = k.decode("-f", "raw", "--limit", "3", k.log_of("v2-many-batches"))
        self.assertEqual((run.status, run.out), (0, data[:3 * 92]), str(run))
        run = k.decode("--batches", "--json", "--limit", "3", k.log_of("v2-many-batches"))
        self.assertEqual([x["position"] for x in run.lines()], [0, 92, 184], str(run))

    def test_never_to_a_terminal(self):
        outer, inner = pty.openpty()
        try:
            process = self.start("decode", "--format", "raw", k.log_of("v2-idempotent"), stdout=inner, stderr=subprocess.PIPE,
                                 stdin=subprocess.DEVNULL)
            _, err = process.communicate(timeout=10)
            self.assertEqual(process.returncode, 1, err)
            self.assertIn(b"error: ", err)
            ready, _, _ = select.select([outer], [], [], 0.2)
            self.assertFalse(ready, "something was written to the terminal")
        finally:
            os.close(inner)
            os.close(outer)


class OutputFile(Case):
    def test_writes_refuses_and_overwrites(self):
        target, log = self.dir / "out.jsonl", k.log_of("v2-idempotent")
        wanted = k.decode("--json", log).out
        run = k.decode("--json", "-o", target, log)
        self.assertEqual((run.status, run.out, run.err), (0, b"", ""), str(run))
        self.assertEqual(target.read_bytes(), wanted)
        target.write_bytes(b"precious")
        run = k.decode("--json", "-o", target, log)
        self.assertEqual(run.status, 1, str(run))
        self.assertRegex(run.err, rf"(?m)^error: .*{re.escape(str(target))}")
        self.assertEqual(target.read_bytes(), b"precious")
        run = k.decode("--json", "-o", target, "--overwrite", log)
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual(target.read_bytes(), wanted)
        self.assertEqual(os.listdir(self.dir), ["out.jsonl"], "temporary files are left behind")

    def test_raw_to_a_file_and_dash_for_stdout(self):
        log = k.log_of("v2-zstd")
        run = k.decode("-f", "raw", "-o", self.dir / "copy.log", log)
        self.assertEqual(run.status, 0, str(run))
        self.assertTrue((self.dir / "copy.log").read_bytes() == log.read_bytes())
        self.assertTrue(k.decode("-f", "raw", "-o", "-", log).out == log.read_bytes())

    def test_damage_does_not_stop_the_file(self):
        target, log = self.dir / "out.jsonl", k.damaged_log("v2-none-crc-flip")
        run = k.decode("--json", "-o", target, log)
        self.assertEqual(run.status, 3, str(run))
        self.assertEqual(target.read_bytes(), k.decode("--json", log).out)

    def test_a_target_that_cannot_be_written_is_1(self):
        run = k.decode("--json", "-o", self.dir / "no" / "such" / "out", k.log_of("v2-idempotent"))
        self.assertEqual(run.status, 1, str(run))
        self.assertIn("error: ", run.err)

    def test_an_interrupt_leaves_nothing_behind(self):
        data = k.log_of("v2-many-batches").read_bytes()
        for wait_s in (0.1, 0.5):
            process = self.start("decode", "--json", "-o", self.dir / "out.jsonl", "-", stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            try:
                process.stdin.write(data)
                process.stdin.flush()
            except BrokenPipeError:
                self.fail(f"it ended while its input was open: {process.stderr.read()!r}")
            time.sleep(wait_s)
            process.send_signal(signal.SIGINT)
            process.wait(10)
            self.assertNotEqual(process.returncode, 0)
            self.assertEqual(os.listdir(self.dir), [])


class Records(Case):
    def test_records_from_a_second_builder(self):
        """Fields that the corpus does not hold: attributes of a record, other control types, sequences that wrap."""
        control_key = b"\x00\x00\x00"
        batches = [k.build_batch(0, [(control_key + bytes([t]), b"\x00\x00") for t in (2, 3, 4, 5, 6, 77)], attributes=0x20),
                   k.build_batch(6, [(b"a", b"1"), (b"b", b"2"), (b"c", b"3")], producer=(9, 1, 2**31 - 2)),
                   k.build_batch(9, [(b"h", b"", [(b"\xff", b"x"), (b"", None), (b"", b"")])])]
        log = self.dir / "made.log"
        log.write_bytes(b"".join(batches))
        run = k.decode("--json", log)
        lines = run.lines()
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual([x["control"]["type"] for x in lines[:6]],
                         ["leader_change", "snapshot_header", "snapshot_footer", "kraft_version", "kraft_voters", "unknown_77"])
        self.assertEqual([x["sequence"] for x in lines[6:9]], [2**31 - 2, 2**31 - 1, 0], "sequences wrap to 0")
        self.assertEqual([(k.json_bytes(h["key"]), k.json_bytes(h["value"])) for h in lines[9]["headers"]],
                         [(b"\xff", b"x"), (b"", None), (b"", b"")])

    def test_record_attributes(self):
        run = k.decode("--json", k.damaged_log("v2-none-rec-attr"))
        odd = [x for x in run.lines() if x.get("attributes", 0) != 0]
        self.assertEqual([x["offset"] for x in odd], [10], str(run))
        self.assertIn(odd[0]["attributes"], (-1, 255))

    def test_text_has_a_line_a_record(self):
        for case in ("v2-idempotent", "v2-epochs", "v2-sparse"):
            with self.subTest(case=case):
                run = k.decode(k.log_of(case))
                self.assertEqual((run.status, run.err), (0, ""), str(run))
                records = k.truth(case).records
                self.assertEqual(len(run.text.splitlines()), len(records), run.text[:400])
                for line, r in zip(run.text.splitlines(), records):
                    self.assertIn(str(r["offset"]), line)
                    self.assertIn(base64.b64decode(r["value"]).decode(), line)
                self.assertEqual(k.decode("--format", "text", k.log_of(case)).out, run.out)


class Batches(Case):
    def test_shallow_does_not_look_into_the_body(self):
        for case in ("v2-none-count-9", "v2-zstd-comp-garbage", "v2-lz4-comp-cut", "v2-none-reclen-neg"):
            with self.subTest(case=case):
                lines = k.decode("--batches", "--json", "--shallow", k.damaged_log(case)).lines()
                self.assertEqual([x["problem"] for x in lines], [None] * 3)
                self.assertEqual([x["position"] for x in lines],
                                 [x["position"] for x in k.decode("--batches", "--json", k.damaged_log(case)).lines()])

    def test_summary_counts(self):
        for case in ("v2-txn-none", "v2-zstd", "v2-compacted-lz4", "v1-lz4", "v0-gzip", "v2-empty-batches"):
            with self.subTest(case=case):
                run = k.decode("--summary", "--json", k.log_of(case))
                self.assertEqual((run.status, run.err), (0, ""), str(run))
                self.assertEqual(len(run.lines()), 1, str(run))
                summary, truth = run.lines()[0], k.truth(case).summary
                self.assertEqual((summary.get("batches"), summary.get("records")), (truth["batches"], truth["records"]))
                text = k.decode("--summary", k.log_of(case))
                self.assertEqual(text.status, 0, str(text))
                for number in (truth["batches"], truth["records"]):
                    self.assertRegex(text.text.replace(",", ""), rf"\b{number}\b")

    def test_summary_shows_damage(self):
        ok = k.decode("--summary", "--json", k.damaged_log("v2-none-ok")).lines()
        for case in ("v2-none-crc-flip", "v2-none-zero-tail", "v2-none-trunc-30", "v2-lz4-comp-garbage", "v2-none-len--1"):
            with self.subTest(case=case):
                run = k.decode("--summary", "--json", k.damaged_log(case))
                self.assertEqual(run.status, 3, str(run))
                self.assertEqual(len(run.lines()), 1, str(run))
                self.assertNotEqual(without_names(run.lines()), without_names(ok))
                self.assertEqual(k.decode("--summary", k.damaged_log(case)).status, 3)

    def test_hexdump_names_every_field_of_the_header(self):
        for case in ("v2-idempotent", "v2-zstd"):
            with self.subTest(case=case):
                run = k.decode("--hexdump", "--limit", "1", k.log_of(case)) if case == "v2-zstd" else k.decode("--hexdump", k.log_of(case))
                self.assertEqual(run.status, 0, str(run))
                text = re.sub(r"[ -]", "_", run.text.lower())
                for name in HEADER_FIELDS:
                    self.assertTrue(fnmatch.fnmatchcase(text, f"*{name}*"), f"{name} is not in the dump:\n{run.text[:1500]}")

    def test_hexdump_shows_the_bytes(self):
        data = k.log_of("v2-epochs").read_bytes()
        shown = re.sub(r"\s", "", k.decode("--hexdump", k.log_of("v2-epochs")).text.lower())
        for b in k.parse_batches(data):
            self.assertIn(f"{b.crc:08x}", shown)
            self.assertIn(data[b.position:b.position + 8].hex(), shown)


def without_names(lines):
    return [{name: v for name, v in line.items() if not isinstance(v, str)} for line in k.without_place(lines)]


class Limits(Case):
    def test_a_batch_over_the_limit_is_left_out_quickly_and_in_little_memory(self):
        _, normal = peak_kib("decode", "--batches", "--json", k.damaged_log("v2-zstd-ok"))
        for case in ("v2-zstd-bomb64m", "v2-lz4-bomb64m"):
            for options in (("--batches", "--json"), ("--json",)):
                with self.subTest(case=case, options=options):
                    started = time.monotonic()
                    args = ("decode", *options, "--max-batch-bytes", "1048576", k.damaged_log(case))
                    run = k.run(*args, timeout=20)
                    self.assertLess(time.monotonic() - started, 5)
                    self.assertEqual(run.status, 3, str(run))
                    self.assertLess(len(run.out), 1 << 20)
                    status, peak = peak_kib(*args)
                    self.assertEqual(status, 3)
                    self.assertLess(peak - normal, 40 * 1024, f"peak {peak} KiB, against {normal} KiB for a small file")
                    if "--batches" in options:
                        lines = run.lines()
                        self.assertEqual([x["valid"] for x in lines], [True, True])
                        self.assertEqual(lines[0]["problem"], None)
                        self.assertIsNotNone(lines[1]["problem"])
                    else:
                        self.assertEqual([x["offset"] for x in run.lines()], list(range(10)))

    def test_within_the_limit_it_is_decoded(self):
        run = k.decode("--batches", "--json", k.damaged_log("v2-zstd-bomb64m"))
        self.assertEqual((run.status, run.lines()[1]["problem"]), (0, None), str(run))


class Streams(Case):
    def reader(self, process):
        lines = []

        def read():
            for line in process.stdout:
                lines.append(line)
        threading.Thread(target=read, daemon=True).start()
        return lines

    def wait_for(self, condition, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return True
            time.sleep(0.02)
        return condition()

    def test_follow_shows_what_is_appended_and_ends_on_interrupt(self):
        batches = k.log_batches(k.log_of("v2-idempotent"))
        log = self.dir / "00000000000000000000.log"
        log.write_bytes(batches[0].data)
        process = self.start("decode", "--json", "--follow", log, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        lines = self.reader(process)
        offsets = [r["offset"] for r in k.truth("v2-idempotent").records]
        counts = [sum(r["batch"] <= i for r in k.truth("v2-idempotent").records) for i in range(len(batches))]
        self.assertTrue(self.wait_for(lambda: len(lines) == counts[0], 5), f"{len(lines)} lines of what was there")
        for i in (1, 2):
            with open(log, "ab") as f:  # in two writes: a half batch is no damage while it grows
                f.write(batches[i].data[:40])
                f.flush()
                time.sleep(0.3)
                f.write(batches[i].data[40:])
            self.assertTrue(self.wait_for(lambda: len(lines) == counts[i], 2), f"batch {i} did not show within 2 s")
        process.send_signal(signal.SIGINT)
        process.wait(5)
        err = process.stderr.read()
        self.assertEqual((process.returncode, err), (0, b""))
        self.assertTrue(self.wait_for(lambda: len(lines) == counts[2], 1))
        self.assertEqual(re.findall(rb'"offset": ?(\d+)', b"".join(lines)), [str(o).encode() for o in offsets[:counts[2]]])

    def test_a_closed_pipe_is_quiet(self):
        log = next((k.CORPUS / "large").glob("large-none/*.log"))
        for options in (["--json"], ["--batches", "--json"], [], ["-f", "raw"]):
            with self.subTest(options=options):
                process = self.start("decode", *options, log, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                process.stdout.read(100)
                process.stdout.close()
                err = process.stderr.read()
                process.wait(20)
                self.assertEqual(err, b"")
                self.assertIn(process.returncode, (0, 141, -signal.SIGPIPE))

    def test_head_is_quiet(self):
        log = shutil.copy(k.log_of("v2-many-batches"), self.dir)
        done = subprocess.run('"$KSEG_BIN" decode --json "$LOG" | head -1', shell=True, capture_output=True, timeout=20,
                              env=dict(os.environ, KSEG_BIN=k.program(), LOG=str(log)))
        self.assertEqual((done.stderr, done.stdout.count(b"\n")), (b"", 1))


if __name__ == "__main__":
    k.main()
