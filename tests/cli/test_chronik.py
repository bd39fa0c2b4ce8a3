# SPDX-License-Identifier: Apache-2.0
"""decode of Chronik WAL files, against the readings beside them (tests/data/chronik/README.md)."""

import base64
import collections
import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402

CHRONIK = k.TESTS / "data" / "chronik"
FILES_PER_RUN = 1500
Stretch = collections.namedtuple("Stretch", "line records")


def truth_of(case):
    """{path in the case: [Stretch]}, in the order of each file."""
    files = collections.defaultdict(list)
    for text in (case / "truth.jsonl").read_text().splitlines():
        line = json.loads(text)
        if line["type"] == "file":
            files[line["path"]]
        elif line["type"] == "record":
            stretch.records.append(line)
        else:
            stretch = Stretch(line, [])
            files[line["file"]].append(stretch)
    return files


CASES = {case.name: truth_of(case) for case in sorted(CHRONIK.iterdir()) if (case / "truth.jsonl").is_file()}
FILES = [(case, path) for case, files in CASES.items() for path in files]
# The record's CRC says that it is damaged. The truth leaves it out; it is given back, and the warning says so.
GIVEN_BACK = {"v1-damaged"}


def is_bad(stretch):
    """Whether something must be reported of it."""
    line = stretch.line
    return line["type"] == "gap" or not (line["crc_matches"] or line.get("crc_matches_length_zero"))


def bytes_of(value):
    """A byte string of a JSON line of ours."""
    if isinstance(value, dict):
        return base64.b64decode(value["base64"])
    return None if value is None else value.encode()


def from_truth(value):
    return None if value is None else base64.b64decode(value)


def our_record(line):
    """The fields that the truth has, in its words."""
    result = {name: line[name] for name in ("offset", "timestamp", "timestamp_type")}
    result |= {name: line.get(name, -1) for name in ("producer_id", "producer_epoch", "sequence")}
    result |= {"transactional": line.get("transactional", False), "control": "control" in line,
               "attributes": line.get("attributes", 0), "key": bytes_of(line["key"]), "value": bytes_of(line["value"]),
               "headers": [(bytes_of(h["key"]), bytes_of(h["value"])) for h in line["headers"]]}
    return result


def true_record(line):
    result = {name: value for name, value in line.items() if name not in ("type", "value_size", "value_sha256")}
    result["key"] = from_truth(line["key"])
    result["headers"] = [(from_truth(h["key"]), from_truth(h["value"])) for h in line["headers"]]
    # The record's own attributes are a byte; JSON lines show it without a sign.
    result["attributes"] = line["attributes"] & 0xff
    result["value"] = (line["value_size"], line["value_sha256"]) if "value_sha256" in line else from_truth(line["value"])
    return result


def same_size(ours, true):
    """The record of ours with its value in the truth's form."""
    value = ours["value"]
    if isinstance(true["value"], tuple) and value is not None:
        return ours | {"value": (len(value), hashlib.sha256(value).hexdigest())}
    return ours


