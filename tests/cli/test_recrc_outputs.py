# SPDX-License-Identifier: Apache-2.0
"""recrc: where the mended bytes go, what is kept, dropped and refused, and that nothing gets worse."""

import os
import pathlib
import pty
import random
import re
import select
import shutil
import stat
import struct
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import damage as d  # noqa: E402
import kseg_cli as k  # noqa: E402

SUPPORT = pathlib.Path(d.__file__).parent
SIBLINGS = ("v0-none", "v0-gzip", "v2-none", "v2-lz4", "v2-zstd")
SEGMENT = "00000000000000000000.log"
# Holds an fcntl record lock on the file it is given until its stdin ends, as a broker does.
HOLD_LOCK = ("import fcntl,sys\n"
             "f=open(sys.argv[1],'w')\n"
             "fcntl.lockf(f,fcntl.LOCK_EX|fcntl.LOCK_NB)\n"
             "print('held',flush=True)\n"
             "sys.stdin.read()\n")

HEALTHY, GOOD, MENDABLE, HURT, HURT_BATCH = d.HEALTHY, d.GOOD, d.MENDABLE, d.HURT, d.HURT_BATCH


class Case(k.ScratchCase):
    def write(self, name, data):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def assert_error(self, run, path, status=1):
        self.assertEqual(run.status, status, str(run))
        self.assertRegex(run.err, rf"(?m)^error: .*{re.escape(str(path))}", str(run))

    def names(self, folder=None):
        return sorted(os.listdir(folder or self.dir))


