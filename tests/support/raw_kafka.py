# SPDX-License-Identifier: Apache-2.0
"""A client of Kafka's protocol in a few layouts, written from the protocol guide apart from the program under test, and valid
frames of every request: those of tests/data/protocol, whose bytes are Kafka's."""

import pathlib
import socket
import struct

import kseg_cli as k

FIXTURE = pathlib.Path(__file__).resolve().parent.parent / "data" / "protocol" / "messages.txt"
LATEST, EARLIEST = -1, -2
# Request: (key, the first version whose header has tagged fields; None: there is none). Source: Kafka 4.3, clients' message/*.json.
APIS = {
    "Produce": (0, 9), "Fetch": (1, 12), "ListOffsets": (2, 6), "Metadata": (3, 9), "OffsetCommit": (8, 8), "OffsetFetch": (9, 6),
    "FindCoordinator": (10, 3), "JoinGroup": (11, 6), "Heartbeat": (12, 4), "LeaveGroup": (13, 4), "SyncGroup": (14, 4),
    "DescribeGroups": (15, 5), "ListGroups": (16, 3), "SaslHandshake": (17, None), "ApiVersions": (18, 3), "CreateTopics": (19, 5),
    "DeleteTopics": (20, 4), "DeleteRecords": (21, 2), "InitProducerId": (22, 2), "OffsetForLeaderEpoch": (23, 4),
    "AddPartitionsToTxn": (24, 3), "AddOffsetsToTxn": (25, 3), "EndTxn": (26, 3), "WriteTxnMarkers": (27, 1),
    "TxnOffsetCommit": (28, 3), "DescribeConfigs": (32, 4), "AlterConfigs": (33, 2), "DescribeLogDirs": (35, 2),
    "SaslAuthenticate": (36, 2), "CreatePartitions": (37, 2), "DeleteGroups": (42, 2), "IncrementalAlterConfigs": (44, 1),
    "OffsetDelete": (47, None), "DescribeCluster": (60, 0), "DescribeTopicPartitions": (75, 0)}


def text(value):
    return struct.pack(">h", -1) if value is None else struct.pack(">h", len(value.encode())) + value.encode()


def uvarint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def request(key, version, body, correlation=1, flexible=False, client="raw"):
    """A frame, with its length."""
    content = struct.pack(">hhi", key, version, correlation) + text(client) + (b"\0" if flexible else b"") + body
    return struct.pack(">i", len(content)) + content


def fixture_frames():
    """(key, version, frame) of every request in the fixture."""
    frames = []
    for line in FIXTURE.read_text(encoding="utf-8").split("\n"):
        name, _, rest = line.partition("Request ")
        if name not in APIS:
            continue
        version, content = rest.split(" ")[:2]
        key, first_flexible = APIS[name]
        flexible = first_flexible is not None and int(version) >= first_flexible
        body = b"" if content == "-" else bytes.fromhex(content)
        frames.append((key, int(version), request(key, int(version), body, len(frames), flexible)))
    return frames


def produce(topic, batch, acks=-1, version=3, partition=0, correlation=1, timeout_ms=10000):
    """Produce 3 to 9."""
    if version >= 9:
        name = topic.encode()
        body = (b"\0" + struct.pack(">hi", acks, timeout_ms) + b"\2" + uvarint(len(name) + 1) + name + b"\2" +
                struct.pack(">i", partition) + uvarint(len(batch) + 1) + batch + b"\0\0\0")
        return request(0, version, body, correlation, flexible=True)
    body = text(None) + struct.pack(">hii", acks, timeout_ms, 1) + text(topic) + struct.pack(">iii", 1, partition, len(batch)) + batch
    return request(0, version, body, correlation)


def fetch(topic, offset, wait_ms=500, min_bytes=1, max_bytes=1 << 20, partition=0, correlation=1):
    """Fetch 4."""
    body = (struct.pack(">iiiibi", -1, wait_ms, min_bytes, max_bytes, 0, 1) + text(topic) +
            struct.pack(">iiqi", 1, partition, offset, max_bytes))
    return request(1, 4, body, correlation)


