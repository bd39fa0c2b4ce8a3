# SPDX-License-Identifier: Apache-2.0
"""Small segments cut at every byte, and with every bit flipped: found, no crash, no other batch lost."""

import os
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402

FILES_PER_RUN = 1500


def head(log, count, first=0):
    """The bytes of `count` batches, from batch `first` on."""
    return b"".join(b.data for b in k.log_batches(log)[first:first + count])


SEGMENTS = {
    "v0-none": head(k.log_of("v0-none"), 4, 2),
    "v1-none": head(k.log_of("v1-none"), 3, 2),
    "v2-idempotent": head(k.log_of("v2-idempotent"), 3),
    "v2-txn-none": head(k.log_of("v2-txn-none"), 3, 5),
    "v2-epochs": head(k.log_of("v2-epochs"), 3),
    "v2-none": head(k.damaged_log("v2-none-ok"), 2),
    "v2-lz4": head(k.damaged_log("v2-lz4-ok"), 2),
    "v2-zstd": head(k.damaged_log("v2-zstd-ok"), 2),
    "v0-gzip": head(k.damaged_log("v0-gzip-ok"), 2),
}


def under_crc(batch, byte):
    """Whether a changed byte (counted in the batch) must show."""
    if byte < 8:
        return False
    return not (batch.magic == 2 and 12 <= byte < 16)


def batches_of_many(files):
    """{name: --batches lines} of many small files, in as few runs as possible. files: {name: bytes}."""
    result = {name: [] for name in files}
    names = list(files)
    for start in range(0, len(names), FILES_PER_RUN):
        part = names[start:start + FILES_PER_RUN]
        with k.scratch(in_memory=True) as d:
            for name in part:
                (d / name).write_bytes(files[name])
            run = k.decode("--batches", "--json", *part, cwd=d, timeout=120)
            if run.status not in (0, 3):
                raise AssertionError(f"{run}: expected exit 0 or 3")
            for line in run.lines():
                if "file" not in line:
                    raise AssertionError(f"with more than one segment every line has `file`: {str(line)[:200]}")
                result[os.path.basename(line["file"])].append(line)
    return result


class Cuts(unittest.TestCase):
    def test_each_truncation_leaves_the_whole_batches_and_one_gap(self):
        for name, data in SEGMENTS.items():
            with self.subTest(segment=name):
                batches = k.parse_batches(data)
                cuts = k.fewer(range(len(data) + 1))
                found = batches_of_many({f"cut_{n:05d}.log": data[:n] for n in cuts})
                for n in cuts:
                    lines = found[f"cut_{n:05d}.log"]
                    whole = [b for b in batches if b.position + b.size <= n]
                    good = k.valid_extents(lines)
                    self.assertEqual(good, {(b.position, b.size) for b in whole}, f"cut at {n}: {str(lines)[:400]}")
                    end = whole[-1].position + whole[-1].size if whole else 0
                    rest = data[end:n]
                    gaps = [line["gap"] for line in lines if k.is_gap(line)]
                    if not rest:
                        self.assertFalse(k.shows_damage(lines), f"cut at {n}, a batch boundary: {lines}")
                        continue
                    self.assertEqual([(g["position"], g["size"]) for g in gaps], [(end, n - end)], f"cut at {n}: {lines}")
                    self.assertEqual(len(lines), len(whole) + 1, f"cut at {n}: {lines}")
                    if len(rest) >= 8 and any(rest):
                        self.assertEqual(gaps[0]["reason"], "torn_tail", f"cut at {n}")
                    else:
                        self.assertIn(gaps[0]["reason"], ("torn_tail", "zero_fill"), f"cut at {n}")

    def test_the_exit_status_of_each_truncation(self):
        with k.scratch() as d:
            for name, data in SEGMENTS.items():
                boundaries = {0} | {b.position + b.size for b in k.parse_batches(data)}
                near = {max(0, min(len(data), b + i)) for b in boundaries for i in (-1, 0, 1, 17)}
                for n in sorted(near | set(k.sample(range(len(data)), 12))):
                    with self.subTest(segment=name, cut=n):
                        log = d / f"{name}_{n}.log"
                        log.write_bytes(data[:n])
                        run = k.decode("--json", log)
                        self.assertEqual(run.status, 0 if n in boundaries else 3, str(run))
                        self.assertEqual(bool(run.err), n not in boundaries, str(run))


