# SPDX-License-Identifier: Apache-2.0
"""Random damage to many batches of the corpus: recrc never mends what nothing vouches for.

usage: recrc_statistics.py [--cases N] [--seed S]     KSEG names the program; 100,000 cases are for nightly runs

Each case overlays 2 to 64 bytes of a healthy batch with random ones; in every tenth one bit is flipped, which has to be
undone. The cases of a run stand in one file, between healthy batches. Violations end in exit status 1; a wrong explanation
that fits by chance (bits / 2^32 a case) is reported each time, and a violation only when there are more than the odds
allow.
"""

import argparse
import collections
import dataclasses
import math
import pathlib
import random
import struct
import subprocess
import sys
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import damage as d  # noqa: E402
import kseg_cli as k  # noqa: E402

CASES_PER_RUN = 2000
MOST_BYTES = 2000
MOST_OF_A_KIND = 12  # batches of one magic and codec from one corpus case
LENGTHS = (2, 3, 4, 6, 8, 16, 32, 64)
ONE_BIT_CASES = 10  # every so many
CHANCE_OF_TOO_MANY = 1e-6
SEPARATOR = k.build_batch(1 << 32, [(b"between", b"healthy")], leader_epoch=3)


@dataclasses.dataclass
class Case:
    number: int
    source: str
    start: int
    healthy: bytes
    hurt: bytes
    lines: list = dataclasses.field(default_factory=list)

    @property
    def end(self):
        return self.start + len(self.hurt)

    def is_damaged(self):
        return any(a != b and d.under_crc(self.healthy, i) for i, (a, b) in enumerate(zip(self.healthy, self.hurt)))

    def __str__(self):
        return f"case {self.number} ({self.source}, {len(self.hurt)} bytes, at {self.start} of its file)"


def pool():
    """[(source, healthy batch)]: small ones of every kind, and some whose body has a content checksum."""
    kinds = collections.defaultdict(list)
    for name in k.cases():
        for batch in k.log_batches(k.log_of(name)):
            if batch.size <= MOST_BYTES:
                kinds[name, batch.magic, batch.codec].append(batch)
    result = []
    for (name, _, codec), batches in kinds.items():
        result += [(f"{name} at {b.position}", b.data) for b in k.sample(batches, MOST_OF_A_KIND)]
    for batch in k.sample(kinds["v2-mixed", 2, "none"], 6):
        for codec in ("lz4", "zstd"):
            body = d.compress(codec, batch.data[61:], checksum=True)
            result.append((f"v2-mixed at {batch.position} by {codec} with checksum", d.with_body(batch.data, body, codec)))
    return result


def overlaid(rng, batch):
    """The batch with some bytes replaced by random ones: in one run, or all over."""
    count = min(rng.choice(LENGTHS), len(batch))
    if rng.random() < 0.5:
        first = rng.randrange(len(batch) - count + 1)
        return d.with_bytes(batch, first, rng.randbytes(count))
    for at in rng.sample(range(len(batch)), count):
        batch = d.with_bytes(batch, at, rng.randbytes(1))
    return batch


# ---- what may vouch -------------------------------------------------------------------------------------------------

def compressed_body(batch):
    """(codec, bytes) of a magic 2 batch, or of the value of a message of magic 0 and 1."""
    codec = batch[d.attributes_at(batch)] & 7
    if d.magic_of(batch) == 2:
        return codec, batch[61:]
    at = 18 if d.magic_of(batch) == 0 else 26
    key_length, = struct.unpack_from(">i", batch, at)
    at += 4 + max(key_length, 0)
    value_length, = struct.unpack_from(">i", batch, at)
    if key_length < -1 or value_length != len(batch) - at - 4:
        raise ValueError("lengths do not fit")
    return codec, batch[at + 4:]


def checked_content(batch):
    """What the body holds, where a content checksum says that it is what was compressed; else None."""
    try:
        codec, body = compressed_body(batch)
        if codec == 1 or (codec in (3, 4) and body[4] & 0x04):  # lz4 and zstd have the same bit for it
            return d.decompress(k.CODECS[codec], body)
    except (OSError, EOFError, ValueError, IndexError, struct.error, subprocess.CalledProcessError, zlib.error):
        pass
    return None


