# SPDX-License-Identifier: Apache-2.0
"""Numbers at the ends of their ranges."""
import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402

LAST = 2**63 - 1


class Limits(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name) / "edge-2147483647"
        self.dir.mkdir()

    def write(self, base_offset, *batches):
        log = self.dir / f"{base_offset:020d}.log"
        log.write_bytes(b"".join(batches))
        return log

    def test_offsets_up_to_the_last_one(self):
        base = LAST - 2
        log = self.write(base, k.build_batch(base, [(b"a", b"1"), (b"b", b"2"), (b"c", b"3")]))
        run = k.decode("--json", log)
        self.assertEqual((run.status, run.err), (0, ""))
        lines = [json.loads(line) for line in run.text.splitlines()]
        self.assertEqual([line["offset"] for line in lines], [LAST - 2, LAST - 1, LAST])
        self.assertEqual({(line["topic"], line["partition"]) for line in lines}, {("edge", 2147483647)})
        for range_, offsets in ((str(LAST), [LAST]), (f"{LAST - 1}..", [LAST - 1, LAST]), (f"..{LAST}", [LAST - 2, LAST - 1])):
            with self.subTest(range=range_):
                run = k.decode("--json", "--offsets", range_, log)
                self.assertEqual([json.loads(line)["offset"] for line in run.text.splitlines()], offsets)
        batch = json.loads(k.decode("--batches", "--json", log).text)
        self.assertEqual((batch["base_offset"], batch["last_offset"]), (LAST - 2, LAST))
        summary = json.loads(k.decode("--summary", "--json", log).text)
        self.assertEqual((summary["first_offset"], summary["last_offset"]), (LAST - 2, LAST))

    def test_a_directory_whose_last_segment_ends_at_the_last_offset(self):
        self.write(LAST - 3, k.build_batch(LAST - 3, [(b"a", b"1")]))
        self.write(LAST - 2, k.build_batch(LAST - 2, [(b"b", b"2"), (b"c", b"3"), (b"d", b"4")]))
        run = k.decode("--json", self.dir)
        self.assertEqual((run.status, run.err), (0, ""))
        self.assertEqual(len(run.text.splitlines()), 4)


if __name__ == "__main__":
    unittest.main()