class Reader:
    """Takes numbers and texts off bytes, one behind the other."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return values if len(values) > 1 else values[0]

    def bytes(self, size):
        self.at += size
        return self.data[self.at - size:self.at]

    def text(self):
        size = self.take("h")
        return None if size < 0 else self.bytes(size).decode()


class Error(AssertionError):
    def __init__(self, what, code):
        super().__init__(f"{what}: error {code}")
        self.code = code


class Client:
    """One connection; every call waits for its answer."""

    def __init__(self, address, timeout_s=30):
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number = 0

    def close(self):
        self.socket.close()

    def receive(self, size):
        data = bytearray()
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise ConnectionError("the broker has closed the connection")
            data += part
        return bytes(data)

    def ask(self, make):
        """make(correlation id) gives the frame; the answer behind its header of version 0."""
        self.number += 1
        self.socket.sendall(make(self.number))
        answer = Reader(self.receive(struct.unpack(">i", self.receive(4))[0]))
        number = answer.take("i")
        if number != self.number:
            raise AssertionError(f"expected the answer to request {self.number}, got that to {number}")
        return answer

    def api_versions(self):
        answer = self.ask(lambda number: request(18, 0, b"", number))
        error, count = answer.take("hi")
        if error:
            raise Error("ApiVersions", error)
        return {key: (first, last) for key, first, last in (answer.take("hhh") for _ in range(count))}

    def produce(self, topic, batch, acks=-1):
        """The offset of its first record."""
        answer = self.ask(lambda number: produce(topic, batch, acks, correlation=number))
        answer.take("i")
        answer.text()
        _, _, error, offset, _ = answer.take("iihqq")
        if error:
            raise Error("Produce", error)
        return offset

    def fetch(self, topic, offset, wait_ms=500):
        """The batches that came, the first of which may begin below `offset`."""
        answer = self.ask(lambda number: fetch(topic, offset, wait_ms, correlation=number))
        answer.take("ii")
        answer.text()
        _, _, error, _, _ = answer.take("iihqq")
        if error:
            raise Error("Fetch", error)
        aborted = answer.take("i")
        answer.bytes(16 * max(aborted, 0))
        return k.parse_batches(answer.bytes(max(answer.take("i"), 0)))

    def commit(self, group, topic, offset):
        """By a consumer that is no member (OffsetCommit 2)."""
        body = text(group) + struct.pack(">i", -1) + text("") + struct.pack(">qi", -1, 1) + text(topic) + struct.pack(">iiq", 1, 0, offset) + text("")
        answer = self.ask(lambda number: request(8, 2, body, number))
        answer.take("i")
        answer.text()
        _, _, error = answer.take("iih")
        if error:
            raise Error("OffsetCommit", error)

    def committed(self, group, topic):
        """OffsetFetch 1; -1 where there is none."""
        body = text(group) + struct.pack(">i", 1) + text(topic) + struct.pack(">ii", 1, 0)
        answer = self.ask(lambda number: request(9, 1, body, number))
        answer.take("i")
        answer.text()
        _, _, offset = answer.take("iiq")
        answer.text()
        if error := answer.take("h"):
            raise Error("OffsetFetch", error)
        return offset


def values_of(batch):
    """(offset, value) of the records of an uncompressed batch."""
    at, found = 61, []

    def varint():
        nonlocal at
        number, shift = 0, 0
        while True:
            byte = batch.data[at]
            at += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return (number >> 1) ^ -(number & 1)

    for _ in range(batch.records):
        end = varint()
        end += at
        at += 1
        varint()
        delta = varint()
        key_size = varint()
        at += max(key_size, 0)
        size = varint()
        found.append((batch.base_offset + delta, batch.data[at:at + size]))
        at = end
    return found
