# SPDX-License-Identifier: Apache-2.0
"""Options that every command takes, and those of output and threads."""
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402


class GlobalOptions(unittest.TestCase):
    def setUp(self):
        self.log = k.log_of("v2-mixed")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)

    def many_bad_batches(self):
        """A file of 150 batches whose stored CRCs are all wrong."""
        batch = bytearray(k.build_batch(0, [(b"k", b"v")]))
        batch[20] ^= 1
        log = self.dir / "bad.log"
        log.write_bytes(bytes(batch) * 150)
        return log

    def test_verbose_prints_every_warning(self):
        log = self.many_bad_batches()
        few, all_of_them = k.decode("--json", log), k.decode("--verbose", "--json", log)
        self.assertEqual((few.status, all_of_them.status), (3, 3))
        self.assertIn("50 more warnings", few.err)
        self.assertEqual(few.err.count("batch crc"), 100)
        self.assertEqual(all_of_them.err.count("batch crc"), 150)
        self.assertIn(f"reading {log}", all_of_them.err)

    def test_quiet_and_verbose_stand_before_or_behind_the_command(self):
        log = self.many_bad_batches()
        self.assertEqual(k.run("--quiet", "decode", log).err, "")
        self.assertEqual(k.run("decode", "--quiet", log).err, "")
        self.assertEqual(k.run("-v", "decode", log).err.count("batch crc"), 150)

    def test_progress_shows_bytes_only_where_asked_for_in_a_pipe(self):
        self.assertIn("B/s", k.decode("--progress", "--json", self.log).err)
        self.assertEqual(k.decode("--no-progress", "--json", self.log).err, "")
        self.assertEqual(k.decode("--json", self.log).err, "")

    def test_any_number_of_jobs_prints_the_same(self):
        log = k.log_of("v2-none")
        one = k.decode("--json", "--jobs", "1", log).out
        for jobs in ("2", "5"):
            self.assertTrue(k.decode("--json", "--jobs", jobs, log).out == one)
        self.assertEqual(k.decode("--jobs", "0", log).status, 2)
        summary = k.decode("--summary", "--json", "--jobs", "1", log).out
        self.assertEqual(k.decode("--summary", "--json", "--jobs", "3", log).out, summary)

    def test_output_by_its_long_name(self):
        target = self.dir / "out.jsonl"
        self.assertEqual(k.decode("--json", "--output", target, self.log).status, 0)
        self.assertEqual(target.read_bytes(), k.decode("--json", self.log).out)

    def test_options_that_contradict_each_other_are_a_wrong_command_line(self):
        for options in (("--hexdump", "--json"), ("--summary", "-f", "raw"), ("--shallow", "--key", "a*"),
                        ("--batches", "--summary")):
            with self.subTest(options=options):
                self.assertEqual(k.decode(*options, self.log).status, 2)


if __name__ == "__main__":
    unittest.main()
