# SPDX-License-Identifier: Apache-2.0
"""What the drivers of Python's clients share. A driver is started with a bootstrap address, reads one JSON object a line, does
what its "op" says, and answers with one JSON object a line: what the client gave, or {"error": text, "code": Kafka's code}.

  info {}                                                 {"client": "NAME VERSION"}
  create {topic, partitions}                              {}
  delete {topic}                                          {}
  topics {}                                               {"topics": [...]}; those of the broker itself are left out
  describe {topic}                                        {"partitions": [[partition, leader], ...], "brokers": [[id, host, port], ...]}
  produce {topic, codec, idempotent, records: [...]}      {"offsets": [...]}, of each record
  consume {topic, partition, offset, count}               {"records": [...]}; gives up after a while
  times {topic, partition, times: [...]}                  {"offsets": [...]}; -1 the end, -2 the start; null: no such record
  join {member, group, topic}                             {}; starts a consumer, which goes on by itself
  state {member}                                          {"assigned": [partition, ...], "records": [...], "first_ms": since join or null}
  commit {member}                                         {}; what it has read
  leave {member}                                          {}; commits nothing
  committed {group, topic, partitions}                    {"offsets": [...]}, null where there is none
  groups {}                                               {"groups": [...]}
  group {group}                                           {"state": "Stable", "members": count}

A record is [partition, timestamp, key, value, headers], a record read [partition, offset, timestamp, key, value, headers]; keys and
values are base64 or null, headers are [[name, value], ...]. A record of null time gets the client's."""

import base64
import json
import queue
import sys
import threading
import time

CONSUME_S = 10
POLL_S = 0.05


def to_bytes(text):
    return None if text is None else base64.b64decode(text)


def to_text(data):
    return None if data is None else base64.b64encode(data).decode()


def record_in(record):
    partition, timestamp, key, value, headers = record
    return partition, timestamp, to_bytes(key), to_bytes(value), [(name, to_bytes(content)) for name, content in headers]


def record_out(partition, offset, timestamp, key, value, headers):
    return [partition, offset, timestamp, to_text(key), to_text(value), [[name, to_text(content)] for name, content in headers]]


class Member(threading.Thread):
    """A consumer of a group on a thread of its own, since clients allow no other to use it.

    consumer   has poll(seconds) -> records, assigned() -> partitions, commit(), close()"""

    def __init__(self, make):
        super().__init__(daemon=True)
        self.make, self.todo, self.state, self.fault = make, queue.Queue(), {"assigned": [], "records": [], "first_ms": None}, None
        self.start()

    def run(self):
        try:
            begin = time.monotonic()
            consumer = self.make()
            while True:
                try:
                    what, done = self.todo.get_nowait()
                except queue.Empty:
                    records = consumer.poll(POLL_S)
                    if records and self.state["first_ms"] is None:
                        self.state["first_ms"] = round((time.monotonic() - begin) * 1000)
                    self.state = {**self.state, "assigned": sorted(consumer.assigned()),
                                  "records": self.state["records"] + records}
                    continue
                done.put(self.attempt(getattr(consumer, what)))
                if what == "close":
                    return
        except Exception as e:  # pylint: disable=broad-except
            self.fault = e

    @staticmethod
    def attempt(action):
        try:
            action()
        except Exception as e:  # pylint: disable=broad-except
            return e
        return None

    def ask(self, what):
        done = queue.Queue()
        self.todo.put((what, done))
        while True:
            try:
                if (fault := done.get(timeout=0.2)) is not None:
                    raise fault
                return {}
            except queue.Empty:
                self.check()

    def check(self):
        if self.fault is not None:
            raise self.fault
        return self.state


class Driver:
    """Base: members by name. `code` gives Kafka's number of an exception, or None."""

    def __init__(self, bootstrap):
        self.bootstrap, self.members = bootstrap, {}

    def join(self, member, group, topic):
        self.members[member] = Member(lambda: self.group_consumer(group, topic))
        return {}

    def state(self, member):
        return self.members[member].check()

    def commit(self, member):
        return self.members[member].ask("commit")

    def leave(self, member):
        return self.members.pop(member).ask("close")

    def group_consumer(self, group, topic):
        raise NotImplementedError

    def code(self, fault):
        raise NotImplementedError


def main(driver_class):
    driver = driver_class(sys.argv[1])
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(driver, request.pop("op"))(**request)
        except Exception as e:  # pylint: disable=broad-except
            answer = {"error": f"{type(e).__name__}: {e}", "code": driver.code(e)}
        print(json.dumps(answer), flush=True)
