# SPDX-License-Identifier: Apache-2.0
"""wal-append on logs that were not closed cleanly or are damaged: what each --recovery does, says and exits with."""

import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402

MODES = ("tail", "strict", "point-in-time", "salvage")


class Recovery(k.ScratchCase):
    """A log of three segments with three batches each, whose end is not known to be durable."""

    def setUp(self):
        super().setUp()
        self.wal = self.dir / "wal"
        self.log = self.wal / "t-0"
        for i in range(3):
            self.append("--batch-bytes", "1", *([] if i == 2 else ["--seal"]), stdin=b"".join(b"%d.%d\n" % (i, j) for j in range(3)))
        for name in (".kafka_cleanshutdown", "recovery-point-offset-checkpoint"):
            (self.wal / name).unlink()
        self.paths = sorted(self.log.glob("*.log"))
        self.batches = k.log_batches(self.paths[0])

    def append(self, *args, stdin=b"", status=0):
        run = k.run("wal-append", "--wal", self.wal, "--topic", "t", *args, stdin=stdin)
        self.assertEqual(run.status, status, run)
        return run

    def values(self, status=0):
        run = k.decode("--json", self.log)
        self.assertIn(run.status, (status, 3), run)
        return [r["value"] for r in run.lines()]

    def each_mode(self):
        """Runs each mode on a copy of the directory as it is now."""
        kept = self.dir / "kept"
        shutil.copytree(self.wal, kept)
        for mode in MODES:
            shutil.rmtree(self.wal)
            shutil.copytree(kept, self.wal)
            with self.subTest(mode):
                yield mode

    def expected(self, *left_out):
        return [f"{i}.{j}" for i in range(3) for j in range(3) if (i, j) not in left_out]

    def test_nothing_wrong(self):
        for mode in self.each_mode():
            run = self.append("--recovery", mode, stdin=b"new\n")
            self.assertEqual(run.err, "")
            self.assertEqual(self.values(), self.expected() + ["new"])

    def test_a_torn_tail_is_cut_and_saved(self):
        whole = self.paths[2].read_bytes()
        self.paths[2].write_bytes(whole[:-5])
        at = len(whole) - self.batches[2].size
        for mode in self.each_mode():
            if mode == "strict":
                run = self.append("--recovery", mode, stdin=b"new\n", status=1)
                self.assertIn(f"error: {self.paths[2]}: offset {at}: torn tail", run.err)
                self.assertEqual(self.paths[2].read_bytes(), whole[:-5])
                continue
            run = self.append("--recovery", mode, stdin=b"new\n", status=3)
            self.assertIn(f"warning: {self.paths[2]}: offset {at}: torn tail", run.err)
            saved = self.log / f"{self.paths[2].name}.cut-{at}"
            self.assertIn(f"saved as {saved}", run.err)
            self.assertEqual(saved.read_bytes(), whole[at:-5])
            self.assertEqual(self.values(), self.expected((2, 2)) + ["new"])
            self.append("--verify")

    def test_a_tail_of_zeros_is_cut(self):
        self.paths[2].write_bytes(self.paths[2].read_bytes() + bytes(5000))
        run = self.append(stdin=b"new\n", status=3)
        self.assertIn("zero fill", run.err)
        self.assertEqual(self.values(), self.expected() + ["new"])

    def test_damage_in_the_middle(self):
        for segment, before in ((0, []), (2, ["0.0", "0.1", "0.2", "1.0", "1.1", "1.2"])):
            path = self.paths[segment]
            healthy = path.read_bytes()
            damaged = k.flip(healthy, self.batches[0].size + 70)
            path.write_bytes(damaged)
            for mode in self.each_mode():
                if mode in ("tail", "strict"):
                    run = self.append("--recovery", mode, stdin=b"new\n", status=1)
                    self.assertIn(f"error: {path}: offset {self.batches[0].size}: batch crc; expected 0x", run.err)
                    self.assertEqual(path.read_bytes(), damaged)
                    continue
                run = self.append("--recovery", mode, stdin=b"new\n", status=3)
                self.assertIn(f"warning: {path}: offset {self.batches[0].size}: batch crc; expected 0x", run.err)
                if mode == "salvage":
                    self.assertEqual(self.values(), self.expected((segment, 1)) + ["new"])
                else:
                    self.assertEqual(self.values(), before + [f"{segment}.0", "new"])
                self.append("--verify")
            shutil.rmtree(self.wal)
            shutil.move(self.dir / "kept", self.wal)
            path.write_bytes(healthy)

    def test_verify_reports_and_writes_nothing(self):
        self.paths[0].write_bytes(k.flip(self.paths[0].read_bytes(), 70))
        self.paths[2].write_bytes(self.paths[2].read_bytes()[:-1])
        before = {p: p.read_bytes() for p in self.wal.rglob("*") if p.is_file()}
        run = self.append("--verify", status=3)
        self.assertEqual(run.err.count("warning: "), 2)
        self.assertIn("batch crc", run.err)
        self.assertIn("torn tail", run.err)
        self.assertIn("7 records in 7 batches", run.text)
        self.assertEqual({p: p.read_bytes() for p in self.wal.rglob("*") if p.is_file()}, before)

    def test_a_log_that_ends_before_its_recovery_point(self):
        (self.wal / "recovery-point-offset-checkpoint").write_text("0\n1\nt 0 9\n")
        self.paths[2].write_bytes(self.paths[2].read_bytes()[:self.batches[0].size])
        run = self.append("--ack", stdin=b"new\n", status=3)
        self.assertIn("end of the log; expected offset 9, which was durable, got 7", run.err)
        self.assertEqual(run.lines()[0]["base_offset"], 7)

    def test_a_log_that_is_refused_leaves_the_directory_as_clean_as_it_was(self):
        self.append()
        marker = self.wal / ".kafka_cleanshutdown"
        self.assertTrue(marker.exists())
        (self.log / "00000000000000000000.log.swap").write_bytes(b"")
        self.append(status=1)
        self.assertTrue(marker.exists())

    def test_an_interrupted_compaction_is_left_to_a_broker(self):
        (self.log / "00000000000000000000.log.swap").write_bytes(b"")
        run = self.append(status=1)
        self.assertIn("interrupted compaction", run.err)


if __name__ == "__main__":
    k.main()
