# SPDX-License-Identifier: Apache-2.0
"""The same requests to Apache Kafka and to `kseg serve`, in every version that both have: the same answers, field by field, but for
what ALLOWED lists."""

import base64
import json
import pathlib
import re
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kafka_clients  # noqa: E402
import kafka_tools  # noqa: E402
import kseg_cli as k  # noqa: E402
import s3_servers  # noqa: E402

KAFKA = pathlib.Path(__file__).resolve().parent.parent / "support" / "kafka" / "broker"
START_TIMEOUT_S = 120
NOT_YET = (14, 15, 16)  # what Kafka answers while it makes the topic of offsets, and reads it
NO_ID = "AAAAAAAAAAAAAAAAAAAAAA"
# (API, path in the answer, why it may differ)
ALLOWED = [
    (".*", r"throttleTimeMs", "nobody is throttled, but Kafka may say so"),
    (".*", r"(.*\.)?(host|port|rack|clusterId)", "each has its own"),
    (".*", r"(.*\.)?topicId", "random"),
    (".*", r"(.*\.)?errorMessage", "texts for people"),
    ("INIT_PRODUCER_ID", r"producerId", "each has its own"),
    ("FETCH", r"sessionId", "random"),
    (".*", r"(.*\.)?(logAppendTimeMs|leaderEpoch|currentLeader.*)", "an epoch grows with each start"),
    ("CREATE_TOPICS", r"topics\.configs\..*", "settings that mean nothing here are not listed"),
    ("DESCRIBE_LOG_DIRS", r"results\.(logDir|totalBytes|usableBytes)", "each has its own"),
    ("METADATA", r"(.*\.)?topicAuthorizedOperations|clusterAuthorizedOperations", "no authorizer here"),
]


def b64(data):
    return base64.b64encode(data).decode()


def batch(first=0, count=3, producer=(-1, -1, -1), attributes=0):
    records = [(f"key {i}".encode(), f"value {i}".encode()) for i in range(first, first + count)]
    return k.build_batch(0, records, timestamp=1_700_000_000_000 + first, producer=producer, attributes=attributes, leader_epoch=-1)


