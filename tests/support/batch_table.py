# SPDX-License-Identifier: Apache-2.0
"""Reads the batch table and the checksums of a segment index, as man/kseg-index.5 describes them."""

import pathlib
import struct

from kseg_cli import crc32c

FOOTER = struct.Struct(">8sIIQIII")
ENTRY = struct.Struct(">IIHHIqqqq")
KINDS = ("batch", "bad_crc", "gap")
# Ahead of the first row of each block.
NO_ROW = {"magic": 2, "position": 0, "size": 0, "records": 0, "attributes": 0, "base_offset": 0, "last_offset": -1,
          "leader_epoch": -1, "producer_id": -1, "producer_epoch": -1, "base_sequence": -1, "min_timestamp": -1,
          "max_timestamp": -1}
# Field, bit of the mask (None: always there), bits of its type, whether that is signed, what is expected of it.
FIELDS = (
    ("position", 11, 64, False, lambda row, before, producer: before["position"] + before["size"]),
    ("size", None, 64, False, lambda row, before, producer: before["size"]),
    ("records", None, 32, False, lambda row, before, producer: before["records"]),
    ("kind", 10, 3, False, lambda row, before, producer: 0),
    ("magic", 9, 8, True, lambda row, before, producer: before["magic"]),
    ("attributes", 6, 16, False, lambda row, before, producer: before["attributes"]),
    ("leader_epoch", 8, 32, True, lambda row, before, producer: before["leader_epoch"]),
    ("base_offset", 1, 64, True, lambda row, before, producer: before["last_offset"] + 1),
    ("last_offset", 2, 64, True, lambda row, before, producer: row["base_offset"] + row["records"] - 1),
    ("min_timestamp", None, 64, True, lambda row, before, producer: before["max_timestamp"]),
    ("max_timestamp", 0, 64, True, lambda row, before, producer: row["min_timestamp"]),
    ("producer_id", 5, 64, True, lambda row, before, producer: producer["producer_id"]),
    ("producer_epoch", 12, 16, True, lambda row, before, producer: producer["producer_epoch"]),
    ("base_sequence", 3, 32, True, lambda row, before, producer: next_sequence(producer)),
)


def check(holds, what):
    if not holds:
        raise ValueError(what)


def next_sequence(row):
    if row["base_sequence"] < 0:
        return row["base_sequence"]
    return (row["base_sequence"] + row["last_offset"] - row["base_offset"] + 1) % 2**31


def varlong(data, at):
    """The integer and the position behind it."""
    value = shift = 0
    while True:
        check(shift < 70, "varlong")
        value |= (data[at] & 0x7F) << shift
        at += 1
        shift += 7
        if data[at - 1] < 0x80:
            return (value >> 1) ^ -(value & 1), at


def read_row(data, at, before):
    """One row of a block, and the position behind it; `before` are those before, beginning with NO_ROW."""
    mask = data[at]
    at += 1
    if mask & 0x80:
        mask |= data[at] << 8
        at += 1
    check(mask < 1 << 13, "mask")
    row = {"crc": int.from_bytes(data[at:at + 4], "big")}
    at += 4
    back = 1
    if mask & 0x10:
        back = data[at] + 1
        at += 1
    check(back <= len(before), "producer_row")
    for name, bit, bits, signed, expected in FIELDS:
        value = expected(row, before[-1], before[-back])
        if bit is None or mask >> bit & 1:
            difference, at = varlong(data, at)
            value += difference
        value %= 2**64
        if signed and value >= 2**63:
            value -= 2**64
        low, high = (-(2**(bits - 1)), 2**(bits - 1)) if signed else (0, 2**bits)
        check(low <= value < high, name)
        row[name] = value
    check(row["position"] >= before[-1]["position"] + before[-1]["size"], "position")
    return row, at


def read_block(data, count):
    rows, at = [NO_ROW], 0
    while at < len(data):
        row, at = read_row(data, at, rows)
        rows.append(row)
    check(len(rows) == count + 1, "rows of a block")
    return rows[1:]


def bounds(rows):
    """What a directory's entry says of its block."""
    times = [row for row in rows if row["kind"] == 0]
    return (1 if len(times) < len(rows) else 0,
            sum(row["records"] for row in rows), min(row["base_offset"] for row in rows),
            max(row["last_offset"] for row in rows), min((row["min_timestamp"] for row in times), default=2**63 - 1),
            max((row["max_timestamp"] for row in times), default=-(2**63)))


def read_table(path):
    """The rows of a batch table, every rule of the format checked: a dict for each, with `kind` as a word, whether there is
    a `body_problem`, and `first_ordinal`."""
    data = pathlib.Path(path).read_bytes()
    magic, version, blocks, rows, records, directory_crc, crc = FOOTER.unpack(data[-FOOTER.size:])
    check((magic, version, crc) == (b"KSEGBTAB", 1, crc32c(data[-FOOTER.size:-4])), "footer")
    directory_at = len(data) - FOOTER.size - blocks * ENTRY.size
    directory = data[directory_at:-FOOTER.size]
    check(directory_at >= 0 and crc32c(directory) == directory_crc, "directory")
    all_rows, at, ordinal = [], 0, 0
    for number in range(blocks):
        size, crc, count, *entry = ENTRY.unpack_from(directory, number * ENTRY.size)
        block = data[at:at + size]
        check(crc32c(block) == crc and (count == 256 or number == blocks - 1) and 1 <= count <= 256, "block")
        block_rows = read_block(block, count)
        check(tuple(entry) == bounds(block_rows), "bounds of a block")
        for row in block_rows:
            row["first_ordinal"] = ordinal
            ordinal += row["records"]
            row["body_problem"] = bool(row["kind"] & 4)
            row["kind"] = KINDS[row["kind"] & 3]
            check(row["kind"] == "batch" or row["records"] == 0, "kind")
        all_rows += block_rows
        at += size
    check((at, ordinal, len(all_rows)) == (directory_at, records, rows), "counts")
    return all_rows


def read_checksums(path):
    """For each file's name its size and the CRCs of its chunks."""
    data = pathlib.Path(path).read_bytes()
    check(data[:16] == b"KSEGSUMS" + struct.pack(">II", 1, 16384), "head")
    check(crc32c(data[:-4]) == int.from_bytes(data[-4:], "big"), "crc")
    files, at = {}, 20
    for _ in range(int.from_bytes(data[16:20], "big")):
        length = int.from_bytes(data[at:at + 2], "big")
        name = data[at + 2:at + 2 + length]
        at += 2 + length
        check(name and not any(name <= other for other in files), "name")
        size = int.from_bytes(data[at:at + 8], "big")
        chunks = -(-size // 16384)
        files[name] = size, struct.unpack_from(f">{chunks}I", data, at + 8)
        at += 8 + 4 * chunks
    check(at == len(data) - 4, "end")
    return {name.decode(): sums for name, sums in files.items()}
