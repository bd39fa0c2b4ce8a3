# SPDX-License-Identifier: Apache-2.0
"""A directory that a Kafka broker left is served, and the broker, started on it again, serves what came meanwhile."""

import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kafka_tools  # noqa: E402
import kseg_cli as k  # noqa: E402
import serve_cli as s  # noqa: E402
import tiers  # noqa: E402

BROKER = pathlib.Path(__file__).resolve().parent.parent / "support" / "kafka" / "broker"
TIMEOUT_S = 120

s.need_kcat()


class KafkaDirectory(k.ScratchCase):
    def setUp(self):
        super().setUp()
        kafka_tools.class_path()  # or the test is skipped
        self.broker = self.dir / "broker"
        self.addCleanup(self.stop)

    def start(self):
        done = subprocess.run([BROKER, "start", self.broker], capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def stop(self):
        subprocess.run([BROKER, "stop", self.broker], capture_output=True, check=True, timeout=TIMEOUT_S)

    def kcat(self, address, *args, stdin=b""):
        return subprocess.run(["kcat", "-b", address, "-X", "check.crcs=true", *args], input=stdin, capture_output=True,
                              timeout=TIMEOUT_S, check=True).stdout

    def consume(self, address):
        return [json.loads(line)["payload"] for line in self.kcat(address, "-C", "-t", "t", "-e", "-q", "-J").splitlines()]

    def test_there_and_back(self):
        theirs = [f"from Kafka {i}" for i in range(200)]
        address = self.start()
        self.kcat(address, "-P", "-t", "t", "-z", "lz4", stdin="".join(f"{x}\n" for x in theirs).encode())
        self.stop()
        identity = (self.broker / "data" / "meta.properties").read_text()
        topic_id = (self.broker / "data" / "t-0" / "partition.metadata").read_text()

        ours = [f"from kseg {i}" for i in range(200)]
        (self.dir / "data").symlink_to(self.broker / "data")
        with s.served(self.dir) as served:
            self.assertEqual(served.err(), "")
            self.assertEqual(self.consume(served.address), theirs)
            served.kcat("-P", "-t", "t", "-z", "zstd", stdin="".join(f"{x}\n" for x in ours).encode())
            self.assertEqual(self.consume(served.address), theirs + ours)
        self.assertEqual((self.broker / "data" / "meta.properties").read_text(), identity)
        self.assertEqual((self.broker / "data" / "t-0" / "partition.metadata").read_text(), topic_id)

        address = self.start()
        self.assertEqual(self.consume(address), theirs + ours)
        self.kcat(address, "-P", "-t", "t", stdin=b"and again\n")
        log = (self.broker / "broker.log").read_text()
        self.assertNotIn("corrupted index", log)
        self.assertNotIn("recovering segment", log.lower())
        self.stop()
        with s.served(self.dir, "--read-only") as served:
            self.assertEqual(self.consume(served.address), theirs + ours + ["and again"])

    def test_a_directory_whose_segments_went_to_a_store(self):
        """The broker starts on what is left, and removes what a killed one had in the making."""
        address = self.start()
        self.kcat(address, "-P", "-t", "t", stdin="".join(f"from Kafka {i}\n" for i in range(50)).encode())
        self.stop()
        data = self.broker / "data"
        (self.dir / "data").symlink_to(data)
        with s.served(self.dir, "--store", str(self.dir / "store"), "--segment-bytes", "4000") as served:
            for i in range(40):
                served.kcat("-P", "-t", "t", stdin=b"from kseg %d " % i + b"x" * 500 + b"\n")
            tiers.wait_until_archived(data, "t")
            everything = self.consume(served.address)
            self.assertEqual(len(everything), 90)
        first, = tiers.local_bases(data, "t")
        self.assertGreater(first, 50)
        scratch = data / "kseg-0.00000000000000000000000000000001-delete"
        (scratch / "id" / "t-0" / ".tmp-00000000000000000000").mkdir(parents=True)
        (scratch / "id" / "t-0" / ".lock").write_bytes(b"")
        address = self.start()
        self.assertEqual(self.consume(address), everything[first:])
        self.stop()


if __name__ == "__main__":
    k.main()