def script():
    """(API, versions or None for all, body); $ID stands for the topic's id."""
    topic = {"name": "t", "numPartitions": 2, "replicationFactor": 1}

    def create(**changes):
        return "CREATE_TOPICS", None, {"topics": [{**topic, **changes}], "timeoutMs": 5000}

    def produce(records, name="t", partition=0, acks=-1):
        data = {"index": partition, "records": None if records is None else b64(records)}
        return "PRODUCE", range(3, 13), {"acks": acks, "timeoutMs": 5000, "topicData": [{"name": name, "partitionData": [data]}]}

    def fetch(offset, partition=0, name="t", identity="$ID", **more):
        for versions, who in ((range(4, 13), {"topic": name}), (range(13, 18), {"topicId": identity})):
            yield "FETCH", versions, {"maxWaitMs": 10, "minBytes": 1, "maxBytes": 1 << 20, **more, "topics": [
                {**who, "partitions": [{"partition": partition, "fetchOffset": offset, "partitionMaxBytes": 1 << 20}]}]}

    def offsets(when, partition=0, name="t"):
        return "LIST_OFFSETS", range(1, 11), {"replicaId": -1, "topics": [
            {"name": name, "partitions": [{"partitionIndex": partition, "timestamp": when}]}]}

    yield "CREATE_TOPICS", [7], {"topics": [topic], "timeoutMs": 5000}
    yield create()  # is there
    yield create(name="")
    yield create(name="a/b")
    yield create(name="..")
    yield create(name="__cluster_metadata")
    yield create(name="n", numPartitions=0)
    yield create(name="n", replicationFactor=2)
    yield create(name="n", configs=[{"name": "no.such", "value": "1"}])
    yield create(name="n", configs=[{"name": "cleanup.policy", "value": "burn"}])
    yield "METADATA", range(4, 14), {"topics": [{"name": "t"}, {"name": "unknown"}, {"name": "b/ad"}], "allowAutoTopicCreation": False}
    yield "METADATA", range(12, 14), {"topics": [{"name": None, "topicId": "$ID"}], "allowAutoTopicCreation": False}
    yield "METADATA", range(12, 14), {"topics": [{"name": None, "topicId": "MDAwMDAwMDAwMDAwMDAwMA"}], "allowAutoTopicCreation": False}
    yield produce(batch())
    yield produce(batch(10) + b"")
    yield produce(batch(), name="unknown")
    yield produce(batch(), partition=7)
    yield produce(batch()[:-1] + b"\xff")  # the CRC is wrong
    for size in (1, 11, 12, 16, 17, 60, 61, 117):
        yield produce(batch()[:size])
    yield produce(batch() + batch())  # one batch is the rule
    yield produce(batch(), acks=5)
    yield produce(batch(attributes=5))  # a codec that there is not
    yield produce(batch(attributes=7))
    yield "PRODUCE", [9], produce(batch(producer=(4711, 0, 0)))[2]
    yield "PRODUCE", [9], produce(batch(producer=(4711, 0, 0)))[2]  # again: the first answer
    yield "PRODUCE", [9], produce(batch(producer=(4711, 0, 7)))[2]  # a gap
    yield "PRODUCE", [9], produce(batch(producer=(4711, 1, 0)))[2]
    yield "PRODUCE", [9], produce(batch(producer=(4711, 0, 3)))[2]  # an old epoch
    for offset in (0, 4, 30, 1000, -1):
        yield from fetch(offset)
    yield from fetch(0, partition=9)
    yield from fetch(0, name="unknown", identity="MDAwMDAwMDAwMDAwMDAwMA")
    yield from fetch(0, maxBytes=1)
    yield from fetch(0, isolationLevel=1)
    for when in (-1, -2, -3, -4, -5, 0, 1_700_000_000_001, 1_700_000_000_012, 1_800_000_000_000):
        yield offsets(when)
    yield offsets(-1, partition=1)
    yield offsets(-1, partition=5)
    yield offsets(-1, name="unknown")
    yield "OFFSET_FOR_LEADER_EPOCH", range(2, 5), {"replicaId": -1, "topics": [
        {"topic": name, "partitions": [{"partition": p, "leaderEpoch": 0}]} for name, p in (("t", 0), ("t", 9), ("unknown", 0))]}
    yield "INIT_PRODUCER_ID", range(0, 6), {"transactionalId": None, "transactionTimeoutMs": 1000}
    yield "CREATE_PARTITIONS", None, {"topics": [{"name": "t", "count": 1}, {"name": "unknown", "count": 3}], "timeoutMs": 5000}
    yield "DELETE_RECORDS", None, {"timeoutMs": 5000, "topics": [
        {"name": "t", "partitions": [{"partitionIndex": 0, "offset": 1 << 40}, {"partitionIndex": 9, "offset": 0}]}]}
    yield "DELETE_TOPICS", range(1, 6), {"topicNames": ["unknown"], "timeoutMs": 5000}
    yield "DELETE_TOPICS", [6], {"topics": [{"name": "unknown"}], "timeoutMs": 5000}
    yield "DESCRIBE_CONFIGS", range(1, 5), {"resources": [{"resourceType": 2, "resourceName": "unknown", "configurationKeys": None}]}
    yield from configs()
    for dirs in (None, [{"topic": "t", "partitions": [0, 9]}, {"topic": "unknown", "partitions": [0]}], []):
        yield "DESCRIBE_LOG_DIRS", None, {"topics": dirs}
    yield "DESCRIBE_GROUPS", None, {"groups": ["unknown"]}
    yield "HEARTBEAT", None, {"groupId": "unknown", "generationId": 1, "memberId": "m"}
    yield "LEAVE_GROUP", range(0, 3), {"groupId": "unknown", "memberId": "m"}
    yield "DELETE_GROUPS", None, {"groupsNames": ["unknown"]}
    yield "OFFSET_FETCH", range(1, 8), {"groupId": "unknown", "topics": [{"name": "t", "partitionIndexes": [0, 9]}]}
    yield "OFFSET_COMMIT", range(2, 9), {"groupId": "g", "generationIdOrMemberEpoch": -1, "memberId": "", "topics": [
        {"name": "t", "partitions": [{"partitionIndex": 0, "committedOffset": 3, "committedMetadata": "m"}]},
        {"name": "unknown", "partitions": [{"partitionIndex": 0, "committedOffset": 3}]}]}
    yield "OFFSET_FETCH", range(1, 8), {"groupId": "g", "topics": [{"name": "t", "partitionIndexes": [0, 1]}]}


