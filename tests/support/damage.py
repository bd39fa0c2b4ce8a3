# SPDX-License-Identifier: Apache-2.0
"""Shared by the tests of `kseg recrc`: CRCs, wrong CRC recipes, compressed bodies and index files, apart from the program.

Sources: KIP-98 and Kafka's LegacyRecord for the places of the CRCs; LogSegment and TimeIndex for the index files; snappy's
format_description.txt. The CRC-32C is a table's, the CRC-32 is zlib's, lz4 and zstd are their own programs'.
"""

import dataclasses
import gzip
import json
import os
import pathlib
import struct
import subprocess
import sys
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import kseg_cli as k  # noqa: E402

# ---- CRCs -----------------------------------------------------------------------------------------------------------


def _crc32c_table16():
    """table[n] = the CRC register after two zero bytes, starting from n: twice as fast as a step a byte."""
    one = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ (0x82F63B78 if n & 1 else 0)
        one.append(n)
    return [one[one[n & 0xFF] & 0xFF ^ n >> 8] ^ one[n & 0xFF] >> 8 for n in range(65536)]


_CRC32C = _crc32c_table16()


def crc32c(data):
    crc, even = 0xFFFFFFFF, len(data) & ~1
    for pair in struct.unpack_from(f"<{even // 2}H", data):
        crc = _CRC32C[(crc ^ pair) & 0xFFFF] ^ crc >> 16
    if even != len(data):
        crc = _CRC32C[((crc ^ data[-1]) & 0xFF) << 8] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283 and zlib.crc32(b"123456789") == 0xCBF43926


# ---- a batch's CRC ----------------------------------------------------------------------------------------------------

def magic_of(batch):
    return batch[16]


def crc_at(batch):
    return 17 if magic_of(batch) == 2 else 12


def attributes_at(batch):
    """The byte that holds codec and timestamp type."""
    return 22 if magic_of(batch) == 2 else 17


def stored_crc(batch):
    return struct.unpack_from(">I", batch, crc_at(batch))[0]


def right_crc(batch):
    return crc32c(batch[21:]) if magic_of(batch) == 2 else zlib.crc32(batch[16:])


def with_stored(batch, crc):
    at = crc_at(batch)
    return batch[:at] + struct.pack(">I", crc) + batch[at + 4:]


def mended(batch):
    """The batch with its CRC recomputed."""
    return with_stored(batch, right_crc(batch))


def under_crc(batch, byte):
    """Whether a change of that byte (counted in the batch) is damage."""
    return byte >= 8 and not (magic_of(batch) == 2 and 12 <= byte < 16)


def timestamp_type_bit(batch):
    """The bit of the batch that tells its timestamps' type; None in magic 0, which has none."""
    return 8 * attributes_at(batch) + 3 if magic_of(batch) else None


def with_bytes(batch, at, value):
    return batch[:at] + value + batch[at + len(value):]


