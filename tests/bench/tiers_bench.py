# SPDX-License-Identifier: Apache-2.0
"""What tests/bench/run measures of `kseg serve --store`: consuming from archives against the local log, producing while segments
are archived against producing alone, and how long a sealed segment takes to be found by queries."""
import statistics
import subprocess
import time

import serve_bench

SEGMENT_BYTES = 16 << 20
WAIT_S = 300


def local_segments(data, topic):
    return len(list((data / f"{topic}-0").glob("*.log")))


class TiersBench:
    """The part of Bench (tests/bench/run) that is about tiers."""

    def tiers_servers(self, folder):
        options = ("--segment-bytes", str(SEGMENT_BYTES), "--sync", "none")
        here = serve_bench.kseg_server(self.kseg, folder / "here", "--data", folder / "here" / "data", *options)
        tiered = serve_bench.kseg_server(self.kseg, folder / "tiered", "--data", folder / "tiered" / "data", "--store",
                                         folder / "tiered" / "store", *options)
        return here, tiered

    @staticmethod
    def wait_archived(data, topic):
        begin = time.perf_counter()
        while local_segments(data, topic) > 1:
            if time.perf_counter() > begin + WAIT_S:
                raise SystemExit("segments are not archived")
            time.sleep(0.02)
        return time.perf_counter() - begin

    def bench_tiers(self):
        self.python = self.fetched("confluent")[0]
        folder = self.fresh("tiers")
        for name in ("here", "tiered"):
            (folder / name).mkdir()
        here, tiered = self.tiers_servers(folder)
        data = folder / "tiered" / "data"
        with here as local, tiered as cold:
            for codec in ("none", "lz4"):
                count = 400_000 // self.scale
                produced, consumed, behind, rates = [], [], [], []
                for i in range(min(self.options.rounds, 3) + 1):
                    topic = f"t-{codec}-{i}"
                    plain, = self.librdkafka("produce", local.address, topic, count, 1024, codec, 1)
                    archiving, = self.librdkafka("produce", cold.address, topic, count, 1024, codec, 1)
                    late = self.wait_archived(data, topic)
                    from_log, = self.librdkafka("consume", local.address, topic, count)
                    from_archives, = self.librdkafka("consume", cold.address, topic, count)
                    if i:
                        produced.append(plain / archiving)
                        consumed.append(from_log / from_archives)
                        behind.append(late)
                        rates.append(count / from_archives / 1000)
                self.row(f"tiers, consume archives / log, {codec}", consumed, ">= 0.3",
                         f"{statistics.median(rates):.0f} thousand/s of 1 KiB", cold.memory_mib())
                self.row(f"tiers, produce, archiving / not, {codec}", produced, ">= 0.8",
                         f"all archived {statistics.median(behind):.1f} s behind the last")
            self.tiers_latency(local, cold)
            self.tiers_seal(cold, folder / "tiered" / "store")

    def tiers_latency(self, local, cold):
        """99 % of the ms of a message from producer to consumer, while another topic is produced to."""
        ratios, notes = [], []
        for i in range(min(self.options.rounds, 3)):
            worst = []
            for server in (local, cold):
                words = [self.python, serve_bench.LOAD, "produce", server.address, f"load-{i}", str(400_000 // self.scale), "1024",
                         "none", "1"]
                with subprocess.Popen(words, stdout=subprocess.DEVNULL) as load:
                    _, p99 = self.librdkafka("latency", server.address, f"latency-{i}", 300)
                    load.wait()
                worst.append(p99)
            ratios.append(worst[0] / worst[1])
            notes.append(worst[1])
        self.row("tiers, p99 of a message, not / archiving", ratios, "-", f"{statistics.median(notes):.1f} ms archiving")

    def tiers_seal(self, cold, store):
        """From the append that seals a segment to its archive in the store, where queries find it."""
        times = []
        for i in range(min(self.options.rounds, 3)):
            topic = f"seal-{i}"
            self.librdkafka("produce", cold.address, topic, SEGMENT_BYTES // 1024 + 100, 1024, "none", 1)
            begin = time.perf_counter()
            while not list((store / topic).rglob("*.tar.gz")):
                if time.perf_counter() > begin + WAIT_S:
                    raise SystemExit("a segment is not archived")
                time.sleep(0.005)
            times.append(time.perf_counter() - begin)
        self.row("tiers, s from seal to searchable", times, "-", f"{SEGMENT_BYTES >> 20} MiB segment of 1 KiB records")
