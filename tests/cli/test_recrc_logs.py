# SPDX-License-Identifier: Apache-2.0
"""recrc over whole logs: what segments of one log have in common, limits that hold wherever a batch stands, index files."""

import pathlib
import shutil
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import damage as d  # noqa: E402
import kseg_cli as k  # noqa: E402


def offsets(path):
    return [line["offset"] for line in k.decode("--json", path).lines()]


class Logs(k.ScratchCase):
    def partition(self, name, first=0):
        """A partition's directory with two segments of two batches each."""
        folder = self.dir / name
        folder.mkdir(parents=True)
        for base in (first, first + 2):
            (folder / f"{base:020d}.log").write_bytes(
                b"".join(k.build_batch(base + i, [(b"k", b"v" * 10)]) for i in range(2)))
        return folder

    def test_segments_of_a_log_move_together_and_the_next_log_begins_anew(self):
        a, b = self.partition("logs/a-0"), self.partition("logs/b-0", 100)
        run = d.recrc("--in-place", "--base-offset", "500", self.dir / "logs")
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual(offsets(a), [500, 501, 502, 503])
        self.assertEqual(offsets(b), [500, 501, 502, 503])

    def test_files_named_one_after_another_move_together(self):
        a = self.partition("a-0")
        files = sorted(a.glob("*.log"))
        out = self.dir / "out.log"
        self.assertEqual(d.recrc("--base-offset", "7", "-o", out, *files).status, 0)
        self.assertEqual(offsets(out), [7, 8, 9, 10])

    def test_a_log_directory_is_mended_below_an_output_directory(self):
        self.partition("logs/a-0"), self.partition("logs/b-1")
        for log in (self.dir / "logs").rglob("*.log"):
            batches = k.log_batches(log)
            log.write_bytes(b"".join(d.with_stored(b.data, d.recipe_crc(b.data, "byte_swapped")) for b in batches))
        (self.dir / "out").mkdir()
        run = d.recrc("--json", "-o", self.dir / "out", self.dir / "logs")
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual(len(run.lines()), 8)
        self.assertEqual({line["cause"] for line in run.lines()}, {"byte_swapped"})
        made = sorted(str(p.relative_to(self.dir / "out")) for p in (self.dir / "out").rglob("*.log"))
        self.assertEqual(made, [f"{p}/{base:020d}.log" for p in ("a-0", "b-1") for base in (0, 2)])
        self.assertEqual(k.decode("--batches", self.dir / "out").status, 0)

    def test_a_batch_over_the_limit_is_damage_wherever_it_stands(self):
        batches = [k.build_batch(i, [(b"k", b"v" * 300_000)]) for i in range(9)]
        log = self.dir / "large.log"
        log.write_bytes(b"".join(batches))
        self.assertEqual(d.recrc("-n", log).status, 0)
        self.assertEqual(d.recrc("-n", "--max-batch-bytes", "100K", log).status, 1, "there is no batch as small as that")
        small = k.build_batch(100, [(b"k", b"v")])
        log.write_bytes(small + b"".join(batches) + small)
        run = d.recrc("-n", "--json", "--max-batch-bytes", "100K", log)
        self.assertEqual(run.status, 3, str(run))
        self.assertEqual([line["gap"]["size"] for line in run.lines()], [sum(map(len, batches))])

    def test_a_time_that_is_made_anew_is_in_the_index_too(self):
        log = self.dir / "t-0" / f"{0:020d}.log"
        log.parent.mkdir()
        healthy = [k.build_batch(i, [(b"k", b"v" * 3000)], timestamp=1_700_000_000_000 + i) for i in range(4)]
        wrong = k.with_crc(d.with_bytes(healthy[1], 35, struct.pack(">q", 1_700_000_009_999)))
        log.write_bytes(healthy[0] + wrong + b"".join(healthy[2:]))
        index = log.with_suffix(".timeindex")
        index.write_bytes(struct.pack(">qi", 1_700_000_009_999, 1))
        self.assertEqual(d.recrc("--in-place", "--canonical", log).status, 0)
        self.assertEqual(log.read_bytes(), b"".join(healthy))
        last = struct.unpack(">qi", index.read_bytes()[-12:])
        self.assertEqual(last, (1_700_000_000_003, 3))

    def test_index_files_stay_where_nothing_moves(self):
        case = k.log_of("v2-many-batches")
        folder = self.dir / "t-0"
        folder.mkdir()
        for path in case.parent.glob(case.stem + ".*"):
            shutil.copy(path, folder)
        log = folder / case.name
        batches = k.log_batches(case)
        log.write_bytes(b"".join(d.with_stored(b.data, 0) for b in batches))
        before = {p.name: (p.read_bytes(), p.stat().st_ino) for p in folder.glob("*index")}
        self.assertEqual(d.recrc("--in-place", log).status, 0)
        self.assertEqual(log.read_bytes(), case.read_bytes())
        self.assertEqual({p.name: (p.read_bytes(), p.stat().st_ino) for p in folder.glob("*index")}, before)

    def test_two_damaged_batches_side_by_side_are_both_found(self):
        """The second one's header reads so oddly that the first one's length seems to lead nowhere."""
        healthy = [k.build_batch(i, [(b"k", b"v" * 10)]) for i in range(4)]
        count_bit = 8 * 60 + 5  # of the number of records: more than there are offsets
        for first in (d.flip_bits(healthy[1], 8 * 70), d.flip_bits(healthy[1], 8 * 70, 8 * 71)):
            log = self.dir / "in.log"
            log.write_bytes(healthy[0] + first + d.flip_bits(healthy[2], count_bit) + healthy[3])
            run = d.recrc("--json", "--overwrite", "-o", self.dir / "out.log", log)
            self.assertEqual([line["position"] for line in run.lines()], [len(healthy[0]), 2 * len(healthy[0])], str(run))
            self.assertEqual(run.lines()[1]["bit"], count_bit)
            one_bit = first == d.flip_bits(healthy[1], 8 * 70)
            self.assertEqual(run.lines()[0]["action"], "bit_flipped_back" if one_bit else "kept")
            expected = healthy[1] if one_bit else first
            self.assertEqual((self.dir / "out.log").read_bytes(), healthy[0] + expected + healthy[2] + healthy[3])

    def test_a_chronik_wal_is_not_taken_for_a_damaged_segment(self):
        source = next((k.TESTS / "data" / "chronik" / "v2-original-v2").rglob("wal_*.log"))
        named, other = self.dir / source.name, self.dir / "other.log"
        for path in (named, other):
            path.write_bytes(source.read_bytes())
            for options in (["-n"], ["--in-place"], ["-o", self.dir / "out.log"]):
                run = d.recrc(*options, path)
                self.assertEqual(run.status, 1, str(run))
                self.assertIn("Chronik", run.err)
        run = d.recrc("-n", "-", stdin=source.read_bytes())
        self.assertEqual((run.status, "Chronik" in run.err), (1, True), str(run))
        self.assertEqual(named.read_bytes(), source.read_bytes())
        self.assertEqual(sorted(p.name for p in self.dir.iterdir()), sorted([named.name, other.name]))


if __name__ == "__main__":
    k.main()