class Files(unittest.TestCase):
    def test_there_are_files(self):
        self.assertGreater(len(FILES), 35)

    def test_records_are_those_of_the_truth(self):
        for case, path in FILES:
            with self.subTest(case=case, file=path):
                stretches = CASES[case][path]
                run = k.decode("--json", CHRONIK / case / path)
                lines = run.lines()
                expected = [true_record(r) for s in stretches for r in s.records]
                self.assertEqual(run.status, 3 if any(map(is_bad, stretches)) else 0, str(run))
                topics = [(s.line["topic"], s.line["partition"]) for s in stretches for _ in s.records]
                if case in GIVEN_BACK:
                    known = {r["offset"] for r in expected}
                    extra = [line for line in lines if line["offset"] not in known]
                    self.assertEqual(len(extra), 1, str(run))
                    lines = [line for line in lines if line["offset"] in known]
                self.assertEqual(len(lines), len(expected), str(run))
                for line, true, (topic, partition) in zip(lines, expected, topics):
                    self.assertEqual(same_size(our_record(line), true), true)
                    folders = path.split("/")
                    self.assertEqual(line["topic"], folders[1] if topic is None else topic)
                    self.assertEqual(line["partition"], int(folders[2]) if partition is None else partition)

    def test_positions_are_those_of_the_file(self):
        for case, path in FILES:
            with self.subTest(case=case, file=path):
                log = CHRONIK / case / path
                run = k.decode("--batches", "--json", log)
                lines = run.lines()
                gaps = [(g["gap"]["position"], g["gap"]["size"]) for g in lines if k.is_gap(g)]
                at = {line["position"] for line in lines if not k.is_gap(line) and line["valid"]}
                true_gaps = [(s.line["position"], s.line["size"]) for s in CASES[case][path] if s.line["type"] == "gap"]
                whole = {s.line["position"] for s in CASES[case][path] if s.line["type"] == "wal_record"}
                shown = {line["position"] for line in lines if not k.is_gap(line)} - whole
                self.assertEqual(whole - at, set(), str(run))
                for position, size in true_gaps:
                    # Either nothing can be read there, or it is a batch that is shown as wrong.
                    self.assertTrue((position, size) in merged(gaps) or position in shown, f"{position}+{size}: {run} {gaps}")
                for gap in lines:
                    if k.is_gap(gap):
                        self.assertIn(gap["gap"]["reason"], k.GAP_REASONS)

    def test_warnings_name_the_position_of_what_is_wrong(self):
        for case, path in FILES:
            with self.subTest(case=case, file=path):
                log = CHRONIK / case / path
                run = k.decode("--json", log)
                warned = {int(n) for n in re.findall(rf"(?m)^warning: {re.escape(str(log))}: offset (\d+): ", run.err)}
                self.assertEqual(warned, {s.line["position"] for s in CASES[case][path] if is_bad(s)}, str(run))

    def test_batches_read_back_as_a_segment_hold_the_same_records(self):
        with k.scratch() as d:
            for case, path in FILES:
                with self.subTest(case=case, file=path):
                    log = CHRONIK / case / path
                    raw = k.decode("--format", "raw", log)
                    (d / "batches.bin").write_bytes(raw.out)
                    again = k.decode("--json", d / "batches.bin")
                    if raw.out:
                        self.assertEqual((again.status, again.err), (0, ""), str(again))
                    self.assertEqual(k.without_place(again.lines()), k.without_place(k.decode("--json", log).lines()))
                    self.assertEqual(k.decode("--format", "raw", log).out, raw.out, "not the same bytes each time")

    def test_stdin_reads_as_the_file_does(self):
        for case, path in FILES:
            with self.subTest(case=case, file=path):
                log = CHRONIK / case / path
                run, piped = k.decode("--batches", "--json", log), k.decode("--batches", "--json", "-", stdin=log.read_bytes())
                # Garbage in front can only be told by the file's name.
                if case != "v2-garbage-ends":
                    self.assertEqual((piped.status, piped.lines()), (run.status, run.lines()), str(piped))

    def test_every_printer_takes_them(self):
        for case, path in FILES:
            log = CHRONIK / case / path
            status = k.decode("--json", log).status
            for options in (["--batches"], ["--summary"], ["--summary", "--json"], ["--hexdump"], ["--shallow", "--batches"], []):
                with self.subTest(case=case, file=path, options=options):
                    run = k.decode(*options, log)
                    self.assertEqual(run.status, status, str(run))


def merged(gaps):
    """The gaps, and those that touch each other as one."""
    found = set(gaps)
    for position, size in gaps:
        end = position + size
        for other, more in gaps:
            if other == end:
                end += more
                found.add((position, end - position))
    return found


