# SPDX-License-Identifier: Apache-2.0
"""Logs with all that the format allows, made without the program: sparse offsets, unordered times, both kinds of them, control
records, null and empty keys and values, many headers, every codec and magic, many segments and partitions.

Sources: KIP-98 and Kafka's LegacyRecord for the layout, ControlRecordType for control records."""

import gzip
import pathlib
import struct
import subprocess
import sys
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import damage as d  # noqa: E402
import kseg_cli as k  # noqa: E402
import random_text as t  # noqa: E402
import record_model as m  # noqa: E402

START_MS = 1700000000000
CODEC_BITS = {codec: bits for bits, codec in enumerate(k.CODECS)}
TIME_TYPE_BIT, TRANSACTIONAL_BIT, CONTROL_BIT = 1 << 3, 1 << 4, 1 << 5


# ---- bytes ------------------------------------------------------------------------------------------------------------

def snappy(data):
    """xerial framing, blocks of literals only."""
    def block(piece):
        literals = b"".join(bytes([61 << 2]) + struct.pack("<H", len(x) - 1) + x
                            for x in (piece[i:i + 65536] for i in range(0, len(piece), 65536)))
        size, head = len(piece), b""
        while size >= 0x80:
            head, size = head + bytes([size & 0x7F | 0x80]), size >> 7
        return head + bytes([size]) + literals

    out = d.XERIAL + struct.pack(">ii", 1, 1)
    for i in range(0, len(data), 32768):
        packed = block(data[i:i + 32768])
        out += struct.pack(">i", len(packed)) + packed
    return out


def compress(codec, data):
    if codec == "none":
        return data
    if codec == "gzip":
        return gzip.compress(data, 6, mtime=0)
    if codec == "snappy":
        return snappy(data)
    program = ["lz4", "-qzc"] if codec == "lz4" else ["zstd", "-qc"]
    return subprocess.run(program, input=data, capture_output=True, check=True).stdout


def encode(batch):
    """The bytes of a batch of magic 2, from its fields and records; gives a log-append batch's records its time."""
    first = batch.records[0].timestamp if batch.records else START_MS
    largest = max((r.timestamp for r in batch.records), default=-1)
    body = b"".join(k.build_record(r.offset - batch.base_offset, r.key, r.value, r.headers, r.timestamp - first, r.attributes)
                    for r in batch.records)
    attributes = CODEC_BITS[batch.codec] | TRANSACTIONAL_BIT * batch.transactional | CONTROL_BIT * batch.control
    if batch.timestamp_type == "log_append":
        attributes |= TIME_TYPE_BIT
        for r in batch.records:
            r.timestamp = largest
    covered = struct.pack(">hiqqqhii", attributes, batch.last_offset - batch.base_offset, first, largest, batch.producer_id,
                          batch.producer_epoch, batch.base_sequence, len(batch.records)) + compress(batch.codec, body)
    batch.data = struct.pack(">qiibI", batch.base_offset, 9 + len(covered), batch.leader_epoch, 2, d.crc32c(covered)) + covered
    return batch.data


def message(magic, offset, timestamp, key, value, attributes=0):
    """A message of magic 0 or 1."""
    def field(x):
        return struct.pack(">i", -1) if x is None else struct.pack(">i", len(x)) + x

    covered = bytes([magic, attributes]) + (struct.pack(">q", timestamp) if magic else b"") + field(key) + field(value)
    return struct.pack(">qiI", offset, 4 + len(covered), zlib.crc32(covered)) + covered


def encode_legacy(batch):
    """The bytes of one message, or of a gzip wrapper around several."""
    attributes = 8 if batch.timestamp_type == "log_append" else 0
    if batch.codec == "none":
        r, = batch.records
        batch.data = message(batch.magic, r.offset, r.timestamp, r.key, r.value, attributes)
        return batch.data
    first = batch.records[0].offset if batch.magic else 0
    inner = b"".join(message(batch.magic, r.offset - first, r.timestamp, r.key, r.value) for r in batch.records)
    largest = max(r.timestamp for r in batch.records)
    batch.data = message(batch.magic, batch.last_offset, largest, None, gzip.compress(inner, 6, mtime=0), attributes | 1)
    if attributes:
        for r in batch.records:
            r.timestamp = largest
    return batch.data


# ---- contents ---------------------------------------------------------------------------------------------------------

def headers(rng):
    chance = rng.random()
    if chance < 0.5:
        return []
    count = 60 if chance > 0.98 else rng.randint(1, 4)
    names = [name.encode() for name in t.NAMES] + [b"\xff\xfename", b"trace-id", b"Trace-Id", b"Content-Type"]
    return [(rng.choice(names), None if rng.random() < 0.15 else t.content(rng, 0.2)) for _ in range(count)]