def flip_bits(batch, *bits):
    """The batch with those bits flipped: 8 x byte + bit, least significant 0."""
    for bit in bits:
        batch = k.flip(batch, bit // 8, bit % 8)
    return batch


# ---- wrong recipes ------------------------------------------------------------------------------------------------------

_RANGES = {
    2: {"range_from_magic": 16, "range_from_crc": 17, "range_from_leader_epoch": 12, "range_whole_batch": 0,
        "base_offset_changed": 0},
    1: {"range_from_crc": 12, "range_whole_batch": 0, "base_offset_changed": 0},
}
_RANGES[0] = _RANGES[1]
_RIGHT_START = {2: 21, 1: 16, 0: 16}
FLIPPED = "timestamp_type_flipped"


def recipe_names(magic, base_offset=-1):
    """Every recipe's name in the order of the contract: single ones, combinations, those with the timestamp type flipped.
    The contract leaves the order among the combinations open."""
    polynomial = "crc32_ieee" if magic == 2 else "crc32c"
    ranges = [r for r in _RANGES[magic] if r != "base_offset_changed" or base_offset != 0]
    single = [polynomial, "byte_swapped", *ranges]
    joined = ["+".join(filter(None, (p, b, r))) for p in ("", polynomial) for b in ("", "byte_swapped") for r in ("", *ranges)]
    names = single + [name for name in joined if name.count("+")]
    flipped = [FLIPPED, *(f"{name}+{FLIPPED}" for name in names)] if magic else []
    return ["zero_crc", *names, *flipped]


def recipe_crc(batch, name):
    """What a writer with that mistake stores in the batch."""
    if name == "zero_crc":
        return 0
    parts, magic = name.split("+"), magic_of(batch)
    if FLIPPED in parts:
        batch = flip_bits(batch, timestamp_type_bit(batch))
    start = next((at for part, at in _RANGES[magic].items() if part in parts), _RIGHT_START[magic])
    covered = batch[start:]
    if start <= crc_at(batch):
        covered = with_bytes(covered, crc_at(batch) - start, bytes(4))
    if "base_offset_changed" in parts:
        covered = with_bytes(covered, 0, bytes(8))
    other_polynomial = "crc32_ieee" in parts or "crc32c" in parts
    crc = crc32c(covered) if (magic == 2) != other_polynomial else zlib.crc32(covered)
    return int.from_bytes(crc.to_bytes(4, "big"), "little") if "byte_swapped" in parts else crc


@dataclasses.dataclass
class Recipes:
    """All recipes' CRCs of one healthy batch."""
    batch: bytes
    crcs: dict = dataclasses.field(init=False)
    right: int = dataclasses.field(init=False)

    def __post_init__(self):
        self.right = right_crc(self.batch)
        offset, = struct.unpack_from(">q", self.batch)
        self.crcs = {name: recipe_crc(self.batch, name) for name in recipe_names(magic_of(self.batch), offset)}

    def damaged(self, name):
        """The batch as a writer with that mistake stores it; unchanged where the recipe does not apply."""
        return with_stored(self.batch, self.crcs[name]) if name in self.crcs else self.batch

    def explanations(self, name):
        """Names of all recipes that give the same wrong CRC, in order; empty where it is the right one."""
        crc = self.crcs.get(name)
        if crc is None or crc == self.right:
            return []
        return [other for other, value in self.crcs.items() if value == crc]


# ---- a small segment, and damage to its second batch ----------------------------------------------------------------

HEALTHY = [k.build_batch(0, [(b"first", b"healthy")]), k.build_batch(1, [(b"key", b"a value that has room for damage" * 3)]),
           k.build_batch(2, [(b"third", b"healthy"), (None, None)])]
GOOD = b"".join(HEALTHY)
IN_VALUE = [8 * byte + 2 for byte in (90, 111, 140)]  # bits of the second batch's value
IN_PRODUCER_ID = [8 * 44 + 1, 8 * 46 + 5, 8 * 49]


def with_second(batch):
    """The segment with that for its second batch."""
    return HEALTHY[0] + batch + HEALTHY[2]


MENDABLE = with_second(Recipes(HEALTHY[1]).damaged("byte_swapped"))
HURT_BATCH = flip_bits(HEALTHY[1], *IN_VALUE)
HURT = with_second(HURT_BATCH)
# Its record's length says more than is there.
BROKEN_BATCH = with_bytes(HEALTHY[1], 61, b"\xff")


# ---- reading and running --------------------------------------------------------------------------------------------

def recrc(*args, **options):
    return k.run("recrc", *args, **options)


def json_lines(raw):
    """The report's lines in bytes that may hold messages too, as stderr does."""
    return [json.loads(line) for line in raw.decode("utf-8").splitlines() if line.startswith("{")]


def line_batches(lines):
    return [line for line in lines if not k.is_gap(line)]


def by_file(lines):
    """{name of the file: its lines}, of a run with more than one input."""
    result = {}
    for line in lines:
        if "file" not in line:
            raise AssertionError(f"with more than one segment every line has `file`: {str(line)[:200]}")
        result.setdefault(os.path.basename(line["file"]), []).append(line)
    return result


# ---- compressed bodies ------------------------------------------------------------------------------------------------

_PROGRAMS = {
    ("lz4", True): ["lz4", "-qzc"],
    ("lz4", False): ["lz4", "-qzc", "--no-frame-crc"],
    ("zstd", True): ["zstd", "-qc", "--check"],
    ("zstd", False): ["zstd", "-qc", "--no-check"],
}


def compress(codec, data, checksum):
    """One frame, with or without a content checksum, by the programs lz4 and zstd."""
    return subprocess.run(_PROGRAMS[codec, checksum], input=data, capture_output=True, check=True).stdout


def _snappy_block(data):
    size, at, shift = 0, 0, 0
    while True:
        size |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not data[at - 1] & 0x80:
            break
    out = bytearray()
    while at < len(data):
        tag = data[at]
        at += 1
        if tag & 3 == 0:
            length = (tag >> 2) + 1
            if length > 60:
                more = length - 60
                length = int.from_bytes(data[at:at + more], "little") + 1
                at += more
            out += data[at:at + length]
            at += length
            continue
        if tag & 3 == 1:
            length, back = (tag >> 2 & 7) + 4, (tag >> 5) << 8 | data[at]
            at += 1
        else:
            width = 2 if tag & 3 == 2 else 4
            length, back = (tag >> 2) + 1, int.from_bytes(data[at:at + width], "little")
            at += width
        for _ in range(length):
            out.append(out[-back])
    if len(out) != size:
        raise ValueError(f"a snappy block of {len(out)} bytes that says {size}")
    return bytes(out)


XERIAL = b"\x82SNAPPY\0"


def _snappy(data):
    """xerial framing only, which is what Kafka's Java reads."""
    if data[:8] != XERIAL:
        raise ValueError("no xerial header")
    out, at = b"", 16
    while at < len(data):
        length, = struct.unpack_from(">i", data, at)
        out += _snappy_block(data[at + 4:at + 4 + length])
        at += 4 + length
    return out


def is_raw_snappy(batch):
    """Without framing, as librdkafka writes it."""
    return batch.codec == "snappy" and not batch.data[61:].startswith(XERIAL)


def uncompressed_body(batch):
    """The records of a magic 2 batch."""
    return _snappy_block(batch.data[61:]) if is_raw_snappy(batch) else decompress(batch.codec, batch.data[61:])


def decompress(codec, data):
    """By zlib, by the programs lz4 and zstd, and by the reader of snappy above."""
    if codec == "none":
        return data
    if codec == "gzip":
        return gzip.decompress(data)
    if codec == "snappy":
        return _snappy(data)
    return subprocess.run([codec, "-dqc"], input=data, capture_output=True, check=True).stdout


def with_body(batch, body, codec):
    """The magic 2 batch with other bytes for its records, as they stand in the file."""
    attributes, = struct.unpack_from(">h", batch, 21)
    header = batch[:8] + struct.pack(">i", 49 + len(body)) + batch[12:21]
    return mended(header + struct.pack(">h", attributes & ~7 | k.CODECS.index(codec)) + batch[23:61] + body)


# ---- index files --------------------------------------------------------------------------------------------------------

INDEX_INTERVAL_BYTES = 4096


def _last_offset_and_time(batch):
    if batch.magic == 2:
        return batch.last_offset, batch.max_timestamp
    return batch.base_offset, struct.unpack_from(">q", batch.data, 18)[0] if batch.magic == 1 else -1


def index_files(segment, base_offset):
    """(.index, .timeindex) bytes, without padding, that Kafka has beside a closed segment."""
    index, times, entry_at, last_time, largest = b"", b"", 0, -1, (-1, base_offset)
    for batch in k.parse_batches(segment):
        last_offset, time = _last_offset_and_time(batch)
        if time > largest[0]:
            largest = (time, last_offset)
        if batch.position - entry_at > INDEX_INTERVAL_BYTES:
            index += struct.pack(">ii", last_offset - base_offset, batch.position)
            entry_at = batch.position
            if largest[0] > last_time:
                times += struct.pack(">qi", largest[0], largest[1] - base_offset)
                last_time = largest[0]
    if largest[0] > last_time:
        times += struct.pack(">qi", largest[0], largest[1] - base_offset)
    return index, times


if __name__ == "__main__":
    sys.exit("helpers for tests/cli; run the tests there")
