# SPDX-License-Identifier: Apache-2.0
"""Every message in every version against the classes that Kafka generates from its schemas, of Kafka 4.3 and 3.9: random
messages are the same bytes and the same JSON on both sides, and what was read in one version and is written in another is the
same bytes or refused by both."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kafka_messages as m  # noqa: E402

SEED = 20261126
MESSAGES, CONVERTED = 20, 12


class Protocol(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for kafka in m.KAFKAS:
            m.class_path(kafka)  # or the test is skipped
        cls.lines = m.tool("random", MESSAGES, SEED)
        cls.every = {(name, str(version)) for name, first, last in (line.split(" ") for line in m.tool("list"))
                     for version in range(int(first), int(last) + 1)}

    def test_random_messages(self):
        self.assertEqual({(name, version) for line in self.lines for name, version in m.versions_of(line)}, self.every)
        seen = set()
        for kafka in m.KAFKAS:
            written, faults, unknown = m.kafka(kafka, self.lines)
            self.assertEqual(faults[:10], [], kafka)
            # What Kafka wrote is read here: the same lines, JSON and bytes, as those that it was written from.
            given = [line for line in self.lines if not m.versions_of(line) & unknown]
            if kafka == "kafka39":
                given = [line for line in given if not m.versions_of(line) & m.NEWER_THAN_39]
            self.assertEqual(len(written), len(given))
            self.assertEqual(m.tool("read", lines=written), given, kafka)
            seen |= {pair for line in given for pair in m.versions_of(line)}
        self.assertEqual(self.every - seen, set(), "versions that no Kafka has checked")

    def test_from_version_to_version(self):
        lines = m.tool("convert", lines=m.tool("random", CONVERTED, SEED + 1))
        self.assertGreater(sum(line.endswith(" error") for line in lines), 5000)
        for kafka in m.KAFKAS:
            compared, faults, _ = m.kafka(kafka, lines, "convert")
            self.assertEqual(faults[:10], [], kafka)
            self.assertGreater(len(compared), 30000)

    def test_defaults_are_those_of_the_schemas(self):
        ours = {}
        for line in m.tool("defaults"):
            name, path, version, text = line.split(" ", 3)
            ours[name, path, int(version)] = json.loads(text)
        compared = 0
        for kafka in m.KAFKAS:
            every = m.schemas(kafka)
            for name in {name for name, _, _ in ours}:
                first, last = m.bounds(every[name]["validVersions"])
                for path, fields in m.structs(every[name]):
                    for version in range(first, last + 1):
                        if (name, path, version) not in ours:
                            self.assertEqual((name, first), ("GroupMetadataKey", 0))  # 2 as it is on the wire
                            continue
                        # Tagged fields are not shown where they are the default: the conversions tell of those.
                        expected = {m.camel(f["name"]): m.default_of(f) for f in fields if m.has(f.get("versions"), version)
                                    and not m.has(f.get("taggedVersions"), version)}
                        self.assertEqual(ours[name, path, version], expected, (name, path, version))
                        compared += 1
        self.assertGreater(compared, 1500)


if __name__ == "__main__":
    unittest.main()
