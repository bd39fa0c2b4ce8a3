# SPDX-License-Identifier: Apache-2.0
"""serve: its options, how it starts and ends, and what it leaves."""

import contextlib
import pathlib
import signal
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import serve_cli as s  # noqa: E402

UNKNOWN_TOPIC = 3


def produce(topic, batch, acks=-1):
    """A Produce request of version 3, for partition 0."""
    return (struct.pack(">hhih", 0, 3, 9, -1) + struct.pack(">hhi", -1, acks, 1000) + struct.pack(">i", 1)
            + struct.pack(">h", len(topic)) + topic.encode() + struct.pack(">iii", 1, 0, len(batch)) + batch)


def produced(answer):
    """(error, base offset) of the answer."""
    at = 4 + 4
    at += 2 + struct.unpack_from(">h", answer, at)[0]
    return struct.unpack_from(">hq", answer, at + 4 + 4)


class Serve(k.ScratchCase):
    def test_start_and_end(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            broker = s.Served(self.dir)
            self.assertEqual(broker.port_file.read_text(), f"127.0.0.1:{broker.port}\n")
            self.assertEqual(broker.request(s.api_versions())[:6], struct.pack(">ih", 7, 0))
            self.assertEqual(broker.end(number), 0)
            self.assertEqual(broker.out, f"BROKERS={broker.address}\n")
            self.assertEqual(broker.err(), "")
        self.assertTrue((self.dir / "data" / ".kafka_cleanshutdown").is_file())

    def test_it_ends_while_clients_are_connected(self):
        broker = s.Served(self.dir)
        clients = [socket.create_connection((broker.host, broker.port)) for _ in range(5)]
        clients[0].sendall(b"\0\0\0\x20half a request")
        self.assertEqual(broker.end(), 0)
        for client in clients:
            with client, contextlib.suppress(ConnectionResetError):
                self.assertEqual(client.recv(1), b"")

    def test_a_temporary_directory_is_removed(self):
        broker = s.Served(self.dir, "--topic", "t", data=False)
        made = list(self.dir.glob("kseg-serve-*"))
        self.assertEqual(len(made), 1)
        self.assertTrue((made[0] / "t-0").is_dir())
        self.assertEqual(broker.end(), 0)
        self.assertEqual(list(self.dir.glob("kseg-serve-*")), [])

    def test_topics(self):
        with s.served(self.dir, "--topic", "a", "--topic", "b:3", "--default-partitions", "2") as broker:
            brokers, controller, topics = s.parse_metadata(broker.request(s.metadata()))
            self.assertEqual(brokers, {1: ("127.0.0.1", broker.port)})
            self.assertEqual(controller, 1)
            self.assertEqual(topics, {"a": (0, 2), "b": (0, 3)})
            self.assertEqual(s.parse_metadata(broker.request(s.metadata("c", create=False)))[2], {"c": (UNKNOWN_TOPIC, 0)})
            self.assertEqual(s.parse_metadata(broker.request(s.metadata("c")))[2], {"c": (0, 2)})
        with s.served(self.dir, "--no-auto-create", "--topic", "a:9") as broker:
            self.assertEqual(s.parse_metadata(broker.request(s.metadata("d")))[2], {"d": (UNKNOWN_TOPIC, 0)})
            self.assertEqual(s.parse_metadata(broker.request(s.metadata()))[2], {"a": (0, 2), "b": (0, 3), "c": (0, 2)})

    def test_advertise(self):
        with s.served(self.dir, "--advertise", "kafka.example:19092") as broker:
            self.assertEqual(s.parse_metadata(broker.request(s.metadata()))[0], {1: ("kafka.example", 19092)})
        with s.served(self.dir, "--advertise", "kafka.example:0") as broker:
            self.assertEqual(s.parse_metadata(broker.request(s.metadata()))[0], {1: ("kafka.example", broker.port)})

    def test_what_is_produced_is_in_the_log_byte_for_byte(self):
        batch = k.build_batch(77, [(b"k", b"v"), (None, None)], leader_epoch=-1)
        for sync in ("always", "interval:50", "none"):
            with self.subTest(sync), s.served(self.dir, "--sync", sync, "--topic", sync[:4]) as broker:
                self.assertEqual(produced(broker.request(produce(sync[:4], batch))), (0, 0))
                self.assertEqual(produced(broker.request(produce(sync[:4], batch))), (0, 2))
            log = (self.dir / "data" / f"{sync[:4]}-0" / f"{0:020}.log").read_bytes()
            expected = b"".join(struct.pack(">q", base) + batch[8:12] + bytes(4) + batch[16:] for base in (0, 2))
            self.assertEqual(log, expected)

    def test_segments_and_retention(self):
        batch = k.build_batch(0, [(None, bytes(500))], timestamp=1_600_000_000_000)
        with s.served(self.dir, "--topic", "t", "--segment-bytes", "2K") as broker:
            for _ in range(20):
                broker.request(produce("t", batch))
        self.assertEqual(len(list((self.dir / "data" / "t-0").glob("*.log"))), 7)
        # When it starts it looks at once.
        with s.served(self.dir, "--segment-bytes", "2K", "--retention-bytes", "5K"):
            pass
        # Seven of up to three batches of 573 bytes were there; without a fourth less than 5K would be left.
        self.assertEqual(len(list((self.dir / "data" / "t-0").glob("*.log"))), 4)
        with s.served(self.dir, "--retention-age", "365d"):
            pass
        self.assertEqual(len(list((self.dir / "data" / "t-0").glob("*.log"))), 1)
        later = k.build_batch(0, [(None, b"x")], timestamp=1_600_000_100_000)
        with s.served(self.dir, "--segment-age", "1m") as broker:
            self.assertEqual(produced(broker.request(produce("t", later))), (0, 20))
        self.assertEqual(len(list((self.dir / "data" / "t-0").glob("*.log"))), 2)

    def test_read_only(self):
        batch = k.build_batch(0, [(b"k", b"v")])
        with s.served(self.dir, "--topic", "t") as broker:
            broker.request(produce("t", batch))
        before = {path: path.read_bytes() for path in (self.dir / "data").rglob("*") if path.is_file()}
        with s.served(self.dir, "--read-only") as broker:
            self.assertNotEqual(produced(broker.request(produce("t", batch)))[0], 0)
            self.assertEqual(s.parse_metadata(broker.request(s.metadata()))[2], {"t": (0, 1)})
        self.assertEqual({path: path.read_bytes() for path in (self.dir / "data").rglob("*") if path.is_file()}, before)
        self.assertEqual(k.run("serve", "--read-only", "--data", self.dir / "nothing", "--listen", "127.0.0.1:0").status, 1)

    def test_one_at_a_time(self):
        with s.served(self.dir) as broker:
            second = k.run("serve", "--data", self.dir / "data", "--listen", "127.0.0.1:0")
            self.assertEqual(second.status, 1)
            self.assertIn("open for writing", second.err)
            taken = k.run("serve", "--listen", broker.address)
            self.assertEqual(taken.status, 1)
            self.assertIn(broker.address, taken.err)

    def test_killed_and_opened_again(self):
        batch = k.build_batch(0, [(b"k", b"v")])
        broker = s.Served(self.dir, "--topic", "t")
        self.assertEqual(produced(broker.request(produce("t", batch))), (0, 0))
        self.assertEqual(broker.end(signal.SIGKILL), -signal.SIGKILL)
        with open(self.dir / "data" / "t-0" / f"{0:020}.log", "ab") as log:
            log.write(batch[:-1])
        with s.served(self.dir) as broker:
            self.assertEqual(produced(broker.request(produce("t", batch))), (0, 1))
            self.assertIn("warning: ", broker.err())

    def test_a_port_file_that_cannot_be_written_ends_it(self):
        refused = k.run("serve", "--listen", "127.0.0.1:0", "--port-file", self.dir / "nowhere" / "port")
        self.assertEqual((refused.status, refused.out), (1, b""))
        self.assertIn("nowhere", refused.err)

    def test_wrong_command_lines(self):
        for args in (["--listen", "9092"], ["--listen", "host:99999"], ["--advertise", "x"], ["--topic", "a/b"], ["--topic", "a:0"],
                     ["--topic", "a:x"], ["--default-partitions", "0"], ["--sync", "often"], ["--segment-bytes", "0"],
                     ["--segment-age", "old"], ["--retention-bytes", "x"], ["--retention-age", "x"], ["FILE"]):
            with self.subTest(args):
                self.assertEqual(k.run("serve", *args).status, 2)


if __name__ == "__main__":
    k.main()
