# SPDX-License-Identifier: Apache-2.0
"""Kafka's own tools over logs that wal-append wrote, some of them killed while they were written: kafka-dump-log finds nothing
wrong in segments and index files, and Kafka's reader sees the batches and records that decode sees."""

import base64
import pathlib
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kafka_tools  # noqa: E402
import kseg_cli as k  # noqa: E402

SEED = 20261125
KILLS = 4


class Kafka(k.ScratchCase):
    def append(self, *args, stdin=b"", status=(0,)):
        run = k.run("wal-append", "--wal", self.dir / "wal", "--topic", "t", *args, stdin=stdin)
        self.assertIn(run.status, status, run)
        return run

    def compare(self, *partitions):
        """Kafka and decode agree on everything in these partitions' directories."""
        logs = [log for partition in partitions for log in sorted(partition.glob("*.log"))]
        indexes = [index for log in logs for index in (log.with_suffix(".index"), log.with_suffix(".timeindex"))]
        self.assertEqual(kafka_tools.index_faults(*indexes), [])
        deep = kafka_tools.dump_log(*logs, options=["--deep-iteration"])
        self.assertNotIn("isvalid: false", deep)
        self.assertIn("isvalid: true", deep)
        theirs = kafka_tools.read_segments(*logs)
        for log in logs:
            lines = theirs[str(log)]
            self.assertEqual([x for x in lines if x["type"] == "error"], [], log)
            ours = k.decode("--batches", "--json", log).lines()
            batches = [x for x in lines if x["type"] == "batch"]
            self.assertEqual([(x["position"], x["base_offset"], x["last_offset"], x["valid"]) for x in batches],
                             [(x["position"], x["base_offset"], x["last_offset"], True) for x in ours], log)
            records = [x for x in lines if x["type"] == "record"]
            seen = k.decode("--json", log).lines()
            self.assertEqual([(x["offset"], x["timestamp"], x["key"], x["value"]) for x in records],
                             [(x["offset"], x["timestamp"], *(self.encoded(x[name]) for name in ("key", "value"))) for x in seen],
                             log)
        return logs

    @staticmethod
    def encoded(value):
        raw = k.json_bytes(value)
        return None if raw is None else base64.b64encode(raw).decode()

    def test_logs_of_every_kind(self):
        for partition, case in enumerate(("v2-many-batches", "v2-txn-none", "v2-zstd", "v2-compacted-lz4", "v2-timestamps")):
            self.append("--partition", str(partition), "--segment-bytes", "9000", "--keep-offsets", k.log_of(case))
        self.append("--partition", "9", "--segment-bytes", "20000", "--codec", "lz4", "--batch-bytes", "2000", "--seal",
                    stdin=b"".join(b"line %d %s\n" % (i, b"x" * (i % 300)) for i in range(3000)))
        logs = self.compare(*sorted((self.dir / "wal").glob("t-*")))
        self.assertGreater(len(logs), 8)

    def test_logs_that_were_killed(self):
        chosen = random.Random(SEED)
        for _ in range(KILLS):
            process = subprocess.Popen([k.program(), "wal-append", "--wal", self.dir / "wal", "--topic", "t", "--segment-bytes",
                                        "300K", "--batch-bytes", "3000", "--sync", chosen.choice(["always", "none"])],
                                       stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
            end = time.monotonic() + chosen.uniform(0.05, 0.3)
            try:
                while time.monotonic() < end:
                    process.stdin.write(b"%030d\n" % chosen.randrange(1 << 60) * 50)
            except BrokenPipeError:
                pass
            process.send_signal(signal.SIGKILL)
            process.wait()
            try:
                process.stdin.close()
            except BrokenPipeError:
                pass
        self.append(status=(0, 3))
        self.compare(self.dir / "wal" / "t-0")


if __name__ == "__main__":
    k.main()
