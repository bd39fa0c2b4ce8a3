# SPDX-License-Identifier: Apache-2.0
"""`serve --read-only` over a log that another process writes: what comes is served once it is whole, over rolls too."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import raw_kafka as r  # noqa: E402
import serve_cli as s  # noqa: E402

WAIT_MS = 20000


class Follow(k.ScratchCase):
    def client(self, broker):
        client = r.Client(broker.address)
        self.addCleanup(client.close)
        return client

    @staticmethod
    def latest(client, timestamp=-1):
        """ListOffsets 1."""
        body = r.struct.pack(">ii", -1, 1) + r.text("t") + r.struct.pack(">iiq", 1, 0, timestamp)
        answer = client.ask(lambda number: r.request(2, 1, body, number))
        answer.take("i")
        answer.text()
        _, _, error, _, offset = answer.take("iihqq")
        assert error == 0, error
        return offset

    def test_another_broker(self):
        with s.served(self.dir, "--topic", "t", "--segment-bytes", "20000") as writer:
            ours = self.client(writer)
            ours.produce("t", k.build_batch(0, [(None, b"before")]))
            with s.served(self.dir, "--read-only") as reader:
                theirs, read = self.client(reader), []
                for i in range(60):  # a new segment after each ten
                    value = f"{i} ".encode() * 500
                    # Half of them are waited for when they come.
                    if i % 2 == 0:
                        ours.produce("t", k.build_batch(0, [(None, value)]))
                    else:
                        theirs.socket.sendall(r.fetch("t", i + 1, WAIT_MS, correlation=theirs.number + 1))
                        time.sleep(0.02)
                        ours.produce("t", k.build_batch(0, [(None, value)]))
                        answer = r.Reader(theirs.receive(r.struct.unpack(">i", theirs.receive(4))[0]))
                        theirs.number += 1
                        answer.take("iii")
                        answer.text()
                        self.assertEqual(answer.take("iihqq")[2:4], (0, i + 2))
                    begin = time.monotonic()
                    while len(read) < i + 2:
                        read += [pair for batch in theirs.fetch("t", len(read), WAIT_MS) for pair in r.values_of(batch)]
                    self.assertLess(time.monotonic() - begin, 5)
                    self.assertEqual(read[-1], (i + 1, value))
                self.assertGreater(len(list((self.dir / "data" / "t-0").glob("*.log"))), 3)
                ours.produce("t", k.build_batch(0, [(None, b"last")]))
                end = time.monotonic() + 5
                while self.latest(theirs) != 62:
                    self.assertLess(time.monotonic(), end)
                    time.sleep(0.05)
                self.assertEqual([offset for offset, _ in read], list(range(61)))

    def test_a_batch_that_is_not_whole(self):
        with s.served(self.dir, "--topic", "t"):
            pass
        log = self.dir / "data" / "t-0" / f"{0:020d}.log"
        with s.served(self.dir, "--read-only") as reader, open(log, "ab", buffering=0) as out:
            client, batch = self.client(reader), k.build_batch(0, [(None, b"value")])
            for size in (1, 30, 61, len(batch) - 1):
                out.write(batch[out.tell():size])
                time.sleep(0.12)
                self.assertEqual((client.fetch("t", 0, 300), self.latest(client)), ([], 0))
            out.write(batch[out.tell():])
            self.assertEqual([r.values_of(b) for b in client.fetch("t", 0, WAIT_MS)], [[(0, b"value")]])
            # What is wrong is never shown, nor what follows it.
            wrong = bytearray(k.build_batch(1, [(None, b"wrong")]))
            wrong[-1] ^= 1
            out.write(bytes(wrong) + k.build_batch(2, [(None, b"behind")]))
            time.sleep(0.3)
            self.assertEqual((client.fetch("t", 1, 500), self.latest(client)), ([], 1))


if __name__ == "__main__":
    k.main()
