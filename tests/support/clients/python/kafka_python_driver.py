# SPDX-License-Identifier: Apache-2.0
"""kafka-python. See driver.py."""

import time

import driver
import kafka
from kafka.admin import KafkaAdminClient

FAST = {"reconnect_backoff_ms": 20, "reconnect_backoff_max_ms": 200, "retry_backoff_ms": 50}
LONG_POLL_MS = 700


def read(record):
    return driver.record_out(record.partition, record.offset, record.timestamp, record.key, record.value, record.headers)


class GroupConsumer:
    def __init__(self, bootstrap, group, topic):
        self.consumer = kafka.KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest",
                                            enable_auto_commit=False, session_timeout_ms=6000, heartbeat_interval_ms=200, **FAST)

    def poll(self, seconds):
        # A poll that ends while the group is being joined leaves this client's consumer without positions for good.
        try:
            batches = self.consumer.poll(timeout_ms=max(round(seconds * 1000), LONG_POLL_MS))
        except kafka.errors.KafkaConnectionError:  # while the broker is away
            time.sleep(seconds)
            return []
        return [read(record) for records in batches.values() for record in records]

    def assigned(self):
        return [p.partition for p in self.consumer.assignment()]

    def commit(self):
        self.consumer.commit()

    def close(self):
        self.consumer.close(autocommit=False)


class KafkaPython(driver.Driver):
    def __init__(self, bootstrap):
        super().__init__(bootstrap)
        self.admin = KafkaAdminClient(bootstrap_servers=bootstrap, **FAST)

    def info(self):
        return {"client": f"kafka-python {kafka.__version__}"}

    def create(self, topic, partitions):
        self.admin.create_topics({topic: {"num_partitions": partitions, "replication_factor": 1}})
        return {}

    def delete(self, topic):
        self.admin.delete_topics([topic])
        return {}

    def topics(self):
        return {"topics": sorted(t["name"] for t in self.admin.describe_topics() if not t["is_internal"])}

    def describe(self, topic):
        found, = self.admin.describe_topics([topic])
        if found["error_code"]:
            raise kafka.errors.for_code(found["error_code"])()
        brokers = self.admin.describe_cluster()["brokers"]
        return {"partitions": sorted([p["partition_index"], p["leader_id"]] for p in found["partitions"]),
                "brokers": [[b["broker_id"], b["host"], b["port"]] for b in brokers]}

    def produce(self, topic, codec, idempotent, records):
        producer = kafka.KafkaProducer(bootstrap_servers=self.bootstrap, compression_type=None if codec == "none" else codec,
                                       enable_idempotence=idempotent, linger_ms=5, batch_size=100_000, max_request_size=2_000_000,
                                       **FAST)
        try:
            sent = []
            for partition, timestamp, key, value, headers in map(driver.record_in, records):
                sent.append(producer.send(topic, value, key, headers, partition, timestamp))
            producer.flush(30)
            return {"offsets": [future.get(10).offset for future in sent]}
        finally:
            producer.close(5)

    def consume(self, topic, partition, offset, count):
        place = kafka.TopicPartition(topic, partition)
        consumer = kafka.KafkaConsumer(bootstrap_servers=self.bootstrap, check_crcs=True, **FAST)
        try:
            consumer.assign([place])
            consumer.seek(place, offset)
            found, end = [], time.monotonic() + driver.CONSUME_S
            while len(found) < count and time.monotonic() < end:
                found += map(read, consumer.poll(timeout_ms=500).get(place, []))
            return {"records": found}
        finally:
            consumer.close()

    def times(self, topic, partition, times):
        place = kafka.TopicPartition(topic, partition)
        consumer = kafka.KafkaConsumer(bootstrap_servers=self.bootstrap, **FAST)
        try:
            found = []
            for when in times:
                if when in (-1, -2):
                    found.append((consumer.end_offsets if when == -1 else consumer.beginning_offsets)([place])[place])
                else:
                    answer = consumer.offsets_for_times({place: when})[place]
                    found.append(None if answer is None else answer.offset)
            return {"offsets": found}
        finally:
            consumer.close()

    def group_consumer(self, group, topic):
        return GroupConsumer(self.bootstrap, group, topic)

    def committed(self, group, topic, partitions):
        found = self.admin.list_group_offsets({group: [kafka.TopicPartition(topic, p) for p in partitions]})[group]
        offsets = [found.get(kafka.TopicPartition(topic, p)) for p in partitions]
        return {"offsets": [None if o is None or o.offset < 0 else o.offset for o in offsets]}

    def groups(self):
        return {"groups": sorted(g["group_id"] for g in self.admin.list_groups())}

    def group(self, group):
        found = self.admin.describe_groups([group])[group]
        return {"state": str(getattr(found["group_state"], "value", found["group_state"])), "members": len(found["members"])}

    def code(self, fault):
        return getattr(fault, "errno", None)


driver.main(KafkaPython)
