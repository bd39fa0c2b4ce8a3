# SPDX-License-Identifier: Apache-2.0
"""kcat, a client on librdkafka, against `kseg serve`: what it produces comes back, whatever happens in between."""

import json
import pathlib
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import serve_cli as s  # noqa: E402

s.need_kcat()


class Kcat(k.ScratchCase):
    def consume(self, broker, topic, *args):
        """What kcat reads from the beginning to the end, as JSON."""
        out = broker.kcat("-C", "-t", topic, "-e", "-q", "-J", *args)
        return [json.loads(line) for line in out.splitlines()]

    def test_all_codecs_headers_and_nulls_and_a_restart(self):
        expected = []
        for life, codec in enumerate(k.CODECS):
            with s.served(self.dir) as broker:
                values = [f"{codec} {i} " + "x" * (i % 50) for i in range(500)]
                broker.kcat("-P", "-t", "t", "-p", "0", "-z", codec, "-H", f"codec={codec}", "-H", "empty=",
                            stdin="".join(f"{v}\n" for v in values).encode())
                broker.kcat("-P", "-t", "t", "-p", "0", "-K", ":", "-Z", stdin=f"{codec}:\n".encode())
                expected += [(None, v, ["codec", codec, "empty", ""]) for v in values] + [(codec, None, None)]
                got = self.consume(broker, "t")
                self.assertEqual([m["offset"] for m in got], list(range(len(expected))))
                self.assertEqual([(m["key"], m["payload"], m.get("headers")) for m in got], expected, f"life {life}")
        for batch in k.log_batches(self.dir / "data" / "t-0" / f"{0:020}.log"):
            self.assertEqual(batch.crc, batch.crc_computed())

    def test_offsets(self):
        with s.served(self.dir) as broker:
            for i in range(10):
                broker.kcat("-P", "-t", "t", stdin=f"{i}\n".encode())
                time.sleep(0.02)
            times = [m["ts"] for m in self.consume(broker, "t")]
            for i in (0, 3, 9):
                out = broker.kcat("-Q", "-t", f"t:0:{times[i]}").decode()
                self.assertEqual(out.split()[-1], str(times.index(times[i])))
            self.assertEqual(broker.kcat("-C", "-t", "t", "-o", "-2", "-e", "-q"), b"8\n9\n")
            self.assertEqual(broker.kcat("-C", "-t", "t", "-o", "4", "-c", "2", "-q"), b"4\n5\n")
            self.assertEqual(broker.kcat("-C", "-t", "t", "-o", f"s@{times[7]}", "-e", "-q"), b"7\n8\n9\n")

    def test_a_consumer_that_waits_gets_records_soon(self):
        with s.served(self.dir, "--topic", "t") as broker:
            got = []
            reader = threading.Thread(target=lambda: got.append(
                broker.kcat("-C", "-t", "t", "-o", "beginning", "-c", "1", "-q", "-X", "fetch.wait.max.ms=20000")))
            reader.start()
            time.sleep(1)
            begun = time.monotonic()
            broker.kcat("-P", "-t", "t", stdin=b"now\n")
            reader.join(s.TIMEOUT_S)
            self.assertEqual(got, [b"now\n"])
            self.assertLess(time.monotonic() - begun, 5)

    def test_idempotent_producers(self):
        with s.served(self.dir) as broker:
            for _ in range(2):
                broker.kcat("-P", "-t", "t", "-X", "enable.idempotence=true", "-X", "linger.ms=0",
                            stdin="".join(f"{i}\n" for i in range(1000)).encode())
            self.assertEqual([m["payload"] for m in self.consume(broker, "t")], [str(i) for i in range(1000)] * 2)
        ids = {b.producer_id for b in k.log_batches(self.dir / "data" / "t-0" / f"{0:020}.log")}
        self.assertEqual(len(ids), 2)
        self.assertNotIn(-1, ids)

    def test_large_records_and_many_partitions(self):
        with s.served(self.dir, "--default-partitions", "6", "--segment-bytes", "3M") as broker:
            values = [bytes([65 + i % 26]) * (900_000 if i % 5 == 0 else 1000) for i in range(60)]
            broker.kcat("-P", "-t", "t", "-K", ":", stdin=b"".join(b"%d:%s\n" % (i, v) for i, v in enumerate(values)))
            got = self.consume(broker, "t")
            self.assertEqual(sorted((int(m["key"]), m["payload"].encode()) for m in got), list(enumerate(values)))
            self.assertGreater(len({m["partition"] for m in got}), 3)

    def test_what_was_acknowledged_survives_a_kill(self):
        expected = []
        for life in range(3):
            broker = s.Served(self.dir)
            try:
                values = [f"{life} {i}" for i in range(300)]
                broker.kcat("-P", "-t", "t", "-X", "acks=all", stdin="".join(f"{v}\n" for v in values).encode())
                expected += values
            finally:
                broker.end(signal.SIGKILL)
        with s.served(self.dir) as broker:
            self.assertEqual([m["payload"] for m in self.consume(broker, "t")], expected)


if __name__ == "__main__":
    k.main()
