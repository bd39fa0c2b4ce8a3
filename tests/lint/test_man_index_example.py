# SPDX-License-Identifier: Apache-2.0
"""The worked example of kseg-index.5 is a batch table, and every line of it is true."""

import pathlib
import re
import sys
import unittest

import project

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import batch_table  # noqa: E402
from test_man_example import zigzag  # noqa: E402

PAGE = "man/kseg-index.5"
FIXTURE = "tests/data/kseg-index.5.batches.bin"
FIXED = {"mask", "crc", "producer_row"}
KINDS = ("batch", "bad_crc", "gap")


def example():
    """The example's groups of lines, each as (position, bytes, field, text)."""
    section = project.text(PAGE).split("\n.Sh EXAMPLE\n")[1].split("\n.Sh ")[0]
    block = section.split("\n.Bd ")[1].split("\n", 1)[1].split("\n.Ed")[0]
    groups = [[]]
    for line in block.splitlines():
        if not line.strip():
            groups.append([])
            continue
        match = re.fullmatch(r" *(\d+)  ((?:[0-9a-f]{2} )*[0-9a-f]{2}) +([a-z_]+) +(.+)", line)
        assert match, f"not a line of the example: {line}"
        groups[-1].append((int(match[1]), bytes.fromhex(match[2]), match[3], match[4]))
    return groups


class Example(unittest.TestCase):
    def setUp(self):
        *self.rows, self.directory, self.footer = example()
        self.lines = [line for group in (*self.rows, self.directory, self.footer) for line in group]

    def test_it_is_the_fixture_and_positions_run_through(self):
        self.assertEqual(b"".join(line[1] for line in self.lines), (project.SOURCE / FIXTURE).read_bytes())
        at = 0
        for position, data, field, _ in self.lines:
            self.assertEqual(position, at, field)
            at += len(data)

    def test_rows(self):
        decoded = batch_table.read_table(project.SOURCE / FIXTURE)
        self.assertEqual(len(decoded), len(self.rows))
        for lines, row in zip(self.rows, decoded):
            for _, data, field, text in lines:
                if field in FIXED:
                    continue
                value, expected, sign, difference = re.fullmatch(r"(\S+) = (\S+) ([+-]) (\d+)", text).groups()
                self.assertEqual(int(value, 0), KINDS.index(row[field]) if field == "kind" else row[field], field)
                self.assertEqual(int(sign + difference), zigzag(data), field)
                self.assertEqual(int(value, 0), int(expected) + zigzag(data), field)
            _, data, _, text = next(line for line in lines if line[2] == "crc")
            self.assertEqual((int(text, 0), text), (row["crc"], f"0x{data.hex()}"))

    def test_masks_and_producer_rows(self):
        for lines in self.rows:
            for at, (_, data, field, text) in enumerate(lines):
                if field == "mask":
                    bits = [bit + 8 * at for bit in range(8) if data[0] >> bit & 1]
                    self.assertEqual([int(bit) for bit in re.findall(r"\d+", text)], bits)
                elif field == "producer_row":
                    self.assertEqual(text, f"{data[0] + 1} rows back")

    def test_directory_and_footer(self):
        for _, data, field, text in self.directory + self.footer:
            if field == "magic_word":
                self.assertEqual(text, f'"{data.decode()}"')
            else:
                self.assertEqual(int(text, 0), int.from_bytes(data, "big", signed=True) if "0x" not in text else
                                 int.from_bytes(data, "big"), field)


if __name__ == "__main__":
    unittest.main()
