# SPDX-License-Identifier: Apache-2.0
"""The program under SIGKILL, with a pipe that collects its acknowledgements: none is lost and nothing is invented.

KSEG_KILL_CYCLES sets the number of cycles (20). Each appends numbered lines and dies at a random moment; then what is there
is compared with what was sent and what was acknowledged. The seed is printed.
"""

import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402

CYCLES = int(os.environ.get("KSEG_KILL_CYCLES", "20"))
SEED = int(os.environ.get("KSEG_KILL_SEED", str(random.SystemRandom().randrange(1 << 32))))
LONGEST_S = 0.4
CYCLES_OF_A_LOG = 10


class Kill(k.ScratchCase):
    def test_cycles(self):
        print(f"{CYCLES} cycles, KSEG_KILL_SEED={SEED}")
        chosen = random.Random(SEED)
        wal = self.dir / "wal"
        there = []  # values in the log, by offset
        sent, acknowledged = 0, 0
        for cycle in range(CYCLES):
            if cycle % CYCLES_OF_A_LOG == 0 and cycle != 0:
                shutil.rmtree(wal)
                there = []
            options = ["--sync", chosen.choice(["always", "always", "interval:5", "none"]), "--segment-bytes",
                       chosen.choice(["20K", "200K", "1G"]), "--batch-bytes", chosen.choice(["1", "500", "64K"]),
                       "--codec", chosen.choice(["none", "lz4"])]
            process = subprocess.Popen([k.program(), "wal-append", "--wal", wal, "--topic", "t", "--ack", "--input", "lines",
                                        *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            acks = []
            reader = threading.Thread(target=lambda: acks.extend(process.stdout))
            reader.start()
            lines = []

            def write():
                number = sent
                try:
                    while True:
                        lines.append(f"{cycle}.{number}." + "x" * chosen_length.randrange(200))
                        process.stdin.write(lines[-1].encode() + b"\n")
                        if number % 50 == 0:
                            process.stdin.flush()
                        number += 1
                except (BrokenPipeError, ValueError):
                    pass

            chosen_length = random.Random(chosen.random())
            writer = threading.Thread(target=write)
            writer.start()
            time.sleep(chosen.uniform(0, LONGEST_S))
            process.send_signal(signal.SIGKILL)
            process.wait()
            writer.join()
            reader.join()
            try:
                process.stdin.close()
            except BrokenPipeError:
                pass
            process.stdout.close()
            process.stderr.close()
            sent += len(lines)

            # An acknowledgement that was cut off half way was not given.
            whole = [json.loads(line) for line in acks if line.endswith(b"\n")]
            recovered = k.run("wal-append", "--wal", wal, "--topic", "t", stdin=b"")
            self.assertIn(recovered.status, (0, 3), recovered)
            verified = k.run("wal-append", "--wal", wal, "--topic", "t", "--verify")
            self.assertEqual(verified.status, 0, verified)
            found = [(r["offset"], r["value"]) for r in k.decode("--json", wal / "t-0").lines()]
            self.assertEqual([offset for offset, _ in found], list(range(len(found))))
            values = [value for _, value in found]
            self.assertEqual(values[:len(there)], there, "what was there before is there no more")
            new = values[len(there):]
            self.assertEqual(new, lines[:len(new)], "something is there that was not sent")
            expected = len(there)
            for ack in whole:
                self.assertEqual(ack["base_offset"], expected)
                expected = ack["last_offset"] + 1
            self.assertLessEqual(expected, len(values), f"cycle {cycle}: acknowledged up to {expected}, {len(values)} are there")
            acknowledged += expected - len(there)
            there = values
        print(f"{sent} lines sent, {acknowledged} acknowledged")
        self.assertGreater(acknowledged, 0)


if __name__ == "__main__":
    k.main()