class Flips(unittest.TestCase):
    def check(self, batches, byte, bit, lines, size):
        """What is wrong with the --batches lines of a segment with that bit flipped, or None."""
        hit = next(b for b in batches if b.position <= byte < b.position + b.size)
        fault = k.coverage_fault(lines, size)
        if fault:
            return fault
        good = k.valid_extents(lines)
        lost = [(b.position, b.size) for b in batches if b is not hit and (b.position, b.size) not in good]
        if lost:
            return f"lost the good batch at {lost[0][0]}"
        if under_crc(hit, byte - hit.position):
            clean = [x for x in lines if not k.is_gap(x) and x["position"] == hit.position and x["valid"] and x["problem"] is None]
            if clean or not k.shows_damage(lines):
                return "the flip went unnoticed"
        elif (hit.position, hit.size) not in good:
            return "outside the CRC, yet the batch is not valid"
        return None

    def test_each_flipped_bit(self):
        for name, data in SEGMENTS.items():
            with self.subTest(segment=name):
                batches = k.parse_batches(data)
                places = k.fewer([(byte, bit) for byte in range(len(data)) for bit in range(8)])
                faults = []
                for start in range(0, len(places), FILES_PER_RUN):
                    part = places[start:start + FILES_PER_RUN]
                    found = batches_of_many({f"flip_{y:05d}_{i}.log": k.flip(data, y, i) for y, i in part})
                    for y, i in part:
                        lines = found[f"flip_{y:05d}_{i}.log"]
                        fault = self.check(batches, y, i, lines, len(data))
                        if fault:
                            faults.append(f"byte {y} bit {i}: {fault}: {str(lines)[:500]}")
                self.assertFalse(faults, f"{len(faults)} of {len(places)} flips, first:\n" + "\n".join(faults[:5]))

    def test_the_exit_status_and_records_of_a_sample_of_flips(self):
        with k.scratch() as d:
            for name, data in SEGMENTS.items():
                batches = k.parse_batches(data)
                header = [b.position + i for b in batches for i in (0, 7, 8, 11, 12, 15, 16, 17, 21)]
                places = [(y, (7 * y) % 8) for y in header] + [(y, y % 8) for y in k.sample(range(len(data)), 20)]
                for byte, bit in places:
                    with self.subTest(segment=name, byte=byte, bit=bit):
                        log = d / f"{name}_{byte}_{bit}.log"
                        log.write_bytes(k.flip(data, byte, bit))
                        run = k.decode("--json", log)
                        run.lines()
                        hit = next(b for b in batches if b.position <= byte < b.position + b.size)
                        if under_crc(hit, byte - hit.position):
                            self.assertEqual(run.status, 3, str(run))
                            self.assertRegex(run.err, rf"(?m)^warning: {re.escape(str(log))}: offset \d+: ")
                        else:
                            self.assertIn(run.status, (0, 3), str(run))


class Hostile(unittest.TestCase):
    def test_lengths_and_counts_at_their_limits_are_refused_quickly(self):
        batch = k.build_batch(0, [(b"k", b"v")])
        after = k.build_batch(1, [(b"k", b"w")])
        with k.scratch() as d:
            for number in (-1, -2, -2**31, 2**31 - 1, 2**30, 1 << 20):
                value = number.to_bytes(4, "big", signed=True)
                for at, crc in ((8, False), (57, True), (23, True)):  # batch_length, records_count, last_offset_delta
                    with self.subTest(at=at, value=number):
                        hurt = batch[:at] + value + batch[at + 4:]
                        log = d / "hostile.log"
                        log.write_bytes((k.with_crc(hurt) if crc else hurt) + after)
                        run = k.decode("--batches", "--json", log, timeout=10)
                        lines = run.lines()
                        self.assertIn((len(batch), len(after)), k.valid_extents(lines), str(run))
                        if at != 23 or number < 0:  # a large last offset alone is what compaction leaves
                            self.assertEqual(run.status, 3, str(run))

    def test_random_bytes_never_crash_it(self):
        import random
        rng = random.Random(5)
        pieces = [rng.randbytes(n) for n in (1, 11, 12, 17, 61, 62, 100, 1000, 5000) for _ in range(8)]
        for piece in pieces:
            good = k.build_batch(7, [(b"k", b"v")])
            run = k.decode("--batches", "--json", "-", stdin=good + piece + good, timeout=10)
            found = k.valid_extents(run.lines())
            self.assertEqual(run.status, 3, str(run))
            self.assertIn((0, len(good)), found)
            self.assertIn((len(good) + len(piece), len(good)), found, f"{run}: lost the batch behind {len(piece)} random bytes")


if __name__ == "__main__":
    k.main()
