# SPDX-License-Identifier: Apache-2.0
"""What tests/bench/run measures of `kseg pack`, and of `kseg query` on archives: against tar on the same files, and against the
same queries on indexes that are not packed."""
import shutil
import statistics
import subprocess

from index_bench import Output, size_of

TARS = {"tar.gz": ("tar cz", "tar cz -C '{}' . > '{}'", ">= 5"),
        "tar.zst": ("tar | zstd -T2", "tar c -C '{}' . | zstd -q -T2 > '{}'", ">= 0.8")}


class StoreBench:
    """The part of Bench (tests/bench/run) that is about archives in a store."""

    def whole_segment(self):
        """A log of JSON values in one segment that is not compressed, and its index; the directory of both."""
        values, count = self.values()
        wal = self.data / f"one-segment-{count}"
        if not wal.exists():
            part = wal.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            self.append(part, "--segment-bytes", "1G", values)
            self.make_index(part, part / "index")
            part.rename(wal)
        return wal

    def bench_pack(self):
        """The command, which also reads back what it wrote, against tar of the same log and index files."""
        wal = self.whole_segment()
        store, theirs, flat = self.data / "pack-store", self.data / "theirs.tar", self.data / "pack-files"
        flat.mkdir(exist_ok=True)
        for file in [*wal.glob("bench-0/*.log"), *wal.glob("index/*/*/*")]:
            (flat / file.name).unlink(missing_ok=True)
            (flat / file.name).hardlink_to(file)
        for form, (name, baseline, goal) in TARS.items():
            ours, base = [], []
            for _ in range(min(self.options.rounds, 3) + 1):
                shutil.rmtree(store, ignore_errors=True)
                ours.append(self.run_of([self.kseg, "pack", wal / "index", "--store", store, "--format", form, "--jobs", "2"]))
                base.append(self.run_of(["sh", "-c", baseline.format(flat, theirs)]))
            ours, base = ours[1:], base[1:]
            wall = statistics.median(a.wall for a in ours)
            self.row(f"{name} / kseg pack", [b.wall / a.wall for a, b in zip(ours, base)], goal,
                     f"{size_of(flat) / 1e6 / wall:.0f} MB/s; CPU {statistics.median(b.cpu / a.cpu for a, b in zip(ours, base)):.2f}",
                     max(a.peak for a in ours))
            self.row(f"{form}, size / theirs", [size_of(store) / theirs.stat().st_size], "<= 1.1")
        theirs.unlink()
        for path in (store, flat):
            shutil.rmtree(path)

    def bench_query_archive(self):
        """Whole processes: text queries to archives against the same on the indexes that they were made of."""
        wal, index, archives = self.log_of_values("zstd"), self.data / "index-store", self.data / "archive-store"
        self.make_index(wal, index)
        shutil.rmtree(archives, ignore_errors=True)
        subprocess.run([self.kseg, "pack", index, "--store", archives, "--jobs", "2"], check=True, stdout=subprocess.DEVNULL)
        for name, match, form in (("rare word", "needle0", "--json"), ("word of a quarter, counted", "error", "--count"),
                                  ("AND of two, counted", "error AND orders", "--count"), ("prefix, counted", "needle*", "--count"),
                                  ("word of a quarter", "error", "--json"), ("nothing", "nothinglikethis", "--json")):
            command = [self.kseg, "query", "--topic", "bench", form, "--match", match, "--store"]
            pairs = [(Output([*command, archives]), Output([*command, index])) for _ in range(self.options.rounds + 1)][1:]
            if any(a.out != b.out for a, b in pairs):
                raise SystemExit(f"{match}: another answer from archives")
            self.row(f"index / archives, {name}", [b.wall / a.wall for a, b in pairs], ">= 0.5",
                     f"{1000 * statistics.median(a.wall for a, _ in pairs):.1f} ms")
        for path in (index, archives):
            shutil.rmtree(path)
