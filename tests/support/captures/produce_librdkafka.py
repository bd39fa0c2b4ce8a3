#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Produces a plan with librdkafka.

usage: produce_librdkafka.py BOOTSTRAP TOPIC CODEC <plan.jsonl >sent.jsonl

Prints each line of the plan again with the offset and the timestamp that the broker acknowledged.
"""
import base64
import itertools
import json
import sys
import time

from confluent_kafka import Producer

kLingerMs = 60_000  # longer than a run: only flush() ends a batch
kFlushSeconds = 30


def decode(text):
    return None if text is None else base64.b64decode(text)


def create_topic(producer, topic):
    """Has the broker create the topic and waits for it: else the first batch is torn when the leader becomes known."""
    deadline = time.monotonic() + kFlushSeconds
    while True:
        metadata = producer.list_topics(topic, timeout=kFlushSeconds).topics[topic]
        if metadata.error is None and metadata.partitions:
            return
        if time.monotonic() > deadline:
            sys.exit(f"error: {topic}: not created; {metadata.error}")
        time.sleep(0.1)


def send_batch(producer, topic, lines):
    sent = {}

    def send(line):
        def on_delivery(error, message):
            if error is not None:
                raise RuntimeError(error)
            sent[message.offset()] = line | {"offset": message.offset(), "ack_timestamp": message.timestamp()[1]}

        producer.produce(topic, partition=0, key=decode(line["key"]), value=decode(line["value"]),
                         timestamp=line["timestamp"], on_delivery=on_delivery,
                         headers=[(header["key"], decode(header["value"])) for header in line["headers"]])

    for line in lines:
        send(line)
    producer.flush(kFlushSeconds)
    if len(sent) != len(lines):
        sys.exit(f"error: {topic}: {len(sent)} of {len(lines)} records were acknowledged")
    for offset in sorted(sent):
        print(json.dumps(sent[offset]))


def main():
    bootstrap, topic, codec = sys.argv[1:]
    producer = Producer({"bootstrap.servers": bootstrap, "compression.codec": codec, "linger.ms": kLingerMs})
    create_topic(producer, topic)
    plan = [json.loads(line) for line in sys.stdin]
    for _, lines in itertools.groupby(plan, key=lambda line: line["batch"]):
        send_batch(producer, topic, list(lines))


main()
