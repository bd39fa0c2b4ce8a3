# SPDX-License-Identifier: Apache-2.0
"""query of damaged logs, against Kafka's verdict: what is good is found, what is not is told with exit 3, and an index of the
log gives what a scan gives."""

import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402

HARMLESS = ("-ok", "-leader-epoch-changed", "-attr-unused-bits", "-rec-attr", "-bomb64m")
# Their offsets contradict what is around them, outside of the CRC.
MISPLACED = ("-offset-changed", "-backwards", "-overlap")
# Kafka takes magics above 2 for 2.
FINER_THAN_KAFKA = ("-magic-3", "-magic-127", "-magic--1")
# The CRC is right, and the header says that the batch ends before its last record.
LYING_HEADERS = ("-lastdelta-0", "-lastdelta-5", "-lastdelta--1")
# Healthy, with records that their sibling has not.
OTHER_RECORDS = ("-control-bit", "-rec-attr", "-bomb64m")
SIBLINGS = ("v0-none", "v0-gzip", "v2-none", "v2-lz4", "v2-zstd")


class DamagedLogs(k.unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = k.scratch()
        directory = scratch.__enter__()
        cls.addClassCleanup(scratch.__exit__, None, None, None)
        wal, store = directory / "wal", directory / "store"
        cls.verdicts = k.verdicts()
        files = []
        for partition, verdict in enumerate(cls.verdicts):
            folder = wal / f"t-{partition}"
            folder.mkdir(parents=True)
            files.append(shutil.copy(k.damaged_log(verdict["case"]), folder))
        cls.indexing = k.run("index", "-o", store, "--json-values", *files, timeout=300)
        cls.ways = {"scan": ["--wal", wal], "index": ["--store", store], "both": ["--wal", wal, "--store", store]}

    def query(self, way, partition, *options):
        return k.run("query", *self.ways[way], "--topic", "t", "--partition", str(partition), *options)

    def for_each(self, check):
        for partition, verdict in enumerate(self.verdicts):
            with self.subTest(case=verdict["case"], what=verdict["what"]):
                check(partition, verdict)

    def test_indexes_are_made_and_damage_is_told(self):
        self.assertEqual(self.indexing.status, 3, self.indexing)

    def test_index_and_scan_agree(self):
        def check(partition, verdict):
            if verdict["case"].endswith(MISPLACED):
                return
            for options, ways in ((["--json"], ("index", "both")), (["--format", "raw", "--control"], ("index",)),
                                  (["--json", "--match", "*e* OR *1*"], ("index",)), (["--count", "--match", "v*"], ("both",))):
                scan = self.query("scan", partition, *options)
                for way in ways:
                    run = self.query(way, partition, *options)
                    self.assertEqual((run.out, run.status), (scan.out, scan.status), f"{run}\nand {scan}")
                    self.assertEqual(run.status == 3, run.err != "", run)
        self.for_each(check)

    def test_a_record_is_there_or_its_loss_is_told(self):
        """Offset by offset, against the file before the damage."""
        healthy = {}
        for case in SIBLINGS:
            lines = k.without_place(k.decode("--json", k.damaged_log(f"{case}-ok")).lines())
            healthy[case] = {line["offset"]: line for line in lines}

        def check(partition, verdict):
            records = healthy[next(x for x in SIBLINGS if verdict["case"].startswith(x + "-"))]
            if verdict["case"].endswith(MISPLACED + OTHER_RECORDS + LYING_HEADERS):
                return
            for offset in {1, 10, 15, 19} & set(records) if len(records) > 3 else records:
                for way in ("scan", "index"):
                    run = self.query(way, partition, "--json", "--offsets", str(offset))
                    if run.status != 3:
                        self.assertEqual(k.without_place(run.lines()), [records[offset]], run)
        self.for_each(check)

    def test_what_kafka_calls_good_is_there_and_the_rest_is_told(self):
        def check(partition, verdict):
            data = k.damaged_log(verdict["case"]).read_bytes()
            batches = [(b, data[b["position"]:b["position"] + b["size"]]) for b in verdict["batches"]]
            run = self.query("scan", partition, "--format", "raw", "--control")
            for b, part in batches:
                if b["valid"] and not verdict["case"].endswith(FINER_THAN_KAFKA):
                    self.assertIn(part, run.out, f"the batch at {b['position']} is missing: {run}")
                if not b["valid"] and "stored crc" in b.get("error", ""):
                    self.assertNotIn(part, run.out, f"the batch at {b['position']} is damaged: {run}")
            records = self.query("scan", partition, "--json")
            if verdict.get("iterationError") or verdict.get("trailingBytes") or any(not b["valid"] for b in verdict["batches"]):
                self.assertEqual(records.status, 3, records)
            if verdict["case"].endswith(HARMLESS):
                self.assertEqual((run.status, run.err, run.out == data, records.status), (0, "", True, 0), run)
        self.for_each(check)


if __name__ == "__main__":
    k.main()
