# SPDX-License-Identifier: Apache-2.0
"""pack against a server of S3: the archives are those that a directory gets, and all that is done with them is the same.

The server is moto, and another client looks at what is in the bucket."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import objects_contract as contract  # noqa: E402
import pack_store as p  # noqa: E402
import s3_servers  # noqa: E402

CASES = ("v2-none", "v2-zstd", "large/large-none", "large/large-zstd")
PREFIX = "kafka/archive"


class Moto(k.ScratchCase):
    @classmethod
    def setUpClass(cls):
        cls.server, _ = contract.enter(cls, s3_servers.moto(contract.scratch_of_class(cls) / "log"))

    def setUp(self):
        super().setUp()
        self.boto = s3_servers.Boto(self.server)
        self.addCleanup(self.boto.close)
        for number, case in enumerate(CASES):
            p.index(k.log_of(case), self.dir / "indexes", "orders", number)
        p.pack(self.dir / "indexes", "--store", self.dir / "store")
        self.wanted = p.files(self.dir / "store")

    def s3(self, *args, status=0):
        run = p.pack("--store", f"s3://{s3_servers.BUCKET}/{PREFIX}", "--s3-endpoint", self.server.endpoint, *args,
                     status=(status,), env=self.server.environment())
        self.assertNotIn(self.server.secret, run.err)
        return run

    def objects(self):
        return {key.removeprefix(PREFIX + "/"): self.boto.get(key) for key, _ in self.boto.list()}

    def test_everything(self):
        actions = [x["action"] for x in self.s3("--json", self.dir / "indexes").lines()]
        self.assertEqual(actions, ["packed"] * len(CASES))
        self.assertEqual(self.objects(), self.wanted)
        actions = [x["action"] for x in self.s3("--json", self.dir / "indexes").lines()]
        self.assertEqual(actions, ["up_to_date"] * len(CASES))
        self.assertEqual([line.split()[-1] for line in self.s3("--list").text.splitlines()], sorted(self.wanted))
        self.s3("--verify", "--deep", "--jobs", "2")
        self.s3("--extract", self.dir / "out", "orders/2")
        log = k.log_of(CASES[2])
        self.assertEqual(next((self.dir / "out").rglob("*.log")).read_bytes(), log.read_bytes())
        damaged = min(self.wanted)
        content = bytearray(self.wanted[damaged])
        content[len(content) // 2] ^= 1
        self.boto.put(f"{PREFIX}/{damaged}", bytes(content))
        self.boto.put(f"{PREFIX}/readme", b"other")
        run = self.s3("--verify", status=3)
        self.assertIn(damaged, run.err)
        self.assertIn("readme: is no archive", run.err)
        self.s3("--remove", damaged)
        self.assertIn(damaged, self.s3("--verify", damaged, status=1).err)
        self.s3(self.dir / "indexes")
        self.assertEqual(self.objects(), dict(self.wanted, readme=b"other"))

    def test_a_server_that_is_not_there(self):
        env = self.server.environment()
        port = s3_servers.free_port()
        run = k.run("pack", "--store", f"s3://{s3_servers.BUCKET}/x", "--s3-endpoint", f"http://127.0.0.1:{port}", "--list",
                    env=env, timeout=240)
        self.assertEqual(run.status, 1)
        self.assertIn("s3://logs", run.err)


if __name__ == "__main__":
    k.main()
