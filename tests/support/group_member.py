# SPDX-License-Identifier: Apache-2.0
"""A member of a group, on kafka-python: `group_member.py BROKER GROUP TOPIC [INSTANCE]` prints a JSON line for each thing that
happens. A line on stdin, or its end, makes it commit and leave; "die" makes it end without a word to anybody."""

import json
import os
import sys
import threading

from kafka import ConsumerRebalanceListener, KafkaConsumer


# A poll that ends while the group is being joined leaves this client's consumer without positions for good.
POLL_MS = 1500


def say(**what):
    print(json.dumps(what), flush=True)


class Listener(ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked):
        say(event="revoked", partitions=sorted(p.partition for p in revoked))

    def on_partitions_assigned(self, assigned):
        say(event="assigned", partitions=sorted(p.partition for p in assigned))


def main():
    broker, group, topic, *instance = sys.argv[1:]
    stop = threading.Event()

    def wait_for_stop():
        if sys.stdin.readline().strip() == "die":
            os._exit(0)
        stop.set()

    threading.Thread(target=wait_for_stop, daemon=True).start()
    consumer = KafkaConsumer(bootstrap_servers=broker, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False,
                             session_timeout_ms=6000, heartbeat_interval_ms=200, metadata_max_age_ms=1000,
                             group_instance_id=instance[0] if instance else None)
    consumer.subscribe([topic], listener=Listener())
    while not stop.is_set():
        for partition, records in consumer.poll(POLL_MS).items():
            for record in records:
                say(event="record", partition=partition.partition, offset=record.offset, value=record.value.decode())
            consumer.commit()
    consumer.close(autocommit=False)
    say(event="left")


main()
