# SPDX-License-Identifier: Apache-2.0
"""Archives in S3: packed, listed, verified, queried in place, unpacked and removed, with two servers; byte for byte what the
log holds, and what the model of the query language takes."""

import os
import pathlib
import random
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import make_log  # noqa: E402
import objects_contract as contract  # noqa: E402
import query_check as c  # noqa: E402
import query_model  # noqa: E402
import random_query  # noqa: E402
import record_model as m  # noqa: E402
import s3_servers  # noqa: E402

CASES = int(os.environ.get("KSEG_QUERY_CASES", "60"))
TOTAL = re.compile(r"store: (\d+) requests")


class Archives:
    """Mixed into a k.ScratchCase whose class has `server`."""

    server = None

    def setUp(self):
        super().setUp()
        self.env = {name: value for name, value in self.server.environment().items() if os.environ.get(name) != value}
        # What the process's own environment has besides must not lead elsewhere.
        self.env |= {name: "" for name in os.environ if s3_servers.FOREIGN.match(name) and name not in self.env}
        self.place = ["--store", f"s3://{s3_servers.BUCKET}/{self.id().rsplit('.', 1)[-1]}", "--s3-endpoint",
                      self.server.endpoint]

    def run_here(self, *args, status=0, **options):
        run = k.run(*args, *self.place, env=self.env, timeout=300, **options)
        self.assertEqual(run.status, status, run)
        self.assertNotIn(self.server.secret, run.err)
        return run

    def pack(self, log, *options):
        indexes = self.dir / f"index-{log.topic}"
        c.build_index(log, indexes, "--json-values")
        return self.run_here("pack", indexes, "--json", *options).lines()

    def test_the_corpus_comes_back_byte_for_byte(self):
        log = m.corpus_log(self.dir / "wal")
        for form in ("tar.gz", "tar.zst"):
            packed = self.pack(log, "--format", form)
            self.assertEqual([line["action"] for line in packed], ["packed"] * len(log.segments))
            self.assertEqual({line["action"] for line in self.pack(log, "--format", form)}, {"up_to_date"})
            self.run_here("pack", "--verify", "--deep")
            for partition, segments in log.segments.items():
                run = self.run_here("query", "--topic", log.topic, "--partition", str(partition), "--format", "raw", "--control")
                self.assertEqual(run.out == b"".join(file.read_bytes() for file, _ in segments), True, run)
            out = self.dir / form
            self.run_here("pack", "--extract", out)
            for partition, segments in log.segments.items():
                for file, _ in segments:
                    there = out / f"{log.topic}-{partition}" / file.stem / file.name
                    self.assertEqual(there.read_bytes() == file.read_bytes(), True, there)
            self.assertEqual(len(self.run_here("pack", "--list", "--json").lines()), len(log.segments))
            self.run_here("pack", "--remove", log.topic)
            self.assertEqual(self.run_here("pack", "--list", "--json").lines(), [])

    def test_random_queries(self):
        rng = random.Random(5)
        log = make_log.make_log(rng, self.dir / "wal", partitions=1)
        self.pack(log)
        records, reader = log.records(), c.Reader()
        maker = random_query.QueryMaker(rng, records)
        for number in range(CASES):
            ask = c.Ask(match=maker.query())
            if rng.random() < 0.3:
                ask.first = rng.choice(records).offset
                ask.end = ask.first + rng.randint(1, 50)
            try:
                wanted = ask.wanted(log)
            except query_model.QueryError:
                continue
            run = k.run("query", *self.place, "--topic", log.topic, *ask.arguments(), env=self.env)
            self.assertIsNone(c.fault(run, ask, wanted, reader), f"query {number}: {ask}")

    def test_requests_of_one_offset(self):
        log = make_log.make_log(random.Random(6), self.dir / "wal", partitions=1)
        packed = self.pack(log)
        self.assertGreater(len(packed), 2)
        offset = packed[1]["base_offset"]
        run = self.run_here("query", "--topic", log.topic, "--offsets", str(offset), "--json", "--control",
                            "--explain")
        self.assertEqual([line["offset"] for line in run.lines()], [x.offset for x in log.records() if x.offset == offset])
        # The listing, and of the archive its tail and the records.
        self.assertLessEqual(int(TOTAL.search(run.err)[1]), 1 + 3 + 1, run.err)

    def test_an_archive_that_is_not_what_its_name_says(self):
        log = make_log.make_log(random.Random(7), self.dir / "wal", partitions=1)
        packed = self.pack(log)
        boto = s3_servers.Boto(self.server)
        self.addCleanup(boto.close)
        key = next(key for key, _ in boto.list() if key.endswith(packed[1]["name"]))
        content = boto.get(key)
        boto.put(key, content[:len(content) // 2] + bytes(64) + content[len(content) // 2 + 64:])
        self.assertIn(packed[1]["name"], self.run_here("pack", "--verify", status=3).err)
        boto.put(key, content)
        self.run_here("pack", "--verify")

    def test_a_bucket_that_is_not_there(self):
        self.place[1] = "s3://no-such-bucket/x"
        run = self.run_here("query", "--topic", "t", status=1)
        self.assertIn("s3://no-such-bucket", run.err)


class Moto(Archives, k.ScratchCase):
    @classmethod
    def setUpClass(cls):
        cls.server, _ = contract.enter(cls, s3_servers.moto(contract.scratch_of_class(cls) / "log"))


class S3rver(Archives, k.ScratchCase):
    @classmethod
    def setUpClass(cls):
        cls.server = contract.enter(cls, s3_servers.s3rver(contract.scratch_of_class(cls)))


if __name__ == "__main__":
    k.main()
