# SPDX-License-Identifier: Apache-2.0
"""Random queries: by a scan, by indexes and by both the program prints exactly what the model of the language takes.

KSEG_QUERY_CASES: how many queries (default 300); KSEG_QUERY_SEED: of the first round; KSEG_QUERY_MILLION=1: also a log of a
million records."""

import os
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import make_log  # noqa: E402
import query_check as c  # noqa: E402
import query_model  # noqa: E402
import random_query  # noqa: E402
import record_model as m  # noqa: E402

CASES = int(os.environ.get("KSEG_QUERY_CASES", "300"))
SEED = int(os.environ.get("KSEG_QUERY_SEED", "1"))
CASES_OF_A_LOG = 150
MOST_FAULTS = 10


class Ways:
    """A log and its indexes; asks for the same in each way."""

    def __init__(self, log, directory):
        self.log, self.reader = log, c.Reader()
        whole, sealed = directory / "whole", directory / "sealed"
        c.build_index(log, whole, "--json-values")
        # Of a directory the segments but the last; other fields.
        c.build_index(log, sealed, "--fields", "value,headers", files=sorted({file.parent for file in log.files()}))
        self.ways = {"scan": ["--wal", log.wal], "index": ["--store", whole], "both": ["--wal", log.wal, "--store", sealed]}

    def faults(self, ask):
        try:
            wanted = ask.wanted(self.log)
        except query_model.QueryError:
            wanted = None
        found = []
        for name, place in self.ways.items():
            run = k.run("query", *place, "--topic", self.log.topic, *ask.arguments())
            if wanted is None:
                wrong = None if run.status == 2 and not run.out else "expected exit 2: this is no query"
            else:
                wrong = c.fault(run, ask, wanted, self.reader)
            if wrong:
                found.append(f"{name}: {wrong}\n    {ask}\n    {run}"[:3000])
        return found


def random_ask(rng, maker, records, partitions):
    ask = c.Ask(match=maker.query() if rng.random() < 0.93 else None)
    if rng.random() < 0.2:
        ask.partition = rng.choice(partitions)
    if rng.random() < 0.2:
        offsets = sorted(rng.choice(records).offset for _ in range(2))
        ask.first, ask.end = rng.choice([(offsets[0], offsets[1]), (offsets[0], None), (None, offsets[1]),
                                         (offsets[0], offsets[0] + rng.randint(1, 30))])
    if rng.random() < 0.2:
        times = sorted(max(0, rng.choice(records).timestamp) for _ in range(2))
        ask.since, ask.until = rng.choice([(times[0], times[1]), (times[0], None), (None, times[1])])
    if rng.random() < 0.2:
        ask.limit = rng.choice([1, 2, 10, 100])
    ask.control = rng.random() < 0.3
    chance = rng.random()
    ask.count = chance < 0.1
    # Which empty batches a range of times takes is said nowhere.
    ask.raw = 0.1 <= chance < 0.25 and not (ask.match is None and (ask.since is not None or ask.until is not None))
    return ask


class Brute(k.ScratchCase):
    def ask_all(self, ways, asks, seed):
        faults = []
        for number, ask in enumerate(asks):
            faults += [f"KSEG_QUERY_SEED={seed}, query {number}: {x}" for x in ways.faults(ask)]
            if len(faults) >= MOST_FAULTS:
                break
        self.assertFalse(faults, f"{len(faults)} faults:\n" + "\n".join(faults))

    def random_asks(self, ways, rng, count):
        records = ways.log.records()
        maker = random_query.QueryMaker(rng, records)
        partitions = sorted(ways.log.segments)
        return (random_ask(rng, maker, records, partitions) for _ in range(count))

    def test_of_made_logs(self):
        for round_number in range(max(1, CASES * 2 // 3 // CASES_OF_A_LOG)):
            seed = SEED + round_number
            rng = random.Random(seed)
            directory = self.dir / str(seed)
            ways = Ways(make_log.make_log(rng, directory / "wal"), directory)
            self.ask_all(ways, self.random_asks(ways, rng, CASES_OF_A_LOG), seed)

    def test_of_the_corpus(self):
        ways = Ways(m.corpus_log(self.dir / "wal"), self.dir)
        rng = random.Random(SEED)
        self.ask_all(ways, self.random_asks(ways, rng, CASES // 3), SEED)


if __name__ == "__main__":
    k.main()
