# SPDX-License-Identifier: Apache-2.0
"""Transactions by confluent-kafka: transactions.py write|read_committed|read_uncommitted BOOTSTRAP TOPIC

write fills two partitions with transactions that were committed, that were aborted, and one that nobody ends, and with records of
none, all mixed; the others print `PARTITION OFFSET VALUE` for every record up to the end that their isolation level sees."""

import os
import sys

import confluent_kafka as ck

PARTITIONS, ROUNDS, TIMEOUT_S = 2, 30, 30


def write(bootstrap, topic):
    common = {"bootstrap.servers": bootstrap, "log_level": 2, "linger.ms": 0}
    writers = [ck.Producer({**common, "transactional.id": f"writer-{i}", "transaction.timeout.ms": 900000}) for i in range(3)]
    plain = ck.Producer(common)
    for writer in writers:
        writer.init_transactions(TIMEOUT_S)
    for i in range(ROUNDS):
        for n, writer in enumerate(writers[:2]):
            # Of two rounds each, the one's ending where the other's has half.
            begins = (i + n) % 2 == 0
            if begins or i == 0:
                writer.begin_transaction()
            for p in range(PARTITIONS):
                writer.produce(topic, f"writer {n} round {i} to {p}", partition=p)
            writer.flush()
            if not begins or i == ROUNDS - 1:
                (writer.abort_transaction if (i // 2 + n) % 2 else writer.commit_transaction)(TIMEOUT_S)
        plain.produce(topic, f"plain {i}", partition=i % PARTITIONS)
        plain.flush()
    writers[2].begin_transaction()
    writers[2].produce(topic, "never ended", partition=0)
    writers[2].flush()
    for p in range(PARTITIONS):
        plain.produce(topic, f"last of {p}", partition=p)
    plain.flush()
    print("written", flush=True)
    os._exit(0)  # or the open transaction would be aborted


def read(bootstrap, topic, isolation):
    consumer = ck.Consumer({"bootstrap.servers": bootstrap, "log_level": 2, "group.id": "unused", "isolation.level": isolation,
                            "enable.partition.eof": True, "check.crcs": True})
    consumer.assign([ck.TopicPartition(topic, p, ck.OFFSET_BEGINNING) for p in range(PARTITIONS)])
    ended = set()
    while len(ended) < PARTITIONS:
        message = consumer.poll(TIMEOUT_S)
        if message is None:
            sys.exit("nothing came")
        if message.error() is None:
            print(message.partition(), message.offset(), message.value().decode())
        elif message.error().code() == ck.KafkaError._PARTITION_EOF:
            ended.add(message.partition())
        else:
            sys.exit(str(message.error()))
    consumer.close()


if __name__ == "__main__":
    mode, *where = sys.argv[1:]
    if mode == "write":
        write(*where)
    else:
        read(*where, mode)
