# SPDX-License-Identifier: Apache-2.0
"""A damaged index never changes an answer: either the damage does not matter to the query, or it is reported, naming the file,
with exit 3, and the log is read instead.

KSEG_DAMAGE_CASES: how many changes (default 500); KSEG_DAMAGE_SEED."""

import os
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import make_log  # noqa: E402
import query_check as c  # noqa: E402

CASES = k.tries("KSEG_DAMAGE_CASES", 500)
SEED = int(os.environ.get("KSEG_DAMAGE_SEED", "1"))
QUERIES_OF_A_CHANGE = 2
MANIFEST = "manifest.json"
# Each reads other files, or other parts of them.
QUERIES = [
    "order", "orderId OR nothinglikeit", '"order id" OR http*', "*er", "[a TO m]", "key:k*",
    "headers.orderid:* OR headers.id:order",
    "value.id:* OR value.a:[0 TO 100]", "NOT value:*", "-order AND -id", "codec:zstd OR timestamp_type:log_append",
    "offset:[0 TO 5000]", 'value.nested:order OR value.list:7 OR key:"k1"', "zzzz*", "producer_id:7 AND NOT id", "*:*", None,
]


def overwritten(rng, data):
    at = rng.randrange(len(data))
    size = min(rng.choice([1, 1, 4, 64, 5000]), len(data) - at)
    with_what = rng.choice([rng.randbytes(size), bytes(size), b"\xff" * size])
    return data[:at] + with_what + data[at + size:]


def flipped(rng, data):
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        data = k.flip(data, rng.randrange(len(data)), rng.randrange(8))
    return data


