# SPDX-License-Identifier: Apache-2.0
"""index: the batch table, checksums and manifest that it writes are those of Kafka's batches and records, read by decoders
that are written from kseg-index.5 and kseg-segment.5."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import batch_table  # noqa: E402
import kseg_cli as k  # noqa: E402

CHUNK = 16384
MOST_CRC_BYTES = 1 << 20  # a CRC in Python takes its time
SAME_FIELDS = ("position", "size", "magic", "crc", "attributes")
MAGIC_2_FIELDS = ("leader_epoch", "producer_id", "producer_epoch", "base_sequence")


class Tables(k.ScratchCase):
    def make_index(self, log, exit_status=0):
        out = self.dir / "out" / log.parent.name
        run = k.run("index", "-q", "--topic", "t", "--partition", "0", "-o", out, log)
        self.assertEqual(run.status, exit_status, run)
        found, = out.glob("t-0/*/manifest.json")
        return found.parent

    def check_manifest(self, index, log):
        text = (index / "manifest.json").read_bytes()
        manifest = json.loads(text)
        self.assertEqual(text[-12:], manifest["crc32c"].encode() + b'"\n}\n')
        self.assertEqual(f"{k.crc32c(text[:-12] + b'0' * 8 + text[-4:]):08x}", manifest["crc32c"])
        self.assertEqual((json.dumps(manifest, indent=2) + "\n").encode(), text)
        self.assertEqual((index / manifest["log"]["path"]).resolve(), log.resolve())
        self.assertEqual(manifest["log"]["size"], log.stat().st_size)
        if log.stat().st_size <= MOST_CRC_BYTES:
            self.assertEqual(manifest["log"]["crc32c"], f"{k.crc32c(log.read_bytes()):08x}")
        self.assertEqual([f["name"] for f in manifest["files"]],
                         sorted(f.name for f in index.iterdir() if f.name != "manifest.json"))
        for listed in manifest["files"]:
            content = (index / listed["name"]).read_bytes()
            self.assertEqual(listed["size"], len(content), listed)
            if len(content) <= MOST_CRC_BYTES:
                self.assertEqual(listed["crc32c"], f"{k.crc32c(content):08x}", listed)
        return manifest

    def check_checksums(self, index):
        sums = batch_table.read_checksums(index / "checksums")
        self.assertEqual(sorted(sums), sorted(f.name for f in index.iterdir()
                                              if f.name not in ("manifest.json", "checksums")))
        for name, (size, crcs) in sums.items():
            content = (index / name).read_bytes()
            self.assertEqual(size, len(content), name)
            if size <= MOST_CRC_BYTES:
                self.assertEqual(crcs, tuple(k.crc32c(content[at:at + CHUNK]) for at in range(0, size, CHUNK)), name)

    def check_row(self, row, batch, records):
        for field in SAME_FIELDS:
            self.assertEqual(row[field], getattr(batch, field), field)
        for field in MAGIC_2_FIELDS:
            self.assertEqual(row[field], getattr(batch, field) if batch.magic == 2 else -1, field)
        self.assertEqual((row["kind"], row["body_problem"], row["records"]), ("batch", False, len(records)))
        first = batch.base_offset if batch.magic == 2 or not records else records[0]["offset"]
        self.assertEqual((row["base_offset"], row["last_offset"]), (first, batch.last_offset))
        times = [record["timestamp"] for record in records]
        if times:
            self.assertEqual((row["min_timestamp"], row["max_timestamp"]), (min(times), max(times)))

    def test_the_corpus(self):
        for case in k.cases():
            with self.subTest(case):
                log, truth = k.log_of(case), k.truth(case)
                batches, rows = k.log_batches(log), None
                of_batch = [[] for _ in batches]
                for record in truth.records:
                    of_batch[record["batch"]].append(record)
                index = self.make_index(log)
                rows = batch_table.read_table(index / "batches")
                self.assertEqual(len(rows), len(batches))
                ordinal = 0
                for row, batch, records in zip(rows, batches, of_batch):
                    self.check_row(row, batch, records)
                    self.assertEqual(row["first_ordinal"], ordinal)
                    ordinal += len(records)
                manifest = self.check_manifest(index, log)
                self.assertEqual((manifest["batches"], manifest["records"], manifest["damaged"]), (len(rows), ordinal, 0))
                self.assertEqual((manifest["first_offset"], manifest["last_offset"]),
                                 (min(row["base_offset"] for row in rows), max(row["last_offset"] for row in rows)))
                self.check_checksums(index)

    def test_rows_cover_a_damaged_log(self):
        damaged = 0
        for folder in sorted((k.CORPUS / "damaged").iterdir()):
            if not folder.is_dir() or not folder.name.startswith(("v0-none", "v2-none", "v2-zstd")):
                continue
            with self.subTest(folder.name):
                log = k.damaged_log(folder.name)
                lines = k.run("decode", "-q", "--batches", "--format=jsonl", log).lines()
                whole = all(line.get("valid") and line.get("problem") is None for line in lines)
                index = self.make_index(log, 0 if whole else 3)
                rows = batch_table.read_table(index / "batches")
                at = 0
                for row, line in zip(rows, lines, strict=True):
                    place = line.get("gap", line)
                    self.assertEqual((row["position"], row["size"]), (place["position"], place["size"]))
                    self.assertEqual(row["position"], at)
                    at += row["size"]
                    kind = "gap" if "gap" in line else "batch" if line["valid"] else "bad_crc"
                    self.assertEqual(row["kind"], kind, line)
                self.assertEqual(at, log.stat().st_size)
                bad = sum(row["kind"] != "batch" or row["body_problem"] for row in rows)
                self.assertEqual(self.check_manifest(index, log)["damaged"], bad)
                self.assertEqual(bad == 0, whole)
                self.check_checksums(index)
                damaged += bad
        self.assertGreater(damaged, 50)


if __name__ == "__main__":
    k.main()
