# SPDX-License-Identifier: Apache-2.0
"""query --format raw: of everything it is the log, byte for byte, by a scan, an index and archives; of a range its batches."""

import pathlib
import random
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import make_log  # noqa: E402
import query_check as c  # noqa: E402


def healthy_logs():
    """Every segment of the test data that is whole: the corpus, its large ones, and what clients wrote."""
    captures = k.TESTS / "data" / "captures"
    logs = [k.log_of(case) for case in k.cases()]
    logs += sorted((k.CORPUS / "large").glob("*/*.log")) + sorted(captures.glob("*/*/*.log"))
    return [log for log in logs if log.stat().st_size > 0]


class Raw(k.ScratchCase):
    def ways(self, topic, files):
        """The arguments of a scan, of indexes, of both, and of archives in either format."""
        wal, store = self.dir / "wal", self.dir / "store"
        run = k.run("index", "-o", store, *files, timeout=300)
        self.assertEqual((run.status, run.err), (0, ""), run)
        archives = [self.dir / form for form in ("tar.gz", "tar.zst")]
        for partition in {file.parent.name for file in map(pathlib.Path, files)}:
            for archive in archives:
                c.pack(store / partition, archive, "--format", archive.name)
        return [["query", *place, "--topic", topic] for place in
                (["--wal", wal], ["--store", store], ["--wal", wal, "--store", store], *(["--store", a] for a in archives))]

    def assert_raw(self, expected, *arguments):
        run = k.run(*arguments, "--format", "raw", timeout=300)
        self.assertEqual((run.status, run.err), (0, ""), run)
        self.assertEqual(run.out == expected, True, f"{run}: {len(run.out)} bytes, expected {len(expected)}, other ones")

    def test_everything_is_the_log(self):
        logs = healthy_logs()
        self.assertGreater(len(logs), len(k.cases()) + 5)
        for number, log in enumerate(logs):
            with self.subTest(log=f"{log.parent.name}/{log.name}"):
                topic = f"topic{number}"
                folder = self.dir / "wal" / f"{topic}-0"
                folder.mkdir(parents=True)
                file, data = shutil.copy(log, folder), log.read_bytes()
                for way in self.ways(topic, [file]):
                    self.assert_raw(data, *way, "--control")

    def test_of_made_logs_and_in_an_output_file(self):
        for seed in range(3):
            rng = random.Random(seed)
            log = make_log.make_log(rng, self.dir / "wal", f"made{seed}")
            everything = b"".join(batch.data for batch in log.batches())
            without_control = b"".join(batch.data for batch in log.batches() if not batch.control)
            for number, way in enumerate(self.ways(log.topic, log.files())):
                with self.subTest(seed=seed, way=way):
                    self.assert_raw(everything, *way, "--control")
                    self.assert_raw(without_control, *way)
                    target = self.dir / f"out-{seed}-{number}"
                    run = k.run(*way, "--control", "--format", "raw", "-o", target)
                    self.assertEqual((run.status, run.out, target.read_bytes() == everything), (0, b"", True), run)

    def test_ranges_of_the_corpus(self):
        """Batches whose offsets overlap the range."""
        for case in ("v2-compacted-lz4", "v2-sparse", "v2-many-batches", "v2-mixed", "v1-lz4", "v2-txn-none", "v2-empty-batches"):
            folder = self.dir / "wal" / f"{case}-0"
            folder.mkdir(parents=True)
            file = shutil.copy(k.log_of(case), folder)
            batches, data = k.truth(case).batches, k.log_of(case).read_bytes()
            ways = self.ways(case, [file])
            rng = random.Random(case)
            for _ in range(8):
                first, end = sorted(rng.randint(batches[0]["baseOffset"], batches[-1]["lastOffset"] + 2) for _ in range(2))
                expected = b"".join(data[b["position"]:b["position"] + b["size"]] for b in batches
                                    if b["baseOffset"] < end and b["lastOffset"] >= first and first < end)
                for way in ways:
                    with self.subTest(case=case, first=first, end=end, way=way):
                        self.assert_raw(expected, *way, "--control", "--offsets", f"{first}..{end}")


if __name__ == "__main__":
    k.main()
