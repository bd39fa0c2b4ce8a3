# SPDX-License-Identifier: Apache-2.0
"""The worked example of kseg-segment.5 is a batch that Kafka wrote, and every line of it is true."""

import re
import struct
import unittest

import project

PAGE = "man/kseg-segment.5"
FIXTURE = "tests/data/kseg-segment.5.example.bin"
SEGMENT, POSITION = "tests/data/corpus/v2-txn-none/00000000000000000100.log", 79

HEADER = [("base_offset", ">q"), ("batch_length", ">i"), ("partition_leader_epoch", ">i"), ("magic", ">b"), ("crc", ">I"),
          ("attributes", ">H"), ("last_offset_delta", ">i"), ("base_timestamp", ">q"), ("max_timestamp", ">q"),
          ("producer_id", ">q"), ("producer_epoch", ">h"), ("base_sequence", ">i"), ("records_count", ">i")]


def example():
    """The example's lines as (position, bytes, field, value)."""
    section = project.text(PAGE).split("\n.Sh EXAMPLE\n")[1].split("\n.Sh ")[0]
    block = section.split("\n.Bd ")[1].split("\n", 1)[1].split("\n.Ed")[0]
    rows = []
    for line in block.splitlines():
        if line.strip():
            match = re.fullmatch(r' *(\d+)  ((?:[0-9a-f]{2} )*[0-9a-f]{2}) +([a-z_]+) +(".*"|\S+)', line)
            assert match, f"not a line of the example: {line}"
            rows.append((int(match[1]), bytes.fromhex(match[2]), match[3], match[4]))
    return rows


def zigzag(encoded):
    """The integer of one whole varint."""
    value = sum((byte & 0x7F) << (7 * i) for i, byte in enumerate(encoded))
    assert encoded[-1] < 0x80 and all(byte >= 0x80 for byte in encoded[:-1]), encoded
    return (value >> 1) ^ -(value & 1)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


class Example(unittest.TestCase):
    def setUp(self):
        self.rows = example()
        self.bytes = b"".join(row[1] for row in self.rows)

    def test_it_is_the_fixture_and_comes_from_the_corpus(self):
        self.assertEqual(self.bytes, (project.SOURCE / FIXTURE).read_bytes())
        segment = (project.SOURCE / SEGMENT).read_bytes()
        self.assertEqual(self.bytes, segment[POSITION:POSITION + len(self.bytes)])

    def test_positions_run_through(self):
        at = 0
        for position, data, field, _ in self.rows:
            self.assertEqual(position, at, field)
            at += len(data)

    def test_header_fields(self):
        fields = {}
        for (position, data, field, value), (name, form) in zip(self.rows, HEADER):
            self.assertEqual((field, len(data)), (name, struct.calcsize(form)))
            fields[field], = struct.unpack_from(form, self.bytes, position)
            self.assertEqual(int(value, 0), fields[field], field)
        self.assertEqual(fields["batch_length"], len(self.bytes) - 12)
        self.assertEqual(fields["crc"], crc32c(self.bytes[21:]))

    def test_records(self):
        rows = iter(self.rows[len(HEADER):])
        at = 61

        def take(expected):
            nonlocal at
            position, data, field, value = next(rows)
            self.assertEqual(field, expected)
            at = position + len(data)
            return position, data, value

        def number(field):
            _, data, value = take(field)
            self.assertEqual(int(value), zigzag(data), field)
            return int(value)

        def string(prefix):
            length = number(f"{prefix}_length")
            _, data, value = take(prefix)
            self.assertEqual(len(data), length, prefix)
            self.assertEqual(value, f'"{data.decode()}"', prefix)

        count = struct.unpack_from(">i", self.bytes, 57)[0]
        for index in range(count):
            length = number("length")
            start, data, value = take("attributes")
            self.assertEqual((data, value), (b"\0", "0"))
            number("timestamp_delta")
            self.assertEqual(number("offset_delta"), index)
            string("key")
            string("value")
            for _ in range(number("headers_count")):
                string("header_key")
                string("header_value")
            self.assertEqual(at, start + length)
        self.assertEqual(at, len(self.bytes))
        self.assertIsNone(next(rows, None))


if __name__ == "__main__":
    unittest.main()
