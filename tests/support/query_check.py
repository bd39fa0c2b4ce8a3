# SPDX-License-Identifier: Apache-2.0
"""What `kseg query` has to print of a log that is known (record_model.Log), and running it in the ways there are: a scan of the
log, by indexes of all segments, and by indexes of the sealed ones with the rest from the log."""

import dataclasses
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import kseg_cli as k  # noqa: E402
import query_model as q  # noqa: E402
import record_model as m  # noqa: E402


@dataclasses.dataclass
class Ask:
    """The options of a query, but for where to look."""
    match: str = None
    partition: int = None
    first: int = None   # offsets from here
    end: int = None     # to before here
    since: int = None
    until: int = None
    limit: int = None
    control: bool = False
    count: bool = False
    raw: bool = False

    def arguments(self):
        out = []
        if self.match is not None:
            out.append(b"--match=" + os.fsencode(self.match))
        if self.first is not None or self.end is not None:
            out.append(f"--offsets={'' if self.first is None else self.first}..{'' if self.end is None else self.end}")
        for name in ("partition", "since", "until", "limit"):
            if getattr(self, name) is not None:
                out.append(f"--{name}={getattr(self, name)}")
        return out + ["--control"] * self.control + ["--count"] * self.count + ["--format", "raw" if self.raw else "jsonl"]

    def in_range(self, record):
        return ((self.first is None or record.offset >= self.first) and (self.end is None or record.offset < self.end) and
                (self.since is None or record.timestamp >= self.since) and (self.until is None or record.timestamp < self.until))

    def wants_batch(self, batch, records):
        """Whether raw prints the batch; records: those of it that are wanted. Without a query and times, offsets decide."""
        if (batch.control and not self.control) or self.match is not None or self.since is not None or self.until is not None:
            return bool(records)
        return (self.first is None or batch.last_offset >= self.first) and (self.end is None or batch.base_offset < self.end)

    def wanted(self, log):
        """Records, or with raw batches, in the order of printing."""
        query = q.parse(self.match) if self.match is not None else lambda record: True
        out = []
        for batch in log.batches(self.partition):
            records = [r for r in batch.records if (self.control or not batch.control) and self.in_range(r) and query(r)]
            if not self.raw:
                out += records
            elif self.wants_batch(batch, records):
                out.append(batch)
        return out[:self.limit]


class Reader:
    """Reads output lines; those of a record that came before are known."""

    def __init__(self):
        self.known = {}

    def contents(self, run):
        out = []
        for line in run.out.split(b"\n"):
            if line not in self.known:
                if not line:
                    continue
                self.known[line] = m.content_of_line(k.json.loads(line))
            out.append(self.known[line])
        return out


def fault(run, ask, wanted, reader):
    """None, or what is wrong with the run, given what is wanted."""
    if run.status != 0 or run.err:
        return "expected exit 0 and nothing on stderr"
    if ask.count:
        return None if run.text.strip() == str(len(wanted)) else f"expected the count {len(wanted)}, got {run.text[:60]!r}"
    if ask.raw:
        return raw_fault(run.out, wanted)
    got, expected = reader.contents(run), [r.content() for r in wanted]
    if got == expected:
        return None
    places = [(c[0], c[1]) for c in got], [(c[0], c[1]) for c in expected]
    if places[0] == places[1]:
        return next(f"expected {b}, got {a}" for a, b in zip(got, expected) if a != b)
    extra, missing = [x for x in places[0] if x not in places[1]], [x for x in places[1] if x not in places[0]]
    by_place = {(r.partition, r.offset): r for r in wanted}
    shown = f"; missing {by_place[missing[0]]}"[:1500] if missing else ""
    return (f"expected {len(expected)} records, got {len(got)}; (partition, offset) too many: {extra[:5]}, missing: {missing[:5]}"
            f"{', order differs' if not extra and not missing else ''}{shown}")


def raw_fault(got, wanted):
    expected = b"".join(batch.data for batch in wanted)
    if got == expected:
        return None
    try:
        places = [b.base_offset for b in k.parse_batches(got)]
    except (ValueError, k.struct.error):
        places = "no batches"
    return f"expected {len(wanted)} batches at {[b.base_offset for b in wanted][:20]}, got {str(places)[:200]}"


def pack(indexes, store, *options, env=None):
    """Packs all segments below a directory of indexes."""
    run = k.run("pack", indexes, "--store", store, "--jobs", "1", *options, timeout=600, env=env)
    if run.status not in (0, 3) or "error:" in run.err:
        raise AssertionError(str(run))


def build_index(log, store, *options, files=None):
    """Indexes of the segments in `files` (all by default)."""
    run = k.run("index", "-o", store, *options, *(files or log.files()), timeout=600)
    if run.status != 0 or run.err:
        raise AssertionError(f"{run}: no index")
    return run


if __name__ == "__main__":
    sys.exit("helpers for tests/cli; run the tests there")
