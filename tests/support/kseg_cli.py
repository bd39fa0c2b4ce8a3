# SPDX-License-Identifier: Apache-2.0
"""Shared by tests/cli: runs the program, reads its JSON lines, the corpus and Kafka's readings of it.

The batch parser, CRC-32C and batch builder below are written from the format tables, apart from the program under test.
Sources: KIP-98; Kafka's DefaultRecordBatch and LegacyRecord; RFC 3720 (CRC-32C).
"""

import base64
import contextlib
import dataclasses
import gzip
import hashlib
import itertools
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

TESTS = pathlib.Path(__file__).resolve().parent.parent
CORPUS = TESTS / "data" / "corpus"
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
GAP_REASONS = {"torn_tail", "zero_fill", "bad_length", "bad_magic", "garbage"}
PROBLEMS = GAP_REASONS | {"bad_record", "bad_codec", "bad_count", "bad_delta"}
TIMESTAMP_TYPES = {"CreateTime": "create", "LogAppendTime": "log_append", "NoTimestampType": "none"}
DEFAULT_TIMEOUT_S = 60
SANITIZER = os.environ.get("KSEG_SANITIZER", "")
# A program with sanitizers takes ten times as long to start: of many like cases it gets fewer (a number that is no divisor of 8, so
# that all bits of a byte have their turn), but for a nightly run.
FEWER = 5 if SANITIZER and not os.environ.get("KSEG_LARGE") else 1
# Every so many of its runs end with a search for leaks, which takes as long as all else.
LEAK_CHECK_EVERY = 8


# ---- running the program ------------------------------------------------------------------------------------------

def program():
    path = os.environ.get("KSEG")
    if not path:
        raise RuntimeError("KSEG must name the program under test, e.g. KSEG=build/release/kseg")
    return os.path.abspath(path)


_runs = itertools.count()