# ---- checks -------------------------------------------------------------------------------------------------------------

class Tally:
    def __init__(self):
        self.counts = collections.Counter()
        self.violations, self.by_chance = [], []
        self.expected_by_chance = 0.0

    def violation(self, case, what, detail=""):
        self.violations.append(f"{case}: {what} {str(detail)[:500]}")

    def chance(self, case, what):
        self.by_chance.append(f"{case}: {what}")

    def most_by_chance(self):
        """More happen with a probability under CHANCE_OF_TOO_MANY (Poisson)."""
        count, term = 0, math.exp(-self.expected_by_chance)
        left = 1 - term
        while left > CHANCE_OF_TOO_MANY:
            count += 1
            term *= self.expected_by_chance / count
            left -= term
        return count


def is_one_bit(a, b):
    return len(a) == len(b) and sum((x ^ y).bit_count() for x, y in zip(a, b)) == 1


def same_under_crc(a, b):
    return len(a) == len(b) and all(x == y or not d.under_crc(b, i) for i, (x, y) in enumerate(zip(a, b)))


def check_recomputed(tally, case, line, out):
    """Checks one line with the action `recomputed`; returns the case's bytes as they should come out."""
    at = line["position"] - case.start
    piece = case.hurt[at:at + line["size"]]
    result = d.mended(piece)
    if out[at:at + line["size"]] != result:
        tally.violation(case, "recomputed, but not just the CRC", line)
    cause, wrong = line["cause"], d.stored_crc(piece) ^ d.right_crc(piece)
    if cause == "single_bit":
        if wrong.bit_count() != 1:
            tally.violation(case, "recomputed as one bit of the stored CRC, which it is not", line)
    elif cause == "unknown":
        content, healthy = checked_content(piece), checked_content(case.healthy)
        if content is None:
            tally.violation(case, "recomputed although nothing vouches for it", line)
        elif content != healthy:
            tally.chance(case, f"a codec's checksum holds for other content: {line}")
    elif cause not in d.recipe_names(d.magic_of(piece)) or d.recipe_crc(piece, cause) != d.stored_crc(piece):
        tally.violation(case, "recomputed for a recipe that does not explain it", line)
    elif not is_one_bit(case.healthy, case.hurt):  # that may be the timestamp type
        tally.chance(case, f"recipe {cause} fits")
    if line.get("problem") is not None:
        tally.violation(case, "recomputed with a body that does not parse", line)
    tally.counts[f"recomputed: {cause}"] += 1
    return d.with_bytes(case.hurt, at, result)


def check_one_bit(tally, case, out):
    """One bit flipped under the CRC is flipped back; the timestamp type stays, since either may be right."""
    tally.counts["one bit"] += 1
    bit = d.timestamp_type_bit(case.healthy)
    flipped_type = bit is not None and d.flip_bits(case.healthy, bit) == case.hurt
    if out != (d.mended(case.hurt) if flipped_type else case.healthy):
        tally.violation(case, "one bit was flipped, and the output is wrong", case.lines)


def check_coverage(tally, case):
    """What a damaged batch was is in the report to its last byte: no part of it counts as healthy."""
    at = case.start
    for line in case.lines:
        begin, end = extent_of(line)
        if begin != at:
            tally.violation(case, f"bytes {at} to {begin} are neither reported nor healthy", case.lines)
        at = case.end if is_length_bit(line) else end
    if at != case.end:
        tally.violation(case, f"bytes {at} to {case.end} are neither reported nor healthy", case.lines)


