# SPDX-License-Identifier: Apache-2.0
"""Shared by tests of `kseg serve --store`: a client that sees raw answers, and what a broker has here and in its store."""

import pathlib
import struct
import time

import kseg_cli as k
import raw_kafka as raw

EARLIEST_LOCAL, LATEST_TIERED = -4, -5
WAIT_S = 60


class Answer:
    """One partition of a fetch."""

    def __init__(self, error, high_watermark, stable, aborted, data):
        self.error, self.high_watermark, self.stable, self.aborted, self.data = error, high_watermark, stable, aborted, data

    def batches(self):
        return k.parse_batches(self.data)


def fetch(client, topic, offset, committed=False, max_bytes=1 << 20, wait_ms=500):
    """Fetch 4."""
    body = (struct.pack(">iiiibi", -1, wait_ms, 1, 50 << 20, committed, 1) + raw.text(topic) +
            struct.pack(">iiqi", 1, 0, offset, max_bytes))
    answer = client.ask(lambda number: raw.request(1, 4, body, number))
    answer.take("ii")
    answer.text()
    _, _, error, high_watermark, stable = answer.take("iihqq")
    count = answer.take("i")
    aborted = [answer.take("qq") for _ in range(max(count, 0))]
    return Answer(error, high_watermark, stable, aborted, answer.bytes(max(answer.take("i"), 0)))


def list_offset(client, topic, when, version=9, committed=False):
    """(error, timestamp, offset) of ListOffsets 9, which is flexible."""
    name = topic.encode()
    body = (struct.pack(">ib", -1, committed) + b"\2" + raw.uvarint(len(name) + 1) + name + b"\2" + struct.pack(">iiq", 0, -1, when) +
            b"\0\0\0")
    answer = client.ask(lambda number: raw.request(2, version, body, number, flexible=True))
    answer.bytes(1)  # tags of the header
    answer.take("i")
    assert answer.take("B") == 2
    answer.bytes(answer.take("B") - 1)
    assert answer.take("B") == 2
    _, error, timestamp, offset, _ = answer.take("ihqqi")
    return error, timestamp, offset


def delete_records(client, topic, offset):
    """DeleteRecords 0: where the partition begins afterwards."""
    body = struct.pack(">i", 1) + raw.text(topic) + struct.pack(">iiqi", 1, 0, offset, 10_000)
    answer = client.ask(lambda number: raw.request(21, 0, body, number))
    answer.take("ii")
    answer.text()
    _, _, low, error = answer.take("iiqh")
    assert error == 0, error
    return low


def fetch_all(client, topic, start=0, end=None, committed=False):
    """The bytes of everything from an offset to the high watermark."""
    data, offset = b"", start
    while True:
        answer = fetch(client, topic, offset, committed)
        assert answer.error == 0, (offset, answer.error)
        end = answer.high_watermark if end is None else end
        if offset >= end:
            return data
        batches = answer.batches()
        assert batches, f"nothing at {offset} of {end}"
        data += answer.data
        offset = batches[-1].last_offset + 1


def local_bases(data, topic):
    """Base offsets of the segments that are here."""
    return sorted(int(path.stem) for path in (pathlib.Path(data) / f"{topic}-0").glob("*.log"))


def wait_until_archived(data, topic, segments_left=1):
    """Until all sealed segments are in archives and gone here; seconds that it took."""
    begin = time.monotonic()
    while len(local_bases(data, topic)) > segments_left:
        if time.monotonic() > begin + WAIT_S:
            raise AssertionError(f"still here: {local_bases(data, topic)}")
        time.sleep(0.02)
    return time.monotonic() - begin
