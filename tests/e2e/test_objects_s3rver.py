# SPDX-License-Identifier: Apache-2.0
"""The store in S3 against s3rver, which knows neither conditional puts nor signatures of version 4."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import objects_contract as contract  # noqa: E402
import s3_servers  # noqa: E402


class S3rver(contract.Case):
    @classmethod
    def setUpClass(cls):
        s3_servers.fetch("moto")  # for the second client
        cls.server = contract.enter(cls, s3_servers.s3rver(contract.scratch_of_class(cls)))

    def test_a_listing_out_of_order_is_an_error_and_no_wrong_answer(self):
        for name in ("a/x", "a-1"):  # '-' comes before '/'
            self.boto.put(self.key(name), b"1")
        self.assertEqual([key for key, _ in self.boto.list() if key.startswith(self.prefix)], [self.key("a/x"), self.key("a-1")])
        self.assert_fails(self.store("list"), "corrupt", "not in order")


if __name__ == "__main__":
    k.main()
