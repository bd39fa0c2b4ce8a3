# SPDX-License-Identifier: Apache-2.0
"""`kseg serve` seen by kafkajs."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import clients_contract as contract  # noqa: E402
import kseg_cli as k  # noqa: E402


class Kafkajs(contract.Contract):
    client = "kafkajs"
    nightly = True
    codecs = ("none", "gzip", "snappy")
    lacks = {"header-order", "null-headers"}


if __name__ == "__main__":
    k.main()
