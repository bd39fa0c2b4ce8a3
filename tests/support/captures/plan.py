#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what a client is to produce, as JSON lines in the order of production.

usage: plan.py NAME   NAME is librdkafka, kafka-python, java, java-logappend or java-txn

A record: {"batch": N, "producer": NAME, "timestamp": ms, "key": base64 or null, "value": ..., "headers": [{"key", "value"}]}.
The producers flush when `batch` changes, so that each number becomes one record batch.
In java-txn also: {"producer": NAME, "end": "commit" or "abort"}.
"""
import base64
import hashlib
import json
import sys

kBaseTimestampMs = 1_760_000_000_000
kDayMs = 86_400_000


def noise(seed, length_bytes):
    """Bytes that no codec makes smaller."""
    blocks = (hashlib.sha256(f"{seed} {i}".encode()).digest() for i in range(length_bytes // 32 + 1))
    return b"".join(blocks)[:length_bytes]


def event(number):
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    return json.dumps({"id": number, "user": f"user-{number % 7}", "action": "view", "page": f"/item/{digest[:6]}",
                       "ms": int(digest[6:10], 16)}, separators=(",", ":")).encode()


def events(length_bytes):
    text = b"\n".join(event(number) for number in range(length_bytes // 60))
    assert len(text) >= length_bytes
    return text[:length_bytes]


class Plan:
    def __init__(self):
        self.lines = []
        self.batch = -1
        self.producer = "p"

    def next_batch(self, producer="p"):
        self.batch += 1
        self.producer = producer

    def add(self, key, value, headers=(), timestamp_ms=None):
        if timestamp_ms is None:
            timestamp_ms = kBaseTimestampMs + 1000 * self.batch + len(self.lines)
        self.lines.append({"batch": self.batch, "producer": self.producer, "timestamp": timestamp_ms,
                           "key": encode(key), "value": encode(value),
                           "headers": [{"key": name, "value": encode(data)} for name, data in headers]})

    def end(self, producer, how):
        self.lines.append({"producer": producer, "end": how})


def encode(data):
    return None if data is None else base64.b64encode(data).decode()


def add_nulls_and_empties(plan, can_send_nothing):
    plan.next_batch()
    plan.add(b"k0", b"plain")
    plan.add(None, b"null key")
    plan.add(b"", b"empty key")
    plan.add(b"tombstone", None)
    plan.add(b"empty value", b"")
    plan.add(None, b"")
    plan.add(b"", None)
    if can_send_nothing:
        plan.add(None, None)


def add_bytes_and_text(plan):
    plan.next_batch()
    plan.add(b"\xff\xfe\x00\x80\xc3\x28", bytes(range(256)), [("raw", b"\x00\xff\x80\xc3\x28")])
    plan.add("ключ".encode(), "Grüße, 世界 \U0001f30d".encode(), [("заголовок", "wört".encode())])
    plan.add(b"json", json.dumps({"id": 7, "name": "Zoë", "tags": ["a", "b"], "none": None, "pi": 3.14}).encode())
    plan.add(b"control characters", b'tab\tquote"backslash\\newline\nnul\x00del\x7f')


def add_headers(plan, can_send_null_header):
    plan.next_batch()
    plan.add(b"duplicates", b"v", [("a", b"1"), ("b", b"2"), ("a", b"3"), ("a", b"1")])
    plan.add(b"empty header value", b"v", [("empty", b""), ("full", b"x")])
    plan.add(b"empty header key", b"v", [("", b"nameless")])
    # 64 headers and a value of 64 bytes: the first numbers whose zigzag varint takes two bytes.
    plan.add(b"64 headers", b"x" * 64, [(f"h{number}", str(number).encode()) for number in range(64)])
    if can_send_null_header:
        plan.add(b"null header value", b"v", [("null", None), ("a", b"1"), ("null", None), ("empty", b"")])


def add_large(plan):
    plan.next_batch()
    # Together more than 32 KiB, the block size of snappy's framing.
    plan.add(b"20 KiB", events(20 * 1024))
    plan.add(b"12.5 KiB", events(12 * 1024 + 512))


def add_timestamps(plan):
    plan.next_batch()
    for key, timestamp_ms in ((b"first", kBaseTimestampMs + 50), (b"earlier", kBaseTimestampMs + 20),
                              (b"same", kBaseTimestampMs + 20), (b"40 days on", kBaseTimestampMs + 40 * kDayMs),
                              (b"40 days back", kBaseTimestampMs - 40 * kDayMs), (b"1970", 1)):
        plan.add(key, b"t", timestamp_ms=timestamp_ms)


def add_events(plan, count):
    plan.next_batch()
    for number in range(count):
        plan.add(f"user-{number % 7}".encode(), event(number))


def plan_codec_topic(client):
    plan = Plan()
    # kafka-python refuses null header values, and records without key and value.
    is_full = client != "kafka-python"
    add_nulls_and_empties(plan, is_full)
    add_bytes_and_text(plan)
    add_headers(plan, is_full)
    add_large(plan)
    plan.next_batch()
    plan.add(b"incompressible", noise("incompressible", 400))
    add_timestamps(plan)
    add_events(plan, 10)
    return plan


def plan_log_append():
    plan = Plan()
    add_nulls_and_empties(plan, True)
    add_headers(plan, True)
    add_timestamps(plan)
    add_events(plan, 10)
    return plan


def plan_transactions():
    plan = Plan()
    plan.next_batch("a")
    for number in range(4):
        plan.add(b"a1", event(number))
    plan.next_batch("a")
    plan.add(b"a1", None, [("second", b"batch")])
    plan.end("a", "commit")
    plan.next_batch("a")
    for number in range(3):
        plan.add(b"a2", b"aborted %d" % number)
    plan.end("a", "abort")
    # Two open at once: b begins first and ends last.
    plan.next_batch("b")
    plan.add(b"b1", b"aborted, around a's third")
    plan.next_batch("a")
    for number in range(8):
        plan.add(b"a3", event(number))
    plan.next_batch("b")
    plan.add(b"b1", b"aborted too", [("null", None)])
    plan.end("a", "commit")
    plan.next_batch("b")
    plan.add(None, b"still b's first")
    plan.end("b", "abort")
    plan.next_batch("b")
    plan.add(b"b2", b"committed")
    plan.next_batch("plain")
    plan.add(b"plain", b"in no transaction, while b's second is open")
    plan.end("b", "commit")
    return plan


def main():
    plans = {"java-logappend": plan_log_append, "java-txn": plan_transactions}
    for client in ("librdkafka", "kafka-python", "java"):
        plans[client] = lambda client=client: plan_codec_topic(client)
    if len(sys.argv) != 2 or sys.argv[1] not in plans:
        sys.exit(__doc__)
    for line in plans[sys.argv[1]]().lines:
        print(json.dumps(line))


main()
