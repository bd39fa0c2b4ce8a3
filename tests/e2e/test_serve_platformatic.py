# SPDX-License-Identifier: Apache-2.0
"""`kseg serve` seen by @platformatic/kafka."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import clients_contract as contract  # noqa: E402
import kseg_cli as k  # noqa: E402


class Platformatic(contract.Contract):
    client = "platformatic"
    nightly = True
    lacks = frozenset({"fences"})
    codecs = ("none", "gzip", "snappy", "lz4")  # zstd only where node has it


if __name__ == "__main__":
    k.main()