def tries(variable, count):
    """How many cases to try: what the environment says, else `count`, or fewer of them."""
    return int(os.environ.get(variable) or max(1, count // FEWER))


def fewer(items):
    """Each of the items, or every FEWERth."""
    return list(items)[::FEWER]


@dataclasses.dataclass
class Run:
    args: list
    status: int
    out: bytes
    err_bytes: bytes

    @property
    def err(self):
        return self.err_bytes.decode("utf-8", "replace")

    @property
    def text(self):
        return self.out.decode("utf-8", "replace")

    def lines(self):
        """stdout as JSON lines; each line must be one JSON object in valid UTF-8."""
        result = []
        for number, line in enumerate(self.out.split(b"\n")):
            if not line:
                continue
            try:
                value = json.loads(line.decode("utf-8"))
            except ValueError as e:
                raise AssertionError(f"{self}: stdout line {number + 1} is not JSON: {e}: {line[:200]!r}") from None
            if not isinstance(value, dict):
                raise AssertionError(f"{self}: stdout line {number + 1} is not an object: {line[:200]!r}")
            result.append(value)
        return result

    def __str__(self):
        shown = " ".join(map(os.fsdecode, self.args[:12])) + (" ..." if len(self.args) > 12 else "")
        return f"`kseg {shown}` (exit {self.status}, stderr {self.err[:600]!r})"


def run(*args, stdin=None, timeout=DEFAULT_TIMEOUT_S, cwd=None, env=None, crash_ok=False):
    """Runs kseg to its end. A signal or a timeout is a failure at once."""
    args = [os.fspath(a) for a in args]
    environment = dict(os.environ, **(env or {}))
    if SANITIZER and next(_runs) % LEAK_CHECK_EVERY:
        environment["ASAN_OPTIONS"] = ":".join(filter(None, [environment.get("ASAN_OPTIONS"), "detect_leaks=0"]))
    feed = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
    try:
        done = subprocess.run([program(), *args], capture_output=True, timeout=timeout, cwd=cwd, env=environment, **feed)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"`kseg {' '.join(map(os.fsdecode, args[:12]))}` did not end within {timeout} s") from None
    result = Run(args, done.returncode, done.stdout, done.stderr)
    if not crash_ok and (result.status < 0 or result.status not in (0, 1, 2, 3)):
        raise AssertionError(f"{result}: ended by a signal or with an undocumented status")
    return result


def decode(*args, **options):
    return run("decode", *args, **options)


@contextlib.contextmanager
def scratch(in_memory=False):
    """A directory whose name ends neither like a partition nor like a hidden one. in_memory: for thousands of small files."""
    parent = "/dev/shm" if in_memory and os.access("/dev/shm", os.W_OK) else None
    path = pathlib.Path(tempfile.mkdtemp(prefix="kseg_cli_", suffix="_t", dir=parent))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class ScratchCase(unittest.TestCase):
    """A test with a directory of its own, self.dir."""

    def setUp(self):
        own = scratch()
        self.dir = own.__enter__()
        self.addCleanup(own.__exit__, None, None, None)


def main():
    unittest.main(verbosity=1)


# ---- the corpus -----------------------------------------------------------------------------------------------------

def cases():
    """Names of the corpus cases that have record by record readings; where FEWER says so, every other one."""
    names = sorted(p.parent.name for p in CORPUS.glob("*/truth.jsonl.gz"))
    return names[::2] if FEWER > 1 else names


def log_of(case):
    logs = sorted((CORPUS / case).glob("*.log"))
    if len(logs) != 1:
        raise RuntimeError(f"{case}: expected one .log, found {len(logs)}")
    return logs[0]


def load_gz(path):
    with gzip.open(path, "rt", encoding="utf-8") as f:
        return [json.loads(line) for line in f]


@dataclasses.dataclass
class Truth:
    batches: list
    records: list  # in file order; each with "batch", the index of its batch
    summary: dict


_truth_cache = {}


def truth(case):
    if case not in _truth_cache:
        batches, records, summary = [], [], {}
        for line in load_gz(CORPUS / case / "truth.jsonl.gz"):
            if line["type"] == "batch":
                batches.append(line)
            elif line["type"] == "record":
                line["batch"] = len(batches) - 1
                records.append(line)
            else:
                summary = line
        _truth_cache[case] = Truth(batches, records, summary)
    return _truth_cache[case]


def lookups(case, kind):
    with open(CORPUS / case / "lookups.jsonl", encoding="utf-8") as f:
        return [x for x in map(json.loads, f) if x["kind"] == kind]


def verdicts():
    return load_gz(CORPUS / "damaged" / "verdicts.jsonl.gz")


def damaged_log(case):
    return CORPUS / "damaged" / case / "00000000000000000000.log"


def truth_bytes(entry, field):
    """(bytes or None, sha256 or None) of a field of a truth record or header."""
    if field + "Sha256" in entry:
        return None, entry[field + "Sha256"]
    value = entry[field]
    return (None if value is None else base64.b64decode(value)), None


def sample(items, count):
    """At most `count` of the items, or fewer where FEWER says so, evenly spread, first and last included."""
    items = list(items)
    count = max(2, count // FEWER)
    if len(items) <= count:
        return items
    step = (len(items) - 1) / (count - 1)
    return [items[round(i * step)] for i in range(count)]


# ---- JSON lines ---------------------------------------------------------------------------------------------------

def json_bytes(value):
    """Bytes of a JSON key, value or header; raises AssertionError when the form is not the one the contract names."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.encode("utf-8")
    if isinstance(value, dict) and set(value) == {"base64"}:
        raw = base64.b64decode(value["base64"], validate=True)
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError:
            return raw
        raise AssertionError(f"base64 form used for valid UTF-8 {raw[:60]!r}")
    raise AssertionError(f"bytes in an unknown form: {str(value)[:120]}")


def _hash_bytes(sha, value):
    sha.update(struct.pack(">i", -1 if value is None else len(value)))
    if value is not None:
        sha.update(value)


def hash_records(sha, records):
    """Feeds our record lines to the hash as the corpus README says."""
    for r in records:
        sha.update(struct.pack(">qq", r["offset"], r["timestamp"]))
        _hash_bytes(sha, json_bytes(r["key"]))
        _hash_bytes(sha, json_bytes(r["value"]))
        sha.update(struct.pack(">i", len(r["headers"])))
        for h in r["headers"]:
            _hash_bytes(sha, json_bytes(h["key"]))
            _hash_bytes(sha, json_bytes(h["value"]))


def records_sha256(records):
    sha = hashlib.sha256()
    hash_records(sha, records)
    return sha.hexdigest()


def without_place(lines):
    """The lines without what only a path can tell."""
    return [{k: v for k, v in line.items() if k not in ("topic", "partition", "file")} for line in lines]


def is_gap(line):
    return "gap" in line


def extents(lines):
    """[(position, size, line)] of --batches lines, in output order."""
    result = []
    for line in lines:
        place = line["gap"] if is_gap(line) else line
        result.append((place["position"], place["size"], line))
    return result


def coverage_fault(lines, file_size):
    """None when batches and gaps cover the file in order without overlap, else what is wrong."""
    at = 0
    for position, size, line in extents(lines):
        if position != at:
            return f"expected the next line at position {at}, got {position}: {str(line)[:200]}"
        if size <= 0:
            return f"empty extent at {position}: {str(line)[:200]}"
        at += size
    return None if at == file_size else f"covered {at} of {file_size} bytes"


def valid_extents(lines):
    return {(line["position"], line["size"]) for line in lines if not is_gap(line) and line["valid"] is True}


def shows_damage(lines):
    return any(is_gap(x) or x["valid"] is not True or x["problem"] is not None for x in lines)


# ---- the test's own reading of batches --------------------------------------------------------------------------------

def _crc32c_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ (0x82F63B78 if n & 1 else 0)
        table.append(n)
    return table


_CRC32C = _crc32c_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC32C[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283

_V2_HEADER = struct.Struct(">qiibIhiqqqhii")  # 61 bytes
assert _V2_HEADER.size == 61


@dataclasses.dataclass
class Batch:
    position: int
    size: int
    magic: int
    crc: int
    attributes: int
    data: bytes = dataclasses.field(repr=False)
    base_offset: int = 0
    last_offset: int = 0
    leader_epoch: int = None
    base_timestamp: int = None
    max_timestamp: int = None
    producer_id: int = None
    producer_epoch: int = None
    base_sequence: int = None
    records: int = None

    @property
    def codec(self):
        bits = self.attributes & 7
        return CODECS[bits] if bits < len(CODECS) else f"unknown_{bits}"

    def crc_computed(self):
        return crc32c(self.data[21:]) if self.magic == 2 else zlib.crc32(self.data[16:])


def parse_batches(data):
    """Reads the batch headers of a healthy segment. For magic 0 and 1 base_offset is the wrapper's own offset."""
    batches, at = [], 0
    while at < len(data):
        offset, length = struct.unpack_from(">qi", data, at)
        size = 12 + length
        raw = bytes(data[at:at + size])
        if length < 14 or len(raw) != size:
            raise ValueError(f"no whole batch at {at}")
        magic = raw[16]
        if magic == 2:
            f = _V2_HEADER.unpack_from(raw)
            batches.append(Batch(at, size, 2, f[4], f[5], raw, offset, offset + f[6], f[2], f[7], f[8], f[9], f[10], f[11], f[12]))
        else:
            crc, = struct.unpack_from(">I", raw, 12)
            batches.append(Batch(at, size, magic, crc, raw[17], raw, offset, offset))
        at += size
    return batches


def log_batches(path):
    return parse_batches(pathlib.Path(path).read_bytes())


# ---- building segments --------------------------------------------------------------------------------------------------

def varint(n):
    z = (n << 1) ^ (n >> 63)
    z &= (1 << 64) - 1
    out = bytearray()
    while z >= 0x80:
        out.append(z & 0x7F | 0x80)
        z >>= 7
    out.append(z)
    return bytes(out)


def _field(value):
    return varint(-1) if value is None else varint(len(value)) + value


def build_record(delta, key, value, headers=(), timestamp_delta=0, attributes=0):
    body = bytes([attributes]) + varint(timestamp_delta) + varint(delta) + _field(key) + _field(value) + varint(len(headers))
    for name, content in headers:
        body += _field(name) + _field(content)
    return varint(len(body)) + body


def build_batch(base_offset, records, timestamp=1700000000000, attributes=0, producer=(-1, -1, -1), leader_epoch=0,
                timestamps=None):
    """A magic 2 batch, uncompressed. records: (key, value) or (key, value, headers)."""
    times = timestamps or [timestamp + i for i in range(len(records))]
    body = b"".join(build_record(i, *r, timestamp_delta=times[i] - times[0]) for i, r in enumerate(records))
    covered = struct.pack(">hiqqqhii", attributes, len(records) - 1, times[0], max(times), *producer, len(records)) + body
    crc = crc32c(covered)
    return struct.pack(">qiibI", base_offset, 9 + len(covered), leader_epoch, 2, crc) + covered


def with_crc(batch):
    """The magic 2 batch with its CRC recomputed."""
    return batch[:17] + struct.pack(">I", crc32c(batch[21:])) + batch[21:]


def flip(data, byte, bit=0):
    return data[:byte] + bytes([data[byte] ^ (1 << bit)]) + data[byte + 1:]


if __name__ == "__main__":
    sys.exit("helpers for tests/cli; run the tests there")
