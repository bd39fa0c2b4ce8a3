# SPDX-License-Identifier: Apache-2.0
"""The same requests about groups to Kafka and to `kseg serve`: the answers have to be the same bytes, ids and ports apart.
Layouts: Kafka's protocol guide."""

import pathlib
import re
import socket
import struct
import subprocess
import sys

SUPPORT = pathlib.Path(__file__).resolve().parent.parent / "support"
sys.path.insert(0, str(SUPPORT))
import kafka_tools  # noqa: E402
import kseg_cli as k  # noqa: E402
import serve_cli as s  # noqa: E402

TIMEOUT_S = 120
UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
NULL = struct.pack(">h", -1)


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


def compact(value):
    return bytes([len(value) + 1]) + value.encode()


def i32(*values):
    return struct.pack(f">{len(values)}i", *values)


def i64(value):
    return struct.pack(">q", value)


def commit(group, topic, partition, offset, generation=-1, member="", retention=-1):
    return (text(group) + i32(generation) + text(member) + i64(retention) + i32(1) + text(topic) + i32(1, partition)
            + i64(offset) + text("note"))


def join(group, session, protocols, member="", kind="consumer"):
    body = text(group) + i32(session, 60000) + text(member) + NULL + text(kind) + i32(len(protocols))
    return body + b"".join(text(p) + i32(len(p)) + p.encode() for p in protocols)


# Key, version, whether it is flexible, body. In this order, since they build on each other.
REQUESTS = [
    ("coordinator, old", 10, 0, False, text("g")),
    ("coordinator, with a message", 10, 1, False, text("g") + b"\0"),
    ("coordinator, flexible", 10, 3, True, compact("g") + b"\0\0"),
    ("coordinators", 10, 4, True, b"\0\2" + compact("g") + b"\0"),
    ("coordinator of an unknown kind", 10, 1, False, text("g") + b"\7"),
    ("coordinators of an unknown kind", 10, 4, True, b"\7\2" + compact("g") + b"\0"),
    ("commit", 8, 2, False, commit("simple", "t", 0, 5)),
    ("commit for an unknown topic", 8, 2, False, commit("simple", "none", 0, 5)),
    ("commit for an unknown partition", 8, 2, False, commit("simple", "t", 9, 5)),
    ("commit in a generation", 8, 2, False, commit("missing", "t", 0, 5, 3, "m")),
    ("commit of a member of a group without", 8, 2, False, commit("simple", "t", 0, 5, 3, "m")),
    ("commit for nobody", 8, 2, False, commit("", "t", 0, 6)),
    ("commit of a negative offset", 8, 2, False, commit("simple", "t", 0, -7)),
    ("commit with a retention", 8, 2, False, commit("simple", "t", 0, 8, retention=100000)),
    ("offset", 9, 1, False, text("simple") + i32(1) + text("t") + i32(1, 0)),
    ("offset of a missing group", 9, 1, False, text("missing") + i32(1) + text("t") + i32(1, 0)),
    ("offset of a missing topic", 9, 5, False, text("simple") + i32(1) + text("none") + i32(1, 0)),
    ("all offsets", 9, 5, False, text("simple") + i32(-1)),
    ("all offsets, flexible", 9, 7, True, compact("simple") + b"\0\1\0"),
    ("offsets of several groups", 9, 8, True,
     b"\3" + compact("simple") + b"\0\0" + compact("missing") + b"\2" + compact("t") + b"\2" + i32(0) + b"\0\0" + b"\0\0"),
    ("groups of no type", 16, 5, True, b"\1\2" + compact("nonsense") + b"\0"),
    ("groups in no state", 16, 5, True, b"\2" + compact("Nonsense") + b"\1\0"),
    ("description, old", 15, 0, False, i32(1) + text("missing")),
    ("description", 15, 5, True, b"\3" + compact("simple") + compact("missing") + b"\1\0"),
    ("description of what is not there", 15, 6, True, b"\2" + compact("missing") + b"\1\0"),
    ("join without a group", 11, 5, False, join("", 6000, ["range"])),
    ("join with a short session", 11, 5, False, join("g", 5999, ["range"])),
    ("join with a long session", 11, 5, False, join("g", 1800001, ["range"])),
    ("join without protocols", 11, 5, False, join("g", 6000, [])),
    ("join without a type", 11, 5, False, join("g", 6000, ["range"], kind="")),
    ("join of a stranger", 11, 5, False, join("missing", 6000, ["range"], "m")),
    ("join that needs an id", 11, 7, True,
     compact("g") + i32(6000, 60000) + b"\1\0" + compact("consumer") + b"\2" + compact("range") + b"\1\0" + b"\0"),
    ("join of a stranger of a group that is there", 11, 5, False, join("g", 6000, ["range"], "m")),
    ("join, and be the only member", 11, 2, False,
     text("alone") + i32(6000, 60000) + text("") + text("consumer") + i32(1) + text("range") + i32(2) + b"xy"),
    ("join with another type", 11, 5, False, join("alone", 6000, ["range"], kind="connect")),
    ("join with other protocols", 11, 5, False, join("alone", 6000, ["sticky"])),
    ("commit without being a member", 8, 2, False, commit("alone", "t", 0, 5)),
    ("sync of a stranger", 14, 3, False, text("alone") + i32(1) + text("m") + NULL + i32(0)),
    ("sync of a missing group", 14, 3, False, text("missing") + i32(1) + text("m") + NULL + i32(0)),
    ("sync without names", 14, 5, True, compact("alone") + i32(1) + compact("m") + b"\0\0\0\1\0"),
    ("heartbeat of a stranger", 12, 3, False, text("alone") + i32(1) + text("m") + NULL),
    ("heartbeat of a missing group", 12, 0, False, text("missing") + i32(1) + text("m")),
    ("heartbeat without a group", 12, 0, False, text("") + i32(1) + text("m")),
    ("leave of a stranger, old", 13, 1, False, text("alone") + text("m")),
    ("leave of a stranger", 13, 3, False, text("alone") + i32(1) + text("m") + NULL),
    ("leave by a missing instance", 13, 3, False, text("alone") + i32(1) + text("") + text("instance")),
    ("leave of a missing group", 13, 3, False, text("missing") + i32(1) + text("m") + NULL),
    ("delete offsets of a missing group", 47, 0, False, text("missing") + i32(1) + text("t") + i32(1, 0)),
    ("delete an offset", 47, 0, False, text("simple") + i32(1) + text("t") + i32(1, 0)),
    ("delete an offset of a missing topic", 47, 0, False, text("simple") + i32(1) + text("none") + i32(1, 0)),
    ("delete a group with members", 42, 1, False, i32(1) + text("alone")),
    ("delete a missing group", 42, 1, False, i32(1) + text("missing")),
    ("delete a group", 42, 1, False, i32(1) + text("simple")),
    ("delete it again", 42, 1, False, i32(1) + text("simple")),
]


