# SPDX-License-Identifier: Apache-2.0
"""confluent-kafka-python, on the librdkafka that it brings. See driver.py."""

import time

import confluent_kafka as ck
import driver
from confluent_kafka.admin import AdminClient, NewTopic

TIMEOUT_S = 30
FAST = {"reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200, "log_level": 3}


def read(message):
    if message.error():
        raise ck.KafkaException(message.error())
    return driver.record_out(message.partition(), message.offset(), message.timestamp()[1], message.key(), message.value(),
                             message.headers() or [])


class GroupConsumer:
    def __init__(self, configuration, topic):
        self.consumer = ck.Consumer({**configuration, "auto.offset.reset": "earliest", "enable.auto.commit": False,
                                     "session.timeout.ms": 6000, "heartbeat.interval.ms": 200})
        self.consumer.subscribe([topic])

    def poll(self, seconds):
        found = self.consumer.consume(100, seconds)
        return [read(m) for m in found if not (m.error() and m.error().code() in (
            ck.KafkaError._TRANSPORT, ck.KafkaError._ALL_BROKERS_DOWN))]  # pylint: disable=protected-access

    def assigned(self):
        return [p.partition for p in self.consumer.assignment()]

    def commit(self):
        self.consumer.commit(asynchronous=False)

    def close(self):
        self.consumer.close()


class Confluent(driver.Driver):
    def __init__(self, bootstrap):
        super().__init__(bootstrap)
        self.base, self.last_admin = {"bootstrap.servers": bootstrap, **FAST}, None

    @property
    def admin(self):
        """A client for each call: one whose only broker was away may wait for ever (librdkafka 2.16.0)."""
        self.last_admin = AdminClient(self.base)  # has to live as long as what it was asked
        return self.last_admin

    def consumer(self):
        return ck.Consumer({**self.base, "group.id": "none", "enable.auto.commit": False, "check.crcs": True,
                            "enable.partition.eof": False})

    def info(self):
        return {"client": f"confluent-kafka {ck.version()} on librdkafka {ck.libversion()[0]}"}

    def create(self, topic, partitions):
        self.admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(TIMEOUT_S)
        return {}

    def delete(self, topic):
        self.admin.delete_topics([topic])[topic].result(TIMEOUT_S)
        return {}

    def topics(self):
        return {"topics": sorted(t for t in self.admin.list_topics(timeout=TIMEOUT_S).topics if not t.startswith("__"))}

    def describe(self, topic):
        found = self.admin.describe_topics(ck.TopicCollection([topic]))[topic].result(TIMEOUT_S)
        cluster = self.admin.describe_cluster().result(TIMEOUT_S)
        return {"partitions": sorted([p.id, p.leader.id] for p in found.partitions),
                "brokers": [[n.id, n.host, n.port] for n in cluster.nodes]}

    def produce(self, topic, codec, idempotent, records):
        producer = ck.Producer({**self.base, "compression.type": codec, "enable.idempotence": idempotent, "linger.ms": 5,
                                "message.max.bytes": 2_000_000})
        offsets, faults = [None] * len(records), []

        def delivered(number):
            def note(fault, message):
                if fault:
                    faults.append(fault)
                else:
                    offsets[number] = message.offset()
            return note

        for number, (partition, timestamp, key, value, headers) in enumerate(map(driver.record_in, records)):
            producer.produce(topic, value, key, partition, on_delivery=delivered(number), timestamp=timestamp or 0, headers=headers)
            producer.poll(0)
        producer.flush(TIMEOUT_S)
        if faults:
            raise ck.KafkaException(faults[0])
        return {"offsets": offsets}

    def consume(self, topic, partition, offset, count):
        consumer = self.consumer()
        try:
            consumer.assign([ck.TopicPartition(topic, partition, offset)])
            found, end = [], time.monotonic() + driver.CONSUME_S
            while len(found) < count and time.monotonic() < end:
                found += map(read, consumer.consume(min(1000, count - len(found)), 0.5))
            return {"records": found}
        finally:
            consumer.close()

    def times(self, topic, partition, times):
        consumer = self.consumer()
        try:
            low, high = consumer.get_watermark_offsets(ck.TopicPartition(topic, partition), TIMEOUT_S)
            found = []
            for when in times:
                if when < 0:
                    found.append(high if when == -1 else low)
                else:
                    answer, = consumer.offsets_for_times([ck.TopicPartition(topic, partition, when)], TIMEOUT_S)
                    found.append(None if answer.offset < 0 else answer.offset)
            return {"offsets": found}
        finally:
            consumer.close()

    def group_consumer(self, group, topic):
        return GroupConsumer({**self.base, "group.id": group}, topic)

    def committed(self, group, topic, partitions):
        asked = ck.ConsumerGroupTopicPartitions(group, [ck.TopicPartition(topic, p) for p in partitions])
        found = self.admin.list_consumer_group_offsets([asked])[group].result(TIMEOUT_S).topic_partitions
        return {"offsets": [None if p.offset < 0 else p.offset for p in found]}

    def groups(self):
        return {"groups": sorted(g.group_id for g in self.admin.list_consumer_groups().result(TIMEOUT_S).valid)}

    def group(self, group):
        found = self.admin.describe_consumer_groups([group])[group].result(TIMEOUT_S)
        return {"state": found.state.name.capitalize(), "members": len(found.members)}

    def code(self, fault):
        error = fault.args[0] if fault.args else None
        return error.code() if isinstance(error, ck.KafkaError) else None


driver.main(Confluent)