def check_case(tally, case, out):
    tally.counts["cases"] += 1
    if not case.is_damaged():
        tally.counts["harmless"] += 1
        if case.lines or out != case.hurt:
            tally.violation(case, "nothing under the CRC changed, yet it is reported or written", case.lines)
        return
    tally.expected_by_chance += 8 * len(case.hurt) / 2**32
    if not case.lines:
        tally.violation(case, "damaged and not reported")
        return
    if is_one_bit(case.healthy, case.hurt):
        check_one_bit(tally, case, out)
    check_coverage(tally, case)
    wanted = case.hurt
    for line in case.lines:
        if k.is_gap(line):
            tally.counts["gap: " + line["gap"]["reason"]] += 1
            if line.get("action") != "kept":
                tally.violation(case, "a gap that is not kept", line)
        elif line["action"] == "kept":
            tally.counts["kept"] += 1
        elif line["action"] == "recomputed":
            wanted = check_recomputed(tally, case, line, out)
        elif line["action"] == "bit_flipped_back":
            wanted = out
            if same_under_crc(out, case.healthy):
                tally.counts["bit_flipped_back, rightly"] += 1
            else:
                tally.chance(case, f"another bit explains it: {line}")
            if not is_one_bit(out, case.hurt):
                tally.violation(case, "flipped back more or less than one bit", line)
        else:
            tally.violation(case, "unknown action", line)
    if out != wanted:
        tally.violation(case, "bytes changed that are reported as kept", case.lines)


def is_length_bit(line):
    """Then the size may be either."""
    return 64 <= line.get("bit", 0) < 96


def extent_of(line):
    place = line["gap"] if k.is_gap(line) else line
    return place["position"], place["position"] + (1 if is_length_bit(line) else place["size"])


def run_cases(tally, cases, data):
    with k.scratch(in_memory=True) as folder:
        (folder / "in.log").write_bytes(data)
        run = d.recrc("--json", "-o", "out.log", "in.log", cwd=folder, timeout=600)
        target = folder / "out.log"
        out = target.read_bytes() if target.exists() else b""
    lines = run.lines()
    unmended = any(k.is_gap(x) or x["action"] == "kept" for x in lines)
    if run.status != (3 if unmended else 0):
        tally.violations.append(f"{run}: expected exit {3 if unmended else 0}")
    if len(out) != len(data):
        tally.violations.append(f"{run}: {len(data)} bytes in, {len(out)} out")
        return
    waiting, at = collections.deque(sorted(lines, key=lambda line: extent_of(line)[0])), 0
    for case in cases:
        if out[at:case.start] != data[at:case.start]:
            tally.violation(case, "a healthy batch before it changed")
        at = case.end
        while waiting and extent_of(waiting[0])[0] < case.end:
            line = waiting.popleft()
            begin, end = extent_of(line)
            if begin < case.start or end > case.end:
                tally.violation(case, "a line reaches into a healthy batch", line)
            else:
                case.lines.append(line)
        check_case(tally, case, out[case.start:case.end])
    if waiting or out[at:] != data[at:]:
        tally.violations.append(f"{run}: something behind the last case changed or is reported: {list(waiting)[:2]}")


def measure(count, seed):
    """Runs that many cases and returns the tally."""
    rng, tally, healthy = random.Random(seed), Tally(), pool()
    for first in range(0, count, CASES_PER_RUN):
        cases, data = [], bytearray(SEPARATOR)
        for number in range(first, min(first + CASES_PER_RUN, count)):
            source, batch = rng.choice(healthy)
            one_bit = number % ONE_BIT_CASES == 0
            hurt = d.flip_bits(batch, rng.randrange(8 * len(batch))) if one_bit else overlaid(rng, batch)
            case = Case(number, source, len(data), batch, hurt)
            cases.append(case)
            data += case.hurt + SEPARATOR
        run_cases(tally, cases, bytes(data))
    return tally


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    tally = measure(options.cases, options.seed)
    for name, count in sorted(tally.counts.items()):
        print(f"{count:8d} {name}")
    print(f"{len(tally.by_chance):8d} by chance; expected {tally.expected_by_chance:.3f}, at most {tally.most_by_chance()}")
    for what in tally.by_chance:
        print("chance:", what)
    if len(tally.by_chance) > tally.most_by_chance():
        tally.violations.append(f"{len(tally.by_chance)} explanations fit by chance: more than the odds allow")
    for what in tally.violations[:50]:
        print("violation:", what, file=sys.stderr)
    if tally.violations:
        print(f"error: {len(tally.violations)} violations, seed {options.seed}", file=sys.stderr)
    return 1 if tally.violations else 0


if __name__ == "__main__":
    sys.exit(main())
