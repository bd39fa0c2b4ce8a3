# SPDX-License-Identifier: Apache-2.0
"""confluent-kafka at work while its broker is killed and started again: kill_load.py BOOTSTRAP TOPIC GROUP. An idempotent
producer numbers its messages, a consumer of the group reads them and commits. A line on stdout for each thing that was
acknowledged:

  produced NUMBER OFFSET     committed OFFSET     read OFFSET NUMBER     fault TEXT

A line on stdin ends it: then everything that was sent is waited for and read, and the last line is `sent COUNT`."""

import sys
import threading

import confluent_kafka as ck

FAST = {"reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200, "retry.backoff.ms": 20, "log_level": 2}
IN_FLIGHT, LAST_S = 2000, 120


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")


class Load:
    def __init__(self, bootstrap, topic, group):
        self.bootstrap, self.topic, self.group = bootstrap, topic, group
        self.stopped, self.sent, self.all_sent = threading.Event(), 0, threading.Event()

    def fault(self, error):
        # What a broker that is down makes of it is no fault.
        if error.fatal():
            say("fault", error)

    def delivered(self, error, message):
        if error is not None:
            say("fault", f"{message.value()}: {error}")
        else:
            say("produced", message.value().split(b".")[0].decode(), message.offset())

    def produce(self):
        producer = ck.Producer({"bootstrap.servers": self.bootstrap, "enable.idempotence": True, "acks": "all", "linger.ms": 1,
                                "message.timeout.ms": 300000, "error_cb": self.fault, **FAST})
        while not self.stopped.is_set():
            if len(producer) >= IN_FLIGHT:
                producer.poll(0.01)
                continue
            producer.produce(self.topic, f"{self.sent}.".encode() + b"x" * (self.sent * 7919 % 300), partition=0,
                             on_delivery=self.delivered)
            self.sent += 1
            producer.poll(0.0005)
        if producer.flush(LAST_S):
            say("fault", "not everything was delivered")
        self.all_sent.set()

    def consume(self):
        consumer = ck.Consumer({"bootstrap.servers": self.bootstrap, "group.id": self.group, "auto.offset.reset": "earliest",
                                "enable.auto.commit": False, "check.crcs": True, "session.timeout.ms": 6000,
                                "heartbeat.interval.ms": 300, "error_cb": self.fault, **FAST})
        consumer.subscribe([self.topic])
        reached = 0
        while not (self.all_sent.is_set() and reached >= self.sent):
            messages = [m for m in consumer.consume(500, 0.1) if m.error() is None]
            for message in messages:
                say("read", message.offset(), message.value().split(b".")[0].decode())
                reached = max(reached, int(message.value().split(b".")[0]) + 1)
            if messages:
                try:
                    done = consumer.commit(asynchronous=False)
                    if done[0].error is None:
                        say("committed", done[0].offset)
                except ck.KafkaException:
                    pass  # not acknowledged
            sys.stdout.flush()
        consumer.close()

    def run(self):
        threads = [threading.Thread(target=work, daemon=True) for work in (self.produce, self.consume)]
        for thread in threads:
            thread.start()
        sys.stdin.readline()
        self.stopped.set()
        for thread in threads:
            thread.join(LAST_S)
        say("sent", self.sent)
        sys.stdout.flush()


Load(*sys.argv[1:]).run()
