# SPDX-License-Identifier: Apache-2.0
"""Exit statuses and messages."""

import gzip
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402

TEXT = b"The quick brown fox jumps over the lazy dog; it isn't a log, (really) not.\n" * 20
MESSAGE = re.compile(r"(error|warning): [^:]+: (offset \d+: )?\S.*")


class Errors(k.ScratchCase):
    def setUp(self):
        super().setUp()
        self.good = k.log_of("v2-idempotent")
        self.hurt = k.damaged_log("v2-none-crc-flip")

    def write(self, name, data):
        path = self.dir / name
        path.write_bytes(data)
        return path

    def assert_error(self, run, path, status=1):
        self.assertEqual(run.status, status, str(run))
        self.assertRegex(run.err, rf"(?m)^error: {re.escape(str(path))}: \S", str(run))

    def assert_forms(self, run):
        for line in run.err.splitlines():
            self.assertRegex(line, rf"\A{MESSAGE.pattern}\Z", str(run))

    def test_help_and_version(self):
        for args in (["--help"], ["--version"], ["decode", "--help"]):
            with self.subTest(args=args):
                run = k.run(*args)
                self.assertEqual((run.status, run.err), (0, ""), str(run))
                self.assertTrue(run.out.strip(), "help and version go to stdout")
        self.assertIn("decode", k.run("--help").text)
        self.assertRegex(k.run("--version").text, r"\d+\.\d+")
        for option in ("--batches", "--summary", "--hexdump", "--offsets", "--since", "--until", "--limit", "--key", "--follow",
                       "--shallow", "--damaged", "--max-batch-bytes", "--json", "--format", "--input", "--bytes", "--overwrite"):
            self.assertIn(option, k.decode("--help").text)

    def test_a_wrong_command_line_is_2(self):
        good = str(self.good)
        for args in (["decode", "--no-such-option", good], ["--no-such-option"], ["no-such-command"], ["decode", "--offsets", "x", good],
                     ["decode", "--offsets", "1..y", good], ["decode", "--since", "yesterdayish", good], ["decode", "--until", "-2x", good],
                     ["decode", "--since=2023-13-45T00:00:00Z", good], ["decode", "--limit", "many", good], ["decode", "--limit=-1", good],
                     ["decode", "--bytes", "base17", good], ["decode", "--format", "xml", good], ["decode", "--input", "morse", good],
                     ["decode", "--max-batch-bytes", "lots", good], ["--color", "sometimes", "decode", good],
                     ["decode", "--offsets"]):
            with self.subTest(args=args):
                run = k.run(*args)
                self.assertEqual(run.status, 2, str(run))
                self.assertTrue(run.err.strip(), "stderr says what is wrong")
                self.assertEqual(run.out, b"")

    def test_a_missing_file_is_1(self):
        for path in (self.dir / "absent.log", self.dir / "absent" / "x.log", self.dir / "absent.index"):
            with self.subTest(path=path.name):
                run = k.decode("--json", path)
                self.assert_error(run, path)
                self.assertEqual(run.out, b"")
                self.assert_forms(run)

    def test_the_file_is_named_as_it_was_typed(self):
        run = k.decode("--json", "./absent.log", cwd=self.dir)
        self.assert_error(run, "./absent.log")

    def test_what_is_no_kafka_data_is_1(self):
        for name, data in (("notes.txt", TEXT), ("program", pathlib.Path(sys.executable).resolve().read_bytes()[:20000]),
                           ("letter.gz", gzip.compress(TEXT)), ("short.txt", b"hello\n")):
            with self.subTest(name=name):
                path = self.write(name, data)
                run = k.decode("--json", path)
                self.assert_error(run, path)
                self.assertEqual(run.out, b"")
                run = k.decode("--json", "-", stdin=data)
                self.assertEqual((run.status, run.out), (1, b""), str(run))

    def test_one_missing_input_does_not_stop_the_other(self):
        absent = self.dir / "absent.log"
        wanted = [r["offset"] for r in k.truth("v2-idempotent").records]
        for files in ((absent, self.good), (self.good, absent)):
            with self.subTest(files=[f.name for f in files]):
                run = k.decode("--json", *files)
                self.assert_error(run, absent)
                self.assertEqual([r["offset"] for r in run.lines()], wanted, str(run))

    def test_an_empty_file_is_done(self):
        path = self.write("00000000000000000000.log", b"")
        for options in (["--json"], ["--batches", "--json"], ["--format", "raw"], []):
            with self.subTest(options=options):
                run = k.decode(*options, path)
                self.assertEqual((run.status, run.out, run.err), (0, b"", ""), str(run))

    def test_quiet_silences_warnings_but_not_the_status(self):
        loud, quiet = k.decode("--json", self.hurt), k.run("-q", "decode", "--json", self.hurt)
        self.assertEqual((loud.status, quiet.status), (3, 3), f"{loud} {quiet}")
        self.assertIn("warning:", loud.err)
        self.assertEqual(quiet.err, "")
        self.assertEqual(quiet.out, loud.out)
        self.assertEqual(k.run("--quiet", "decode", "--json", self.dir / "absent.log").status, 1)

    def test_messages_have_the_documented_form(self):
        for case in ("v2-none-crc-flip", "v2-lz4-comp-garbage", "v2-zstd-len--1", "v0-gzip-trunc-30", "v2-none-zero-hole",
                     "v2-none-count-9", "v0-none-magic-3", "v2-none-garbage-tail"):
            with self.subTest(case=case):
                path = k.damaged_log(case)
                run = k.decode("--json", path)
                self.assertEqual(run.status, 3, str(run))
                self.assertRegex(run.err, rf"(?m)^warning: {re.escape(str(path))}: offset \d+: \S")
                self.assert_forms(run)

    def test_a_wrong_crc_message_tells_both_crcs(self):
        batch = next(x for x in k.decode("--batches", "--json", self.hurt).lines() if not x["valid"])
        run = k.decode("--json", self.hurt)
        lines = [x for x in run.err.splitlines() if "0x" + batch["crc"] in x and "0x" + batch["crc_computed"] in x]
        self.assertTrue(lines, f"{run}: expected 0x{batch['crc']} and 0x{batch['crc_computed']} in one line")

    def test_two_inputs_one_damaged_is_3(self):
        run = k.decode("--json", self.good, self.hurt)
        self.assertEqual(run.status, 3, str(run))
        self.assertTrue(all("file" in line for line in run.lines()), "with more than one segment every line has `file`")
        self.assertEqual({pathlib.Path(line["file"]).name for line in run.lines()}, {self.good.name})
        self.assertEqual(len({line["file"] for line in run.lines()}), 2, "each line names its own file")

    def test_no_colour_in_a_pipe_and_none_with_no_color(self):
        for env in ({}, {"NO_COLOR": "1"}):
            run = k.decode(self.good, env=env)
            self.assertEqual(run.status, 0, str(run))
            self.assertNotIn(b"\x1b[", run.out)
            self.assertNotIn("\x1b[", run.err)


if __name__ == "__main__":
    k.main()
