# SPDX-License-Identifier: Apache-2.0
"""What tests/bench/run measures of `kseg index` and `kseg query`: against SQLite FTS5 on the same values, and against grep.

Run as a program it is the baseline's indexer: index_bench.py VALUES FIRST END DB DETAIL."""
import itertools
import json
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path

RECORDS, SEGMENT = 1_000_000, 64 << 20
RARE, RARE_EVERY = "needle", 12_500
FTS_DETAILS = ("none", "full")
BATCH_ROWS = 10_000
MANY_SEGMENTS, RECORDS_OF_64_KIB = 1000, 203


def value(rng, number):
    """A JSON object of about 300 bytes."""
    rare = f" {RARE}{number // RARE_EVERY % 7}" if number % RARE_EVERY == RARE_EVERY // 2 else ""
    bits = rng.getrandbits
    return (f'{{"ts":{1700000000000 + number},"level":"{("INFO", "WARN", "ERROR", "DEBUG")[bits(2)]}","service":"checkout",'
            f'"host":"node-{bits(6)}.eu-west-1.example.org","user_id":{bits(17)},'
            f'"path":"/api/v{bits(1)}/{("orders", "search", "users", "carts")[bits(2)]}","status":{200 if bits(4) else 500},'
            f'"latency_ms":{bits(19) / 1000},"trace_id":"{bits(128):032x}","message":"request finished after {bits(2)} '
            f'attempts{rare}, {bits(17)} bytes sent to the client","tags":["a{bits(6)}","b{bits(3)}"]}}\n')


def insert(values, first, end, database, detail):
    """The lines [first, end) into an FTS5 table of a new database, in one transaction."""
    db = sqlite3.connect(database, isolation_level=None)
    db.execute("PRAGMA journal_mode=off")
    db.execute("PRAGMA synchronous=off")
    db.execute(f"CREATE VIRTUAL TABLE t USING fts5(v, content='', detail={detail}, tokenize='unicode61')")
    db.execute("BEGIN")
    with open(values, encoding="utf-8") as lines:
        wanted = itertools.islice(enumerate(lines), first, end)
        while rows := list(itertools.islice(wanted, BATCH_ROWS)):
            db.executemany("INSERT INTO t(rowid, v) VALUES (?, ?)", rows)
    db.execute("COMMIT")
    db.close()


def size_of(*paths):
    return sum(x.stat().st_size for path in paths for x in (path.rglob("*") if path.is_dir() else [path]) if x.is_file())


class Output:
    """One finished process: wall seconds, what it printed, and bytes that it read by system calls."""

    def __init__(self, command):
        start = time.perf_counter()
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.out, self.err = process.stdout.read(), process.stderr.read()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        self.wall = time.perf_counter() - start
        try:  # while nobody has waited for it
            self.read = int(Path(f"/proc/{process.pid}/io").read_text().split()[1])
        except OSError:
            self.read = None
        if process.wait() != 0:
            raise SystemExit(f"failed: {' '.join(map(str, command))}: {self.err.decode()}")


