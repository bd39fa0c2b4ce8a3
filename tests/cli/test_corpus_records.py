# SPDX-License-Identifier: Apache-2.0
"""decode of healthy segments: records and batches equal to what Kafka's own reader saw."""

import hashlib
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402

LEGACY_NULLS = ("base_timestamp", "leader_epoch", "producer_id", "producer_epoch", "base_sequence", "transactional",
                "control", "delete_horizon")


def differences(ours, expected):
    return [f"{name}: expected {want!r}, got {ours.get(name, '(absent)')!r}"
            for name, want in expected.items() if name not in ours or ours[name] != want
            or isinstance(ours[name], bool) != isinstance(want, bool)]


def expected_batch(b):
    """A truth "batch" line in the contract's terms."""
    e = {
        "position": b["position"], "size": b["size"], "magic": b["magic"], "base_offset": b["baseOffset"],
        "last_offset": b["lastOffset"], "codec": b["codec"], "crc": f"{b['crc']:08x}", "crc_computed": f"{b['crc']:08x}",
        "valid": b["valid"], "problem": None, "timestamp_type": k.TIMESTAMP_TYPES[b["timestampType"]],
        "max_timestamp": b["maxTimestamp"],
        "records": b["count"] if b["magic"] == 2 else b["recordsRead"],
    }
    if b["magic"] == 2:
        e.update(producer_id=b["producerId"], producer_epoch=b["producerEpoch"], base_sequence=b["baseSequence"],
                 transactional=b["transactional"], control=b["control"], leader_epoch=b["leaderEpoch"],
                 delete_horizon=b["deleteHorizonMs"])
    else:
        e.update({name: None for name in LEGACY_NULLS})
    return e


def bytes_fault(what, ours, entry, field):
    want, sha = k.truth_bytes(entry, field)
    try:
        got = k.json_bytes(ours)
    except AssertionError as e:
        return f"{what}: {e}"
    if sha is not None:
        digest = None if got is None else hashlib.sha256(got).hexdigest()
        return None if digest == sha else f"{what}: expected sha256 {sha}, got {digest}"
    return None if got == want else f"{what}: expected {str(want)[:80]}, got {str(got)[:80]}"


def record_faults(ours, want, batch):
    expected = {"offset": want["offset"], "timestamp": want["timestamp"],
                "timestamp_type": k.TIMESTAMP_TYPES[batch["timestampType"]]}
    faults = differences(ours, expected)
    for name in ("topic", "partition", "key", "value", "headers"):
        if name not in ours:
            faults.append(f"{name} is absent")
    if any("is absent" in f for f in faults):
        return faults
    faults += [bytes_fault("key", ours["key"], want, "key"), bytes_fault("value", ours["value"], want, "value")]
    if [set(h) for h in ours["headers"]] != [{"key", "value"}] * len(want["headers"]):
        faults.append(f"headers: expected {len(want['headers'])} of key and value, got {str(ours['headers'])[:200]}")
    else:
        for i, (h, w) in enumerate(zip(ours["headers"], want["headers"])):
            if k.json_bytes(h["key"]) != w["key"].encode("utf-8"):
                faults.append(f"header {i} key: expected {w['key']!r}, got {h['key']!r}")
            faults.append(bytes_fault(f"header {i} value", h["value"], w, "value"))
    optional = {}
    if batch.get("producerId", -1) >= 0:
        optional.update(producer_id=batch["producerId"], producer_epoch=batch["producerEpoch"])
    if want.get("sequence", -1) >= 0:
        optional["sequence"] = want["sequence"]
    faults += differences(ours, optional)
    for name in {"producer_id", "producer_epoch", "sequence"} - set(optional):
        if ours.get(name) is not None:
            faults.append(f"{name}: does not apply here, got {ours[name]!r}")
    if bool(ours.get("transactional", False)) != bool(batch.get("transactional", False)):
        faults.append(f"transactional: expected {batch.get('transactional')}, got {ours.get('transactional')}")
    if "controlType" in want:
        control = {"type": want["controlType"].lower(), "coordinator_epoch": want["coordinatorEpoch"]}
        faults += [f"control {f}" for f in differences(ours.get("control") or {}, control)]
    elif ours.get("control"):
        faults.append(f"control: a data record has {ours['control']!r}")
    if ours.get("attributes", 0) != 0:
        faults.append(f"attributes: expected 0 or absent, got {ours['attributes']!r}")
    return [f for f in faults if f]


