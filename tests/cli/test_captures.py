# SPDX-License-Identifier: Apache-2.0
"""Segments of batches that real clients wrote, against what they were asked to send (tests/data/captures/README.md)."""
import base64
import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402

CAPTURES = Path(__file__).resolve().parent.parent / "data" / "captures"
CASES = sorted(path.name for path in CAPTURES.iterdir() if path.is_dir())


def as_base64(value):
    """A byte string of our JSON in the form of the truth: base64, or None."""

    if value is None:
        return None
    if isinstance(value, str):
        return base64.b64encode(value.encode()).decode()
    return value["base64"]


class Captures(unittest.TestCase):
    def test_there_are_captures_of_three_clients(self):
        self.assertEqual({case.split("-")[0] for case in CASES}, {"java", "kafka", "librdkafka"})

    def test_records_are_what_the_client_sent(self):
        for case in CASES:
            with self.subTest(case=case):
                log = next((CAPTURES / case).glob("*-0/*.log"))
                truth = [json.loads(line) for line in (CAPTURES / case / "truth.jsonl").read_text().splitlines()]
                run = k.decode("--json", log)
                self.assertEqual((run.status, run.err), (0, ""))
                lines = [json.loads(line) for line in run.text.splitlines()]
                self.assertEqual(len(lines), len(truth))
                for ours, theirs in zip(lines, truth):
                    self.assertEqual(ours["partition"], 0)
                    self.assertEqual(ours["topic"], log.parent.name[:-2])
                    for field in ("offset", "timestamp", "timestamp_type"):
                        self.assertEqual(ours[field], theirs[field], theirs)
                    for field in ("key", "value"):
                        self.assertEqual(as_base64(ours[field]), theirs[field], theirs)
                    headers = [{"key": h["key"], "value": as_base64(h["value"])} for h in ours["headers"]]
                    self.assertEqual(headers, theirs["headers"], theirs)
                    self.assertEqual(ours.get("control", {}).get("type"), theirs["control"], theirs)

    def test_batches_come_back_byte_for_byte(self):
        for case in CASES:
            with self.subTest(case=case):
                log = next((CAPTURES / case).glob("*-0/*.log"))
                self.assertTrue(k.decode("-f", "raw", log).out == log.read_bytes())

    def test_every_codec_is_there(self):
        codecs = set()
        for case in CASES:
            log = next((CAPTURES / case).glob("*-0/*.log"))
            for line in k.decode("--batches", "--json", log).text.splitlines():
                batch = json.loads(line)
                self.assertTrue(batch["valid"])
                self.assertIsNone(batch["problem"])
                codecs.add((case.split("-")[0], batch["codec"]))
        for client in ("java", "kafka", "librdkafka"):
            for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
                self.assertIn((client, codec), codecs)


if __name__ == "__main__":
    unittest.main()
