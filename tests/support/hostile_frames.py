# SPDX-License-Identifier: Apache-2.0
"""Frames that no client should send, made from valid ones, and connections that behave badly."""

import random
import select
import socket
import struct
import time

import kseg_cli as k
import raw_kafka as r

TOPIC = "orders-2.x_y"  # the fixture's messages name it
EDGES = [-1, 0, 1, -2, 0x7F, 0x80, 0x7FFF, 0x7FFFFFFF, -0x80000000, 0x7FFFFFF0, 100 << 20, (100 << 20) + 1]
OVERLONG = [b"\xff\xff\xff\xff\x0f", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\xff" * 12, b"\x80\x80\x80\x80\x00"]
KEYS = [key for key, _ in r.APIS.values()]
BATCH_FIELDS_AT = {8: "i", 16: "b", 21: "h", 23: "i", 27: "q", 35: "q", 43: "q", 51: "h", 53: "i", 57: "i"}
SILENT, SLOW = 40, 20  # connections of one attacker that are kept open


def batches():
    """Batches of all codecs, plain, idempotent and of transactions."""
    small = k.build_batch(0, [(b"key", b"value" * 20), (None, b""), (b"", None, [(b"h", b"x"), (b"", None)])])
    own = [small, k.build_batch(0, [(b"k", b"v")], producer=(1, 0, 0)), k.build_batch(0, [(b"k", b"v")], attributes=0x10, producer=(2, 0, 0))]
    for case in ("v2-mixed", "v2-timestamps", "v2-txn-none", "v2-empty-batches", "v2-sparse", "v2-compacted-lz4"):
        own += [b.data for b in k.log_batches(k.log_of(case))[:12] if b.size < 3000]
    return own


class Mutator:
    def __init__(self, seed, frames, own_batches):
        self.random, self.frames, self.batches = random.Random(seed), frames, own_batches

    def valid(self):
        if self.random.random() < 0.12:
            return r.produce(TOPIC, self.batch(), self.random.choice([0, 1, -1]), self.random.choice([3, 5, 7, 8, 9]))
        if self.random.random() < 0.06:
            return r.fetch(TOPIC, self.random.choice([0, 0, 1, 5, 100, -1, 1 << 62]), self.random.choice([0, 5, 100]),
                           max_bytes=self.random.choice([0, 1, 1000, 1 << 20, 0x7FFFFFFF]))
        return self.random.choice(self.frames)[2]

    def batch(self):
        """A batch, now and then with a wrong field or wrong records under a right checksum."""
        data = bytearray(self.random.choice(self.batches))
        if self.random.random() < 0.7 and len(data) > 61:
            if self.random.random() < 0.5:
                at, form = self.random.choice(list(BATCH_FIELDS_AT.items()))
                bits = 8 * struct.calcsize(form)
                value = self.random.choice(EDGES) if self.random.random() < 0.6 else self.random.getrandbits(bits)
                data[at:at + bits // 8] = (value & ((1 << bits) - 1)).to_bytes(bits // 8, "big")
            for _ in range(self.random.choice([0, 1, 1, 3])):
                data[self.random.randrange(57, len(data))] = self.random.getrandbits(8)
            if self.random.random() < 0.1:
                del data[self.random.randrange(61, len(data)):]
        return k.with_crc(bytes(data)) if len(data) < 400 or self.random.random() < 0.2 else bytes(data)

    def mutated(self):
        """A frame whose length is right; what is behind it may be anything."""
        body = bytearray(self.valid()[4:])
        struct.pack_into(">i", body, 4, self.random.getrandbits(31))  # correlation id
        kind = self.random.randrange(9)
        at = self.random.randrange(8, len(body)) if len(body) > 8 else len(body)
        if kind == 1:
            for _ in range(self.random.randrange(1, 9)):
                body[self.random.randrange(len(body))] ^= 1 << self.random.randrange(8)
        elif kind == 2:
            del body[self.random.randrange(len(body) + 1):]
        elif kind == 3:
            form, bits = self.random.choice([(">b", 8), (">h", 16), (">i", 32), (">q", 64)])
            body[at:at + bits // 8] = struct.pack(form, self.random.choice(EDGES) % (1 << bits - 1) * self.random.choice([1, -1]))
        elif kind == 4:
            body[at:at + self.random.randrange(3)] = self.random.choice(OVERLONG)
        elif kind == 5:  # a part again, or out of order
            end = self.random.randrange(at, min(at + 60, len(body)) + 1)
            part = body[at:end]
            del body[at:end]
            to = self.random.randrange(at, len(body) + 1)
            body[to:to] = part * self.random.randrange(1, 4)
        elif kind == 6:
            body += self.random.randbytes(self.random.choice([1, 8, 300]))
        elif kind == 7:  # another API or version with this body
            struct.pack_into(">h", body, self.random.choice([0, 2]), self.random.choice([*KEYS, *range(-2, 20), 0x7FFF]))
        elif kind == 8:
            body[at:] = self.random.randbytes(self.random.randrange(200))
        return struct.pack(">i", len(body)) + bytes(body)

    def lying(self):
        """A frame whose length lies."""
        frame = self.mutated()
        length = self.random.choice([*EDGES, len(frame) - 4 + self.random.randrange(-3, 4), 4, 8])
        return struct.pack(">i", max(min(length, 0x7FFFFFFF), -0x80000000)) + frame[4:]


class Hostile:
    """A connection that checks one thing of what it gets: answers to what it has asked, in that order."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, timeout=20)
        self.socket.setblocking(False)
        self.sent, self.got, self.at = bytearray(), bytearray(), 0

    def numbers_sent(self):
        """The correlation ids of the whole frames that were sent."""
        at, numbers = 0, []
        while at + 12 <= len(self.sent):
            length, number = struct.unpack_from(">i4xi", self.sent, at)
            if length < 8:
                break
            numbers.append(number)
            at += 4 + length
        return numbers

    def send(self, data):
        """False where the broker has closed it, or takes no more."""
        try:
            done = self.socket.send(data)
        except OSError:
            return False
        self.sent += data[:done]
        return done == len(data)

    def receive(self):
        try:
            while part := self.socket.recv(1 << 16):
                self.got += part
        except OSError:
            return

    def faults(self):
        """What it got that it should not have got."""
        numbers, at = iter(self.numbers_sent()), 0
        while at + 8 <= len(self.got):
            length, number = struct.unpack_from(">ii", self.got, at)
            if length < 4:
                return [f"an answer of {length} bytes"]
            if number not in numbers:  # takes from the iterator up to it
                return [f"an answer {number} that was not asked for, or out of order"]
            at += 4 + length
        return []


def attack(address, frames, count, seed, results):
    """Sends `count` frames over many connections; puts (frames sent, connections, faults) into the queue."""
    mutator = Mutator(seed, frames, batches())
    chosen = mutator.random
    kept, faults, sent, connections = [], [], 0, 0
    while sent < count:
        try:
            hostile = Hostile(address)
        except OSError as e:
            faults.append(f"no connection: {e}")
            break
        connections += 1
        manner = chosen.random()
        frames_left = chosen.choice([1, 1, 2, 3, 10, 40])  # one that is no request ends the connection
        while frames_left > 0:
            several = min(chosen.choice([1, 1, 1, 2, 5, 20]), frames_left)
            data = b"".join(mutator.mutated() if chosen.random() < 0.93 else mutator.lying() for _ in range(several))
            sent += several
            frames_left -= several
            if manner < 0.05 and frames_left <= 0:
                data = data[:chosen.randrange(1, len(data))]  # half a frame, and silence
            if manner > 0.97:
                good = all(hostile.send(data[i:i + 1]) for i in range(min(len(data), 200)))
            else:
                good = hostile.send(data)
            if manner >= 0.10:
                hostile.receive()
            if not good:
                break
        if manner < 0.10:
            kept.append(hostile)
            if len(kept) > SILENT + SLOW:
                kept.pop(chosen.randrange(len(kept))).socket.close()
            continue
        if manner < 0.5:
            select.select([hostile.socket], [], [], 0.002)
            hostile.receive()
            faults += hostile.faults()
        hostile.socket.close()
    for hostile in kept:
        hostile.receive()
        faults += hostile.faults()
        hostile.socket.close()
    results.put((sent, connections, faults[:5]))


def silence(address, seconds, size=100 << 20, count=50):
    """Connections that promise `size` bytes, send few of them, and wait."""
    waiting = []
    for _ in range(count):
        one = socket.create_connection(address, timeout=20)
        one.sendall(struct.pack(">i", size) + b"\0" * 1000)
        waiting.append(one)
    time.sleep(seconds)
    for one in waiting:
        one.close()
