# SPDX-License-Identifier: Apache-2.0
"""The commands of the manual pages' EXAMPLES, and of the tour in kseg(1), run in a prepared directory and end as they should.
Those of README.md are run by test_readme.py."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import project

sys.path.insert(0, str(pathlib.Path(project.SOURCE) / "tests" / "support"))
import kseg_cli as k  # noqa: E402

CORPUS = pathlib.Path(project.SOURCE) / "tests" / "data" / "corpus"
TOPIC_ID = "Pn2qkEvsQSWsIgrCcSxSLw"
TIMEOUT_S = 60
NOON_MS = 1_714_565_000_000  # 2024-05-01T12:03:20Z

# Run, with other exit status than 0, since what they look at is damaged.
DAMAGED = 3
STATUS = {
    "kseg recrc -n dump/orders-0/00000000000000000000.log": DAMAGED,
    "kseg decode --batches --json broken.log | jq 'select(.gap or .problem or .valid == false)'": DAMAGED,
}
# Run until they are ended: those that go on.
ENDLESS = {
    "kseg serve --data data --store archive --port-file port",
    "kseg serve --listen 127.0.0.1:0 --port-file port --topic orders:3",
    "kseg serve --data /var/lib/kafka --read-only",
    "kseg index --watch -o /var/lib/indexes /var/lib/kafka",
}
# Not run as they stand, and why.
NOT_RUN = {
    "echo '0000 0000 ...' | kseg decode --hexdump --input hex -": "its bytes are left out",
    "tail -f app.log | kseg wal-append --wal /var/lib/wal --topic app --ack": "goes on for ever; test_wal_append.py appends from pipes",
    "kseg pack --store s3://archive/kafka /var/lib/indexes": "needs a bucket; test_pack_moto.py runs it",
    "kseg pack --store s3://archive/kafka --verify --deep orders": "needs a bucket; test_pack_moto.py runs it",
    "kseg pack --store s3://archive/kafka --extract restored orders/3": "needs a bucket; test_pack_moto.py runs it",
    "kseg serve --data /var/lib/kseg --segment-bytes 64M --store s3://archives/prod": "needs a bucket; test_serve_tiers.py serves from "
    "one",
    "kseg serve --store s3://archives/prod --no-auto-create": "needs a bucket; test_serve_tiers.py serves from one",
    "kseg query --store s3://logs/archive --topic orders --match 'value.id:1093' --explain": "needs a bucket; test_archives_s3.py "
    "queries one",
}


def commands(page):
    """The commands of a page's examples, in order, one line each."""
    text = project.text(page)
    found = []
    for heading in ("EXAMPLES", "FROM A BROKEN SEGMENT TO A BROKER"):
        for section in re.findall(rf"^\.Sh {heading}\n(.*?)(?=^\.Sh )", text, re.S | re.M):
            section = section.replace("\\e\n", " ").replace("|\n", "| ")
            found += re.findall(r"^(?:\.Dl )?\$ (.*)$", section, re.M)
    return [re.sub(r"\s+", " ", command.replace("\\-", "-").replace("\\(aq", "'")) for command in found]


def pages():
    return [f for f in project.files() if f.parts[0] == "man" and f.suffix == ".1"]


class Examples(unittest.TestCase):
    def prepare(self, root, page):
        """A directory that has what the examples of a page speak of; /var/lib is in it."""
        kafka = root / "var" / "lib" / "kafka"
        shutil.copytree(CORPUS / "v2-many-batches", kafka / "orders-3")
        shutil.copytree(CORPUS / "v2-many-batches", root / "orders-0")
        shutil.copytree(CORPUS / "v2-many-batches", root / "data" / "orders-0")
        shutil.copytree(CORPUS / "v2-many-batches", root / "data" / "payments-0")
        (root / "data" / "app-0").mkdir()
        (root / "data" / "app-0" / "00000000000000000000.log").write_bytes(k.build_batch(0, [(None, b"noon")], timestamp=NOON_MS))
        # A sealed segment has one behind it.
        for folder in (kafka / "orders-3", root / "orders-0"):
            (folder / "00000000000000003000.log").touch()
        shutil.copy(CORPUS / "v2-none" / "00000000000000000000.log", root)
        shutil.copy(CORPUS / "v2-none" / "00000000000000000000.log", root / "00000000000000000042.log")
        if page.name != "kseg-decode.1":  # whose example makes it
            shutil.copy(CORPUS / "v2-many-batches" / "00000000000000000000.log", root / "part.log")
        subprocess.run(["tar", "-czf", root / "orders-0.tar.gz", "-C", root, "orders-0"], check=True)
        shutil.copy(CORPUS / "damaged" / "v2-none-payload-flip" / "00000000000000000000.log", root / "broken.log")
        dump = root / "dump" / "orders-0"
        dump.mkdir(parents=True)
        (dump / "partition.metadata").write_text(f"version: 0\ntopic_id: {TOPIC_ID}\n")
        log = bytearray((CORPUS / "v2-many-batches" / "00000000000000000000.log").read_bytes())
        log[17:21] = bytes(reversed(log[17:21]))
        (dump / "00000000000000000000.log").write_bytes(log)
        # Indexes of what queries ask.
        for topic in ("orders", "payments"):
            run = self.run_shell(f"kseg index --topic {topic} --partition 0 --json-values -o idx data/{topic}-0/*.log", root)
            self.assertEqual(run.returncode, 0, run.stderr)

    def environment(self):
        return {**os.environ, "PATH": f"{pathlib.Path(project.KSEG).parent}:{os.environ['PATH']}"}

    def run_shell(self, command, root):
        return subprocess.run(["bash", "-o", "pipefail", "-c", command.replace("/var/lib", f"{root}/var/lib")], cwd=root,
                              env=self.environment(), capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=TIMEOUT_S, check=False)

    def run_endless(self, command, root):
        """It runs for a while, and ends well when it is asked to."""
        words = command.replace("/var/lib", f"{root}/var/lib")
        if "serve" in words and "--listen" not in words:
            words += " --listen 127.0.0.1:0"  # the usual port may be taken
        (root / "port").unlink(missing_ok=True)
        with subprocess.Popen(["bash", "-c", f"exec {words}"], cwd=root, env=self.environment(), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            deadline = time.monotonic() + 20
            while "--port-file" in words and not (root / "port").exists() and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(0.3)
            self.assertIsNone(process.poll())
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=TIMEOUT_S)
        self.assertIn(process.returncode, (0, 130), out + err)

    def test_examples(self):
        seen = set()
        for page in pages():
            with tempfile.TemporaryDirectory(prefix="kseg_examples_") as folder:
                root = pathlib.Path(folder)
                self.prepare(root, page)
                for command in commands(page):
                    seen.add(command)
                    if command in NOT_RUN:
                        continue
                    with self.subTest(page=str(page), command=command):
                        if "jq" in command and not shutil.which("jq"):
                            continue
                        if command in ENDLESS:
                            self.run_endless(command, root)
                            continue
                        run = self.run_shell(command, root)
                        self.assertEqual(run.returncode, STATUS.get(command, 0), run.stderr)
        # What is listed here is there.
        self.assertEqual((set(STATUS) | ENDLESS | set(NOT_RUN)) - seen, set())
        self.assertGreater(len(seen), 25)


if __name__ == "__main__":
    unittest.main()
