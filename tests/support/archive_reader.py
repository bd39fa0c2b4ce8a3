# SPDX-License-Identifier: Apache-2.0
"""Reads archives as man/kseg-archive.5 describes them, without any code of the project: what its own reader is held against."""

import struct
import subprocess
import zlib
from dataclasses import dataclass

END_OF_MEMBER = bytes.fromhex("03 00 00000000 00000000")
TABLE_MAGIC, SEEK_TABLE_MAGIC, SEEKABLE_MAGIC = 0x184D2A5B, 0x184D2A5E, 0x8F92EAB1
FOOTER = struct.Struct(">8sHHQII")

_TABLE = []
for _byte in range(256):
    for _ in range(8):
        _byte = (_byte >> 1) ^ (0x82F63B78 if _byte & 1 else 0)
    _TABLE.append(_byte)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


@dataclass
class Member:
    name: str
    position: int
    size: int
    crc: int


@dataclass
class Chunk:
    offset: int
    compressed: int
    position: int
    size: int
    crc: int


def require(holds, what):
    if not holds:
        raise ValueError(what)


def parse_footer(footer):
    magic, version, unused, offset, size, crc = FOOTER.unpack(footer[:28])
    require((magic, version, unused) == (b"ksegarch", 1, 0), "footer")
    require(crc32c(footer[:28]) == int.from_bytes(footer[28:], "big"), "crc of the footer")
    return offset, size, crc


def table_of_gzip(data):
    def subfield(at):
        """An empty member at `at`: (kind, content, where the next one begins)."""
        require(data[at:at + 10] == bytes.fromhex("1f8b0804 00000000 00ff"), "header")
        extra, = struct.unpack_from("<H", data, at + 10)
        require(data[at + 12:at + 13] == b"K", "subfield")
        size, = struct.unpack_from("<H", data, at + 14)
        require(extra == size + 4, "length of the extra field")
        end = at + 16 + size
        require(data[end:end + 10] == END_OF_MEMBER, "an empty member")
        return data[at + 13:at + 14], data[at + 16:end], end + 10

    kind, footer, end = subfield(len(data) - 58)
    require(kind == b"F" and end == len(data) and len(footer) == 32, "the last member")
    at, size, crc = parse_footer(footer)
    offset, table = at, b""
    while at < len(data) - 58:
        require(len(table) % 65531 == 0, "a piece before the last is full")
        kind, piece, at = subfield(at)
        require(kind == b"T" and piece, "a piece of the table")
        table += piece
    require(at == len(data) - 58 and len(table) == size, "size of the table")
    return offset, table, crc


def table_of_zstd(data):
    frames, descriptor, magic = struct.unpack("<IBI", data[-9:])
    require((descriptor, magic) == (0, SEEKABLE_MAGIC), "seek table")
    seek = len(data) - 9 - 8 * frames - 8
    require(struct.unpack_from("<II", data, seek) == (SEEK_TABLE_MAGIC, 8 * frames + 9), "frame of the seek table")
    entries = [struct.unpack_from("<II", data, seek + 8 + 8 * i) for i in range(frames)]
    require(sum(size for size, _ in entries) == seek, "the seek table tells of every frame")
    offset, size, crc = parse_footer(data[seek - 32:seek])
    require(struct.unpack_from("<II", data, offset) == (TABLE_MAGIC, size + 32), "frame of the table")
    require(offset + 8 + size + 32 == seek and entries[-1] == (seek - offset, 0), "place of the table")
    return offset, data[offset + 8:offset + 8 + size], crc, entries[:-1]


def parse_table(table):
    members, chunks = [], []
    member_count, chunk_count = struct.unpack_from(">II", table)
    at = 8
    for _ in range(member_count):
        length, = struct.unpack_from(">H", table, at)
        name = table[at + 2:at + 2 + length].decode()
        position, size, crc = struct.unpack_from(">QQI", table, at + 2 + length)
        members.append(Member(name, position, size, crc))
        at += 22 + length
    offset = position = 0
    for _ in range(chunk_count):
        compressed, size, crc = struct.unpack_from(">III", table, at)
        chunks.append(Chunk(offset, compressed, position, size, crc))
        offset, position, at = offset + compressed, position + size, at + 12
    require(at == len(table), "the table has no more")
    return members, chunks


def unpack(data, is_gzip):
    if is_gzip:
        inflater = zlib.decompressobj(31)
        content = inflater.decompress(data) + inflater.flush()
        require(inflater.eof and not inflater.unused_data, "a chunk is one member")
        return content
    return subprocess.run(["zstd", "-dcq"], input=data, check=True, stdout=subprocess.PIPE).stdout


class Archive:
    """An archive in memory, all of whose checksums have been compared."""

    def __init__(self, data):
        self.is_gzip = data[:2] == b"\x1f\x8b"
        if self.is_gzip:
            self.offset, self.table, crc = table_of_gzip(data)
        else:
            self.offset, self.table, crc, entries = table_of_zstd(data)
        require(crc32c(self.table) == crc, "crc of the table")
        self.members, self.chunks = parse_table(self.table)
        require(self.chunks[-1].offset + self.chunks[-1].compressed == self.offset, "the table follows the chunks")
        if not self.is_gzip:
            require(entries == [(c.compressed, c.size) for c in self.chunks], "the seek table has the same frames")
        def alone(chunk):
            return unpack(data[chunk.offset:chunk.offset + chunk.compressed], self.is_gzip)

        if self.is_gzip:
            self.stream = b"".join(alone(chunk) for chunk in self.chunks)
        else:  # by one process, but for some
            self.stream = unpack(data[:self.offset], False)
            for chunk in self.chunks[::len(self.chunks) // 20 + 1]:
                require(alone(chunk) == self.of_chunk(chunk), "a chunk is one frame")
        require(sum(chunk.size for chunk in self.chunks) == len(self.stream), "the chunks are the stream")
        for chunk in self.chunks:
            require(crc32c(self.of_chunk(chunk)) == chunk.crc, "crc of a chunk")
        for member in self.members:
            require(crc32c(self.content(member)) == member.crc, member.name)

    def of_chunk(self, chunk):
        return self.stream[chunk.position:chunk.position + chunk.size]

    def content(self, member):
        return self.stream[member.position:member.position + member.size]
