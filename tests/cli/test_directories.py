# SPDX-License-Identifier: Apache-2.0
"""Log directories, and the files that lie beside a log: indexes, snapshots, checkpoints."""

import pathlib
import re
import shutil
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402

TOPIC_ID = "vJQ3nGIRRXaLZv1xEYGh5Q"


def segment_name(base_offset):
    return f"{base_offset:020d}.log"


def split(folder, case, parts):
    """Writes the case's batches as `parts` segments named by their base offsets; returns the names."""
    folder.mkdir(parents=True)
    batches = k.log_batches(k.log_of(case))
    step = -(-len(batches) // parts)
    names = []
    for start in range(0, len(batches), step):
        names.append(segment_name(batches[start].base_offset))
        (folder / names[-1]).write_bytes(b"".join(b.data for b in batches[start:start + step]))
    return names


def flat(value):
    """All numbers, strings and booleans in a JSON value."""
    if isinstance(value, dict):
        return [x for v in value.values() for x in flat(v)]
    if isinstance(value, list):
        return [x for v in value for x in flat(v)]
    return [value]


def contiguous(folder, names):
    """Whether each segment begins where the one before it ends; compaction may leave a gap there."""
    batches = [k.log_batches(folder / name) for name in names]
    return all(a[-1].last_offset + 1 == b[0].base_offset for a, b in zip(batches, batches[1:]))


class Case(k.ScratchCase):
    def rows(self, path, status=0):
        run = k.decode("--json", path)
        self.assertEqual(run.status, status, str(run))
        return run.lines()


class PartitionDirectories(Case):
    def check(self, folder, case, topic, partition, names):
        run = k.decode("--json", folder)
        if contiguous(folder, names):
            self.assertEqual((run.status, run.err), (0, ""), str(run))
        else:
            self.assertIn(run.status, (0, 3), str(run))
        lines = run.lines()
        self.assertEqual([x["offset"] for x in lines], [r["offset"] for r in k.truth(case).records])
        for line in lines:
            self.assertEqual((line["topic"], line["partition"]), (topic, partition))
        if len(names) > 1:
            self.assertEqual([n for n in names if n in {pathlib.Path(x["file"]).name for x in lines}], names)
            for line in lines:
                own = [n for n in names if int(n[:20]) <= line["offset"]][-1]
                self.assertEqual(pathlib.Path(line["file"]).name, own, f"offset {line['offset']}")
        self.assertEqual(k.without_place(lines), k.without_place(k.decode("--json", k.log_of(case)).lines()))

    def test_segments_come_in_offset_order(self):
        for case, parts in (("v2-many-batches", 3), ("v2-txn-none", 4), ("v2-compacted-lz4", 2), ("v2-base-4294967301", 5)):
            with self.subTest(case=case):
                folder = self.dir / case / "orders-3"
                self.check(folder, case, "orders", 3, split(folder, case, parts))

    def test_a_single_segment(self):
        folder = self.dir / "orders-3"
        folder.mkdir()
        for f in (k.CORPUS / "v2-idempotent").glob("0*"):
            shutil.copy(f, folder)
        self.check(folder, "v2-idempotent", "orders", 3, [segment_name(0)])

    def test_the_partition_follows_the_last_dash(self):
        for name, topic, partition in (("a-b-11", "a-b", 11), ("my-dashed.topic_x-0", "my-dashed.topic_x", 0), ("t-1-2-3", "t-1-2", 3),
                                       ("-leading-4", "-leading", 4), ("__consumer_offsets-49", "__consumer_offsets", 49)):
            with self.subTest(name=name):
                folder = self.dir / name
                self.check(folder, "v2-txn-none", topic, partition, split(folder, "v2-txn-none", 2))

    def test_batches_of_a_directory(self):
        folder = self.dir / "orders-3"
        names = split(folder, "v2-many-batches", 3)
        run = k.decode("--batches", "--json", folder)
        self.assertEqual((run.status, run.err), (0, ""), str(run))
        self.assertEqual([x["base_offset"] for x in run.lines()], [b["baseOffset"] for b in k.truth("v2-many-batches").batches])
        for name in names:
            own = [x for x in run.lines() if pathlib.Path(x["file"]).name == name]
            self.assertIsNone(k.coverage_fault(own, (folder / name).stat().st_size))

    def test_ranges_and_raw_over_segments(self):
        folder = self.dir / "orders-3"
        split(folder, "v2-many-batches", 4)
        run = k.decode("--json", "--offsets", "700..1600", folder)
        self.assertEqual([x["offset"] for x in run.lines()], list(range(700, 1600)), str(run))
        run = k.decode("--json", "--offsets", "2990..", "--limit", "4", folder)
        self.assertEqual([x["offset"] for x in run.lines()], list(range(2990, 2994)), str(run))
        self.assertTrue(k.decode("--format", "raw", folder).out == k.log_of("v2-many-batches").read_bytes())

    def test_a_missing_segment_is_reported(self):
        folder = self.dir / "orders-3"
        names = split(folder, "v2-many-batches", 3)
        (folder / names[1]).unlink()
        run = k.decode("--json", folder)
        self.assertIn(run.status, (0, 3), str(run))
        self.assertRegex(run.err, r"(?m)^warning: ", f"{run}: offsets 1000 to 1999 are missing")
        self.assertIn("1000", run.err)
        self.assertEqual([x["offset"] for x in run.lines()], list(range(1000)) + list(range(2000, 3000)))

    def test_damage_in_one_segment_is_named(self):
        folder = self.dir / "orders-3"
        names = split(folder, "v2-many-batches", 3)
        hurt = folder / names[1]
        hurt.write_bytes(k.flip(hurt.read_bytes(), 92 * 5 + 70))
        run = k.decode("--json", folder)
        self.assertEqual(run.status, 3, str(run))
        self.assertRegex(run.err, rf"(?m)^warning: .*{re.escape(names[1])}: offset \d+: ")
        self.assertEqual([x["offset"] for x in run.lines()], [n for n in range(3000) if n != 1005])

    def test_a_preallocated_active_segment_is_zero_fill(self):
        folder = self.dir / "orders-3"
        names = split(folder, "v2-many-batches", 2)
        with open(folder / names[-1], "ab") as f:
            f.write(bytes(100000))
        run = k.decode("--json", folder)
        self.assertEqual((run.status, len(run.lines())), (3, 3000), str(run))


class LogDirectories(Case):
    def test_all_partitions_and_nothing_that_is_no_log(self):
        root = self.dir / "data"
        wanted = {("orders", 0): "v2-idempotent", ("orders", 1): "v2-epochs", ("my-topic.x", 2): "v2-sparse"}
        for (topic, partition), case in wanted.items():
            split(root / f"{topic}-{partition}", case, 1)
        for name in ("orders-4.0a1b2c3d4e5f60718293a4b5c6d7e8f9-delete", "orders-5.0a1b2c3d4e5f60718293a4b5c6d7e8f9-future",
                     "orders-6.0a1b2c3d4e5f60718293a4b5c6d7e8f9-stray"):
            split(root / name, "v2-timestamps", 1)
        (root / "meta.properties").write_text("version=1\ncluster.id=abc\nnode.id=1\n")
        (root / "recovery-point-offset-checkpoint").write_text("0\n1\norders 0 19\n")
        (root / ".lock").write_bytes(b"")
        run = k.decode("--json", root)
        self.assertEqual((run.status, run.err), (0, ""), str(run))
        found = {}
        for line in run.lines():
            self.assertIn("file", line, "with more than one segment every line has `file`")
            found.setdefault((line["topic"], line["partition"]), []).append(line["offset"])
        self.assertEqual(found, {where: [r["offset"] for r in k.truth(case).records] for where, case in wanted.items()})


class IndexFiles(Case):
    def test_offset_index(self):
        for case in ("v2-many-batches", "v2-sparse", "v1-none", "v2-base-4294967301"):
            with self.subTest(case=case):
                path = k.log_of(case).with_suffix(".index")
                base, data = int(path.stem), path.read_bytes()
                entries = [(base + o, p) for o, p in struct.iter_unpack(">ii", data)]
                rows = self.rows(path)
                self.assertEqual([r["position"] for r in rows], [p for _, p in entries])
                for row, (offset, _) in zip(rows, entries):
                    self.assertIn(offset, flat(row), row)
                ends = {b["position"]: b["lastOffset"] for b in k.truth(case).batches}
                self.assertEqual([ends[r["position"]] for r in rows], [o for o, _ in entries])

    def test_offset_index_agrees_with_kafkas_lookups(self):
        for case in ("v2-many-batches", "v2-sparse", "v2-txn-none"):
            with self.subTest(case=case):
                rows = self.rows(k.log_of(case).with_suffix(".index"))
                for x in k.lookups(case, "offset"):
                    if x.get("indexPosition"):
                        row = next(r for r in rows if r["position"] == x["indexPosition"])
                        self.assertIn(x["indexOffset"], flat(row))

    def test_time_index(self):
        for case in ("v2-many-batches", "v2-sparse", "v1-none", "v2-timestamps"):
            with self.subTest(case=case):
                path = k.log_of(case).with_suffix(".timeindex")
                entries = [(t, int(path.stem) + o) for t, o in struct.iter_unpack(">qi", path.read_bytes())]
                rows = self.rows(path)
                self.assertEqual([r["timestamp"] for r in rows], [t for t, _ in entries])
                self.assertEqual([r["timestamp"] for r in rows], sorted({r["timestamp"] for r in rows}), "strictly rising")
                for row, (_, offset) in zip(rows, entries):
                    self.assertIn(offset, flat(row), row)

    def test_zero_padding_is_no_entry(self):
        for suffix in (".index", ".timeindex"):
            with self.subTest(suffix=suffix):
                source = k.log_of("v2-many-batches").with_suffix(suffix)
                path = self.dir / source.name
                path.write_bytes(source.read_bytes() + bytes(24 * 1000))
                self.assertEqual(k.without_place(self.rows(path)), k.without_place(self.rows(source)))

    def test_empty_index(self):
        for suffix in (".index", ".timeindex", ".txnindex"):
            path = self.dir / f"00000000000000000000{suffix}"
            path.write_bytes(b"")
            self.assertEqual(self.rows(path), [])

    def test_a_torn_index_is_3(self):
        for suffix in (".index", ".timeindex", ".txnindex"):
            with self.subTest(suffix=suffix):
                source = k.log_of("v2-txn-none").with_suffix(suffix)
                path = self.dir / source.name
                path.write_bytes(source.read_bytes()[:-3])
                run = k.decode("--json", path)
                self.assertEqual(run.status, 3, str(run))
                self.assertTrue(run.err)
                self.assertEqual(k.without_place(run.lines()), k.without_place(self.rows(source)[:-1]))

    def test_transaction_index(self):
        path = k.log_of("v2-txn-none").with_suffix(".txnindex")
        entries = list(struct.iter_unpack(">hqqqq", path.read_bytes()))
        rows = self.rows(path)
        self.assertEqual(len(rows), len(entries))
        for row, (_, producer, first, last, stable) in zip(rows, entries):
            self.assertEqual((row["producer_id"], row["first_offset"], row["last_offset"], row["last_stable_offset"]),
                             (producer, first, last, stable))
        aborts = [r["offset"] for r in k.truth("v2-txn-none").records if r.get("controlType") == "ABORT"]
        self.assertEqual([r["last_offset"] for r in rows], aborts)


class Snapshots(Case):
    @staticmethod
    def entries(data):
        version, _, count = struct.unpack_from(">hIi", data)
        assert version == 1 and len(data) == 10 + 46 * count
        return list(struct.iter_unpack(">qhiqiqiq", data[10:]))

    def test_producer_state(self):
        for case in ("v2-idempotent", "v2-txn-none", "v2-compacted-lz4", "v2-empty-batches"):
            with self.subTest(case=case):
                path = next((k.CORPUS / case).glob("*.snapshot"))
                entries, rows = self.entries(path.read_bytes()), self.rows(path)
                self.assertEqual([(r["producer_id"], r["producer_epoch"]) for r in rows], [(e[0], e[1]) for e in entries])
                for row, (_, _, sequence, last, _, timestamp, coordinator, first) in zip(rows, entries):
                    for number in (n for n in (sequence, last, timestamp, coordinator, first) if n >= 0):
                        self.assertIn(number, flat(row), row)
        self.assertEqual([(r["producer_id"], r["producer_epoch"]) for r in
                          self.rows(next((k.CORPUS / "v2-idempotent").glob("*.snapshot")))], [(7, 1), (8, 3)])

    def test_a_damaged_snapshot(self):
        source = next((k.CORPUS / "v2-txn-none").glob("*.snapshot"))
        data = source.read_bytes()
        path = self.dir / source.name
        for what, hurt in (("crc", k.flip(data, 3)), ("body", k.flip(data, 60, 2)), ("cut", data[:-5]), ("count", data[:6] + b"\x7f\xff\xff\xff" + data[10:]),
                           ("short", data[:7])):
            with self.subTest(what=what):
                path.write_bytes(hurt)
                run = k.decode("--json", path)
                self.assertIn(run.status, (1, 3), str(run))
                self.assertRegex(run.err, rf"(?m)^(error|warning): {re.escape(str(path))}: ")


class Checkpoints(Case):
    def write(self, name, text):
        path = self.dir / name
        path.write_text(text)
        return path

    def test_leader_epochs(self):
        rows = self.rows(self.write("leader-epoch-checkpoint", "0\n3\n0 0\n4 120\n5 4294967301\n"))
        self.assertEqual([(r["epoch"], r["start_offset"]) for r in rows], [(0, 0), (4, 120), (5, 4294967301)])

    def test_offset_checkpoints(self):
        for name in ("recovery-point-offset-checkpoint", "log-start-offset-checkpoint", "replication-offset-checkpoint",
                     "cleaner-offset-checkpoint"):
            with self.subTest(name=name):
                rows = self.rows(self.write(name, "0\n3\norders 0 19\nmy-topic.x 2 4294967301\n__consumer_offsets 49 0\n"))
                self.assertEqual([(r["topic"], r["partition"], r["offset"]) for r in rows],
                                 [("orders", 0, 19), ("my-topic.x", 2, 4294967301), ("__consumer_offsets", 49, 0)])

    def test_partition_metadata(self):
        rows = self.rows(self.write("partition.metadata", f"version: 0\ntopic_id: {TOPIC_ID}"))
        self.assertEqual([r["topic_id"] for r in rows if "topic_id" in r], [TOPIC_ID])

    def test_damaged_checkpoints(self):
        for name, text in (("leader-epoch-checkpoint", "0\n3\n0 0\n"), ("leader-epoch-checkpoint", "0\n1\nx y\n"),
                           ("leader-epoch-checkpoint", "rubbish\n"), ("recovery-point-offset-checkpoint", "0\n1\norders 0\n")):
            with self.subTest(name=name, text=text):
                run = k.decode("--json", self.write(name, text))
                self.assertIn(run.status, (1, 3), str(run))
                self.assertTrue(run.err)


if __name__ == "__main__":
    k.main()