class IndexBench:
    """The part of Bench (tests/bench/run) that is about indexes and queries. The data is removed when all is measured."""

    def values(self):
        """A file of JSON values, a line each, and how many."""
        count = RECORDS // self.scale
        path = self.data / f"values-{count}.jsonl"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            rng, part = random.Random(42), path.with_suffix(".part")
            with open(part, "w", encoding="utf-8") as out:
                out.writelines(value(rng, number) for number in range(count))
            part.rename(path)
        return path, count

    def log_of_values(self, codec):
        """A log directory with those values, in segments of 64 MiB (--quick: of 8) before compression."""
        values, count = self.values()
        wal = self.data / f"index-{codec}-{count}"
        if not wal.exists():
            segment = SEGMENT // self.scale // (1 if codec == "none" else 4)
            part = wal.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            self.append(part, "--codec", codec, "--segment-bytes", str(segment), values)
            part.rename(wal)
        return wal

    def append(self, wal, *options, stdin=None):
        subprocess.run([self.kseg, "wal-append", "--quiet", "--wal", wal, "--topic", "bench", "--input", "lines", "--sync", "none",
                        *options], input=stdin, check=True)

    def make_fts(self, detail):
        """Two halves by two processes. Returns (seconds, [database])."""
        values, count = self.values()
        databases = [self.data / f"fts-{detail}-{half}.db" for half in range(2)]
        for database in databases:
            database.unlink(missing_ok=True)
        start = time.perf_counter()
        workers = [subprocess.Popen([sys.executable, __file__, values, str(half * count // 2), str((half + 1) * count // 2),
                                     database, detail]) for half, database in enumerate(databases)]
        if any([worker.wait() != 0 for worker in workers]):
            raise SystemExit("failed: SQLite FTS5")
        return time.perf_counter() - start, databases

    def make_index(self, wal, store, *options):
        """Returns the finished process."""
        shutil.rmtree(store, ignore_errors=True)
        return self.run_of([self.kseg, "index", "--jobs", "2", *options, "-o", store, *sorted(wal.glob("bench-0/*.log"))])

    def bench_index(self):
        """kseg index by two threads against FTS5 by two processes; and the sizes of what they make."""
        values, count = self.values()
        store = self.data / "index-store"
        wals = {codec: self.log_of_values(codec) for codec in ("none", "zstd")}
        fts, runs, sizes = {detail: [] for detail in FTS_DETAILS}, {codec: [] for codec in wals}, {}
        for _ in range(min(self.options.rounds, 3)):
            for detail in FTS_DETAILS:
                fts[detail].append(self.make_fts(detail)[0])
            for codec, wal in wals.items():
                runs[codec].append(self.make_index(wal, store))
                sizes[codec] = size_of(store)
        for codec, ours in runs.items():
            for detail in FTS_DETAILS:
                rates = [count / statistics.median(seconds) / 1000 for seconds in ([a.wall for a in ours], fts[detail])]
                self.row(f"index, {codec} / FTS5 detail={detail}", [b / a.wall for a, b in zip(ours, fts[detail])],
                         ">= 1" if detail == "none" else "-", f"{rates[0]:.0f} k records/s, FTS5 {rates[1]:.0f}",
                         max(a.peak for a in ours))
            self.row(f"index size / values, {codec}", [sizes[codec] / size_of(values)], "<= 0.35",
                     f"{sizes[codec] >> 20} of {size_of(values) >> 20} MiB")
        paths = self.make_index(wals["zstd"], store, "--json-values")
        self.row("index with JSON paths / without", [paths.wall / statistics.median(a.wall for a in runs["zstd"])], "-",
                 f"{size_of(store) >> 20} MiB, {count / paths.wall / 1000:.0f} k records/s", paths.peak)
        for detail in FTS_DETAILS:
            size = size_of(*(self.data / f"fts-{detail}-{half}.db" for half in range(2)))
            self.row(f"FTS5 size / values, detail={detail}", [size / size_of(values)], "-", f"{size >> 20} MiB")

    def count_by_fts(self, databases, match):
        """The command of the program sqlite3 that counts what matches in both halves."""
        quoted = match.replace("'", "''")
        one = f"SELECT count(*) FROM {{}}t WHERE t MATCH '{quoted}'"
        return ["sqlite3", databases[0], f"ATTACH '{databases[1]}' AS b; SELECT ({one.format('main.')}) + ({one.format('b.')})"]

    def bench_query(self):
        """Whole processes: --count by the index against the same count by FTS5; a rare word against grep."""
        wal, (values, count) = self.log_of_values("zstd"), self.values()
        store = self.data / "index-store"
        self.make_index(wal, store)
        databases = {detail: self.make_fts(detail)[1] for detail in FTS_DETAILS}
        query = [self.kseg, "query", "--store", store, "--topic", "bench"]
        queries = {"rare word": ("needle0", "none"), "word of all": ("checkout", "none"), "word of a quarter": ("error", "none"),
                   "AND of two": ("error AND orders", "none"), "prefix": ("needle*", "none"),
                   "phrase": ('"bytes sent to the client"', "full"), "rare phrase": ('"attempts needle0"', "full"),
                   "nothing": ("nothinglikethis", "none")}
        have_sqlite = shutil.which("sqlite3") is not None
        for name, (match, detail) in queries.items():
            ours = [Output([*query, "--count", "--match", match]) for _ in range(self.options.rounds + 1)][1:]
            if not have_sqlite:
                print(f"{name}: not compared, sqlite3 is missing")
                continue
            base = [Output(self.count_by_fts(databases[detail], match)) for _ in range(self.options.rounds + 1)][1:]
            if ours[0].out.split() != base[0].out.split():
                raise SystemExit(f"{match}: {ours[0].out!r}, and by FTS5 {base[0].out!r}")
            self.row(f"query, {name} / FTS5", [a.wall / b.wall for a, b in zip(ours, base)], "-",
                     f"{1000 * statistics.median(a.wall for a in ours):.1f} ms, {int(ours[0].out)} of {count}")
        for database in itertools.chain(*databases.values()):
            database.unlink()
        packed = values.with_suffix(".gz")
        if not packed.exists():
            with open(packed, "wb") as out:
                subprocess.run(["gzip", "-c", values], stdout=out, check=True)
        found = Output([*query, "--json", "--match", "needle0"])
        for tool in (["zgrep", "-w", "needle0", packed], ["rg", "-w", "needle0", values], ["grep", "-w", "needle0", values]):
            if not shutil.which(tool[0]):
                print(f"{tool[0]}: not run, it is missing")
                continue
            base = [Output(tool) for _ in range(min(self.options.rounds, 3))]
            ours = [Output([*query, "--json", "--match", "needle0"]) for _ in base]
            if base[0].out.count(b"\n") != found.out.count(b"\n"):
                raise SystemExit(f"{tool[0]} finds {base[0].out.count(10)}, kseg {found.out.count(10)}")
            medians = [1000 * statistics.median(x.wall for x in runs) for runs in (ours, base)]
            self.row(f"{tool[0]} / query, rare word printed", [b.wall / a.wall for a, b in zip(ours, base)], ">= 50",
                     f"{medians[0]:.1f} ms, {medians[1]:.0f} ms")
        packed.unlink()
        shutil.rmtree(store)

    def bench_query_offset(self):
        """One record by its offset out of a thousand segments, each with an index, and as many archives."""
        segments = MANY_SEGMENTS // self.scale
        wal, store, archives = (self.data / f"many-segments{end}" for end in ("", "-store", "-archives"))
        for path in (wal, store, archives):
            shutil.rmtree(path, ignore_errors=True)
        rng = random.Random(1)
        lines = "".join(value(rng, number) for number in range(segments * RECORDS_OF_64_KIB)).encode()
        self.append(wal, "--batch-bytes", "4K", "--segment-bytes", "64K", stdin=lines)
        files = sorted(wal.glob("bench-0/*.log"))
        subprocess.run([self.kseg, "index", "--quiet", "--jobs", "2", "-o", store, wal], check=True)
        subprocess.run([self.kseg, "pack", "--quiet", "--jobs", "2", store, "--store", archives], check=True,
                       stdout=subprocess.DEVNULL)
        offsets = [int(file.stem) + 10 for file in files[:-1]]
        by_index, by_log = ["--store", store], ["--wal", wal]
        for name, place in (("indexes", by_index), ("archives", ["--store", archives]), ("indexes and log", by_index + by_log), ("log", by_log)):
            asked = random.Random(2).sample(offsets, min(20, len(offsets)))
            runs = [Output([self.kseg, "query", *place, "--topic", "bench", "--json", "--offsets", offset]) for offset in asked]
            for offset, run in zip(asked, runs):
                if json.loads(run.out)["offset"] != offset:
                    raise SystemExit(f"--offsets {offset}: {run.out[:200]!r}")
            explained = Output([self.kseg, "query", *place, "--topic", "bench", "--json", "--explain", "--offsets", asked[0]])
            self.row(f"ms, one offset of {len(files)} segments, {name}", [1000 * run.wall for run in runs],
                     "<= 15" if name in ("indexes", "archives") else "-", " ".join(explained.err.decode().split())[:160])
            if runs[0].read is not None:
                self.row(f"KiB read for it, {name}", [run.read / 1024 for run in runs],
                         "<= 1024" if name in ("indexes", "archives") else "-")
        for path in (wal, store, archives):
            shutil.rmtree(path)


if __name__ == "__main__":
    insert(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5])
