# SPDX-License-Identifier: Apache-2.0
"""A damaged archive never changes an answer in silence: either the damage does not matter to the query, or it is reported,
naming the archive, with exit 3. Where the log is there too, or the archive in another store's format, the answer is whole all
the same; else what is left out is all that is wrong with it.

KSEG_DAMAGE_CASES: how many changes (default 500); KSEG_DAMAGE_SEED."""

import os
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import make_log  # noqa: E402
import query_check as c  # noqa: E402
import test_index_damage as d  # noqa: E402

QUERIES_OF_A_CHANGE = 2
ENOUGH_FOR_RARE_ONES = 500


class Damage(k.ScratchCase):
    form = "tar.gz"

    def setUp(self):
        super().setUp()
        self.rng = random.Random(d.SEED)
        self.log = make_log.make_log(self.rng, self.dir / "wal", "t", partitions=2, segments=2, batches=8, most_value_bytes=2000)
        indexes, self.store = self.dir / "indexes", self.dir / "store"
        c.build_index(self.log, indexes, "--json-values")
        c.pack(indexes, self.store, "--format", self.form)
        self.files = sorted(self.store.rglob("*." + self.form))
        self.assertEqual(len(self.files), len(self.log.files()))
        self.content = {path: path.read_bytes() for path in self.files}
        self.reader = c.Reader()
        self.asks = [c.Ask(match=match, control=match is None, raw=match in ("zzzz*", "*er", None)) for match in d.QUERIES]
        self.asks += [c.Ask(first=0, end=40), c.Ask(match="order", count=True), c.Ask(match="key:* AND id", count=True), c.Ask(count=True)]
        self.wanted = [ask.wanted(self.log) for ask in self.asks]
        self.reported = self.untouched = self.partly = 0

    def part_fault(self, run, ask, wanted):
        """What is wrong with an answer of which a part may be missing."""
        if ask.count:
            return None if int(run.text) <= len(wanted) else "counts too many"
        got = [b.data for b in k.parse_batches(run.out)] if ask.raw else self.reader.contents(run)
        rest = iter([b.data for b in wanted] if ask.raw else [r.content() for r in wanted])
        self.partly += 0 < len(got) < len(wanted)
        return None if all(any(x == y for y in rest) for x in got) else "is not a part of the answer, in its order"

    def fault(self, number, path, with_log):
        place = ["--store", self.store] + (["--wal", self.log.wal] if with_log else [])
        ask, wanted = self.asks[number], self.wanted[number]
        run = k.run("query", *place, "--topic", "t", *ask.arguments())
        if run.status not in (0, 3):
            return f"{run}: exit status"
        if (run.status == 3) != (path.name in run.err):
            return f"{run}: exit {run.status}, and what it says"
        self.reported += run.status == 3
        self.untouched += run.status == 0
        if run.status == 3 and not with_log:
            return self.part_fault(run, ask, wanted)
        seen, run.status, run.err_bytes = run.status, 0, b""
        wrong = c.fault(run, ask, wanted, self.reader)
        return wrong and f"exit {seen}: {wrong}"

    def test_changed_bytes(self):
        faults = []
        for case in range(d.CASES // 2):
            path = self.rng.choice(self.files)
            change = self.rng.choice(d.CHANGES)
            data = change(self.rng, self.content[path])
            if data == self.content[path]:
                continue
            path.write_bytes(data)
            for number in self.rng.sample(range(len(self.asks)), QUERIES_OF_A_CHANGE):
                with_log = self.rng.random() < 0.5
                try:
                    wrong = self.fault(number, path, with_log)
                except AssertionError as e:
                    wrong = str(e)
                if wrong:
                    faults.append(f"KSEG_DAMAGE_SEED={d.SEED}, case {case}: {path.name} {change.__name__}; {self.asks[number]}, "
                                  f"with the log: {with_log}: {wrong}")
            path.write_bytes(self.content[path])
            if len(faults) > 10:
                break
        self.assertFalse(faults, f"{len(faults)} faults:\n" + "\n".join(x[:2000] for x in faults))
        # All of these happen, or this test sees nothing; the rare ones not among few.
        self.assertGreater(self.reported, d.CASES // 20)
        if d.CASES >= ENOUGH_FOR_RARE_ONES:
            self.assertGreater(self.untouched, d.CASES // 100)
            self.assertGreater(self.partly, d.CASES // 100)

    def test_an_archive_that_is_gone(self):
        """Offsets that no archive holds between two that are there are missing."""
        path = self.files[0]
        path.unlink()
        run = k.run("query", "--store", self.store, "--topic", "t", "--partition", "0", "--json", "--control")
        wanted = [r for r in self.log.records(0) if r.offset >= int(self.files[1].name[:20])]
        self.assertEqual(self.reader.contents(run), [r.content() for r in wanted])


class DamageOfZstd(Damage):
    form = "tar.zst"


if __name__ == "__main__":
    k.main()
