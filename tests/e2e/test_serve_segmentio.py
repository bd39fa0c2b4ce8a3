# SPDX-License-Identifier: Apache-2.0
"""`kseg serve` seen by segmentio's kafka-go."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import clients_contract as contract  # noqa: E402
import kseg_cli as k  # noqa: E402


class Segmentio(contract.Contract):
    client = "segmentio"
    nightly = True
    idempotent = False
    lacks = {"empty"}


if __name__ == "__main__":
    k.main()