def configs():
    """Settings of topics as they are changed and described. Each list is of its own, since their order is free."""
    def resource(settings, name="t", kind=2):
        return {"resourceType": kind, "resourceName": name, "configs": settings}

    def described(*keys, **more):
        return "DESCRIBE_CONFIGS", range(1, 5), {**more, "resources": [
            {"resourceType": 2, "resourceName": "t", "configurationKeys": list(keys) or None}]}

    def both(settings, name="t", kind=2, **more):
        yield "ALTER_CONFIGS", None, {**more, "resources": [resource([{"name": n, "value": v} for n, v in settings], name, kind)]}
        yield "INCREMENTAL_ALTER_CONFIGS", None, {**more, "resources": [
            resource([{"name": n, "value": v, "configOperation": 0} for n, v in settings], name, kind)]}
        yield described("retention.ms", "cleanup.policy", "segment.bytes", "max.message.bytes", includeSynonyms=True)

    def change(*operations):
        yield "INCREMENTAL_ALTER_CONFIGS", None, {"resources": [
            resource([{"name": n, "value": v, "configOperation": o} for n, v, o in operations])]}
        yield described("retention.ms", "cleanup.policy")

    yield from both([("retention.ms", "60000")])
    yield from both([("retention.ms", "70000"), ("cleanup.policy", "compact")])
    yield from both([("retention.ms", "80000")], validateOnly=True)
    for name, value in (("no.such", "1"), ("retention.ms", "many"), ("retention.ms", "-2"), ("cleanup.policy", "burn"), ("", "1"),
                        ("retention.ms", None), ("cleanup.policy", ""), ("max.message.bytes", " 5 "), ("segment.bytes", "1"),
                        ("min.cleanable.dirty.ratio", "2"), ("preallocate", "yes"), ("message.timestamp.type", "Never")):
        yield from both([(name, value)])
    for name, value in (("preallocate", "TRUE"), ("cleanup.policy", " compact , delete "), ("cleanup.policy", "delete,"),
                        ("leader.replication.throttled.replicas", "0:1,1:1"), ("leader.replication.throttled.replicas", "all"),
                        ("remote.storage.enable", "true"), ("local.retention.bytes", "-3")):
        yield from both([(name, value)])
    yield described("preallocate", "leader.replication.throttled.replicas", includeSynonyms=True)
    yield from both([("retention.ms", "1"), ("retention.ms", "2")])
    yield from both([("retention.ms", "1")], name="unknown")
    yield from both([("retention.ms", "1")], name="b/ad")
    yield from both([("retention.ms", "1")], name="")
    yield from both([("retention.ms", "1")], kind=77)
    yield "INCREMENTAL_ALTER_CONFIGS", None, {"resources": []}
    yield from change(("cleanup.policy", "delete", 2))
    yield from change(("cleanup.policy", "delete", 2))
    yield from change(("cleanup.policy", "compact", 3))
    yield from change(("cleanup.policy", "delete", 3))
    yield from change(("cleanup.policy", None, 1))
    yield from change(("cleanup.policy", "compact", 2))
    yield from change(("cleanup.policy", None, 2))
    yield from change(("retention.ms", "5", 2))
    yield from change(("no.such", "5", 2))
    yield from change(("no.such", None, 1))
    yield from change(("retention.ms", "5", 1))
    yield from change(("retention.ms", "5", 9))
    yield from change(("retention.ms", "6", 0), ("cleanup.policy", "burn", 2))
    yield from change(("cleanup.policy", None, 1), ("retention.ms", None, 1))
    yield "ALTER_CONFIGS", None, {"resources": [resource([])]}


