# SPDX-License-Identifier: Apache-2.0
"""A client's load, run by the Python of tests/support/clients/fetch confluent: serve_load.py MODE BOOTSTRAP TOPIC [NUMBER...].
Prints what it measured, a number a line. Messages go to and come from librdkafka by the thousand, so that Python is not measured.

  mock                                          a cluster of librdkafka's own until stdin ends; prints its address
  produce BOOTSTRAP TOPIC COUNT SIZE CODEC ACKS      seconds until all are acknowledged
  consume BOOTSTRAP TOPIC COUNT                      seconds until so many were read from the start
  latency BOOTSTRAP TOPIC COUNT                      median and 99 % of the ms from produce() to the consumer
  group BOOTSTRAP TOPIC                              ms from a new consumer of a new group to its first message
"""

import ctypes
import pathlib
import struct
import sys
import time
import uuid

import confluent_kafka

BATCH = 10000
UNASSIGNED, COPY, QUEUE_FULL, BEGINNING = -1, 2, -184, -2


class Message(ctypes.Structure):
    _fields_ = [("err", ctypes.c_int), ("topic", ctypes.c_void_p), ("partition", ctypes.c_int32), ("payload", ctypes.c_void_p),
                ("size", ctypes.c_size_t), ("key", ctypes.c_void_p), ("key_size", ctypes.c_size_t), ("offset", ctypes.c_int64),
                ("own", ctypes.c_void_p)]


def library():
    path, = (pathlib.Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs").glob("librdkafka*")
    lib = ctypes.CDLL(str(path))
    for name in ("conf_new", "new", "topic_new", "queue_new"):
        getattr(lib, f"rd_kafka_{name}").restype = ctypes.c_void_p
    lib.rd_kafka_consume_batch_queue.restype = ctypes.c_ssize_t
    return lib


def handle(lib, kind, settings):
    conf, text = lib.rd_kafka_conf_new(), ctypes.create_string_buffer(512)
    for name, value in settings.items():
        if lib.rd_kafka_conf_set(ctypes.c_void_p(conf), name.encode(), str(value).encode(), text, 512) != 0:
            sys.exit(text.value.decode())
    made = lib.rd_kafka_new(kind, ctypes.c_void_p(conf), text, 512)
    return ctypes.c_void_p(made) if made else sys.exit(text.value.decode())


def topic_handle(lib, rk, topic):
    """Once it is there and its leader is known, so that making it and finding it is not measured."""
    rkt, found = ctypes.c_void_p(lib.rd_kafka_topic_new(rk, topic.encode(), None)), ctypes.c_void_p()
    for _ in range(100):
        if lib.rd_kafka_metadata(rk, 0, rkt, ctypes.byref(found), 10000) == 0:
            # brokers' count and place, topics' count and place; a topic's name, partitions' count and place, error
            (place,) = struct.unpack_from("8xQ", ctypes.string_at(found.value + 16, 16))
            _, count, _, error = struct.unpack_from("QixxxxQi", ctypes.string_at(place, 32))
            lib.rd_kafka_metadata_destroy(found)
            if error == 0 and count > 0:
                return rkt
        time.sleep(0.02)
    sys.exit(f"no topic {topic}")


def values(size, count):
    """Values that compress about as text does."""
    words = [f'"field{i % 37}":"value{i * 2654435761 % 100003}",' for i in range(4000)]
    text = "".join(words).encode()
    return [text[i * 131 % (len(text) - size):][:size] for i in range(count)]


def produce(bootstrap, topic, count, size, codec, acks):
    lib, count, size = library(), int(count), int(size)
    rk = handle(lib, 0, {"bootstrap.servers": bootstrap, "compression.codec": codec, "acks": acks, "linger.ms": 5,
                         "batch.num.messages": BATCH, "queue.buffering.max.messages": 500000, "log_level": 2})
    rkt = topic_handle(lib, rk, topic)
    buffers = [ctypes.create_string_buffer(v, size) for v in values(size, BATCH)]
    made = (Message * BATCH)()
    begin, sent = time.perf_counter(), 0
    while sent < count:
        part = min(BATCH, count - sent)
        for i in range(part):
            made[i].err, made[i].payload, made[i].size, made[i].key, made[i].key_size = 0, ctypes.addressof(buffers[i]), size, None, 0
        at = 0
        while at < part:
            first = ctypes.byref(made, at * ctypes.sizeof(Message))
            done = lib.rd_kafka_produce_batch(rkt, UNASSIGNED, COPY, first, part - at)
            at += done  # so many found room; which of them does not matter here
            if at < part:
                lib.rd_kafka_poll(rk, 2)
        sent += part
        lib.rd_kafka_poll(rk, 0)
    if lib.rd_kafka_flush(rk, 120000) != 0:
        sys.exit("not everything was delivered")
    print(time.perf_counter() - begin)


def consume(bootstrap, topic, count):
    lib, count = library(), int(count)
    rk = handle(lib, 1, {"bootstrap.servers": bootstrap, "group.id": "unused", "log_level": 2, "fetch.wait.max.ms": 100,
                         "queued.max.messages.kbytes": 2000000, "queued.min.messages": 10000000, "check.crcs": "true"})
    rkt = topic_handle(lib, rk, topic)
    begin, got = time.perf_counter(), 0
    queue = ctypes.c_void_p(lib.rd_kafka_queue_new(rk))
    lib.rd_kafka_consume_start_queue(rkt, 0, ctypes.c_int64(BEGINNING), queue)
    found = (ctypes.c_void_p * BATCH)()
    end = begin + 120
    while got < count:
        number = lib.rd_kafka_consume_batch_queue(queue, 100, found, BATCH)
        for i in range(number):
            got += Message.from_address(found[i]).err == 0
            lib.rd_kafka_message_destroy(ctypes.c_void_p(found[i]))
        if time.perf_counter() > end:
            sys.exit(f"{got} of {count} messages came")
    print(time.perf_counter() - begin)


def latency(bootstrap, topic, count):
    producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "linger.ms": 0, "log_level": 2})
    consumer = confluent_kafka.Consumer({"bootstrap.servers": bootstrap, "group.id": "unused", "log_level": 2})
    consumer.assign([confluent_kafka.TopicPartition(topic, 0, confluent_kafka.OFFSET_BEGINNING)])
    took = []
    for i in range(int(count) + 20):
        value = str(i).encode()
        begin = time.perf_counter()
        producer.produce(topic, value, partition=0)
        producer.poll(0)
        while True:
            message = consumer.poll(10)
            if message is None:
                sys.exit("a message did not come")
            if message.error() is None and message.value() == value:
                break
        if i >= 20:
            took.append(1000 * (time.perf_counter() - begin))
    took.sort()
    print(took[len(took) // 2])
    print(took[len(took) * 99 // 100])
    consumer.close()


def group(bootstrap, topic):
    begin = time.perf_counter()
    consumer = confluent_kafka.Consumer({"bootstrap.servers": bootstrap, "group.id": str(uuid.uuid4()), "log_level": 2,
                                         "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    while True:
        message = consumer.poll(20)
        if message is None:
            sys.exit("no message came")
        if message.error() is None:
            break
    print(1000 * (time.perf_counter() - begin))
    consumer.close()


def mock():
    producer = confluent_kafka.Producer({"test.mock.num.brokers": 1, "log_level": 2, "bootstrap.servers": "unused"})
    broker, = producer.list_topics(timeout=10).brokers.values()
    print(f"{broker.host}:{broker.port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    {"mock": mock, "produce": produce, "consume": consume, "latency": latency, "group": group}[sys.argv[1]](*sys.argv[2:])
