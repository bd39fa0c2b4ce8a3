# SPDX-License-Identifier: Apache-2.0
"""pack under SIGKILL and SIGTERM at random moments: what the store has is whole, nothing is left in the directory for temporary
files, and running it again gives the store that an undisturbed run makes.

KSEG_KILL_CYCLES sets the number of cycles (20). The seed is printed."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import pack_store as p  # noqa: E402

CYCLES = int(os.environ.get("KSEG_KILL_CYCLES", "20"))
SEED = int(os.environ.get("KSEG_KILL_SEED", str(random.SystemRandom().randrange(1 << 32))))
CASES = ("v2-none", "large/large-none", "v2-zstd", "large/large-zstd", "v1-lz4")
INTERRUPTED = 130


class Kill(k.ScratchCase):
    def test_cycles(self):
        print(f"{CYCLES} cycles, KSEG_KILL_SEED={SEED}")
        chosen = random.Random(SEED)
        indexes, scratch = self.dir / "indexes", self.dir / "scratch"
        scratch.mkdir()
        env = {"TMPDIR": str(scratch)}
        for number, case in enumerate(CASES):
            p.index(k.log_of(case), indexes, "t", number)
        begun = time.monotonic()
        p.pack(indexes, "--store", self.dir / "wanted", env=env)
        whole = time.monotonic() - begun
        wanted = p.files(self.dir / "wanted")
        ended = 0
        for cycle in range(CYCLES):
            store = self.dir / f"store-{cycle}"
            process = subprocess.Popen([k.program(), "pack", indexes, "--store", store], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=dict(os.environ, **env))
            time.sleep(chosen.random() * whole)
            sent = chosen.choice([signal.SIGKILL, signal.SIGTERM])
            process.send_signal(sent)
            _, err = process.communicate()
            ended += process.returncode != 0
            self.assertIn(process.returncode, (0, -sent, INTERRUPTED), err)
            there = p.files(store)
            for name, content in there.items():
                if ".kseg-put-" not in name:
                    self.assertEqual(content, wanted[name], name)
            if sent == signal.SIGTERM:
                self.assertEqual([n for n in there if ".kseg-put-" in n], [])
            p.pack(indexes, "--store", store, env=env)
            self.assertEqual({n: c for n, c in p.files(store).items() if ".kseg-put-" not in n}, wanted)
            self.assertEqual(list(scratch.iterdir()), [])
            p.pack("--verify", "--store", store)
        self.assertGreater(ended, CYCLES // 4)


if __name__ == "__main__":
    k.main()