def flat(value, path=""):
    """[(path without list positions, value)] of all leaves, in order; lists of topics by name, since their order is free."""
    if isinstance(value, dict):
        for name in sorted(value):
            yield from flat(value[name], f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        yield f"{path}.length", len(value)
        for one in sorted(value, key=lambda x: str(x.get("name", x.get("resourceName", x.get("partitionIndex", "")))) if isinstance(x, dict) else ""):
            yield from flat(one, path)
    else:
        yield path, value


class Side(s3_servers.Lines):
    """A broker that is asked."""

    def __init__(self, address):
        super().__init__(["java", "-Xmx128m", "-cp", kafka_tools.class_path(), kafka_clients.HERE / "clients/java/Ask.java", address],
                         None)
        self.identity = NO_ID

    def __call__(self, api, version, body):
        text = json.dumps(body).replace("$ID", self.identity)
        return self.ask(json.dumps({"api": api, "version": version, "body": json.loads(text)}))

    def versions(self):
        found = self("API_VERSIONS", 4, {"clientSoftwareName": "ask", "clientSoftwareVersion": "1"})["answer"]["apiKeys"]
        return {a["apiKey"]: (a["minVersion"], a["maxVersion"]) for a in found}


class LikeKafka(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        kafka_tools.class_path()  # or the test is skipped
        own = k.scratch()
        directory = own.__enter__()
        cls.addClassCleanup(own.__exit__, None, None, None)
        started = subprocess.run([KAFKA, "start", directory / "kafka"], capture_output=True, text=True, check=False,
                                 timeout=START_TIMEOUT_S)
        cls.addClassCleanup(subprocess.run, [KAFKA, "stop", directory / "kafka"], capture_output=True, timeout=START_TIMEOUT_S,
                            check=False)
        if started.returncode != 0:
            raise AssertionError(started.stderr)
        (directory / "kseg").mkdir()
        cls.broker = kafka_clients.Broker(directory / "kseg").start()
        cls.addClassCleanup(cls.broker.kill)
        cls.kafka, cls.kseg = (Side(address) for address in (started.stdout.strip(), cls.broker.address))
        cls.addClassCleanup(cls.kafka.close)
        cls.addClassCleanup(cls.kseg.close)
        for side in (cls.kafka, cls.kseg):
            cls.wait_for(lambda: side("FIND_COORDINATOR", 3, {"key": "g", "keyType": 0})["answer"]["errorCode"])
            cls.wait_for(lambda: side("HEARTBEAT", 4, {"groupId": "g", "memberId": "m"})["answer"]["errorCode"])
            cls.wait_for(lambda: side("INIT_PRODUCER_ID", 4, {"transactionTimeoutMs": 1000, "transactionalId": None})["answer"][
                "errorCode"])

    @staticmethod
    def wait_for(code):
        end = time.monotonic() + START_TIMEOUT_S
        while code() in NOT_YET:
            if time.monotonic() > end:
                raise AssertionError("the coordinator does not come up")
            time.sleep(0.1)

    def both(self, api, version, body):
        answers = [side(api, version, body) for side in (self.kafka, self.kseg)]
        for side, answer in zip((self.kafka, self.kseg), answers):
            for topic in answer.get("answer", {}).get("topics", []) if api == "CREATE_TOPICS" else []:
                if topic.get("errorCode") == 0 and topic["name"] == "t":
                    side.identity = topic["topicId"]
        return answers

    def test_the_same_answers(self):
        ranges = [side.versions() for side in (self.kafka, self.kseg)]
        differences, compared = {}, 0
        for api, versions, body in script():
            theirs, ours = (r[KEYS[api]] for r in ranges)
            for version in range(max(theirs[0], ours[0]), min(theirs[1], ours[1]) + 1):
                if versions is not None and version not in versions:
                    continue
                kafka, kseg = self.both(api, version, body)
                if "cannot" in kafka:
                    continue
                compared += 1
                kafka, kseg = (list(flat(answer.get("answer", answer))) for answer in (kafka, kseg))
                kept = [[leaf for leaf in leaves if not any(
                    re.fullmatch(a, api) and re.fullmatch(p, leaf[0]) for a, p, _ in ALLOWED)] for leaves in (kafka, kseg)]
                if kept[0] != kept[1]:
                    where = [pair for pair in zip(*kept) if pair[0] != pair[1]] or [(len(kept[0]), len(kept[1]))]
                    label = f"{api} {json.dumps(body)[:300]}: kafka, kseg: {str(where[:4])[:400]}"
                    differences.setdefault(label, []).append(version)
        text = "\n".join(f"{versions} {label}" for label, versions in differences.items())
        self.assertEqual(text, "")
        self.assertGreater(compared, 350)

    def test_the_settings_of_a_topic(self):
        body = {"includeSynonyms": True, "resources": [{"resourceType": 2, "resourceName": "t", "configurationKeys": None}]}
        self.both("CREATE_TOPICS", 7, {"topics": [{"name": "t", "numPartitions": 1, "replicationFactor": 1}], "timeoutMs": 5000})
        time.sleep(1)  # Kafka answers before it knows the topic
        theirs, ours = ({c["name"]: c for c in answer["answer"]["results"][0]["configs"]}
                        for answer in self.both("DESCRIBE_CONFIGS", 4, body))
        self.assertEqual(theirs.pop("min.insync.replicas")["value"], ours.pop("min.insync.replicas")["value"])  # a cluster's
        self.assertEqual(theirs, ours)

    def test_what_is_offered(self):
        kafka, kseg = (side.versions() for side in (self.kafka, self.kseg))
        self.assertEqual({key for key in kseg if key not in kafka}, set())
        for key, (_, last) in kseg.items():
            self.assertLessEqual(last, kafka[key][1], key)


KEYS = {"PRODUCE": 0, "FETCH": 1, "LIST_OFFSETS": 2, "METADATA": 3, "OFFSET_COMMIT": 8, "OFFSET_FETCH": 9, "HEARTBEAT": 12,
        "LEAVE_GROUP": 13, "DESCRIBE_GROUPS": 15, "CREATE_TOPICS": 19, "DELETE_TOPICS": 20, "DELETE_RECORDS": 21,
        "INIT_PRODUCER_ID": 22, "OFFSET_FOR_LEADER_EPOCH": 23, "DESCRIBE_CONFIGS": 32, "ALTER_CONFIGS": 33, "DESCRIBE_LOG_DIRS": 35, "CREATE_PARTITIONS": 37, "DELETE_GROUPS": 42,
        "INCREMENTAL_ALTER_CONFIGS": 44}

if __name__ == "__main__":
    k.main()
