# SPDX-License-Identifier: Apache-2.0
"""aiokafka. See driver.py."""

import asyncio
import threading
import time

import aiokafka
import driver
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import for_code

FAST = {"retry_backoff_ms": 50}
LOOP = asyncio.new_event_loop()
threading.Thread(target=LOOP.run_forever, daemon=True).start()


def wait(coroutine):
    return asyncio.run_coroutine_threadsafe(coroutine, LOOP).result()


def read(record):
    return driver.record_out(record.partition, record.offset, record.timestamp, record.key, record.value, record.headers)


def check(code):
    if code:
        raise for_code(code)()


async def make(kind, *args, **options):
    made = kind(*args, **options, **FAST)
    await made.start()
    return made


class GroupConsumer:
    def __init__(self, bootstrap, group, topic):
        self.consumer = wait(make(aiokafka.AIOKafkaConsumer, topic, bootstrap_servers=bootstrap, group_id=group,
                                  auto_offset_reset="earliest", enable_auto_commit=False, session_timeout_ms=6000,
                                  heartbeat_interval_ms=200))

    def poll(self, seconds):
        batches = wait(self.consumer.getmany(timeout_ms=round(seconds * 1000)))
        return [read(record) for records in batches.values() for record in records]

    def assigned(self):
        return [p.partition for p in self.consumer.assignment()]

    def commit(self):
        wait(self.consumer.commit())

    def close(self):
        wait(self.consumer.stop())


class Aiokafka(driver.Driver):
    def with_admin(self, use):
        """A client for each call: it does not connect again after its broker was away."""
        async def run():
            admin = await make(AIOKafkaAdminClient, bootstrap_servers=self.bootstrap)
            try:
                return await use(admin)
            finally:
                await admin.close()
        return wait(run())

    def info(self):
        return {"client": f"aiokafka {aiokafka.__version__}"}

    def create(self, topic, partitions):
        done = self.with_admin(lambda admin: admin.create_topics([NewTopic(topic, partitions, 1)]))
        check(done.topic_errors[0][1])
        return {}

    def delete(self, topic):
        done = self.with_admin(lambda admin: admin.delete_topics([topic]))
        check(done.topic_error_codes[0][1])
        return {}

    def topics(self):
        return {"topics": sorted(t for t in self.with_admin(lambda admin: admin.list_topics()) if not t.startswith("__"))}

    def describe(self, topic):
        found, = self.with_admin(lambda admin: admin.describe_topics([topic]))
        brokers = self.with_admin(lambda admin: admin.describe_cluster())["brokers"]
        return {"partitions": sorted([p["partition"], p["leader"]] for p in found["partitions"]),
                "brokers": [[b["node_id"], b["host"], b["port"]] for b in brokers]}

    def produce(self, topic, codec, idempotent, records):
        async def run():
            producer = await make(aiokafka.AIOKafkaProducer, bootstrap_servers=self.bootstrap, enable_idempotence=idempotent,
                                  acks="all", compression_type=None if codec == "none" else codec, linger_ms=5,
                                  max_batch_size=100_000, max_request_size=2_000_000)
            try:
                sent = [await producer.send(topic, value, key, partition, timestamp, headers)
                        for partition, timestamp, key, value, headers in map(driver.record_in, records)]
                return [(await one).offset for one in sent]
            finally:
                await producer.stop()
        return {"offsets": wait(run())}

    async def with_consumer(self, use):
        consumer = await make(aiokafka.AIOKafkaConsumer, bootstrap_servers=self.bootstrap, check_crcs=True)
        try:
            return await use(consumer)
        finally:
            await consumer.stop()

    def consume(self, topic, partition, offset, count):
        place = aiokafka.TopicPartition(topic, partition)

        async def use(consumer):
            consumer.assign([place])
            consumer.seek(place, offset)
            found, end = [], time.monotonic() + driver.CONSUME_S
            while len(found) < count and time.monotonic() < end:
                found += map(read, (await consumer.getmany(timeout_ms=500)).get(place, []))
            return {"records": found}
        return wait(self.with_consumer(use))

    def times(self, topic, partition, times):
        place = aiokafka.TopicPartition(topic, partition)

        async def one(consumer, when):
            if when in (-1, -2):
                return (await (consumer.end_offsets if when == -1 else consumer.beginning_offsets)([place]))[place]
            found = (await consumer.offsets_for_times({place: when}))[place]
            return None if found is None else found.offset

        async def use(consumer):
            return {"offsets": [await one(consumer, when) for when in times]}
        return wait(self.with_consumer(use))

    def group_consumer(self, group, topic):
        return GroupConsumer(self.bootstrap, group, topic)

    def committed(self, group, topic, partitions):
        places = [aiokafka.TopicPartition(topic, p) for p in partitions]
        found = self.with_admin(lambda admin: admin.list_consumer_group_offsets(group, partitions=places))
        return {"offsets": [found[p].offset if p in found and found[p].offset >= 0 else None for p in places]}

    def groups(self):
        return {"groups": sorted(g[0] for g in self.with_admin(lambda admin: admin.list_consumer_groups()))}

    def group(self, group):
        found, = self.with_admin(lambda admin: admin.describe_consumer_groups([group]))[0].groups
        check(found[0])
        return {"state": found[2], "members": len(found[5])}

    def code(self, fault):
        return getattr(fault, "errno", None)


driver.main(Aiokafka)
