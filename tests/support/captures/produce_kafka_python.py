#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Produces a plan with kafka-python.

usage: produce_kafka_python.py BOOTSTRAP TOPIC CODEC <plan.jsonl >sent.jsonl

Prints each line of the plan again with the offset and the timestamp that the broker acknowledged.
"""
import base64
import itertools
import json
import sys

from kafka import KafkaProducer

kLingerMs = 60_000  # longer than a run: only flush() ends a batch
kBatchBytes = 64 * 1024
kFlushSeconds = 30


def decode(text):
    return None if text is None else base64.b64decode(text)


def send(producer, topic, line):
    return producer.send(topic, partition=0, key=decode(line["key"]), value=decode(line["value"]),
                         timestamp_ms=line["timestamp"],
                         headers=[(header["key"], decode(header["value"])) for header in line["headers"]])


def main():
    bootstrap, topic, codec = sys.argv[1:]
    producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type=None if codec == "none" else codec,
                             linger_ms=kLingerMs, batch_size=kBatchBytes)
    plan = [json.loads(line) for line in sys.stdin]
    for _, lines in itertools.groupby(plan, key=lambda line: line["batch"]):
        futures = [(line, send(producer, topic, line)) for line in lines]
        producer.flush(kFlushSeconds)
        for line, future in futures:
            metadata = future.get(kFlushSeconds)
            print(json.dumps(line | {"offset": metadata.offset, "ack_timestamp": metadata.timestamp}))
    producer.close()


main()
