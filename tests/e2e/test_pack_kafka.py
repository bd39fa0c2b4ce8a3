# SPDX-License-Identifier: Apache-2.0
"""Kafka's own tools over what tar unpacks from archives: kafka-dump-log finds nothing wrong in segments and index files, and
Kafka's reader sees the same records as in the segments that were packed."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kafka_tools  # noqa: E402
import kseg_cli as k  # noqa: E402
import pack_store as p  # noqa: E402

LARGE = ("large/large-none", "large/large-zstd")


class Kafka(k.ScratchCase):
    def test_unpacked_segments(self):
        pairs = []
        for number, case in enumerate((*k.cases(), *LARGE)):
            log, place = k.log_of(case), self.dir / str(number)
            p.pack(p.index(log, place / "indexes"), "--store", place, "--format", p.FORMATS[number % 2])
            archive, = place.glob("t/0/*")
            p.untar(archive, place / "t-0")
            pairs.append((log, place / "t-0" / log.name))
        logs = [mine for _, mine in pairs]
        indexes = [log.with_suffix(extension) for log in logs for extension in (".index", ".timeindex")]
        self.assertEqual(kafka_tools.index_faults(*indexes), [])
        self.assertNotIn("isvalid: false", kafka_tools.dump_log(*logs, options=["--deep-iteration"]))
        packed = kafka_tools.read_segments(*[log for log, _ in pairs])
        unpacked = kafka_tools.read_segments(*logs)
        for log, mine in pairs:
            self.assertTrue(packed[str(log)])
            self.assertEqual(unpacked[str(mine)], packed[str(log)])


if __name__ == "__main__":
    k.main()
