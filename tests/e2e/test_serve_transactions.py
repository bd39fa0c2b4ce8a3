# SPDX-License-Identifier: Apache-2.0
"""A directory in which a Kafka broker left transactions: read_committed shows librdkafka and the Java client what Kafka shows."""

import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kafka_clients  # noqa: E402
import kafka_tools  # noqa: E402
import kseg_cli as k  # noqa: E402
import s3_servers  # noqa: E402
import serve_cli as s  # noqa: E402

BROKER = kafka_clients.HERE / "kafka" / "broker"
SCRIPT = kafka_clients.HERE / "clients" / "python" / "transactions.py"
CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer"
TOPIC, TIMEOUT_S = "transactions", 120
LEVELS = ("read_committed", "read_uncommitted")


class Transactions(k.ScratchCase):
    def setUp(self):
        super().setUp()
        class_path = kafka_tools.class_path()  # or the test is skipped
        self.python = kafka_clients.fetch("confluent")[0]
        self.tools = s3_servers.Lines(["java", "-Xmx256m", "-cp", class_path, kafka_clients.HERE / "clients" / "java" / "Tools.java"], None)
        self.addCleanup(self.tools.close)

    def run_script(self, mode, address):
        done = subprocess.run([self.python, SCRIPT, mode, address, TOPIC], capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return sorted(done.stdout.splitlines())

    def java(self, level, address):
        """As the script prints it; the tool reads until nothing more comes."""
        answer = self.tools.ask(json.dumps([
            CONSUMER, "--bootstrap-server", address, "--topic", TOPIC, "--from-beginning", "--isolation-level", level, "--timeout-ms", "4000",
            "--formatter-property", "print.offset=true", "--formatter-property", "print.partition=true",
            "--formatter-property", "key.separator= "]))
        lines = [line.replace("Partition:", "").replace("Offset:", "") for line in answer["out"].splitlines() if line.startswith("Partition:")]
        return sorted(line for line in lines)

    def kafka(self, what):
        done = subprocess.run([BROKER, what, self.dir / "broker"], capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def test_the_same_records(self):
        self.addCleanup(self.kafka, "stop")
        address = self.kafka("start")
        answer = self.tools.ask(json.dumps(["org.apache.kafka.tools.TopicCommand", "--bootstrap-server", address, "--create", "--topic", TOPIC,
                                            "--partitions", "2", "--config", "segment.bytes=1048576"]))
        self.assertEqual(answer["status"], 0, answer)
        self.assertEqual(self.run_script("write", address), ["written"])
        expected = {level: self.run_script(level, address) for level in LEVELS}
        self.kafka("stop")
        committed, all_of_them = (set(expected[level]) for level in LEVELS)
        self.assertLess(committed, all_of_them)
        self.assertTrue(any("writer" in line for line in committed))
        self.assertTrue(any("never ended" in line for line in all_of_them - committed))
        self.assertTrue(any("last of 1" in line for line in committed))
        (self.dir / "data").symlink_to(self.dir / "broker" / "data")
        for options in (("--read-only",), (), ()):  # then twice as its own
            with s.served(self.dir, *options) as served:
                for level in LEVELS:
                    self.assertEqual(self.run_script(level, served.address), expected[level], (options, level))
                    self.assertEqual(self.java(level, served.address), expected[level], (options, level, "java"))


if __name__ == "__main__":
    k.main()
