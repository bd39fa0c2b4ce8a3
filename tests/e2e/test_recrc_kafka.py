# SPDX-License-Identifier: Apache-2.0
"""What recrc writes is read by Kafka's own classes: every batch valid, every record as it was before the damage."""

import pathlib
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import damage as d  # noqa: E402
import kafka_tools  # noqa: E402
import kseg_cli as k  # noqa: E402

CASES = [case for case in k.cases() if not case.startswith("__")]
EDITS = {
    "canonical": ["--canonical"],
    "none": ["--codec", "none"],
    "gzip": ["--codec", "gzip"],
    "snappy": ["--codec", "snappy"],
    "lz4": ["--codec", "lz4"],
    "moved": ["--base-offset", "5000000000", "--leader-epoch", "11"],
    "moved-lz4": ["--base-offset", "0", "--codec", "lz4"],
}
ZSTD = {"zstd": ["--codec", "zstd", "--canonical"]}


def is_v2(case):
    return not case.startswith(("v0", "v1")) and case != "v2-mixed"


def records_of(lines, shift=0):
    kept = ("timestamp", "timestamp_type", "key", "value", "headers", "control")
    return [(x["offset"] - shift, *(str(x[name]) for name in kept)) for x in lines if x["type"] == "record"]


def faults(lines):
    return [x for x in lines if x["type"] == "error" or (x["type"] == "batch" and not x["valid"])]


class Kafka(k.ScratchCase):
    @classmethod
    def setUpClass(cls):
        cls.healthy = kafka_tools.read_segments(*(k.log_of(case) for case in CASES))

    def before(self, case):
        return self.healthy[str(k.log_of(case))]

    def test_reads_what_was_mended_of_each_recipe(self):
        made = {}
        for case in CASES:
            batches = k.log_batches(k.log_of(case))
            for recipe in ("zero_crc", "byte_swapped", "range_whole_batch"):
                hurt = self.dir / f"{case}-{recipe}.hurt"
                hurt.write_bytes(b"".join(d.with_stored(b.data, d.recipe_crc(b.data, recipe)) for b in batches))
                made[self.dir / f"{case}-{recipe}.log"] = (case, hurt)
            flipped = self.dir / f"{case}-flipped.hurt"
            flipped.write_bytes(b"".join(d.flip_bits(b.data, 8 * b.size - 5) for b in batches))
            made[self.dir / f"{case}-flipped.log"] = (case, flipped)
        for out, (case, hurt) in made.items():
            run = d.recrc("-o", out, hurt)
            self.assertIn(run.status, (0, 3), str(run))
            if run.status == 3:  # a body that was bad before the damage vouches for nothing
                self.assertNotEqual(k.decode("--batches", k.log_of(case)).status, 0, str(run))
        seen = kafka_tools.read_segments(*made)
        for out, (case, _) in made.items():
            with self.subTest(out=out.name):
                self.assertEqual(faults(seen[str(out)]), faults(self.before(case)))
                self.assertEqual(records_of(seen[str(out)]), records_of(self.before(case)))

    def test_reads_what_was_edited(self):
        made = {}
        for case in CASES:
            for name, options in (EDITS | (ZSTD if is_v2(case) else {})).items():
                out = self.dir / f"{case}-{name}.log"
                run = d.recrc(*options, "-o", out, k.log_of(case))
                self.assertEqual(run.status, 0, str(run))
                first = next(x for x in self.before(case) if x["type"] == "batch")["base_offset"]
                shift = int(options[1]) - first if options[0] == "--base-offset" else 0
                made[out] = (case, shift)
        seen = kafka_tools.read_segments(*made)
        for out, (case, shift) in made.items():
            with self.subTest(out=out.name):
                self.assertEqual(faults(seen[str(out)]), [])
                self.assertEqual(records_of(seen[str(out)], shift), records_of(self.before(case)))

    def test_finds_nothing_wrong_with_rebuilt_index_files(self):
        indexes, logs = [], []
        for case in CASES:
            for name, options in (("lz4", ["--codec", "lz4"]), ("none", ["--codec", "none"])):
                folder = self.dir / f"{name}-{case}" / "t-0"
                folder.mkdir(parents=True)
                for path in k.log_of(case).parent.glob(k.log_of(case).stem + ".*"):
                    shutil.copy(path, folder)
                log = folder / k.log_of(case).name
                run = d.recrc("--in-place", *options, log)
                self.assertEqual(run.status, 0, str(run))
                logs.append(log)
                indexes += [log.with_suffix(".index"), log.with_suffix(".timeindex")]
        self.assertEqual(kafka_tools.index_faults(*indexes), [])
        dump = kafka_tools.dump_log(*logs, options=["--deep-iteration"])
        self.assertIn("isvalid: true", dump)
        self.assertNotIn("isvalid: false", dump)
        # The check can fail: an index of another segment is found out.
        other = next(i for i in indexes if i.suffix == ".index" and i.stat().st_size > 100)
        entries = bytearray(other.read_bytes())
        entries[7] ^= 1
        other.write_bytes(entries)
        with self.assertRaises(AssertionError):
            self.assertEqual(kafka_tools.index_faults(other), [])


if __name__ == "__main__":
    unittest.main()
