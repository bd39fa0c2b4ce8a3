# SPDX-License-Identifier: Apache-2.0
"""Indexes and a log directory that overlap, cut into segments at different offsets, some there twice: each record is printed
once, in order, and none is missing.

KSEG_TIER_ROUNDS: how many arrangements (default 12); KSEG_TIER_SEED."""

import os
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import make_log  # noqa: E402
import query_check as c  # noqa: E402
import record_model as m  # noqa: E402

ROUNDS = int(os.environ.get("KSEG_TIER_ROUNDS", "12"))
SEED = int(os.environ.get("KSEG_TIER_SEED", "1"))
MATCHES = [None, None, "order*", "id OR 42", "NOT value:*", "key:k*", "value.id:*", "zzz OR headers.id:*", "offset:[20 TO 400]",
           "codec:zstd order"]


def write_segments(rng, folder, batches, begin, count):
    """Cuts the batches into about `count` segments; returns their files. Each is named by where the one before ends."""
    folder.mkdir(parents=True)
    cuts = sorted({0, *(rng.randrange(len(batches)) for _ in range(count - 1))})
    files = []
    for first, end in zip(cuts, [*cuts[1:], len(batches)]):
        file = folder / f"{begin:020d}.log"
        file.write_bytes(b"".join(batch.data for batch in batches[first:end]))
        files.append(file)
        begin = batches[end - 1].last_offset + 1
    return files


class Arrangement:
    """The batches of a made log in a log directory of indexed segments, and in another one whose segments are cut elsewhere."""

    def __init__(self, rng, directory):
        self.rng = rng
        self.log = make_log.make_log(rng, directory / "made", "t", partitions=2, segments=3, batches=8, most_value_bytes=2000)
        self.indexed, self.wal, self.store = directory / "indexed", directory / "wal", directory / "store"
        files = []
        for partition in self.log.segments:
            files += self.arrange(partition)
        for options in (["--json-values"], []):
            some = [x for x in files if rng.random() < 0.5] if options else files  # those that are there stay
            if some:
                c.build_index(self.log, self.store, *options, files=some)

    def arrange(self, partition):
        """The older batches in indexed segments, the newer ones in the log directory, all that is in neither in the other."""
        rng, batches, name = self.rng, self.log.batches(partition), f"t-{partition}"
        begin = int(self.log.segments[partition][0][0].stem)
        old_end = rng.choice([len(batches), rng.randint(1, len(batches))])
        new_begin = rng.choice([0, old_end - 1, old_end, rng.randint(0, old_end)])
        files = write_segments(rng, self.indexed / name, batches[:old_end], begin, rng.randint(1, 4))
        if new_begin < len(batches):
            at = batches[new_begin - 1].last_offset + 1 if new_begin else begin
            write_segments(rng, self.wal / name, batches[new_begin:], at, rng.randint(1, 4))
        self.wal.mkdir(exist_ok=True)
        return files

    def ask(self):
        rng, records = self.rng, self.log.records()
        ask = c.Ask(match=rng.choice(MATCHES), control=rng.random() < 0.5, count=rng.random() < 0.2, raw=rng.random() < 0.3)
        if rng.random() < 0.3:
            ask.partition = rng.choice(sorted(self.log.segments))
        if rng.random() < 0.6:
            ask.first = rng.choice(records).offset
            ask.end = rng.choice([None, ask.first + 1, ask.first + 30, ask.first + 300])
        if rng.random() < 0.2:
            ask.since = max(0, rng.choice(records).timestamp)
        if rng.random() < 0.3:
            ask.limit = rng.choice([1, 5, 50])
        return ask


class Tiers(k.ScratchCase):
    def test_overlapping_segments(self):
        for number in range(ROUNDS):
            seed, reader = SEED + number, c.Reader()
            made = Arrangement(random.Random(seed), self.dir / str(seed))
            for _ in range(15):
                ask = made.ask()
                with self.subTest(seed=seed, ask=ask):
                    run = k.run("query", "--store", made.store, "--wal", made.wal, "--topic", "t", *ask.arguments())
                    self.assertIsNone(c.fault(run, ask, ask.wanted(made.log), reader), run)

    def test_a_log_that_is_gone_is_told_and_the_rest_is_answered(self):
        log = make_log.make_log(random.Random(SEED), self.dir / "wal", "t", partitions=1, segments=4, batches=6)
        c.build_index(log, self.dir / "store")
        file, _ = log.segments[0][1]
        file.unlink()
        run = k.run("query", "--store", self.dir / "store", "--topic", "t", "--json", "--control")
        self.assertEqual(run.status, 3, run)
        self.assertIn(file.name, run.err)
        rest = [r.content() for i, (_, batches) in enumerate(log.segments[0]) if i != 1 for batch in batches for r in batch.records]
        self.assertEqual([m.content_of_line(line) for line in run.lines()], rest)

    def test_logs_that_moved_are_found_in_the_log_directory(self):
        log = make_log.make_log(random.Random(SEED), self.dir / "wal", "t", partitions=2, segments=3, batches=6)
        c.build_index(log, self.dir / "store")
        (self.dir / "wal").rename(self.dir / "moved")
        ask = c.Ask(match="order OR id", control=True)
        run = k.run("query", "--store", self.dir / "store", "--wal", self.dir / "moved", "--topic", "t", *ask.arguments())
        self.assertIsNone(c.fault(run, ask, ask.wanted(log), c.Reader()), run)


if __name__ == "__main__":
    k.main()
