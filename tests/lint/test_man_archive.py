# SPDX-License-Identifier: Apache-2.0
"""The worked example of kseg-archive.5 is an archive, every line of it is true, and its numbers fit each other."""

import io
import re
import sys
import tarfile
import unittest
import zlib

import project

sys.path.insert(0, str(project.SOURCE / "tests/support"))
import archive_reader  # noqa: E402

PAGE = "man/kseg-archive.5"
FIXTURE = "tests/data/kseg-archive.5.example.tar.gz"
LITTLE = {"crc32", "length", "extra_bytes", "subfield_bytes"}


def example():
    """The example's lines as [position, bytes, field, value]; those without a field belong to the one before."""
    section = project.text(PAGE).split("\n.Sh EXAMPLE\n")[1].split("\n.Sh ")[0]
    block = section.split("\n.Bd ")[1].split("\n", 1)[1].split("\n.Ed")[0]
    rows = []
    for line in block.splitlines():
        match = re.fullmatch(r" *(\d+)  ((?:[0-9a-f]{2} )*[0-9a-f]{2})(?: +([a-z_0-9]+)  +(\S.*))?", line)
        assert match, f"not a line of the example: {line}"
        data = bytes.fromhex(match[2])
        if match[3]:
            rows.append([int(match[1]), data, match[3], match[4]])
        else:
            assert int(match[1]) == rows[-1][0] + len(rows[-1][1]), line
            rows[-1][1] += data
    return rows


class Example(unittest.TestCase):
    def setUp(self):
        self.rows = example()
        self.bytes = b"".join(row[1] for row in self.rows)

    def test_it_is_the_fixture(self):
        self.assertEqual(self.bytes, (project.SOURCE / FIXTURE).read_bytes())

    def test_offsets_run_through(self):
        at = 0
        for position, data, field, _ in self.rows:
            self.assertEqual(position, at, field)
            at += len(data)

    def test_values(self):
        told = 0
        for _, data, field, value in self.rows:
            if value.startswith('"'):
                self.assertEqual(data.decode(), value.strip('"'), field)
            elif re.fullmatch(r"\d+|0x[0-9a-f]{8}", value):
                self.assertEqual(int.from_bytes(data, "little" if field in LITTLE else "big"), int(value, 0), field)
            else:
                told += 1
        self.assertEqual(told, 3 + 3, "headers and deflate streams")

    def test_the_chunk(self):
        deflate, crc, length = (row[1] for row in self.rows[1:4])
        stream = zlib.decompress(deflate, -15)
        self.assertEqual(self.rows[1][3], f"{len(stream)} bytes of tar")
        self.assertEqual((zlib.crc32(stream), len(stream)), (int.from_bytes(crc, "little"), int.from_bytes(length, "little")))
        with tarfile.open(fileobj=io.BytesIO(stream)) as tar:
            self.assertEqual({info.name: tar.extractfile(info).read() for info in tar}, {"a": b"hi\n"})

    def test_the_table(self):
        archive = archive_reader.Archive(self.bytes)
        fields = {}
        for row in self.rows:
            fields.setdefault(row[2], []).append(row)
        self.assertEqual([m.name for m in archive.members], ["a"])
        self.assertEqual(archive.content(archive.members[0]), b"hi\n")
        self.assertEqual(archive.offset, fields["members"][0][0] - 16)
        self.assertEqual(int(fields["table_offset"][0][3]), archive.offset)
        self.assertEqual(int(fields["compressed"][0][3]), archive.offset)
        self.assertEqual(int(fields["table_bytes"][0][3]), len(archive.table))
        # The numbers that the text has.
        self.assertEqual(len(self.bytes) - fields["magic"][0][0], 42)
        self.assertEqual(len(self.bytes) - fields["header"][2][0], 58)


if __name__ == "__main__":
    unittest.main()
