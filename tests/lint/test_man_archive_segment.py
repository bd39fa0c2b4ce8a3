# SPDX-License-Identifier: Apache-2.0
"""The archive of a segment in kseg-archive.5 is one, and name and members are those that the page says."""

import json
import re
import sys
import unittest

import project

sys.path.insert(0, str(project.SOURCE / "tests/support"))
import archive_reader  # noqa: E402
import pack_store  # noqa: E402

PAGE = "man/kseg-archive.5"
STORE = project.SOURCE / "tests/data/kseg-archive.5.store"


def blocks():
    section = project.text(PAGE).split("\n.Ss A segment of a topic\n")[1].split("\n.Sh ")[0]
    return [block.split("\n.Ed")[0].split("\n", 1)[1] for block in section.split("\n.Bd ")[1:]]


class Segment(unittest.TestCase):
    def setUp(self):
        self.name, rows = blocks()
        self.rows = [(int(size), crc, name) for size, crc, name in re.findall(r"^ *(\d+)  ([0-9a-f]{8})  (\S+)$", rows, re.M)]
        self.assertEqual(len(self.rows), len(rows.splitlines()))
        self.archive = archive_reader.Archive((STORE / self.name).read_bytes())
        self.members = {m.name: self.archive.content(m) for m in self.archive.members}

    def test_name(self):
        self.assertEqual(pack_store.objects(STORE), [self.name])
        has = json.loads(self.members["manifest.json"])
        self.assertEqual(self.name, pack_store.name_of((STORE / self.name).read_bytes(), has, pack_store.TOPIC_ID))
        self.assertEqual(self.members["partition.metadata"].decode(), f"version: 0\ntopic_id: {pack_store.TOPIC_ID}")

    def test_members(self):
        self.assertEqual(self.rows, [(m.size, f"{m.crc:08x}", m.name) for m in self.archive.members])
        self.assertEqual([(len(c), f"{archive_reader.crc32c(c):08x}") for c in self.members.values()], [r[:2] for r in self.rows])

    def test_what_kafka_wrote_is_in_it(self):
        folder, = re.findall(r"^\.Pa (tests/data/corpus/\S+)$", project.text(PAGE), re.M)
        for extension in ("log", "index", "timeindex", "txnindex"):
            kafkas, = (project.SOURCE / folder).glob(f"*.{extension}")
            self.assertEqual(self.members[kafkas.name], kafkas.read_bytes())


if __name__ == "__main__":
    unittest.main()
