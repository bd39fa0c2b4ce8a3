# SPDX-License-Identifier: Apache-2.0
"""`kseg serve` seen by kcat, with the librdkafka that it was built with."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import clients_contract as contract  # noqa: E402
import kcat_client  # noqa: E402
import kseg_cli as k  # noqa: E402


class Kcat(contract.Contract):
    client = "kcat"
    lacks = {"admin", "timestamps", "groups-admin", "committed", "reconnects"}
    options = ["--topic", "group.kcat_test-1:2"]

    @classmethod
    def make_command(cls):
        return []

    @classmethod
    def make_driver(cls):
        return kcat_client.Kcat(cls.broker.address)

    def test_what_is_there(self):
        topic = self.topic("listed")
        self.produce(topic, contract.numbered(0, 1))
        self.assertIn(topic, self.driver("topics")["topics"])
        found = self.driver("describe", topic="group.kcat_test-1")
        (broker, host, port), = found["brokers"]
        self.assertEqual(f"{host}:{port}", self.broker.address)
        self.assertEqual(found["partitions"], [[0, broker], [1, broker]])


if __name__ == "__main__":
    k.main()
