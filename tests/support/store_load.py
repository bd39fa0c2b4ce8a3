# SPDX-License-Identifier: Apache-2.0
"""Shared by tests of `kseg serve --store` under load: producers that go on through restarts, and what was acknowledged."""

import contextlib
import json
import os
import pathlib
import random
import subprocess
import threading
import time

import kseg_cli as k
import raw_kafka as raw
import tiers


class Producer(threading.Thread):
    """Produces batches of numbered records, one after another; a batch that was not acknowledged is sent again."""

    def __init__(self, address, topic, seed, most_bytes=2000, pause_s=0.0):
        super().__init__(daemon=True)
        self.address, self.topic, self.pause_s, self.most_bytes = address, topic, pause_s, most_bytes
        self.random, self.ending = random.Random(seed), False
        self.acknowledged, self.faults, self.slowest_s = {}, [], 0.0  # value of a batch's one record by offset

    def run(self):
        client, number = None, 0
        while not self.ending:
            value = b"%d " % number + self.random.randbytes(self.random.randrange(self.most_bytes))
            batch = k.build_batch(0, [(b"k", value)], timestamp=int(time.time() * 1000))
            try:
                client = client or raw.Client(self.address, timeout_s=20)
                begin = time.monotonic()
                offset = client.produce(self.topic, batch)
                self.slowest_s = max(self.slowest_s, time.monotonic() - begin)
            except (OSError, raw.Error):
                with contextlib.suppress(OSError):
                    if client:
                        client.close()
                client = None
                time.sleep(0.02)
                continue
            if offset in self.acknowledged:
                self.faults.append(f"offset {offset} was given twice")
            self.acknowledged[offset] = value
            number += 1
            time.sleep(self.pause_s)
        if client:
            client.close()

    def end(self):
        self.ending = True
        self.join(30)


def read_all(client, topic, start=0):
    """{offset: value} of everything that is there now from an offset on, in order and without holes."""
    found, offset, end = {}, start, None
    while True:
        answer = tiers.fetch(client, topic, offset)
        assert answer.error == 0, (topic, offset, answer.error)
        end = answer.high_watermark if end is None else end
        if offset >= end:
            return found
        batches = answer.batches()
        assert batches, f"nothing at {offset} of {answer.high_watermark}"
        for batch in batches:
            assert batch.base_offset == offset, f"{topic}: {batch.base_offset} where {offset} was expected"
            for at, value in raw.values_of(batch):
                found[at] = value
            offset = batch.last_offset + 1


def check_acknowledged(found, producer):
    assert not producer.faults, producer.faults
    lost = [offset for offset, value in producer.acknowledged.items() if found.get(offset) != value]
    assert not lost, f"{producer.topic}: lost or other: {lost[:10]} of {len(producer.acknowledged)}"


def check_store(url, environment=None):
    """No damage, no object that is no archive; the names of all archives."""
    done = subprocess.run([k.program(), "pack", "--verify", "--deep", "--store", url], capture_output=True, text=True,
                          env=environment or dict(os.environ), timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    listed = subprocess.run([k.program(), "pack", "--list", "--json", "--store", url], capture_output=True, text=True,
                            env=environment or dict(os.environ), timeout=60, check=True)
    return [json.loads(line) for line in listed.stdout.splitlines()]


def check_archives(archives, topic, end):
    """Those of a topic are of one id, and join without overlap from 0 to `end`."""
    mine = sorted((a["base_offset"], a["last_offset"], a["topic_id"]) for a in archives if a["topic"] == topic)
    assert len({a[2] for a in mine}) == 1, mine
    expected = 0
    for base, last, _ in mine:
        assert base == expected, f"{topic}: an archive begins at {base}, expected {expected}"
        expected = last + 1
    assert expected == end, f"{topic}: archives end at {expected}, the directory begins with {end}"


class Outages(threading.Thread):
    """A store in a directory that is taken away and given back at random."""

    def __init__(self, link, target, seed):
        super().__init__(daemon=True)
        self.link, self.target, self.random, self.ending = pathlib.Path(link), pathlib.Path(target), random.Random(seed), threading.Event()
        self.target.mkdir(parents=True, exist_ok=True)
        self.point(self.target)

    def point(self, target):
        other = self.link.with_name(self.link.name + ".next")
        other.symlink_to(target)
        os.replace(other, self.link)

    def run(self):
        nowhere = self.link.with_name("no-store")
        nowhere.write_text("no directory")
        while not self.ending.wait(self.random.uniform(0.05, 0.6)):
            self.point(nowhere)
            self.ending.wait(self.random.uniform(0.02, 0.3))
            self.point(self.target)

    def end(self):
        self.ending.set()
        self.join(30)
        self.point(self.target)
