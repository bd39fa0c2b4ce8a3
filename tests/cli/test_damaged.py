# SPDX-License-Identifier: Apache-2.0
"""decode of damaged segments, against Kafka's verdict: never laxer, nothing good lost, everything accounted for."""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402

VERDICTS = {v["case"]: v for v in k.fewer(k.verdicts())}
SIBLINGS = ("v0-none", "v0-gzip", "v2-none", "v2-lz4", "v2-zstd")
# The CRC is right, and Kafka is content with the batch; the body contradicts its header all the same.
FINER_THAN_KAFKA = ("-count-0", "-lastdelta--1", "-lastdelta-0", "-lastdelta-5", "-magic-3", "-magic-127", "-magic--1")
HARMLESS = ("-ok", "-leader-epoch-changed", "-attr-unused-bits", "-rec-attr", "-bomb64m")
BAD_LENGTHS = ("-len--1", "-len-0", "-len-1", "-len-13", "-len--2147483648")


def sibling(case):
    return next(s for s in SIBLINGS if case.startswith(s + "-"))


def kafka_found_something(v):
    return bool(v.get("iterationError") or v.get("trailingBytes")
                or any(not b["valid"] or b.get("error") or b.get("recordsError") for b in v["batches"]))


def occurrences(data, part):
    at = data.find(part)
    while at >= 0:
        yield at
        at = data.find(part, at + 1)


def expected_problem(case):
    """The `problem` values allowed for batch 2, or None when the case says nothing of it."""
    if re.search(r"-codec-[567]$", case):
        return {"bad_codec"}
    if "-count-" in case:
        return {"bad_count"}
    if re.search(r"-lastdelta-(0|5|-1)$", case):
        return {"bad_delta"}
    if "-reclen-" in case or "-keylen-" in case:
        return {"bad_record"}
    if "-comp-" in case and case != "v2-lz4-comp-extra":  # Kafka reads over bytes behind an lz4 frame
        return {"bad_codec"}
    return None


def for_each_case(check):
    """Makes a test of check(self, case, verdict, lines of --batches --json): one subtest a damaged file."""
    def test(self):
        for case, verdict in VERDICTS.items():
            with self.subTest(case=case, what=verdict["what"]):
                check(self, case, verdict, self.batches[case].lines())
    test.__name__ = check.__name__
    return test


class DamagedFiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.batches = {case: k.decode("--batches", "--json", k.damaged_log(case)) for case in VERDICTS}
        cls.healthy = {s: k.log_batches(k.damaged_log(s + "-ok")) for s in SIBLINGS}

    def second(self, case, lines):
        """The line that covers the start of batch 2 of the healthy file."""
        at = self.healthy[sibling(case)][1].position
        return next((line for position, size, line in k.extents(lines) if position <= at < position + size), None)

    @for_each_case
    def test_exit_status_is_3_when_kafka_finds_anything_wrong(self, case, verdict, _lines):
        run = self.batches[case]
        if kafka_found_something(verdict) or case.endswith(FINER_THAN_KAFKA):
            self.assertEqual(run.status, 3, str(run))
        elif case.endswith(HARMLESS):
            self.assertEqual(run.status, 0, str(run))
        else:
            self.assertIn(run.status, (0, 3), str(run))

    @for_each_case
    def test_batches_and_gaps_cover_the_file_in_order(self, case, verdict, lines):
        self.assertIsNone(k.coverage_fault(lines, verdict["fileSize"]))

    @for_each_case
    def test_gap_reasons_and_problems_are_the_documented_ones(self, _case, _verdict, lines):
        for line in lines:
            if k.is_gap(line):
                self.assertIn(line["gap"]["reason"], k.GAP_REASONS, line)
            else:
                self.assertIn(line["problem"], k.PROBLEMS | {None}, line)
                self.assertEqual(line["valid"], line["crc"] == line["crc_computed"], line)

    @for_each_case
    def test_every_batch_that_kafka_calls_good_is_there(self, case, verdict, lines):
        data = k.damaged_log(case).read_bytes()
        found = k.valid_extents(lines)
        for b in verdict["batches"]:
            if b["valid"] and not b.get("recordsError") and data[b["position"] + 16] <= 2:
                self.assertIn((b["position"], b["size"]), found, f"lost: {self.batches[case]}")

    @for_each_case
    def test_every_unharmed_batch_behind_the_damage_is_there(self, case, _verdict, lines):
        data = k.damaged_log(case).read_bytes()
        found = k.valid_extents(lines)
        for b in self.healthy[sibling(case)]:
            for at in occurrences(data, b.data):
                self.assertIn((at, b.size), found, f"lost: {self.batches[case]} {str(lines)[:600]}")

    @for_each_case
    def test_what_kafka_calls_invalid_is_never_valid(self, case, verdict, lines):
        for b in verdict["batches"]:
            if not b["valid"]:
                ours = [x for x in lines if not k.is_gap(x) and x["position"] == b["position"] and x["valid"]]
                self.assertEqual(ours, [])

    @for_each_case
    def test_unknown_magic_is_never_a_good_batch(self, case, _verdict, lines):
        if "-magic-" in case:
            line = self.second(case, lines)
            self.assertTrue(k.is_gap(line) or line["valid"] is not True or line["problem"] is not None, line)

    @for_each_case
    def test_a_body_that_does_not_parse_has_a_problem(self, case, verdict, lines):
        at = self.healthy[sibling(case)][1].position
        line = self.second(case, lines)
        problems = expected_problem(case)
        if problems:
            self.assertFalse(k.is_gap(line), line)
            self.assertEqual((line["position"], line["valid"]), (at, True), line)
            self.assertIn(line["problem"], problems, line)
        for b in verdict["batches"]:
            if b["valid"] and b.get("recordsError"):
                same = [x for x in lines if not k.is_gap(x) and x["position"] == b["position"]]
                self.assertTrue(same and same[0]["problem"] is not None, same)
        if re.search(r"-codec-[567]$", case):
            self.assertEqual(line["codec"], "unknown_" + case[-1])

    @for_each_case
    def test_unknown_attribute_bits_are_no_problem(self, case, _verdict, lines):
        if case.endswith(HARMLESS):
            self.assertFalse(k.shows_damage(lines), lines)

    @for_each_case
    def test_gap_reasons_tell_the_damage(self, case, _verdict, lines):
        data = k.damaged_log(case).read_bytes()
        gaps = [(line["gap"], data[line["gap"]["position"]:][:line["gap"]["size"]]) for line in lines if k.is_gap(line)]
        reasons = {gap["reason"] for gap, _ in gaps}
        if "-trunc-" in case:
            self.assertEqual(len(gaps), 1, lines)
            if len(gaps[0][1]) >= 8 and any(gaps[0][1]):
                self.assertEqual(reasons, {"torn_tail"}, lines)
        elif "-zero-" in case:
            self.assertEqual(reasons, {"zero_fill"}, lines)
        elif case.endswith("-garbage-tail"):
            self.assertTrue(reasons and reasons <= {"garbage", "bad_length", "bad_magic"}, lines)
        elif case.endswith(BAD_LENGTHS):
            self.assertEqual(gaps[0][0]["position"] if gaps else None, self.healthy[sibling(case)][1].position, lines)
            self.assertEqual(gaps[0][0]["reason"], "bad_length", lines)
        elif case.endswith(("-crc-flip", "-payload-flip", "-attr-flip")):
            self.assertEqual(gaps, [], "lengths lead on, so a bad CRC is no gap")

    @for_each_case
    def test_stdin_reads_as_the_file_does(self, case, _verdict, lines):
        run = k.decode("--batches", "--json", "-", stdin=k.damaged_log(case).read_bytes())
        self.assertEqual((run.status, run.lines()), (self.batches[case].status, lines), str(run))