def swapped(rng, data):
    """Two blocks of it in each other's place."""
    size = rng.randint(1, max(1, min(512, len(data) // 2)))
    first = rng.randint(0, len(data) - 2 * size) if len(data) >= 2 * size else 0
    second = rng.randint(first + size, max(first + size, len(data) - size))
    return data[:first] + data[second:second + size] + data[first + size:second] + data[first:first + size] + data[second + size:]


def truncated(rng, data):
    return data[:rng.choice([0, len(data) - 1, rng.randrange(len(data))])]


def extended(rng, data):
    size = rng.choice([1, 8, 4096])
    return data + rng.choice([rng.randbytes(size), bytes(size), data[:size]])


CHANGES = [flipped, flipped, flipped, overwritten, truncated, extended, swapped]


class Damage(k.ScratchCase):
    def setUp(self):
        super().setUp()
        self.rng = random.Random(SEED)
        self.log = make_log.make_log(self.rng, self.dir / "wal", "t", partitions=2, segments=2, batches=8, most_value_bytes=2000)
        self.store = self.dir / "store"
        c.build_index(self.log, self.store, "--json-values")
        self.files = sorted(path for path in self.store.rglob("*") if path.is_file())
        self.content = {path: path.read_bytes() for path in self.files}
        self.assertTrue([path for path in self.files if path.name == MANIFEST])
        self.reader = c.Reader()
        self.asks = [c.Ask(match=match, control=match is None, raw=match in ("zzzz*", "*er", None)) for match in QUERIES]
        self.asks += [c.Ask(first=0, end=40), c.Ask(match="order", count=True), c.Ask(match="key:* AND id", count=True), c.Ask(count=True)]
        self.wanted = [ask.wanted(self.log) for ask in self.asks]
        self.reported = self.untouched = 0

    def ask(self, number, with_log):
        place = ["--store", self.store] + (["--wal", self.log.wal] if with_log else [])
        return k.run("query", *place, "--topic", "t", *self.asks[number].arguments())

    def changed(self):
        """(file, its new bytes or None for none at all, what was done)."""
        rng, path = self.rng, self.rng.choice(self.files)
        chance = rng.random()
        if chance < 0.08:
            other = rng.choice([x for x in self.files if x != path and (x.name == path.name or rng.random() < 0.2)] or self.files)
            return path, self.content[other], f"exchanged with {other.parent.name}/{other.name}"
        if chance < 0.1:
            return path, None, "removed"
        change = rng.choice(CHANGES if self.content[path] else [extended])
        return path, change(rng, self.content[path]), change.__name__

    def fault(self, number, path, with_log):
        """What is wrong with the answer to a query while `path` is damaged, or None."""
        run = self.ask(number, with_log)
        if run.status not in (0, 3):
            # Without its manifest nobody knows where the log of an index is.
            if run.status == 1 and path.name == MANIFEST and not with_log:
                return None
            return f"{run}: exit status"
        # A manifest that is in order, but of another index, is told by the index's directory.
        if run.status == 3 and path.name not in run.err and not (path.name == MANIFEST and os.fspath(path.parent) in run.err):
            return f"{run}: does not name {path.name}"
        if run.status == 3 and path.name == MANIFEST and not with_log:
            return None
        if run.status == 0 and run.err:
            return f"{run}: a message, and exit 0"
        run.status, run.err_bytes, seen = 0, b"", run.status
        self.reported += seen == 3
        self.untouched += seen == 0
        wrong = c.fault(run, self.asks[number], self.wanted[number], self.reader)
        return wrong and f"exit {seen}: {wrong}"

    def test_undamaged(self):
        for number in range(len(self.asks)):
            for with_log in (False, True):
                run = self.ask(number, with_log)
                self.assertIsNone(c.fault(run, self.asks[number], self.wanted[number], self.reader), f"{self.asks[number]} {run}")

    def test_changed_bytes(self):
        faults = []
        for case in range(CASES):
            path, data, what = self.changed()
            if data == self.content[path]:
                continue
            path.unlink()
            if data is not None:
                path.write_bytes(data)
            try:
                for number in self.rng.sample(range(len(self.asks)), QUERIES_OF_A_CHANGE):
                    with_log = self.rng.random() < 0.5
                    wrong = self.fault(number, path, with_log)
                    if wrong:
                        faults.append(f"KSEG_DAMAGE_SEED={SEED}, case {case}: {path.relative_to(self.store)} {what}; "
                                      f"{self.asks[number]}, with the log: {with_log}: {wrong}")
            except AssertionError as e:
                faults.append(f"KSEG_DAMAGE_SEED={SEED}, case {case}: {path.relative_to(self.store)} {what}: {e}")
            path.write_bytes(self.content[path])
            if len(faults) > 10:
                break
        self.assertFalse(faults, f"{len(faults)} faults:\n" + "\n".join(x[:2000] for x in faults))
        # Both happen, or this test sees nothing.
        self.assertGreater(self.reported, CASES // 20)
        self.assertGreater(self.untouched, CASES // 100)

    def test_every_byte_of_the_small_files(self):
        """One bit of each byte of the manifest and of the other small files of one index."""
        faults = []
        one = self.files[0].parent
        ask = next(i for i, ask in enumerate(self.asks) if ask.match == "order")
        for path in (p for p in self.files if p.parent == one and 0 < len(self.content[p]) < 4096):
            for at in k.sample(range(len(self.content[path])), max(4, CASES // 50)):
                path.write_bytes(k.flip(self.content[path], at, self.rng.randrange(8)))
                wrong = self.fault(ask, path, with_log=True)
                if wrong:
                    faults.append(f"{path.name} byte {at}: {wrong}")
            path.write_bytes(self.content[path])
        self.assertFalse(faults, f"{len(faults)} faults:\n" + "\n".join(x[:2000] for x in faults[:10]))

    def exchange(self, first, second):
        aside = self.dir / "aside"
        for a, b in ((first, aside), (second, first), (aside, second)):
            a.rename(b)

    def test_indexes_in_each_others_place(self):
        """Each still belongs to its own log, or is refused; no answer is wrong."""
        indexes = sorted({path.parent for path in self.files if path.name == MANIFEST})
        for first, second in ((indexes[0], indexes[1]), (indexes[0], indexes[-1])):
            self.exchange(first, second)
            for number in range(0, len(self.asks), 3):
                with self.subTest(first=str(first), second=str(second), ask=self.asks[number]):
                    run = self.ask(number, with_log=True)
                    self.assertIn(run.status, (0, 3), run)
                    self.assertEqual(run.status == 3, bool(run.err), run)
                    run.status, run.err_bytes = 0, b""
                    self.assertIsNone(c.fault(run, self.asks[number], self.wanted[number], self.reader))
            self.exchange(first, second)

    def test_a_log_that_is_damaged_after_it_was_indexed(self):
        """What is printed is from before the damage, and what is left out is told; but what an index knows may not need the
        damaged bytes."""
        for case in range(max(20, CASES // 10)):
            file = self.rng.choice(self.log.files())
            data = file.read_bytes()
            change = self.rng.choice([flipped, overwritten, truncated, extended])
            file.write_bytes(change(self.rng, data))
            for number in self.rng.sample(range(len(self.asks)), QUERIES_OF_A_CHANGE):
                ask, wanted = self.asks[number], self.wanted[number]
                run = self.ask(number, with_log=self.rng.random() < 0.5)
                with self.subTest(seed=SEED, case=case, file=file.name, change=change.__name__, ask=ask):
                    self.assertIn(run.status, (0, 3), run)
                    if run.status == 0:
                        self.assertIsNone(c.fault(run, ask, wanted, self.reader), run)
                        continue
                    self.assertIn(file.name, run.err)
                    if ask.count:
                        # What was put behind the log may be its own first batches, which then are there twice.
                        self.assertLessEqual(int(run.text), (2 if change is extended else 1) * len(wanted))
                    elif ask.raw:
                        original = [b.data for b in self.log.batches()]
                        self.assertEqual([b.base_offset for b in k.parse_batches(run.out) if b.data not in original], [])
                    else:
                        original = [r.content() for r in self.log.records()]
                        self.assertEqual([x for x in self.reader.contents(run) if x not in original], [])
            file.write_bytes(data)

    def test_an_index_of_a_log_that_was_written_anew(self):
        """Another log under the old name: the index is refused, and the log is read."""
        before = self.log.files()[0].read_bytes()
        batches = k.parse_batches(before)
        self.assertGreater(len(batches), 1)
        file, made = self.log.segments[0][0]
        shorter = before[:batches[-1].position]
        file.write_bytes(shorter)
        gone = made.pop()
        run = k.run("query", "--store", self.store, "--topic", "t", *c.Ask(partition=0, control=True).arguments())
        self.assertEqual(run.status, 3, run)
        self.assertIn(file.name, run.err)
        got = [x[1] for x in self.reader.contents(run)]
        self.assertEqual(got, [r.offset for r in self.log.records(0)], f"without the batch at {gone.base_offset}")


if __name__ == "__main__":
    k.main()
