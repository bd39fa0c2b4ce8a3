# SPDX-License-Identifier: Apache-2.0
"""The store in S3 against moto, which checks signatures with botocore: with plain keys, and with a session token."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import objects_contract as contract  # noqa: E402
import s3_servers  # noqa: E402


class Moto(contract.Case):
    @classmethod
    def setUpClass(cls):
        cls.server, cls.temporary = contract.enter(cls, s3_servers.moto(contract.scratch_of_class(cls) / "log"))

    def test_temporary_keys_with_their_token(self):
        store = self.open(server=self.temporary)
        content = bytes(range(256)) * 80_000
        self.assertEqual(store("put", "with a token", self.file(content)), {})
        self.assertEqual(self.boto.get(self.key("with a token")), content)
        self.assertEqual(self.read(store, "with a token"), content)
        self.assertEqual(store("list")["objects"], [["with a token", len(content)]])
        other = s3_servers.Server(self.temporary.endpoint, self.temporary.key, self.temporary.secret, "another-token")
        self.assert_fails(self.open(server=other)("list"), "io", "InvalidToken")


if __name__ == "__main__":
    k.main()
