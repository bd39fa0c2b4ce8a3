# SPDX-License-Identifier: Apache-2.0
"""query of damaged logs, against Kafka's verdict: what is good is found, what is not is told with exit 3, and an index of the
log gives what a scan gives. Each damaged file is a partition of one topic, so that a process asks all of them."""

import collections
import pathlib
import re
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
OTHER_RECORDS = ("-control-bit", "-rec-attr")
SIBLINGS = ("v0-none", "v0-gzip", "v2-none", "v2-lz4", "v2-zstd")
BOMB = "-bomb64m"  # large: looked at apart
IN_PARTITION = re.compile(r"/t-(\d+)/")


class Answer:
    """Of one run, by partition: the lines, and whether a warning names it."""

    def __init__(self, run):
        self.lines = collections.defaultdict(list)
        for line in run.lines():
            self.lines[line["partition"]] += k.without_place([line])
        self.told = {int(x) for x in IN_PARTITION.findall(run.err)}
        if (run.status == 3) != bool(self.told) or run.status not in (0, 3):
            raise AssertionError(f"{run}: exit status and messages disagree")


class DamagedLogs(k.unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = k.scratch()
        cls.dir = scratch.__enter__()
        cls.addClassCleanup(scratch.__exit__, None, None, None)
        cls.cases = [v for v in k.verdicts() if not v["case"].endswith(BOMB)]
        files = [cls.add("t", partition, verdict["case"]) for partition, verdict in enumerate(cls.cases)]
        cls.indexing = k.run("index", "-o", cls.dir / "store", "--json-values", *files, timeout=300)
        wal, store = ["--wal", cls.dir / "wal"], ["--store", cls.dir / "store"]
        cls.ways = {"scan": wal, "index": store, "both": wal + store}

    @classmethod
    def add(cls, topic, partition, case):
        folder = cls.dir / "wal" / f"{topic}-{partition}"
        folder.mkdir(parents=True)
        return shutil.copy(k.damaged_log(case), folder)

    def query(self, way, *options):
        return k.run("query", "-v", *self.ways[way], "--topic", "t", *options)

    def for_each(self, check):
        for partition, verdict in enumerate(self.cases):
            with self.subTest(case=verdict["case"], what=verdict["what"]):
                check(partition, verdict)

    def test_indexes_are_made_and_damage_is_told(self):
        self.assertEqual(self.indexing.status, 3, self.indexing)

    def test_index_and_scan_agree(self):
        for options in ([], ["--match", "*e* OR *1*"], ["--match", "NOT value:*"], ["--offsets", "1..20"],
                        ["--since", "1700000000005"]):
            scan = Answer(self.query("scan", "--json", *options))
            for way in ("index", "both"):
                other = Answer(self.query(way, "--json", *options))

                def check(partition, verdict):
                    if not verdict["case"].endswith(MISPLACED):
                        self.assertEqual(other.lines[partition], scan.lines[partition], (way, options))
                        # With a range of offsets, an index may know that the damage is not in it.
                        if partition not in scan.told or "--offsets" not in options:
                            self.assertEqual(partition in other.told, partition in scan.told, (way, options))
                self.for_each(check)

    def test_a_record_is_there_or_its_loss_is_told(self):
        """Offset by offset, against the file before the damage."""
        healthy = {}
        for case in SIBLINGS:
            lines = k.without_place(k.decode("--json", k.damaged_log(f"{case}-ok")).lines())
            healthy[case] = {line["offset"]: [line] for line in lines}
        for offset in range(max(max(x) for x in healthy.values()) + 1):
            for way in ("scan", "index"):
                answer = Answer(self.query(way, "--json", "--offsets", str(offset)))

                def check(partition, verdict):
                    case = verdict["case"]
                    if partition not in answer.told and not case.endswith(MISPLACED + OTHER_RECORDS + (LYING_HEADERS if way == "scan" else ())):
                        records = healthy[next(x for x in SIBLINGS if case.startswith(x + "-"))]
                        self.assertEqual(answer.lines[partition], records.get(offset, []), (way, offset))
                self.for_each(check)

    def test_what_kafka_calls_good_is_there_and_the_rest_is_told(self):
        told = Answer(self.query("scan", "--json")).told

        def check(partition, verdict):
            data = k.damaged_log(verdict["case"]).read_bytes()
            batches = [(b, data[b["position"]:b["position"] + b["size"]]) for b in verdict["batches"]]
            run = self.query("scan", "--partition", str(partition), "--format", "raw", "--control")
            for b, part in batches:
                if b["valid"] and not verdict["case"].endswith(FINER_THAN_KAFKA):
                    self.assertIn(part, run.out, f"the batch at {b['position']} is missing: {run}")
                if not b["valid"] and "stored crc" in b.get("error", ""):
                    self.assertNotIn(part, run.out, f"the batch at {b['position']} is damaged: {run}")
            if verdict.get("iterationError") or verdict.get("trailingBytes") or any(not b["valid"] for b in verdict["batches"]):
                self.assertIn(partition, told)
            if verdict["case"].endswith(HARMLESS):
                self.assertNotIn(partition, told)
                self.assertEqual((run.status, run.err, run.out == data), (0, "", True), run)
        self.for_each(check)

    def test_a_large_value(self):
        for number, verdict in enumerate(v for v in k.verdicts() if v["case"].endswith(BOMB)):
            with self.subTest(case=verdict["case"]):
                file = self.add(f"bomb{number}", 0, verdict["case"])
                run = k.run("index", "-o", self.dir / "store", file)
                self.assertEqual((run.status, run.err), (0, ""), run)
                for place in self.ways.values():
                    run = k.run("query", *place, "--topic", f"bomb{number}", "--count", "--match", "key:*")
                    self.assertEqual((run.status, run.text), (0, f"{sum(b['records'] for b in verdict['batches'])}\n"), run)


if __name__ == "__main__":
    k.main()
