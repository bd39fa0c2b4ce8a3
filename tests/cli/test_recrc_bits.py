# SPDX-License-Identifier: Apache-2.0
"""recrc: every single bit of small batches of every kind, flipped: found, named and flipped back."""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import damage as d  # noqa: E402
import kseg_cli as k  # noqa: E402

FILES_PER_RUN = 1500
PLACES = ("middle", "first", "last", "only")
MOST_BYTES = 300


def smallest(case, fits=lambda batch: True, more_than=0):
    """The smallest batch of a corpus case that fits, of more than so many bytes."""
    found = [b for b in k.log_batches(k.log_of(case)) if fits(b) and b.size > more_than]
    batch = min(found, key=lambda b: b.size)
    if batch.size > MOST_BYTES:
        raise RuntimeError(f"{case}: a batch of {batch.size} bytes is none for these tests")
    return batch.data


def checksummed(codec):
    """A magic 2 batch whose body has a content checksum."""
    body = k.build_record(0, b"key", b"value " * 3)
    return d.with_body(k.build_batch(1 << 33, [(b"key", b"value " * 3)]), d.compress(codec, body, checksum=True), codec)


CONTROL, LOG_APPEND = 0x20, 0x08
BATCHES = {
    "v2_none": smallest("v2-none"),
    "v2_gzip": smallest("v2-gzip"),
    "v2_snappy": smallest("v2-snappy"),
    "v2_lz4": smallest("v2-lz4"),
    "v2_zstd": smallest("v2-zstd"),
    "v2_lz4_checksum": checksummed("lz4"),
    "v2_zstd_checksum": checksummed("zstd"),
    "v2_control": smallest("v2-txn-none", lambda b: b.attributes & CONTROL),
    "v2_empty": smallest("v2-compacted-lz4", lambda b: b.records == 0),
    "v2_empty_log_append": smallest("v2-empty-batches", lambda b: b.attributes & LOG_APPEND),
    "v0_null": smallest("v0-none"),
    "v0_none": smallest("v0-none", more_than=60),
    "v1_none": smallest("v1-none", more_than=60),
    "v1_log_append": smallest("v1-none", lambda b: b.attributes & LOG_APPEND),
    "v0_gzip": smallest("v0-gzip"),
    "v0_lz4": smallest("v0-lz4"),
    "v1_lz4": smallest("v1-lz4"),
    "v1_snappy": smallest("v1-snappy"),
}
BEFORE = {2: k.build_batch(5, [(b"before", b"healthy")]), 1: smallest("v1-none"), 0: smallest("v0-none")}
BEHIND = {2: k.build_batch(1 << 40, [(b"behind", b"healthy"), (None, None)], leader_epoch=7),
          1: smallest("v1-none", more_than=50), 0: smallest("v0-none", more_than=50)}


def surroundings(batch, place):
    """What stands before and behind the batch."""
    magic = d.magic_of(batch)
    return BEFORE[magic] if place in ("middle", "last") else b"", BEHIND[magic] if place in ("middle", "first") else b""


