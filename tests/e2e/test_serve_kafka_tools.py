# SPDX-License-Identifier: Apache-2.0
"""Kafka's command-line tools against `kseg serve`."""

import json
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kafka_clients  # noqa: E402
import kafka_tools  # noqa: E402
import kseg_cli as k  # noqa: E402
import s3_servers  # noqa: E402

TOOLS = "org.apache.kafka.tools."
CONFIGS = "kafka.admin.ConfigCommand"
GROUPS = TOOLS + "consumer.group.ConsumerGroupCommand"


class KafkaTools(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        class_path = kafka_tools.class_path()  # or the test is skipped
        own = k.scratch()
        cls.broker = kafka_clients.Broker(own.__enter__())
        cls.addClassCleanup(own.__exit__, None, None, None)
        cls.broker.start()
        cls.addClassCleanup(cls.broker.kill)
        tools = kafka_clients.HERE / "clients" / "java" / "Tools.java"
        cls.tools = s3_servers.Lines(["java", "-Xmx256m", "-cp", class_path, tools], None)
        cls.addClassCleanup(cls.tools.close)

    def tool(self, name, *args, stdin=None, status=0):
        """What the tool prints."""
        words = [name, "--bootstrap-server", self.broker.address, *map(str, args)]
        answer = self.tools.ask(json.dumps(([{"in": stdin}] if stdin is not None else []) + words))
        self.assertEqual(answer["status"], status, f"{words}: {answer}")
        return answer["out"] + (answer["err"] if status else "")

    def consume(self, topic, count, *args):
        out = self.tool(TOOLS + "consumer.ConsoleConsumer", "--topic", topic, "--max-messages", count, "--timeout-ms", "15000", *args)
        return out.splitlines()

    def produce(self, topic, text, *args):
        self.tool(TOOLS + "ConsoleProducer", "--topic", topic, *args, stdin=text)

    def test_topics(self):
        topics = TOOLS + "TopicCommand"
        self.tool(topics, "--create", "--topic", "made", "--partitions", 3, "--replication-factor", 1, "--config",
                  "cleanup.policy=compact")
        self.assertIn("made", self.tool(topics, "--list").split())
        out = self.tool(topics, "--describe", "--topic", "made")
        self.assertEqual(re.findall(r"Partition: (\d)\tLeader: (\d+)\tReplicas: (\d+)\tIsr: (\d+)", out),
                         [(str(p), "1", "1", "1") for p in range(3)])
        self.assertRegex(out, r"PartitionCount: 3\tReplicationFactor: 1\tConfigs: .*cleanup\.policy=compact")
        self.tool(topics, "--alter", "--topic", "made", "--partitions", 5)
        self.assertIn("PartitionCount: 5", self.tool(topics, "--describe", "--topic", "made"))
        self.assertIn("already exists", self.tool(topics, "--create", "--topic", "made", status=1))
        self.tool(topics, "--delete", "--topic", "made")
        self.assertNotIn("made", self.tool(topics, "--list").split())
        self.assertIn("does not exist", self.tool(topics, "--delete", "--topic", "made", status=1))

    def test_settings_and_log_directories(self):
        self.tool(TOOLS + "TopicCommand", "--create", "--topic", "set", "--partitions", 2, "--replication-factor", 1)
        topic = ["--entity-type", "topics", "--entity-name", "set"]
        self.tool(CONFIGS, *topic, "--alter", "--add-config", "retention.ms=60000,cleanup.policy=[compact,delete]")
        out = self.tool(CONFIGS, *topic, "--describe")
        self.assertRegex(out, r"retention\.ms=60000 sensitive=false")
        self.assertRegex(out, r"cleanup\.policy=compact,delete ")
        self.broker.stop()
        self.broker.start()
        self.tool(CONFIGS, *topic, "--alter", "--delete-config", "retention.ms")
        out = self.tool(CONFIGS, *topic, "--describe")
        self.assertNotIn("retention.ms", out)
        self.assertIn("cleanup.policy=compact,delete", out)
        self.assertIn("retention.ms=-1", self.tool(CONFIGS, *topic, "--describe", "--all"))
        self.produce("set", "one|1\n", "--reader-property", "parse.key=true", "--reader-property", "key.separator=|")
        self.assertEqual(self.consume("set", 1, "--from-beginning"), ["1"])
        out = self.tool(TOOLS + "LogDirsCommand", "--describe", "--topic-list", "set")
        dirs = json.loads(out[out.index("{"):])["brokers"][0]["logDirs"]
        sizes = {p["partition"]: p["size"] for p in dirs[0]["partitions"]}
        self.assertEqual(sorted(sizes), ["set-0", "set-1"])
        self.assertEqual(sum(sizes.values()), sum(p.stat().st_size for p in self.broker.data.glob("set-*/*.log")))
        self.assertGreater(sum(sizes.values()), 0)

    def test_there_and_back(self):
        lines = [f"key-{i}|value {i} äöü" for i in range(200)]
        for number, codec in enumerate(("none", "gzip", "snappy", "lz4", "zstd")):
            self.produce("t", "".join(f"{line} {codec}\n" for line in lines), "--reader-property", "parse.key=true",
                         "--reader-property", "key.separator=|", "--compression-codec", codec)
            out = self.consume("t", 200, "--partition", 0, "--offset", 200 * number, "--formatter-property", "print.key=true",
                               "--formatter-property", "key.separator=|", "--formatter-property", "print.offset=true")
            self.assertEqual(out, [f"Offset:{200 * number + i}|{line} {codec}" for i, line in enumerate(lines)])
        self.assertEqual(self.tool(TOOLS + "GetOffsetShell", "--topic", "t").strip(), "t:0:1000")
        self.assertEqual(self.tool(TOOLS + "GetOffsetShell", "--topic", "t", "--time", "earliest").strip(), "t:0:0")

    def test_groups(self):
        self.produce("g", "".join(f"{i}\n" for i in range(10)))
        group = ["--group", "readers"]
        self.assertEqual(self.consume("g", 6, *group, "--from-beginning"), [str(i) for i in range(6)])
        self.assertEqual(self.consume("g", 1, *group), ["6"])
        self.assertIn("readers", self.tool(GROUPS, "--list").split())
        row = re.search(r"^readers +g +0 +(\d+) +(\d+) +(\d+) ", self.tool(GROUPS, "--describe", *group), re.M)
        self.assertEqual(row.groups(), ("7", "10", "3"))
        self.assertRegex(self.tool(GROUPS, "--describe", *group, "--state"), r"readers .* Empty +0")
        self.tool(GROUPS, "--reset-offsets", *group, "--topic", "g", "--to-offset", 2, "--execute")
        self.assertEqual(self.consume("g", 2, *group), ["2", "3"])
        self.broker.stop()
        self.broker.start()
        self.assertEqual(self.consume("g", 2, *group), ["4", "5"])
        self.tool(GROUPS, "--delete", *group)
        self.assertNotIn("readers", self.tool(GROUPS, "--list").split())

    def test_what_the_broker_offers(self):
        out = self.tool(TOOLS + "BrokerApiVersionsCommand")
        self.assertRegex(out, r"127\.0\.0\.1:\d+ \(id: 1 rack: null")
        offered = dict(re.findall(r"^\t(\w+)\(\d+\): (\d+ to \d+|\d+|UNSUPPORTED)", out, re.M))
        for name in ("Produce", "Fetch", "ListOffsets", "Metadata", "OffsetCommit", "JoinGroup", "ApiVersions", "InitProducerId"):
            self.assertNotIn(offered.get(name, "UNSUPPORTED"), ("UNSUPPORTED",), name)


if __name__ == "__main__":
    k.main()