def call(connection, key, version, flexible, body):
    frame = struct.pack(">hhi", key, version, 7) + text("client") + (b"\0" if flexible else b"") + body
    connection.sendall(struct.pack(">i", len(frame)) + frame)
    return s.read_frame(connection)


def answers(host, port):
    with socket.create_connection((host, int(port)), TIMEOUT_S) as connection:
        for name, *request in REQUESTS:
            answer = UUID.sub(b"ID", call(connection, *request))
            yield name, answer.replace(struct.pack(">i", int(port)), b"PORT")


class Kafka(k.ScratchCase):
    def test_answers_are_the_same(self):
        kafka_tools.class_path()  # or the test is skipped
        home = self.dir / "kafka"
        broker = SUPPORT / "kafka" / "broker"
        started = subprocess.run([broker, "start", home], capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
        self.assertEqual(started.returncode, 0, started.stderr)
        self.addCleanup(lambda: subprocess.run([broker, "stop", home], capture_output=True, check=True, timeout=TIMEOUT_S))
        host, port = started.stdout.strip().rsplit(":", 1)
        # Its coordinator exists once somebody has asked for one, and its topic once somebody has named it.
        deadline = 60
        while deadline > 0:
            with socket.create_connection((host, int(port)), TIMEOUT_S) as connection:
                call(connection, 3, 1, False, i32(1) + text("t"))
                ready = call(connection, 10, 0, False, text("g"))[4:6] == b"\0\0"
                made = call(connection, 8, 2, False, commit("warm", "t", 0, 1))[-2:] == b"\0\0"
            if ready and made:
                break
            deadline -= 1
        self.assertGreater(deadline, 0, "Kafka has no coordinator")
        theirs = list(answers(host, port))
        with s.served(self.dir, "--topic", "t", "--no-auto-create") as ours:
            for (name, expected), (_, got) in zip(theirs, answers(ours.host, ours.port), strict=True):
                with self.subTest(name):
                    self.assertEqual(got.hex(" "), expected.hex(" "))


if __name__ == "__main__":
    k.main()
