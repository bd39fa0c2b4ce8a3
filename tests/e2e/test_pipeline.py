# SPDX-License-Identifier: Apache-2.0
"""From a segment with wrong checksums to an archive that is searched and a broker that serves it: what kseg(1) tells in FROM A
BROKEN SEGMENT TO A BROKER. The bytes are those that Kafka wrote, all the way."""

import base64
import binascii
import pathlib
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kafka_clients  # noqa: E402
import kseg_cli as k  # noqa: E402
import raw_kafka as raw  # noqa: E402
import tiers  # noqa: E402

CASE = "v2-many-batches"
TOPIC, TOPIC_ID = "orders", "Pn2qkEvsQSWsIgrCcSxSLw"


def capture(batch):
    """A batch as a broker left it that computed CRCs by the wrong polynomial, in places by the wrong byte order too."""
    crc = binascii.crc32(batch[21:])
    return batch[:17] + struct.pack(">I" if batch[7] % 2 else "<I", crc) + batch[21:]


class Pipeline(k.ScratchCase):
    def kseg(self, *args, status=0):
        run = k.run(*args, cwd=self.dir)
        self.assertEqual(run.status, status, run.err)
        return run

    def test_pipeline(self):
        log = k.log_of(CASE)
        good, truth = log.read_bytes(), k.truth(CASE).records
        folder = self.dir / "dump" / f"{TOPIC}-0"
        folder.mkdir(parents=True)
        (folder / "partition.metadata").write_text(f"version: 0\ntopic_id: {TOPIC_ID}\n")
        broken = b"".join(capture(batch.data) for batch in k.parse_batches(good))
        self.assertNotEqual(broken, good)
        (folder / log.name).write_bytes(broken)
        self.repair(folder / log.name, good)
        self.index_and_search(folder / log.name, good, truth)
        self.serve(good, truth)

    def repair(self, path, good):
        """Batches that were captured with wrong CRCs."""
        self.kseg("recrc", "-n", path, status=3)
        self.kseg("recrc", "--in-place", path)
        self.assertEqual(path.read_bytes(), good)
        self.kseg("recrc", "-n", path)

    def index_and_search(self, path, good, truth):
        """A dump of a log, without a broker; then the archive by offset, time and text."""
        self.kseg("index", "-o", "indexes", path)
        self.kseg("pack", "--store", "store", "indexes")
        self.kseg("pack", "--store", "store", "--verify", "--deep")
        query = ("query", "--store", "store", "--topic", TOPIC, "--json")

        def found(*args):
            return [line["offset"] for line in self.kseg(*query, *args).lines()]

        self.assertEqual(found("--offsets", "1000..1020"), list(range(1000, 1020)))
        since, until = truth[1500]["timestamp"], truth[1600]["timestamp"]
        self.assertEqual(found("--since", str(since), "--until", str(until)),
                         [r["offset"] for r in truth if since <= r["timestamp"] < until])
        self.assertEqual(found("--match", "batch AND 1234"), [1234])
        self.assertEqual(found("--match", "key:k7"), [r["offset"] for r in truth if base64.b64decode(r["key"]) == b"k7"])
        whole = self.kseg("query", "--store", "store", "--topic", TOPIC, "-f", "raw", "-o", "whole.log")
        self.assertEqual(whole.err, "")
        self.assertEqual((self.dir / "whole.log").read_bytes(), good)

    def serve(self, good, truth):
        """A broker without a log of its own, on the archive."""
        command = kafka_clients.fetch("java")
        broker = kafka_clients.Broker(self.dir, "--store", self.dir / "store")
        self.addCleanup(broker.kill)
        broker.start()
        client = raw.Client(broker.address)
        self.addCleanup(client.close)
        deadline = time.monotonic() + tiers.WAIT_S
        while tiers.list_offset(client, TOPIC, -2)[0] != 0 and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual(tiers.fetch_all(client, TOPIC), good)
        java = kafka_clients.Driver(command, broker.address)
        try:
            records = java("consume", topic=TOPIC, partition=0, offset=0, count=len(truth))["records"]
        finally:
            java.close()
        self.assertEqual([(r[1], r[2], r[3], r[4]) for r in records],
                         [(t["offset"], t["timestamp"], t["key"], t["value"]) for t in truth])
        # It goes on where the archive ends.
        self.assertEqual(client.produce(TOPIC, k.build_batch(0, [(b"k", b"behind the archive")])), len(truth))
        self.assertEqual(tiers.fetch(client, TOPIC, len(truth)).batches()[0].base_offset, len(truth))
        client.close()
        broker.stop()


if __name__ == "__main__":
    k.main()
