# SPDX-License-Identifier: Apache-2.0
"""`kseg serve --store`: its options, what it says of a store that cannot be had, and what Kafka's own tools find in it."""

import os
import pathlib
import sys
import time
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import raw_kafka as raw  # noqa: E402
import serve_cli as s  # noqa: E402
import store_load  # noqa: E402
import tiers  # noqa: E402


class ServeStore(k.ScratchCase):
    def setUp(self):
        super().setUp()
        self.store = self.dir / "store"

    def serve(self, *options, data=True):
        broker = s.Served(self.dir, "--segment-bytes", "2000", "--store", str(self.store), *options, data=data)
        self.addCleanup(lambda: broker.process.poll() is None and broker.end())
        client = raw.Client(broker.address)
        self.addCleanup(client.close)
        return broker, client

    def produce(self, client, count, first=0):
        for i in range(first, first + count):
            self.assertEqual(client.produce("t", k.build_batch(0, [(b"k", b"%d " % i + b"x" * 500)])), i)

    def test_options_that_cannot_be(self):
        for options in (["--store", "ftp://somewhere"], ["--s3-endpoint", "http://127.0.0.1:1"],
                        ["--store", str(self.store), "--s3-endpoint", "http://127.0.0.1:1"]):
            done = k.run("serve", "--listen", "127.0.0.1:0", *options)
            self.assertEqual(done.status, 2, done)

    def test_a_bucket_that_cannot_be_had_stops_nothing(self):
        keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
        patched = unittest.mock.patch.dict(os.environ, keys)
        patched.start()
        self.addCleanup(patched.stop)
        broker = s.Served(self.dir, "--data", str(self.dir / "data"), "--store", "s3://bucket/prefix", "--s3-endpoint",
                          "http://127.0.0.1:1", data=False)
        self.addCleanup(lambda: broker.process.poll() is None and broker.end())
        client = raw.Client(broker.address)
        self.addCleanup(client.close)
        self.assertIn(18, client.api_versions())

    def test_archives_without_the_directory(self):
        broker, client = self.serve("--topic", "t")
        self.produce(client, 20)
        tiers.wait_until_archived(self.dir / "data", "t")
        end, = tiers.local_bases(self.dir / "data", "t")
        self.assertEqual(broker.end(), 0)
        self.assertEqual(broker.err(), "")
        # A temporary directory: what was archived is there, what was not is not.
        broker, client = self.serve(data=False)
        self.assertEqual(tiers.list_offset(client, "t", -2), (0, -1, 0))
        found = store_load.read_all(client, "t")
        self.assertEqual(sorted(found), list(range(end)))
        self.produce(client, 10, end)
        self.assertEqual(sorted(store_load.read_all(client, "t")), list(range(end + 10)))
        self.assertEqual(broker.end(), 0)

    def test_a_store_that_comes_later(self):
        broker, client = self.serve("--topic", "t")
        self.produce(client, 20)
        tiers.wait_until_archived(self.dir / "data", "t")
        self.assertEqual(broker.end(), 0)
        away = self.store.rename(self.dir / "away")
        self.store.write_text("no directory")
        broker, client = self.serve("--topic", "t")
        end, = tiers.local_bases(self.dir / "data", "t")
        self.assertEqual(tiers.fetch(client, "t", end).error, 0)
        self.assertEqual(tiers.fetch(client, "t", 0).error, 56)  # KAFKA_STORAGE_ERROR
        self.store.unlink()
        away.rename(self.store)
        deadline = time.monotonic() + s.TIMEOUT_S
        while tiers.fetch(client, "t", 0).error == 56:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        self.assertEqual(sorted(store_load.read_all(client, "t")), list(range(20)))
        self.assertEqual(broker.end(), 0)
        self.assertEqual(broker.err().count("warning"), 1, broker.err())


if __name__ == "__main__":
    k.main()
