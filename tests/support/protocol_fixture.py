#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/data/protocol/messages.txt anew: for every message and version a short and a long line NAME VERSION HEX JSON, whose
bytes are what Kafka writes from the JSON. KSEG_BUILD names the build with protocol_tool.

usage: protocol_fixture.py"""

import collections

import kafka_messages as m

TARGET = m.SOURCE / "tests/data/protocol/messages.txt"
SEED, CANDIDATES, MOST_CHARACTERS = 20261126, 40, 420


def main():
    lines = m.tool("random", CANDIDATES, SEED)
    by_bytes = collections.defaultdict(set)
    for kafka in m.KAFKAS:
        for written in m.kafka(kafka, lines)[0]:
            by_bytes[written].add(kafka)
    groups = collections.defaultdict(list)
    for line in lines:
        name, version, hex_bytes, _ = line.split(" ", 3)
        if f"{name} {version} {hex_bytes}" in by_bytes:
            groups[name, int(version)].append(line)
    chosen = []
    for key in groups:
        sized = sorted(set(groups[key]), key=lambda line: (len(line), line))
        fitting = [line for line in sized if len(line) <= MOST_CHARACTERS] or sized[:1]
        chosen += sorted({sized[0], fitting[-1]}, key=len)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text("".join(line + "\n" for line in chosen), encoding="utf-8")
    print(f"{len(chosen)} lines, {len(groups)} messages and versions, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