class RecordsOfDamagedFiles(unittest.TestCase):
    def offsets_of(self, lines):
        return [line["offset"] for line in lines]

    def test_records_of_good_batches_come_out_and_the_status_says_so(self):
        for case, verdict in VERDICTS.items():
            if "bomb" in case:
                continue  # 64 MiB of zeros as JSON
            with self.subTest(case=case):
                log = k.damaged_log(case)
                run = k.decode("--json", log)
                lines = run.lines()
                if kafka_found_something(verdict) or case.endswith(FINER_THAN_KAFKA):
                    self.assertEqual(run.status, 3, str(run))
                    where = [x for x in run.err.splitlines() if re.match(rf"warning: {re.escape(str(log))}: offset \d+: ", x)]
                    self.assertTrue(where, f"{run}: no `warning: {log}: offset N: ...`")
                elif case.endswith(HARMLESS):
                    self.assertEqual((run.status, run.err), (0, ""), str(run))
                ok = k.log_batches(k.damaged_log(sibling(case) + "-ok"))
                data = log.read_bytes()
                present = set(self.offsets_of(lines))
                for b, first in zip(ok, (0, 10, 20) if sibling(case) != "v0-none" else (0, 1, 2)):
                    if b.data in data:
                        count = 10 if sibling(case) != "v0-none" else 1
                        missing = set(range(first, first + count)) - present
                        self.assertFalse(missing, f"{run}: records of the good batch at {b.position} are missing")
                by_stdin = k.decode("--json", "-", stdin=data)
                self.assertEqual((by_stdin.status, k.without_place(by_stdin.lines())), (run.status, k.without_place(lines)),
                                 "stdin differs from the file")

    def test_a_batch_with_a_wrong_crc_is_shown_only_with_damaged(self):
        for s in SIBLINGS:
            for kind in ("crc-flip", "attr-flip", "payload-flip"):
                with self.subTest(case=f"{s}-{kind}"):
                    log = k.damaged_log(f"{s}-{kind}")
                    count = 1 if s == "v0-none" else 10
                    good = set(range(count)) | set(range(2 * count, 3 * count))
                    hidden, shown = k.decode("--json", log), k.decode("--json", "--damaged", log)
                    self.assertEqual((hidden.status, shown.status), (3, 3), f"{hidden} {shown}")
                    self.assertEqual(set(self.offsets_of(hidden.lines())), good)
                    bad = [r for r in shown.lines() if r.get("crc_valid") is False]
                    rest = [r for r in shown.lines() if r.get("crc_valid") is not False]
                    self.assertEqual(set(self.offsets_of(rest)), good)
                    if kind != "payload-flip":
                        self.assertEqual(self.offsets_of(bad), list(range(count, 2 * count)), str(shown))
                        self.assertEqual(self.offsets_of(shown.lines()), list(range(3 * count)), "not in file order")

    def test_raw_of_a_damaged_file_is_whole_batches(self):
        for s in SIBLINGS:
            with self.subTest(case=s):
                log = k.damaged_log(f"{s}-len--1")
                run = k.decode("--format", "raw", log)
                ok = k.log_batches(k.damaged_log(f"{s}-ok"))
                self.assertEqual(run.status, 3, str(run))
                self.assertEqual(run.out, ok[0].data + ok[2].data)


if __name__ == "__main__":
    k.main()
