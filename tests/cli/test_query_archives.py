# SPDX-License-Identifier: Apache-2.0
"""query on archives: which are opened, which topic's, and what the options of a store do."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import query_check as c  # noqa: E402

OLD, NEW = "A" * 21 + "Q", "B" * 21 + "Q"


class Archives(k.ScratchCase):
    def put(self, first, count, *options, topic="t", time=1_700_000_000_000):
        """An archive of a segment with a record a batch, an offset a millisecond; its segment is gone afterwards."""
        wal, indexes = self.dir / f"wal-{first}-{time}", self.dir / f"index-{first}-{time}"
        lines = b"".join(b'{"offset":%d,"timestamp":%d,"timestamp_type":"create","key":null,"value":"n%d","headers":[]}\n' %
                         (i, time + i, i) for i in range(first, first + count))
        run = k.run("wal-append", "--wal", wal, "--topic", topic, "--input", "jsonl", "--keep-offsets", "--batch-bytes", "1",
                    "--sync", "none", stdin=lines)
        self.assertEqual(run.status, 0, run)
        file = wal / f"{topic}-0" / f"{first:020d}.log"
        run = k.run("index", "-o", indexes, file)
        self.assertEqual(run.status, 0, run)
        c.pack(indexes, self.dir / "store", *options)
        file.unlink()

    def query(self, *options, status=0):
        run = k.run("query", "--store", self.dir / "store", "--topic", "t", "--format", "jsonl", *options)
        self.assertEqual(run.status, status, run)
        return run

    def offsets(self, run):
        return [line["offset"] for line in run.lines()]

    def test_only_what_may_match_is_opened(self):
        for first in (0, 100, 200):
            self.put(first, 100)
        run = self.query("--explain", "--offsets", "150..160")
        self.assertEqual(self.offsets(run), list(range(150, 160)))
        self.assertEqual(len(re.findall("slice: archive", run.err)), 1)
        self.assertRegex(run.err, "total: 1 slices, 1 files")
        run = self.query("--explain", "--since", "1700000000250")
        self.assertEqual(self.offsets(run), list(range(250, 300)))
        self.assertEqual(len(re.findall("skipped by its name", run.err)), 2)
        self.assertRegex(run.err, "total: 3 slices, 1 files")
        run = k.run("query", "--store", self.dir / "store", "--topic", "t", "--match", "n7 OR n107 OR n299", "--format", "raw")
        self.assertEqual([b.base_offset for b in k.parse_batches(run.out)], [7, 107, 299])
        self.assertEqual(self.query("--count").text, "300\n")

    def test_what_no_archive_holds_between_two_is_told(self):
        self.put(0, 10)
        self.put(20, 10)
        run = self.query(status=3)
        self.assertEqual(self.offsets(run), [*range(10), *range(20, 30)])
        self.assertIn("offsets 10 to 19 are missing", run.err)

    def test_of_overlapping_archives_the_first_answers_to_its_end(self):
        self.put(0, 60, time=1_700_000_000_000)
        self.put(40, 60, time=1_600_000_000_000)
        run = self.query()
        self.assertEqual([(line["offset"], line["timestamp"] > 1_650_000_000_000) for line in run.lines()],
                         [(i, i < 60) for i in range(100)])

    def test_topics_that_followed_one_another(self):
        self.put(0, 10, "--topic-id", OLD, time=1_600_000_000_000)
        self.put(2, 5, "--topic-id", NEW)
        run = self.query(status=3)
        self.assertEqual(self.offsets(run), list(range(2, 7)))
        self.assertIn(OLD, run.err)
        self.assertEqual(self.offsets(self.query("--topic-id", NEW)), list(range(2, 7)))
        self.assertEqual(self.offsets(self.query("--topic-id", OLD)), list(range(10)))

    def test_an_endpoint_for_a_directory(self):
        self.put(0, 1)
        run = self.query("--s3-endpoint", "http://127.0.0.1:1", status=1)
        self.assertIn("--s3-endpoint", run.err)

    def test_a_store_without_the_topic(self):
        self.put(0, 1, topic="other")
        run = self.query(status=1)
        self.assertIn("no topic t; there is other", run.err)


if __name__ == "__main__":
    k.main()
