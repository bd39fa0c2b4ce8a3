# SPDX-License-Identifier: Apache-2.0
"""`kseg serve` under SIGKILL while a real client produces, consumes and commits: what was acknowledged is there, once and in
order, and so are the offsets that were committed.

KSEG_KILL_CYCLES sets the number of cycles (5), KSEG_KILL_SEED the seed, which is printed.
"""

import os
import pathlib
import random
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kafka_clients  # noqa: E402
import kseg_cli as k  # noqa: E402
import raw_kafka as r  # noqa: E402

CYCLES = int(os.environ.get("KSEG_KILL_CYCLES", "5"))
SEED = int(os.environ.get("KSEG_KILL_SEED", str(random.SystemRandom().randrange(1 << 32))))
LONGEST_S = 1.5
END_TIMEOUT_S = 180
TOPIC, GROUP = "t", "group"


class Load:
    """The client's process, and what it says was acknowledged."""

    def __init__(self, command, address):
        self.process = subprocess.Popen([*command, address, TOPIC, GROUP], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.produced, self.read, self.committed, self.commits, self.faults, self.sent = {}, [], 0, 0, [], None
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()

    def listen(self):
        for line in self.process.stdout:
            what, _, rest = line.decode().rstrip("\n").partition(" ")
            if what == "produced":
                number, offset = map(int, rest.split())
                self.produced[number] = offset
            elif what == "read":
                self.read.append(tuple(map(int, rest.split())))
            elif what == "committed":
                self.committed, self.commits = max(self.committed, int(rest)), self.commits + 1
            elif what == "sent":
                self.sent = int(rest)
            else:
                self.faults.append(rest)

    def finish(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.close()
        try:
            self.process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.faults.append("the client cannot finish")
        self.kill()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.thread.join()
        self.process.stdout.close()


class Kill(k.ScratchCase):
    def committed(self, broker):
        client = r.Client(broker.address)
        try:
            return client.committed(GROUP, TOPIC)
        finally:
            client.close()

    def check_log(self, broker, load):
        found = [(line["offset"], int(line["value"].split(".")[0])) for line in k.decode("--json", broker.data / f"{TOPIC}-0").lines()]
        self.assertEqual([offset for offset, _ in found], list(range(len(found))))
        self.assertEqual([number for _, number in found], list(range(load.sent)), "lost, doubled or out of order")
        self.assertEqual({number: number for number in range(load.sent)}, load.produced, "acknowledged at another offset")

    def check_reads(self, load):
        """Each record in order; what was not committed may come again."""
        reached = 0
        for offset, number in load.read:
            self.assertEqual(offset, number)
            self.assertLessEqual(offset, reached, "a gap")
            reached = max(reached, offset + 1)
        self.assertEqual(reached, load.sent)

    def test_cycles(self):
        python = kafka_clients.fetch("confluent")[0]
        print(f"{CYCLES} cycles, KSEG_KILL_SEED={SEED}")
        chosen = random.Random(SEED)
        broker = kafka_clients.Broker(self.dir, "--topic", TOPIC, "--segment-bytes", chosen.choice(["100K", "1M", "1G"]),
                                      "--sync", chosen.choice(["always", "interval:5", "none"]))
        self.addCleanup(broker.kill)
        broker.start()
        load = Load([python, k.TESTS / "support" / "clients" / "python" / "kill_load.py"], broker.address)
        self.addCleanup(load.kill)
        ready = []
        for cycle in range(CYCLES):
            # Time for the client to find its broker again, at least now and then.
            time.sleep(chosen.uniform(0, LONGEST_S) + (1 if cycle % 2 == 0 else 0))
            broker.kill()
            acknowledged = load.committed  # before it was killed
            begin = time.monotonic()
            broker.start()
            ready.append(time.monotonic() - begin)
            self.assertGreaterEqual(self.committed(broker), acknowledged, f"cycle {cycle}: a committed offset is lost")
            self.assertEqual(load.faults, [])
        load.finish()
        self.assertEqual(load.faults, [])
        self.assertIsNotNone(load.sent, broker.said())
        print(f"{load.sent} messages, {load.commits} commits, {len(load.read) - load.sent} read again; "
              f"ready again in {1000 * max(ready):.0f} ms at most")
        self.assertGreater(load.commits, 0)
        self.assertGreaterEqual(self.committed(broker), load.committed)
        broker.stop()
        verified = k.run("wal-append", "--wal", broker.data, "--topic", TOPIC, "--verify")
        self.assertEqual(verified.status, 0, verified)
        self.check_log(broker, load)
        self.check_reads(load)


if __name__ == "__main__":
    k.main()
