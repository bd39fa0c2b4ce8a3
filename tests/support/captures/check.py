#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what a client was asked to send with what Kafka's classes read from the segment, and prints the truth.

usage: check.py CODEC create|log_append SENT.jsonl READ.jsonl >truth.jsonl

SENT is a producer's output, READ that of ReadSegment.java. Any difference ends it with exit 1.
"""
import json
import sys


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def expect(what, expected, got):
    if expected != got:
        sys.exit(f"error: {what}; expected {expected}, got {got}")


def check_batches(codec, timestamp_type, sent, batches):
    # Markers are batches of their own, and never compressed.
    markers = [line for line in sent if "end" in line]
    numbers = {line["batch"] for line in sent if "end" not in line}
    expect("count of batches", len(numbers) + len(markers), len(batches))
    expect("count of control batches", len(markers), sum(batch["control"] for batch in batches))
    position = 0
    for batch in batches:
        expect(f"position of batch {batch['base_offset']}", position, batch["position"])
        expect(f"validity of batch {batch['base_offset']}", True, batch["valid"])
        position += batch["size"]
    data = [batch for batch in batches if not batch["control"]]
    expect("timestamp types", {timestamp_type}, {batch["timestamp_type"] for batch in data})
    # A client may send a batch plain that its codec does not make smaller, but not all of them.
    expect("codecs", {codec}, {batch["codec"] for batch in data} - {"none"} or {"none"})


def check_record(timestamp_type, asked, got):
    where = f"offset {got['offset']}"
    expect(f"{where}: acknowledged offset", asked["offset"], got["offset"])
    if "end" in asked:
        expect(f"{where}: control", asked["end"], got["control"])
        return
    for field in ("key", "value", "headers"):
        expect(f"{where}: {field}", asked[field], got[field])
    expect(f"{where}: control", None, got["control"])
    timestamp = asked["timestamp" if timestamp_type == "create" else "ack_timestamp"]
    expect(f"{where}: timestamp", timestamp, got["timestamp"])
    expect(f"{where}: timestamp type", timestamp_type, got["timestamp_type"])


def main():
    codec, timestamp_type, sent_path, read_path = sys.argv[1:]
    sent = read_lines(sent_path)
    read = read_lines(read_path)
    records = [line for line in read if line["type"] == "record"]
    expect("lines of other types", [], [line for line in read if line["type"] not in ("batch", "record")])
    expect("count of records", len(sent), len(records))
    check_batches(codec, timestamp_type, sent, [line for line in read if line["type"] == "batch"])
    for asked, got in zip(sent, records):
        check_record(timestamp_type, asked, got)
    for record in records:
        del record["type"]
        print(json.dumps(record, separators=(",", ":")))


main()
