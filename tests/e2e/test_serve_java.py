# SPDX-License-Identifier: Apache-2.0
"""`kseg serve` seen by Kafka's Java client, also where its records go to a store meanwhile."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import clients_contract as contract  # noqa: E402
import kseg_cli as k  # noqa: E402


class Java(contract.Contract):
    client = "java"


class JavaOfArchives(contract.ArchivedContract):
    client = "java"


if __name__ == "__main__":
    k.main()