def value(rng, most_bytes):
    chance = rng.random()
    if chance < 0.08:
        return None
    if chance > 0.995:
        return (t.phrase(rng).encode() + b" ") * rng.randint(100, 100 + most_bytes // 40)
    return t.content(rng)


def key(rng):
    chance = rng.random()
    if chance < 0.15:
        return None
    if chance < 0.6:
        return rng.choice([b"k%d" % rng.randint(0, 9), rng.choice(t.WORDS).encode(), b"order-%d" % rng.randint(0, 99)])
    return t.content(rng, 0.1)


class Maker:
    """Makes one batch after another of a partition."""

    def __init__(self, rng, partition, offset, most_value_bytes):
        self.rng, self.partition, self.next = rng, partition, offset
        self.most_value_bytes = most_value_bytes
        self.time = START_MS + rng.randint(-10**9, 10**9)
        self.epoch = 0

    def timestamp(self):
        chance = self.rng.random()
        if chance < 0.02:
            return -1
        if chance < 0.03:
            return self.time + self.rng.choice([-1, 1]) * (1 << 33)
        self.time += self.rng.randint(-500, 2000)
        return self.time

    def record(self, batch, offset):
        rng = self.rng
        return m.Record(batch, self.partition, offset, self.timestamp(), key(rng), value(rng, self.most_value_bytes), headers(rng),
                        rng.choice([0] * 20 + [1, 5, 127, 128]))

    def batch(self):
        """The next batch; most are dense."""
        rng = self.rng
        chance = rng.random()
        if chance < 0.08:
            batch = self.control()
        elif chance < 0.12:
            batch = m.Batch(self.next, self.next + rng.randint(0, 5))  # emptied by compaction
        else:
            batch = self.data()
        if rng.random() < 0.05:
            self.epoch += rng.randint(1, 3)
        batch.leader_epoch = self.epoch
        encode(batch)
        self.next = batch.last_offset + 1 + (rng.randint(1, 30) if rng.random() < 0.1 else 0)
        return batch

    def data(self):
        rng = self.rng
        count = rng.choice([1, 1, 2, 3, 5, 8, 20, 60])
        step = rng.choice([1, 1, 1, 4])
        batch = m.Batch(self.next, 0, codec=rng.choice(k.CODECS), timestamp_type=rng.choice(["create", "create", "log_append"]))
        offset = self.next + (rng.randint(0, 3) if step > 1 else 0)
        for _ in range(count):
            batch.records.append(self.record(batch, offset))
            offset += 1 if step == 1 else rng.randint(1, step)
        batch.last_offset = batch.records[-1].offset + (rng.randint(0, 3) if step > 1 else 0)
        if rng.random() < 0.4:
            batch.producer_id, batch.producer_epoch = rng.choice([0, 7, 1000, 1 << 40]), rng.choice([0, 1, 32767])
            batch.base_sequence = rng.choice([0, 1, 100, (1 << 31) - 2])
            batch.transactional = rng.random() < 0.4
        return batch

    def control(self):
        rng = self.rng
        batch = m.Batch(self.next, self.next, producer_id=rng.choice([7, 1000]), producer_epoch=0, transactional=True, control=True)
        batch.records = [m.Record(batch, self.partition, self.next, self.timestamp(), struct.pack(">hh", 0, rng.choice([0, 1])),
                                  struct.pack(">hi", 0, rng.randint(0, 9)))]
        return batch

    def legacy(self, magic):
        """A message or a wrapper of magic 0 or 1."""
        rng = self.rng
        count = rng.choice([1, 1, 1, 6])
        batch = m.Batch(self.next, self.next + count - 1, magic, "none" if count == 1 else "gzip",
                        rng.choice(["create", "create", "log_append"]) if magic else "none")
        for i in range(count):
            r = self.record(batch, self.next + i)
            r.headers, r.attributes = [], 0
            if magic == 0:
                r.timestamp = -1
            batch.records.append(r)
        encode_legacy(batch)
        self.next = batch.last_offset + 1
        return batch


def make_partition(rng, log, partition, segments, batches, most_value_bytes):
    """Appends a partition to the log and writes its segments. Each begins where the one before ends: offsets that no segment
    spans would be missing ones."""
    maker = Maker(rng, partition, rng.choice([0, 0, 1000, (1 << 33) + 5]), most_value_bytes)
    legacy = rng.choice([None, None, 0, 1])
    folder = log.wal / f"{log.topic}-{partition}"
    folder.mkdir(parents=True)
    log.segments[partition] = []
    begin = maker.next
    for number in range(segments):
        old = legacy is not None and number == 0
        made = [maker.legacy(legacy) if old else maker.batch() for _ in range(rng.randint(1, 2 * batches - 1))]
        file = folder / f"{begin:020d}.log"
        file.write_bytes(b"".join(batch.data for batch in made))
        log.segments[partition].append((file, made))
        begin = maker.next = made[-1].last_offset + 1


def make_log(rng, wal, topic="made", partitions=3, segments=4, batches=12, most_value_bytes=20000):
    """Writes a log; segments: of each partition; batches: of a segment, on average. Returns a record_model.Log."""
    log = m.Log(wal, topic)
    for partition in range(partitions):
        make_partition(rng, log, partition, segments, batches, most_value_bytes)
    return log


if __name__ == "__main__":
    sys.exit("helpers for tests/cli; run the tests there")