class Flip:
    """One bit flipped in a batch at a place among others."""

    def __init__(self, batch, place, bit):
        self.bit, self.place, self.batch = bit, place, batch
        self.before, self.behind = surroundings(batch, place)
        self.hurt = d.flip_bits(batch, bit)
        self.name = f"{place}_{bit:05d}.log"

    @property
    def file(self):
        return self.before + self.hurt + self.behind

    @property
    def is_damage(self):
        return d.under_crc(self.batch, self.bit // 8)

    @property
    def in_stored_crc(self):
        return d.crc_at(self.batch) <= self.bit // 8 < d.crc_at(self.batch) + 4

    @property
    def wanted(self):
        """The file as it has to come out."""
        own = self.batch
        if not self.is_damage:
            own = self.hurt
        elif self.bit == d.timestamp_type_bit(self.batch):
            own = d.mended(self.hurt)
        return self.before + own + self.behind

    def fault(self, lines):
        """What is wrong with the lines of this file, or None."""
        if not self.is_damage:
            return "no damage, yet there is a line" if lines else None
        if len(lines) != 1 or k.is_gap(lines[0]):
            return "expected one line, of a batch"
        line, = lines
        if self.bit == d.timestamp_type_bit(self.batch):
            wanted = {"cause": d.FLIPPED, "action": "recomputed", "also": ["single_bit"]}
        else:
            action = "recomputed" if self.in_stored_crc else "bit_flipped_back"
            wanted = {"cause": "single_bit", "bit": self.bit, "action": action, "also": []}
        wanted["position"] = len(self.before)
        if self.bit // 8 > 16:  # of a wrong length or magic it is for the program to say what is compared with the stored CRC
            wanted["valid"] = False
        wrong = [f"{f}: expected {value!r}, got {line.get(f)!r}" for f, value in wanted.items() if line.get(f) != value]
        return "; ".join(wrong) or None


class Bits(unittest.TestCase):
    def check(self, flips):
        """Mends the files in one run and returns what is wrong, a text for each fault."""
        faults = []
        with k.scratch(in_memory=True) as folder:
            (folder / "out").mkdir()
            for f in flips:
                (folder / f.name).write_bytes(f.file)
            run = d.recrc("--json", "-o", "out", *(f.name for f in flips), cwd=folder, timeout=300)
            reports = d.by_file(run.lines())
            if run.status != 0:
                faults.append(f"{run}: expected exit 0, all mended")
            for f in flips:
                lines = reports.get(f.name, [])
                target = folder / "out" / f.name
                mended = target.read_bytes() if target.exists() else None
                fault = f.fault(lines) or (None if mended == f.wanted else "the output is wrong")
                if fault:
                    where = f"byte {f.bit // 8} bit {f.bit % 8} ({f.place})"
                    faults.append(f"{where}: {fault}: {str(lines)[:700]}")
        return faults

    def check_batch(self, batch):
        flips = [Flip(batch, place, bit) for place in PLACES for bit in range(8 * len(batch))]
        faults = []
        for start in range(0, len(flips), FILES_PER_RUN):
            faults += self.check(flips[start:start + FILES_PER_RUN])
        self.assertFalse(faults, f"{len(faults)} of {len(flips)} flips, first:\n" + "\n".join(faults[:6]))


def batch_test(batch):
    return lambda self: self.check_batch(batch)


for _name, _batch in BATCHES.items():
    setattr(Bits, "test_each_bit_of_" + re.sub(r"\W+", "_", _name), batch_test(_batch))


class ManyInOneFile(unittest.TestCase):
    def test_each_bit_of_a_batch_in_one_file_between_healthy_ones(self):
        for name in ("v2_none", "v2_lz4", "v2_control", "v0_none", "v1_snappy"):
            with self.subTest(batch=name):
                flips = [Flip(BATCHES[name], "middle", bit) for bit in range(8 * len(BATCHES[name]))]
                data = b"".join(f.file for f in flips)
                run = d.recrc("-n", "--json", "-", stdin=data)
                self.assertEqual(run.status, 3, str(run))
                positions = [i * len(flips[0].file) + len(f.before) for i, f in enumerate(flips) if f.is_damage]
                self.assertEqual([x.get("position") for x in run.lines()], positions)
                bits = [f.bit for f in flips if f.is_damage and f.bit != d.timestamp_type_bit(f.batch)]
                self.assertEqual([x["bit"] for x in run.lines() if x["cause"] == "single_bit"], bits)
                run = d.recrc("-", stdin=data)
                self.assertEqual(run.status, 0, str(run)[:600])
                self.assertTrue(run.out == b"".join(f.wanted for f in flips), "the output is wrong")

    def test_bits_outside_the_cover_are_no_damage(self):
        for name, batch in BATCHES.items():
            with self.subTest(batch=name):
                bits = [bit for bit in range(8 * 17) if not d.under_crc(batch, bit // 8)]
                data = b"".join(d.flip_bits(batch, bit) for bit in bits)
                run = d.recrc("-n", "--json", "-", stdin=data)
                self.assertEqual((run.status, run.out), (0, b""), str(run))
                run = d.recrc("-", stdin=data)
                self.assertEqual((run.status, run.out == data), (0, True), str(run))


class Odds(unittest.TestCase):
    """bits / 2^32 under 1e-3 means a batch of less than 536,871 bytes."""

    def check(self, value_bytes, bit, cause, action):
        batch = k.build_batch(9, [(b"k", bytes(value_bytes))])
        batch = d.mended(batch[:100] + b"changed" + batch[107:])
        hurt = d.flip_bits(batch, bit)
        run = d.recrc("-n", "--json", "-", stdin=hurt)
        self.assertEqual(run.status, 3, str(run))
        line, = run.lines()
        self.assertEqual((line["action"], line.get("bit")), (action, bit if cause == "single_bit" else None), line)
        self.assertEqual(line["cause"], cause)
        run = d.recrc("-", stdin=hurt)
        self.assertEqual((run.status, run.out == (hurt if action == "kept" else batch)), (3 if action == "kept" else 0, True))

    def test_a_bit_of_the_body_is_flipped_back_only_where_chance_is_small(self):
        self.check(500_000, 8 * 300_001 + 5, "single_bit", "bit_flipped_back")
        self.check(600_000, 8 * 300_001 + 5, "single_bit", "kept")

    def test_a_bit_of_the_stored_crc_is_mended_in_a_batch_of_any_size(self):
        for value_bytes in (500_000, 600_000):
            self.check(value_bytes, 8 * 17 + 3, "single_bit", "recomputed")


if __name__ == "__main__":
    k.main()
