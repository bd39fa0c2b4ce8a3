# SPDX-License-Identifier: Apache-2.0
"""Records, batches and logs as tests know them, apart from the program: of the corpus by Kafka's reading, of made logs by
who made them. What `kseg query` prints of them, and which batches hold them, follows from here."""

import dataclasses
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import kseg_cli as k  # noqa: E402


@dataclasses.dataclass(eq=False)
class Batch:
    """The fields that queries ask for, and the bytes."""
    base_offset: int
    last_offset: int
    magic: int = 2
    codec: str = "none"
    timestamp_type: str = "create"
    leader_epoch: int = -1
    producer_id: int = -1
    producer_epoch: int = -1
    base_sequence: int = -1
    transactional: bool = False
    control: bool = False
    data: bytes = dataclasses.field(default=b"", repr=False)
    records: list = dataclasses.field(default_factory=list, repr=False)


@dataclasses.dataclass(eq=False)
class Record:
    batch: Batch = dataclasses.field(repr=False)
    partition: int
    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: list = dataclasses.field(default_factory=list)  # of (name, value or None)
    attributes: int = 0
    _derived: dict = dataclasses.field(default_factory=dict, repr=False)

    @property
    def sequence(self):
        first = self.batch.base_sequence
        if first < 0:
            return -1
        sequence = first + self.offset - self.batch.base_offset
        return sequence if sequence < 1 << 31 else sequence - (1 << 31)  # it wraps to 0

    def derived(self, name, make):
        """make(record), once."""
        if name not in self._derived:
            self._derived[name] = make(self)
        return self._derived[name]

    def content(self):
        """All that a record line tells of it, to be compared."""
        return (self.partition, self.offset, self.timestamp, self.batch.timestamp_type, self.key, self.value, self.headers)


def content_of_line(line):
    """Record.content() of what the program printed."""
    return (line["partition"], line["offset"], line["timestamp"], line["timestamp_type"], k.json_bytes(line["key"]),
            k.json_bytes(line["value"]), [(k.json_bytes(h["key"]), k.json_bytes(h["value"])) for h in line["headers"]])


@dataclasses.dataclass
class Log:
    """One topic on disk: wal/<topic>-<partition>/<base offset>.log, and what is in it."""
    wal: pathlib.Path
    topic: str
    segments: dict = dataclasses.field(default_factory=dict)  # {partition: [(file, [Batch])]}

    def batches(self, partition=None):
        """In the order in which they are printed."""
        return [batch for number in sorted(self.segments) if partition in (None, number)
                for _, batches in self.segments[number] for batch in batches]

    def records(self, partition=None):
        return [record for batch in self.batches(partition) for record in batch.records]

    def files(self):
        return [file for number in sorted(self.segments) for file, _ in self.segments[number]]


# ---- the corpus ---------------------------------------------------------------------------------------------------------

def corpus_batches(case, partition=0):
    """The batches and records of a case as Kafka's reader saw them, with their bytes."""
    truth, data = k.truth(case), k.log_of(case).read_bytes()
    batches = []
    for b in truth.batches:
        none = b["magic"] != 2
        batches.append(Batch(
            b["baseOffset"], b["lastOffset"], b["magic"], b["codec"], k.TIMESTAMP_TYPES[b["timestampType"]],
            -1 if none else b["leaderEpoch"], -1 if none else b["producerId"], -1 if none else b["producerEpoch"],
            -1 if none else b["baseSequence"], not none and b["transactional"], not none and b["control"],
            data[b["position"]:b["position"] + b["size"]]))
    for r in truth.records:
        key, value = k.truth_bytes(r, "key")[0], k.truth_bytes(r, "value")[0]
        headers = [(h["key"].encode(), k.truth_bytes(h, "value")[0]) for h in r["headers"]]
        batch = batches[r["batch"]]
        batch.records.append(Record(batch, partition, r["offset"], r["timestamp"], key, value, headers))
    return batches


def is_whole(case):
    """Whether the truth holds all bytes, and not the hashes of large ones."""
    return not any("keySha256" in r or "valueSha256" in r or any("valueSha256" in h for h in r["headers"])
                   for r in k.truth(case).records)


def corpus_log(wal, topic="corpus"):
    """All cases of the corpus as the partitions of one topic."""
    log = Log(wal, topic)
    for partition, case in enumerate(filter(is_whole, k.cases())):
        folder = wal / f"{topic}-{partition}"
        folder.mkdir(parents=True)
        file = pathlib.Path(shutil.copy(k.log_of(case), folder))
        log.segments[partition] = [(file, corpus_batches(case, partition))]
    return log


if __name__ == "__main__":
    sys.exit("helpers for tests/cli; run the tests there")
