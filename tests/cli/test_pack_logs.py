# SPDX-License-Identifier: Apache-2.0
"""`kseg pack` over log directories: sealed segments without an index, also of a directory that somebody else writes to."""

import json
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import pack_store as p  # noqa: E402

TIMEOUT_S = 60
ID = "4Vd1GyL6QWmDC_ybrQZx0w"


class PackLogs(k.ScratchCase):
    def setUp(self):
        super().setUp()
        self.logs, self.store = self.dir / "logs", self.dir / "store"
        self.put("t-0", 0, 3)
        self.put("t-0", 3, 2)
        self.put("t-0", 5, 1)
        self.put("u-7", 40, 1)
        (self.logs / "t-0" / "partition.metadata").write_text(f"version: 0\ntopic_id: {ID}")

    def put(self, partition, base, records):
        directory = self.logs / partition
        directory.mkdir(parents=True, exist_ok=True)
        batches = b"".join(k.build_batch(base + i, [(b"k", b"value %d" % (base + i))]) for i in range(records))
        (directory / f"{base:020}.log").write_bytes(batches)

    def pack(self, *args, **options):
        return p.pack("--store", self.store, *args, **options)

    def bases(self):
        listed = k.run("pack", "--list", "--json", "--store", self.store)
        return sorted((a["topic"], a["partition"], a["base_offset"], a["last_offset"], a["topic_id"])
                      for a in map(json.loads, listed.out.decode().splitlines()))

    def before(self):
        return {path: path.read_bytes() for path in sorted(self.logs.rglob("*")) if path.is_file()}

    def test_every_segment_but_the_last_of_each_partition(self):
        before = self.before()
        self.pack(self.logs)
        self.assertEqual(self.bases(), [("t", 0, 0, 2, ID), ("t", 0, 3, 4, ID)])
        self.assertEqual(self.before(), before, "the directory was changed")
        names = p.objects(self.store)
        again = self.pack("--json", self.logs)
        self.assertEqual({json.loads(line)["action"] for line in again.out.decode().splitlines()}, {"up_to_date"})
        self.assertEqual(p.objects(self.store), names)

    def test_the_archive_is_that_of_an_index(self):
        self.pack(self.logs / "t-0")
        straight = p.objects(self.store)
        k.run("index", self.logs / "t-0", "-o", self.dir / "indexes")
        other = self.dir / "other"
        p.pack("--store", other, self.dir / "indexes")
        self.assertEqual(p.objects(other), straight)

    def test_a_dry_run_puts_nothing(self):
        done = self.pack("-n", self.logs)
        self.assertEqual(done.out.count(b"would be packed"), 2)
        self.assertFalse(self.store.exists() and p.objects(self.store))

    def test_watch_goes_on_with_what_is_sealed_later(self):
        process = subprocess.Popen([k.program(), "pack", "--watch", "--store", self.store, self.logs], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        try:
            self.wait_for(2)
            self.put("t-0", 6, 1)
            self.wait_for(3)
            self.put("v-0", 0, 1)
            self.put("v-0", 1, 1)
            self.wait_for(4)
        finally:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual((process.returncode, out, err), (0, b"", b""))
        self.assertEqual([base[:4] for base in self.bases()], [("t", 0, 0, 2), ("t", 0, 3, 4), ("t", 0, 5, 5), ("v", 0, 0, 0)])

    def wait_for(self, archives):
        deadline = time.monotonic() + TIMEOUT_S
        while not self.store.exists() or len(self.bases()) < archives:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    def test_watch_goes_with_packing(self):
        done = k.run("pack", "--list", "--watch", "--store", self.store)
        self.assertEqual(done.status, 2)


if __name__ == "__main__":
    k.main()