class HealthySegments(unittest.TestCase):
    def assert_clean(self, run):
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual(run.err, "", f"{run}: nothing is wrong, so nothing belongs on stderr")

    def assert_no_faults(self, faults):
        self.assertFalse(faults, f"{len(faults)} differences, first: " + "\n".join(faults[:8]))

    def test_records_equal_kafkas_reading(self):
        for case in k.cases():
            with self.subTest(case=case):
                truth = k.truth(case)
                run = k.decode("--json", k.log_of(case))
                self.assert_clean(run)
                ours = run.lines()
                self.assertEqual([r["offset"] for r in ours], [r["offset"] for r in truth.records])
                faults = []
                for got, want in zip(ours, truth.records):
                    faults += [f"offset {want['offset']}: {f}" for f in record_faults(got, want, truth.batches[want["batch"]])]
                self.assert_no_faults(faults)
                self.assertFalse([r for r in ours if "file" in r], "file is for more than one segment")

    def test_record_hashes_equal_kafkas(self):
        for case in k.cases():
            with self.subTest(case=case):
                truth = k.truth(case)
                ours = k.decode("--json", k.log_of(case)).lines()
                self.check_hashes(ours, truth.batches)
                self.assertEqual(k.records_sha256(ours), truth.summary["recordsSha256"], "hash over the whole segment")

    def check_hashes(self, ours, batches):
        self.assertEqual(len(ours), sum(b["recordsRead"] for b in batches), "number of records")
        at, faults = 0, []
        for b in batches:
            part = ours[at:at + b["recordsRead"]]
            at += len(part)
            if k.records_sha256(part) != b["recordsSha256"]:
                faults.append(f"batch at {b['position']}: expected {b['recordsSha256']}, got {k.records_sha256(part)}")
        self.assert_no_faults(faults)

    def check_batches(self, log, batches):
        run = k.decode("--batches", "--json", log)
        self.assert_clean(run)
        ours = run.lines()
        self.assertEqual([x["position"] for x in ours], [b["position"] for b in batches])
        faults = []
        for got, want in zip(ours, batches):
            faults += [f"batch at {want['position']}: {f}" for f in differences(got, expected_batch(want))]
        self.assert_no_faults(faults)
        return ours

    def test_batches_equal_kafkas_reading(self):
        for case in k.cases():
            with self.subTest(case=case):
                ours = self.check_batches(k.log_of(case), k.truth(case).batches)
                # base_timestamp is not in Kafka's reading; the header has it. With a delete horizon it is that.
                for got, header in zip(ours, k.log_batches(k.log_of(case))):
                    if header.magic == 2 and not header.attributes & 0x40:
                        self.assertEqual(got["base_timestamp"], header.base_timestamp, f"batch at {header.position}")

    def test_large_segments(self):
        for log in sorted((k.CORPUS / "large").glob("*/*.log")):
            with self.subTest(case=log.parent.name):
                batches = [b for b in k.load_gz(log.parent / "batches.jsonl.gz") if b["type"] == "batch"]
                self.check_batches(log, batches)
                run = k.decode("--json", log)
                self.assert_clean(run)
                self.check_hashes(run.lines(), batches)

    def test_stdin_reads_as_the_file_does(self):
        for case in ("v0-gzip", "v1-lz4", "v2-txn-none", "v2-zstd", "v2-compacted-lz4"):
            with self.subTest(case=case):
                log = k.log_of(case)
                by_name, by_stdin = k.decode("--json", log), k.decode("--json", "-", stdin=log.read_bytes())
                self.assert_clean(by_stdin)
                self.assertEqual(k.without_place(by_stdin.lines()), k.without_place(by_name.lines()))


if __name__ == "__main__":
    k.main()