class Outputs(Case):
    def test_the_mended_bytes_go_to_stdout_and_the_report_to_stderr(self):
        log = self.write("in.log", MENDABLE)
        run = d.recrc("--json", log)
        self.assertEqual((run.status, run.out), (0, GOOD), str(run))
        line, = d.json_lines(run.err_bytes)
        self.assertEqual((line["position"], line["cause"], line["action"]), (len(HEALTHY[0]), "byte_swapped", "recomputed"))
        self.assertEqual(d.recrc("--json", "-o", "-", log).out, GOOD, "-o - is stdout")
        text = d.recrc(log)
        self.assertEqual((text.status, text.out), (0, GOOD), str(text))
        self.assertIn("byte_swapped", text.err)
        self.assertEqual(log.read_bytes(), MENDABLE)
        self.assertEqual(self.names(), ["in.log"])

    def test_a_healthy_file_comes_out_as_it_is_without_a_report(self):
        for case in k.cases():
            with self.subTest(case=case):
                log = k.log_of(case)
                run = d.recrc("--json", log)
                self.assertEqual((run.status, run.err, run.out == log.read_bytes()), (0, "", True), str(run)[:600])
                run = d.recrc("-n", "--json", log)
                self.assertEqual((run.status, run.out, run.err), (0, b"", ""), str(run))

    def test_into_a_file(self):
        log, target = self.write("in.log", MENDABLE), self.dir / "out.log"
        run = d.recrc("--json", "-o", target, log)
        self.assertEqual((run.status, target.read_bytes()), (0, GOOD), str(run))
        self.assertEqual([x["cause"] for x in run.lines()], ["byte_swapped"], "the report goes to stdout when data does not")
        target.write_bytes(b"precious")
        run = d.recrc("--json", "-o", target, log)
        self.assert_error(run, target)
        self.assertEqual(target.read_bytes(), b"precious")
        run = d.recrc("--json", "--output", target, "--overwrite", log)
        self.assertEqual((run.status, target.read_bytes()), (0, GOOD), str(run))
        self.assertEqual(log.read_bytes(), MENDABLE)
        self.assertEqual(self.names(), ["in.log", "out.log"], "something is left behind")

    def test_large_files(self):
        for log in sorted(k.CORPUS.glob("large/*/*.log")):
            with self.subTest(log=log.parent.name):
                batches, target = k.log_batches(log), self.dir / "out.log"
                hurt = self.write("in.log", b"".join(d.with_stored(b.data, int.from_bytes(struct.pack(">I", b.crc), "little"))
                                                     for b in batches))
                run = d.recrc("--json", "--overwrite", "-o", target, hurt)
                self.assertEqual(run.status, 0, str(run)[:800])
                self.assertTrue(target.read_bytes() == log.read_bytes())
                self.assertEqual([x["position"] for x in run.lines()], [b.position for b in batches])
                self.assertEqual({x["cause"] for x in run.lines()}, {"byte_swapped"})

    def test_the_forms_of_the_report(self):
        log = self.write("in.log", HURT + GOOD[:50])
        json_report = d.recrc("-n", "--json", log).out
        self.assertEqual(len(json_report.splitlines()), 2)
        for options in (["--dry-run", "--format", "jsonl"], ["-n", "-f", "jsonl"]):
            self.assertEqual(d.recrc(*options, log).out, json_report)
        text = d.recrc("-n", "-f", "text", log)
        self.assertEqual((text.status, text.out), (3, d.recrc("-n", log).out), str(text))
        for word in ("unknown", "kept", "torn_tail", str(len(HEALTHY[0])), str(len(HURT))):
            self.assertIn(word, text.text)

    def test_into_a_folder_that_is_not_there(self):
        log, target = self.write("in.log", MENDABLE), self.dir / "absent" / "out.log"
        self.assert_error(d.recrc("-o", target, log), target)

    def test_several_inputs_into_one_file_and_into_a_directory(self):
        a, b = self.write("a/x.log", MENDABLE), self.write("b/y.log", GOOD)
        target, folder = self.dir / "out.log", self.dir / "out"
        folder.mkdir()
        run = d.recrc("--json", "-o", target, a, b)
        self.assertEqual((run.status, target.read_bytes()), (0, GOOD + GOOD), str(run))
        self.assertEqual([x["file"] for x in run.lines()], [str(a)], "the file is named as it was typed")
        self.assertEqual(d.recrc(b, a).out, GOOD + GOOD)
        run = d.recrc("--json", "-o", folder, a, b)
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual({n: (folder / n).read_bytes() for n in self.names(folder)}, {"x.log": GOOD, "y.log": GOOD})
        self.assertEqual(d.recrc("-o", folder, a, b).status, 1, "both are there already")

    def test_inputs_of_one_name_do_not_overwrite_each_other(self):
        a, b, folder = self.write("a/x.log", MENDABLE), self.write("b/x.log", HEALTHY[0]), self.dir / "out"
        folder.mkdir()
        run = d.recrc("-o", folder, a, b)
        self.assertIn(run.status, (1, 2), str(run))

    def test_stdin(self):
        run = d.recrc("--json", "-", stdin=MENDABLE)
        self.assertEqual((run.status, run.out), (0, GOOD), str(run))
        self.assertEqual([x["action"] for x in d.json_lines(run.err_bytes)], ["recomputed"])
        run = d.recrc("-n", "--json", "-", stdin=MENDABLE)
        self.assertEqual((run.status, [x["cause"] for x in run.lines()]), (3, ["byte_swapped"]), str(run))
        run = d.recrc("-o", self.dir / "out.log", "-", stdin=MENDABLE)
        self.assertEqual((run.status, (self.dir / "out.log").read_bytes()), (0, GOOD), str(run))

    def test_never_to_a_terminal(self):
        log = self.write("in.log", MENDABLE)
        outer, inner = pty.openpty()
        try:
            done = subprocess.run([k.program(), "recrc", log], stdin=subprocess.DEVNULL, stdout=inner, stderr=subprocess.PIPE,
                                  timeout=60, check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(b"error: ", done.stderr)
            ready, _, _ = select.select([outer], [], [], 0.2)
            self.assertFalse(ready, "something was written to the terminal")
        finally:
            os.close(inner)
            os.close(outer)

    def test_quiet_and_verbose(self):
        log = self.write("in.log", HURT)
        for options in (("-n", "--json"), ("-n",), ("--json", "-o", self.dir / "out.log", "--overwrite")):
            with self.subTest(options=options):
                plain = d.recrc(*options, log)
                quiet, loud = d.recrc("--quiet", *options, log), d.recrc("--verbose", *options, log)
                self.assertEqual((plain.status, quiet.status, loud.status), (3, 3, 3), f"{quiet} {loud}")
                self.assertEqual((quiet.out, loud.out), (plain.out, plain.out))
                self.assertEqual(quiet.err, "")
                self.assertIn(str(log), loud.err)
        quiet = d.recrc("-q", log)
        self.assertEqual((quiet.status, quiet.out), (3, HURT), str(quiet))

    def test_a_wrong_command_line_is_2(self):
        log = str(self.write("in.log", MENDABLE))
        out = str(self.dir / "out.log")
        for args in (["-n", "-o", out, log], ["-n", "--in-place", log], ["--in-place", "-o", out, log], ["--in-place", "-"],
                     ["--codec", "brotli", log], ["--format", "raw", "-n", log], ["--leader-epoch", "x", log],
                     ["--base-offset", "1.5", log], ["--max-batch-bytes", "lots", log], ["--no-such-option", log],
                     ["--rejects", out, log], []):
            with self.subTest(args=args):
                run = d.recrc(*args, stdin=MENDABLE)
                self.assertEqual((run.status, run.out), (2, b""), str(run))
                self.assertTrue(run.err.strip(), "stderr says what is wrong")
                self.assertEqual(self.names(), ["in.log"])
        self.assertEqual(pathlib.Path(log).read_bytes(), MENDABLE)

    def test_what_holds_no_batch_is_1(self):
        text = b"The quick brown fox jumps over the lazy dog; it isn't a log, (really) not.\n" * 20
        for name, data in (("notes.txt", text), ("short.txt", b"hello\n"), ("random.log", random.Random(4).randbytes(3000))):
            for options in (["-n"], ["-o", self.dir / "out.log"], ["--in-place"]):
                with self.subTest(name=name, options=options):
                    path = self.write(name, data)
                    self.assert_error(d.recrc(*options, path), path)
                    self.assertEqual(path.read_bytes(), data)
                    self.assertFalse((self.dir / "out.log").exists())
                    self.assertFalse((self.dir / (name + ".bak")).exists())
            self.assertEqual(d.recrc("-", stdin=data).status, 1)
        self.assert_error(d.recrc("-n", self.dir / "absent.log"), self.dir / "absent.log")

    def test_an_empty_file_stays_empty(self):
        empty, log = self.write(SEGMENT, b""), self.write("in.log", MENDABLE)
        for options in (["-n"], [], ["--in-place"]):
            with self.subTest(options=options):
                run = d.recrc("--json", *options, empty)
                self.assertIn(run.status, (0, 1), str(run))
                self.assertEqual((run.out, empty.read_bytes()), (b"", b""))
                self.assertEqual(self.names(), [SEGMENT, "in.log"])
        self.assertEqual(d.recrc(log, empty).out, GOOD)


    def test_a_preallocated_segment_stays_as_it_is(self):
        log = self.write(SEGMENT, bytes(5000))
        for options in (["-n"], ["--in-place"]):
            with self.subTest(options=options):
                run = d.recrc("--json", *options, log)
                self.assertIn(run.status, (1, 3), str(run))
                self.assertEqual((log.read_bytes(), self.names()), (bytes(5000), [SEGMENT]))


class SameFile(Case):
    def test_an_output_that_is_an_input_is_refused(self):
        log = self.write("in/in.log", MENDABLE)
        other = self.write("other.log", GOOD)
        symlink, hard = self.dir / "symlink.log", self.dir / "hard.log"
        symlink.symlink_to(log)
        os.link(log, hard)
        inode = log.stat().st_ino
        for target in (log, symlink, hard, self.dir / "in" / ".." / "in" / "in.log"):
            for options in ([], ["--overwrite"]):
                for inputs in ([log], [other, log], [symlink], [hard]):
                    with self.subTest(target=target, options=options, inputs=inputs):
                        run = d.recrc(*options, "-o", target, *inputs)
                        self.assertEqual(run.status, 2, str(run))
                        self.assertIn("error: ", run.err)
                        self.assertEqual((log.read_bytes(), log.stat().st_ino, symlink.is_symlink()), (MENDABLE, inode, True))
        self.assertEqual((self.names(), self.names(log.parent)), (["hard.log", "in", "other.log", "symlink.log"], ["in.log"]))

    def test_a_directory_of_outputs_that_is_the_inputs_own_is_refused(self):
        log, other = self.write("in/in.log", MENDABLE), self.write("other.log", GOOD)
        inode = log.stat().st_ino
        for options in ([], ["--overwrite"]):
            for inputs in ([log], [other, log]):
                with self.subTest(options=options, inputs=inputs):
                    run = d.recrc(*options, "-o", log.parent, *inputs)
                    self.assertIn(run.status, (1, 2), str(run))
                    self.assertIn("error: ", run.err)
                    self.assertEqual((log.read_bytes(), log.stat().st_ino), (MENDABLE, inode))

    def test_rejects_never_overwrite_an_input_nor_the_output(self):
        log, target = self.write("in.log", HURT), self.dir / "out.log"
        symlink = self.dir / "symlink.log"
        for rejects, output in ((log, target), (target, target), (symlink, target), (target, symlink)):
            for options in ([], ["--overwrite"]):
                with self.subTest(rejects=rejects.name, output=output.name, options=options):
                    target.write_bytes(b"precious")
                    symlink.unlink(missing_ok=True)
                    symlink.symlink_to(target)
                    run = d.recrc("--salvage", *options, "--rejects", rejects, "-o", output, log)
                    self.assertIn(run.status, (1, 2), str(run))
                    self.assertEqual((log.read_bytes(), target.read_bytes()), (HURT, b"precious"))
        target.unlink()
        symlink.unlink()
        run = d.recrc("--salvage", "--rejects", target, "-o", target, log)
        self.assertIn(run.status, (1, 2), f"{run}: neither was there before, and one would take the other's place")
        self.assertEqual(self.names(), ["in.log"])

    def test_rejects_are_not_overwritten_unless_asked(self):
        log, rejects = self.write("in.log", HURT), self.write("rejects", b"precious")
        run = d.recrc("--salvage", "--rejects", rejects, "-o", self.dir / "out.log", log)
        self.assert_error(run, rejects)
        self.assertEqual((rejects.read_bytes(), self.names()), (b"precious", ["in.log", "rejects"]))
        run = d.recrc("--salvage", "--overwrite", "--rejects", rejects, "-o", self.dir / "out.log", log)
        self.assertEqual((run.status, rejects.read_bytes()), (3, HURT_BATCH), str(run))

    def test_a_dash_is_no_name_of_a_file(self):
        self.write("in.log", HURT)
        d.recrc("--salvage", "--rejects", "-", "-o", "out.log", "in.log", cwd=self.dir)
        self.assertNotIn("-", self.names())


class InPlace(Case):
    def test_keeps_a_copy(self):
        log = self.write("in.log", MENDABLE)
        run = d.recrc("--in-place", "--json", log)
        self.assertEqual((run.status, log.read_bytes()), (0, GOOD), str(run))
        self.assertEqual((self.dir / "in.log.bak").read_bytes(), MENDABLE)
        self.assertEqual([x["cause"] for x in run.lines()], ["byte_swapped"])
        self.assertEqual(self.names(), ["in.log", "in.log.bak"], "something is left behind")

    def test_no_backup(self):
        log = self.write("in.log", MENDABLE)
        run = d.recrc("--in-place", "--no-backup", log)
        self.assertEqual((run.status, log.read_bytes(), self.names()), (0, GOOD, ["in.log"]), str(run))

    def test_a_copy_that_is_there_already_is_not_overwritten_unless_asked(self):
        log, backup = self.write("in.log", MENDABLE), self.write("in.log.bak", b"precious")
        run = d.recrc("--in-place", log)
        self.assert_error(run, backup)
        self.assertEqual((log.read_bytes(), backup.read_bytes()), (MENDABLE, b"precious"))
        run = d.recrc("--in-place", "--no-backup", log)
        self.assertEqual((run.status, log.read_bytes(), backup.read_bytes()), (0, GOOD, b"precious"), str(run))
        log.write_bytes(MENDABLE)
        run = d.recrc("--in-place", "--overwrite", log)
        self.assertEqual((run.status, log.read_bytes(), backup.read_bytes()), (0, GOOD, MENDABLE), str(run))

    def test_a_healthy_file_is_left_alone(self):
        log = self.write("in.log", GOOD)
        os.utime(log, ns=(10**18, 10**18))
        before = log.stat()
        run = d.recrc("--in-place", "--json", log)
        after = log.stat()
        self.assertEqual((run.status, run.out, self.names()), (0, b"", ["in.log"]), str(run))
        self.assertEqual((after.st_ino, after.st_mtime_ns), (before.st_ino, before.st_mtime_ns))

    def test_a_symlink_stays_one(self):
        log, link = self.write("real/in.log", MENDABLE), self.dir / "link.log"
        link.symlink_to(log)
        run = d.recrc("--in-place", link)
        self.assertEqual((run.status, link.is_symlink(), log.read_bytes()), (0, True, GOOD), str(run))

    def test_permissions_are_kept(self):
        for mode in (0o640, 0o600, 0o664):
            with self.subTest(mode=oct(mode)):
                log = self.write("in.log", MENDABLE)
                log.chmod(mode)
                run = d.recrc("--in-place", "--overwrite", log)
                self.assertEqual((run.status, log.read_bytes()), (0, GOOD), str(run))
                self.assertEqual(stat.S_IMODE(log.stat().st_mode), mode)
                log.unlink()

    def test_what_is_kept_stays_while_the_rest_is_mended(self):
        swapped = d.Recipes(HEALTHY[0]).damaged("byte_swapped")
        log = self.write("in.log", swapped + HURT_BATCH + HEALTHY[2] + GOOD[:50])
        run = d.recrc("--in-place", "--json", log)
        self.assertEqual(run.status, 3, str(run))
        self.assertEqual(log.read_bytes(), HURT + GOOD[:50])
        self.assertEqual((self.dir / "in.log.bak").read_bytes(), swapped + HURT_BATCH + HEALTHY[2] + GOOD[:50])
        batches, gaps = d.line_batches(run.lines()), [x for x in run.lines() if k.is_gap(x)]
        self.assertEqual([x["action"] for x in batches], ["recomputed", "kept"])
        self.assertEqual(gaps, [{"gap": {"position": len(HURT), "size": 50, "reason": "torn_tail"}, "action": "kept"}])

    def test_several_files(self):
        files = [self.write("a.log", MENDABLE), self.write("b.log", GOOD), self.write("c.log", MENDABLE)]
        run = d.recrc("--in-place", "--json", *files)
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual([f.read_bytes() for f in files], [GOOD] * 3)
        self.assertEqual([x["file"] for x in run.lines()], [str(files[0]), str(files[2])])
        self.assertEqual(self.names(), ["a.log", "a.log.bak", "b.log", "c.log", "c.log.bak"])

    def hold(self, lock):
        child = subprocess.Popen([sys.executable, "-c", HOLD_LOCK, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(child.communicate)
        self.assertEqual(child.stdout.readline(), b"held\n")

    def test_not_while_a_broker_holds_the_lock(self):
        for place in ("data/.lock", "data/t-0/.lock"):
            with self.subTest(lock=place):
                shutil.rmtree(self.dir / "data", ignore_errors=True)
                log = self.write(f"data/t-0/{SEGMENT}", MENDABLE)
                self.hold(self.write(place, b""))
                for path in (log, log.parent):
                    run = d.recrc("--in-place", path)
                    self.assertEqual((run.status, log.read_bytes()), (1, MENDABLE), str(run))
                    self.assertRegex(run.err, r"(?m)^error: .*\.lock|^error: .*lock", str(run))
                run = d.recrc("--in-place", log.name, cwd=log.parent)
                self.assertEqual((run.status, log.read_bytes()), (1, MENDABLE), str(run))
                self.assertEqual(d.recrc("-n", log).status, 3, "reading is no harm")
                self.assertEqual(d.recrc(log).out, GOOD)

    def test_a_lock_file_that_nobody_holds_means_nothing(self):
        log = self.write(f"data/t-0/{SEGMENT}", MENDABLE)
        self.write("data/.lock", b"")
        run = d.recrc("--in-place", log)
        self.assertEqual((run.status, log.read_bytes()), (0, GOOD), str(run))


class Directories(Case):
    def setUp(self):
        super().setUp()
        self.hurt = {"orders-0/" + SEGMENT: MENDABLE,
                     "orders-0/00000000000000000003.log": k.build_batch(3, [(b"k", b"v")]),
                     "my-topic.x-2/" + SEGMENT: MENDABLE,
                     "old-1.0a1b2c3d4e5f60718293a4b5c6d7e8f9-delete/" + SEGMENT: HURT}
        for name, data in self.hurt.items():
            self.write("data/" + name, data)
        self.write("data/meta.properties", b"version=1\n")
        self.wanted = {name: GOOD if data is MENDABLE else data for name, data in self.hurt.items() if "delete" not in name}

    def files(self, folder):
        return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.log")}

    def test_a_log_directory(self):
        data, out = self.dir / "data", self.dir / "out"
        out.mkdir()
        run = d.recrc("-n", "--json", data)
        self.assertEqual(run.status, 3, str(run))
        self.assertEqual(sorted(str(pathlib.Path(x["file"]).relative_to(data)) for x in run.lines()),
                         ["my-topic.x-2/" + SEGMENT, "orders-0/" + SEGMENT])
        run = d.recrc("--json", "-o", out, data)
        self.assertEqual((run.status, self.files(out)), (0, self.wanted), str(run))
        self.assertEqual(self.files(data), self.hurt)
        run = d.recrc("--in-place", data)
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual({n: c for n, c in self.files(data).items() if "delete" not in n}, self.wanted)
        self.assertEqual((data / "orders-0" / (SEGMENT + ".bak")).read_bytes(), MENDABLE)
        self.assertFalse((data / "orders-0" / "00000000000000000003.log.bak").exists(), "nothing was wrong in it")

    def test_a_partition_directory(self):
        folder, out = self.dir / "data" / "orders-0", self.dir / "out"
        out.mkdir()
        wanted = {name.split("/")[1]: data for name, data in self.wanted.items() if name.startswith("orders-0")}
        run = d.recrc("--json", "-o", out, folder)
        self.assertEqual((run.status, self.files(out)), (0, wanted), str(run))
        run = d.recrc(folder)
        self.assertEqual((run.status, run.out), (0, b"".join(wanted[n] for n in sorted(wanted))), str(run))

    def test_an_empty_active_segment_is_no_error(self):
        self.write("data/orders-0/00000000000000000004.log", b"")
        run = d.recrc("--in-place", self.dir / "data" / "orders-0")
        self.assertEqual(run.status, 0, str(run))


class Salvage(Case):
    def test_kept_batches_are_dropped_by_salvage_and_saved_as_rejects(self):
        log, target, rejects = self.write("in.log", HURT + b"torn"), self.dir / "out.log", self.dir / "rejects"
        run = d.recrc("--json", "--salvage", "--rejects", rejects, "-o", target, log)
        self.assertEqual(run.status, 3, str(run))
        self.assertEqual(target.read_bytes(), HEALTHY[0] + HEALTHY[2])
        self.assertEqual(rejects.read_bytes(), HURT_BATCH + b"torn")
        self.assertEqual([x["action"] for x in run.lines()], ["dropped", "dropped"])
        run = d.recrc("--salvage", log)
        self.assertEqual((run.status, run.out), (3, HEALTHY[0] + HEALTHY[2]), str(run))
        run = d.recrc("--salvage", "--trust-body", log)
        self.assertEqual((run.status, run.out), (3, d.with_second(d.mended(HURT_BATCH))), str(run))


class TooLong(Case):
    """A wrong length that reaches over a healthy batch, to the beginning of what follows that."""

    def check(self, following, after):
        """following: what stands behind the healthy batch; after: what that is when all is mended that can be."""
        hurt = d.with_bytes(HURT_BATCH, 8, struct.pack(">i", len(HURT_BATCH) + len(HEALTHY[2]) - 12))
        data = HEALTHY[0] + hurt + HEALTHY[2] + following
        log = self.write("in.log", data)
        run = d.recrc("--json", "--overwrite", "-o", self.dir / "out.log", log)
        self.assertEqual(run.status, 3, str(run))
        self.assertEqual((self.dir / "out.log").read_bytes(), HEALTHY[0] + hurt + HEALTHY[2] + after)
        self.assertEqual(k.extents(run.lines())[0][:2], (len(HEALTHY[0]), len(hurt)), "the healthy batch is taken for damage")
        run = d.recrc("--salvage", "--trust-body", "--json", "--overwrite", "-o", self.dir / "out.log", log)
        self.assertEqual(run.status, 3, str(run))
        self.assertEqual((self.dir / "out.log").read_bytes(), HEALTHY[0] + HEALTHY[2] + after)

    def test_before_a_healthy_batch(self):
        self.check(HEALTHY[1], HEALTHY[1])

    def test_before_a_batch_with_a_flipped_bit(self):
        for bit in (8 * 100, 8 * 18 + 2, 8 * 11 + 1, 8 * 16):
            with self.subTest(bit=bit):
                self.check(d.flip_bits(HEALTHY[1], bit) + HEALTHY[0], HEALTHY[1] + HEALTHY[0])

    def test_before_a_batch_with_a_wrong_recipe(self):
        for recipe in ("zero_crc", "crc32_ieee+byte_swapped", d.FLIPPED):
            with self.subTest(recipe=recipe):
                self.check(d.Recipes(HEALTHY[1]).damaged(recipe), HEALTHY[1])

    def test_before_the_end(self):
        self.check(b"", b"")


class DamagedCorpus(Case):
    def sibling(self, case):
        return k.damaged_log(next(s for s in SIBLINGS if case.startswith(s + "-")) + "-ok").read_bytes()

    def check_plain(self, data, healthy, run, mended):
        """Without --salvage: as many bytes as before, and every healthy batch where it was."""
        lines = run.lines()
        unmended = any(k.is_gap(x) or x["action"] == "kept" for x in lines)
        self.assertEqual(run.status, 3 if unmended else 0, str(run))
        self.assertEqual(len(mended), len(data))
        for batch in k.parse_batches(healthy):
            at = data.find(batch.data)
            if at >= 0:
                self.assertEqual(mended[at:at + batch.size], batch.data, f"a healthy batch at {at} changed")
                self.assertFalse([x for x in d.line_batches(lines) if x["position"] == at], "a healthy batch is reported")
        changed = [i for i, (a, b) in enumerate(zip(data, mended)) if a != b]
        # Where a bit of the length was flipped, the size may be the wrong one; at least the header is there.
        reported = [(x["position"], x["position"] + max(x["size"], 21)) for x in d.line_batches(lines) if x["action"] != "kept"]
        for i in changed:
            self.assertTrue(any(first <= i < end for first, end in reported), f"byte {i} changed without a report")
        wanted = self.one_bit_mended(data, healthy)
        self.assertTrue(wanted in (None, mended), "one bit was flipped, and the output is wrong")

    def one_bit_mended(self, data, healthy):
        """What has to come out where data is the healthy file but for one bit that matters, else None."""
        if len(data) != len(healthy) or sum((a ^ b).bit_count() for a, b in zip(data, healthy)) != 1:
            return None
        batch = next(b for b in k.parse_batches(healthy) if data[b.position:b.position + b.size] != b.data)
        hurt = data[batch.position:batch.position + batch.size]
        bit = next(n for n in range(8 * batch.size) if d.flip_bits(hurt, n) == batch.data)
        if not d.under_crc(batch.data, bit // 8):
            return None
        return d.with_bytes(data, batch.position, d.mended(hurt)) if bit == d.timestamp_type_bit(batch.data) else healthy

    def check_salvaged(self, run, mended, salvaged, rejects):
        """With --salvage: what was kept is in the rejects, the rest in the output, both in order."""
        left_out = [(x["gap"]["position"], x["gap"]["size"]) if k.is_gap(x) else (x["position"], x["size"])
                    for x in run.lines() if x["action"] == "dropped"]
        wanted_rejects, wanted, at = b"", b"", 0
        for position, size in sorted(left_out):
            wanted += mended[at:position]
            wanted_rejects += mended[position:position + size]
            at = position + size
        self.assertEqual(salvaged, wanted + mended[at:])
        self.assertEqual(rejects, wanted_rejects)
        self.assertEqual(len(salvaged) + len(rejects), len(mended))
        self.assertEqual(run.status, 3 if left_out else 0, str(run))
        self.assertNotIn("kept", [x["action"] for x in run.lines()])

    def test_nothing_gets_worse_and_nothing_is_lost(self):
        target, salvaged, rejects = (self.dir / name for name in ("out.log", "salvaged.log", "rejects"))
        for verdict in k.verdicts():
            case = verdict["case"]
            with self.subTest(case=case, what=verdict["what"]):
                log = k.damaged_log(case)
                data, healthy = log.read_bytes(), self.sibling(case)
                rejects.unlink(missing_ok=True)
                run = d.recrc("--json", "--overwrite", "-o", target, log)
                mended = target.read_bytes()
                self.check_plain(data, healthy, run, mended)
                dropping = d.recrc("--json", "--overwrite", "--salvage", "--rejects", rejects, "-o", salvaged, log)
                self.check_salvaged(dropping, mended, salvaged.read_bytes(), rejects.read_bytes() if rejects.exists() else b"")
                after = k.decode("--batches", "--json", salvaged).lines()
                self.assertEqual([x for x in after if k.is_gap(x) or not x["valid"]], [])
                again = d.recrc("-n", "--json", salvaged)
                self.assertEqual((again.status, again.out), (0, b""), f"{again}: not all was mended")


class Statistics(unittest.TestCase):
    def test_random_damage_is_never_mended_without_a_reason(self):
        done = subprocess.run([sys.executable, SUPPORT / "recrc_statistics.py", "--cases", "2000", "--seed", "20"],
                              capture_output=True, text=True, timeout=600, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    k.main()
