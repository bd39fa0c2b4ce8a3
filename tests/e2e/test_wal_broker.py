# SPDX-License-Identifier: Apache-2.0
"""A stopped broker's directory is opened and appended to, and the broker, started on it again, serves what was appended."""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kafka_tools  # noqa: E402
import kseg_cli as k  # noqa: E402

BROKER = pathlib.Path(__file__).resolve().parent.parent / "support" / "kafka" / "broker"
TIMEOUT_S = 120


class Broker(k.ScratchCase):
    def setUp(self):
        super().setUp()
        kafka_tools.class_path()  # or the test is skipped
        self.broker = self.dir / "broker"
        self.data = self.broker / "data"
        self.addCleanup(self.stop)

    def start(self):
        done = subprocess.run([BROKER, "start", self.broker], capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def stop(self):
        subprocess.run([BROKER, "stop", self.broker], capture_output=True, check=True, timeout=TIMEOUT_S)

    def tool(self, name, *args, stdin=None):
        done = subprocess.run(["java", "-Xmx256m", "-cp", kafka_tools.class_path(), name, *args], input=stdin,
                              capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        return done.stdout, done.stderr

    def produce(self, address, lines):
        _, err = self.tool("org.apache.kafka.tools.ConsoleProducer", "--bootstrap-server", address, "--topic", "t",
                           stdin="".join(f"{line}\n" for line in lines))
        self.assertNotIn("ERROR", err)

    def consume(self, address, count):
        out, _ = self.tool("org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", address, "--topic", "t",
                           "--from-beginning", "--max-messages", str(count), "--timeout-ms", "30000", "--isolation-level",
                           "read_committed")
        return out.splitlines()

    def append(self, *args, stdin=b""):
        return k.run("wal-append", "--wal", self.data, "--topic", "t", *args, stdin=stdin)

    def test_there_and_back(self):
        theirs = [f"from the broker {i}" for i in range(50)]
        address = self.start()
        self.produce(address, theirs)
        refused = self.append(stdin=b"not now\n")
        self.assertEqual(refused.status, 1)
        self.assertIn("open for writing", refused.err)
        self.stop()
        marker = self.data / ".kafka_cleanshutdown"
        content = marker.read_text()

        ours = [f"from wal-append {i}" for i in range(2000)]
        run = self.append("--ack", "--segment-bytes", "20000", "--batch-bytes", "1000",
                          stdin="".join(f"{line}\n" for line in ours).encode())
        self.assertEqual((run.status, run.err), (0, ""))
        self.assertEqual(run.lines()[0]["base_offset"], 50)
        self.assertEqual(run.lines()[-1]["last_offset"], 2049)
        self.assertEqual(marker.read_text(), content)
        self.assertEqual(self.append("--verify").status, 0)

        address = self.start()
        more = ["and the broker again"]
        self.produce(address, more)
        self.assertEqual(self.consume(address, 2051), theirs + ours + more)
        log = (self.broker / "broker.log").read_text()
        self.assertNotIn("corrupted index", log)
        self.assertNotIn("recovering segment", log.lower())
        self.stop()
        run = self.append("--ack", stdin=b"last\n")
        self.assertEqual([x["base_offset"] for x in run.lines()], [2051])


if __name__ == "__main__":
    k.main()