class Choices(unittest.TestCase):
    LOG = CHRONIK / "v2-plain" / "wal" / "orders" / "0" / "wal_0_0.log"

    def offsets(self, *options):
        run = k.decode("--json", *options, self.LOG)
        self.assertEqual(run.status, 0, str(run))
        return [line["offset"] for line in run.lines()]

    def test_ranges_keys_and_limits(self):
        everything = self.offsets()
        some = everything[2:5]
        self.assertEqual(self.offsets("--offsets", f"{some[0]}..{some[-1] + 1}"), some)
        self.assertEqual(self.offsets("--limit", "3"), everything[:3])
        lines = k.decode("--json", self.LOG).lines()
        key = next(line["key"] for line in lines if isinstance(line["key"], str) and line["key"])
        self.assertEqual(self.offsets("--key", re.sub(r"([*?\[\\])", r"\\\1", key)),
                         [line["offset"] for line in lines if line["key"] == key])
        times = sorted(line["timestamp"] for line in lines)
        middle = times[len(times) // 2]
        if middle >= 0:
            self.assertEqual(self.offsets("--since", str(middle)), [x["offset"] for x in lines if x["timestamp"] >= middle])

    def test_input_as_hex(self):
        hexed = self.LOG.read_bytes().hex().encode()
        self.assertEqual(k.decode("--batches", "--json", "-", stdin=hexed).lines(),
                         k.decode("--batches", "--json", self.LOG).lines())

    def test_a_directory_stands_for_its_files(self):
        case = CHRONIK / "v2-topics"
        run = k.decode("--json", case / "wal")
        self.assertEqual(run.status, 0, str(run))
        found = collections.Counter((line["topic"], line["partition"]) for line in run.lines())
        expected = collections.Counter((s.line["topic"], s.line["partition"])
                                       for stretches in CASES["v2-topics"].values() for s in stretches for _ in s.records)
        self.assertEqual(found, expected)
        two = k.decode("--json", CHRONIK / "v2-two-files" / "wal" / "orders" / "0").lines()
        self.assertEqual([line["offset"] for line in two],
                         [r["offset"] for s in CASES["v2-two-files"].values() for x in s for r in x.records])

    def test_a_record_larger_than_the_limit_is_damage(self):
        log = CHRONIK / "v2-large" / "wal" / "orders" / "0" / "wal_0_0.log"
        run = k.decode("--batches", "--json", "--max-batch-bytes", "50000", log)
        self.assertEqual(run.status, 3, str(run))
        self.assertTrue(any(k.is_gap(line) for line in run.lines()), str(run))

    def test_the_name_alone_tells_a_file_whose_first_record_is_damaged(self):
        with k.scratch() as d:
            folder = d / "wal" / "orders" / "0"
            folder.mkdir(parents=True)
            data = bytearray(self.LOG.read_bytes())
            data[0] ^= 0xff
            (folder / "wal_0_7.log").write_bytes(data)
            run = k.decode("--batches", "--json", folder / "wal_0_7.log")
            lines = run.lines()
            self.assertEqual(run.status, 3, str(run))
            self.assertEqual(lines[0]["gap"]["position"], 0)
            self.assertEqual(lines[1:], k.decode("--batches", "--json", self.LOG).lines()[1:])


class Following(unittest.TestCase):
    def test_a_record_is_printed_once_it_is_whole(self):
        log = Choices.LOG
        data = log.read_bytes()
        first = CASES["v2-plain"]["wal/orders/0/wal_0_0.log"][0].line["size"]
        with k.scratch() as d:
            growing = d / "wal_0_0.log"
            growing.write_bytes(data[:first + 20])
            run = subprocess.Popen([k.program(), "decode", "--batches", "--json", "--follow", growing],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            try:
                self.assertEqual(json.loads(run.stdout.readline())["position"], 0)
                with open(growing, "ab") as file:
                    file.write(data[first + 20:])
                self.assertEqual(json.loads(run.stdout.readline())["position"], first)
            finally:
                run.send_signal(signal.SIGINT)
                run.communicate(timeout=20)


class EveryCutAndFlip(unittest.TestCase):
    """Of some small files: no crash, and no record lost but those that are hit."""
    CASES = ("v1-then-v2", "v2-original-v1-first-assigned", "v2-no-original-fields")

    def runs(self, files):
        found = {name: [] for name in files}
        names = list(files)
        for start in range(0, len(names), FILES_PER_RUN):
            part = names[start:start + FILES_PER_RUN]
            with k.scratch(in_memory=True) as d:
                for name in part:
                    (d / name).write_bytes(files[name])
                run = k.decode("--batches", "--json", *part, cwd=d, timeout=120)
                self.assertIn(run.status, (0, 3), str(run))
                for line in run.lines():
                    found[os.path.basename(line.pop("file"))].append(line)
        return found

    def each(self):
        for case in self.CASES:
            for path in CASES[case]:
                data = (CHRONIK / case / path).read_bytes()
                lines = k.decode("--batches", "--json", CHRONIK / case / path).lines()
                extents = [(s.line["position"], s.line["size"]) for s in CASES[case][path]]
                yield case, data, lines, extents

    def test_each_cut(self):
        for case, data, lines, extents in self.each():
            with self.subTest(case=case):
                cuts = k.fewer(range(len(data)))
                found = self.runs({f"wal_0_{n}.log": data[:n] for n in cuts})
                for n in cuts:
                    whole = [(p, s) for p, s in extents if p + s <= n]
                    end = sum(whole[-1]) if whole else 0
                    here = found[f"wal_0_{n}.log"]
                    gaps = [line["gap"] for line in here if k.is_gap(line)]
                    self.assertEqual([x for x in here if not k.is_gap(x)], [x for x in lines if x["position"] < end], n)
                    expected = [{"position": end, "size": n - end, "reason": "torn_tail"}] if n > end else []
                    self.assertEqual(gaps, expected, f"cut at {n}")

    def test_each_flipped_bit(self):
        for case, data, lines, extents in self.each():
            with self.subTest(case=case):
                places = k.fewer([(y, i) for y in range(len(data)) for i in range(8)])
                found = self.runs({f"wal_{i}_{y}.log": k.flip(data, y, i) for y, i in places})
                for y, i in places:
                    hit = next(p for p, s in extents if p <= y < p + s)
                    here = found[f"wal_{i}_{y}.log"]
                    expected = [x for x in lines if x["position"] != hit]
                    others = [x for x in here if not k.is_gap(x) and x["position"] != hit]
                    self.assertEqual(others, expected, f"byte {y} bit {i}")

    def test_a_flipped_bit_is_reported(self):
        with k.scratch() as d:
            for case, data, _, extents in self.each():
                for y in k.sample(range(len(data)), 60):
                    with self.subTest(case=case, byte=y):
                        log = d / "wal_0_0.log"
                        log.write_bytes(k.flip(data, y, y % 8))
                        run = k.decode("--json", log)
                        self.assertEqual(run.status, 3, str(run))
                        hit = next(p for p, s in extents if p <= y < p + s)
                        self.assertRegex(run.err, rf"(?m)^warning: {re.escape(str(log))}: offset {hit}: ")


if __name__ == "__main__":
    k.main()
