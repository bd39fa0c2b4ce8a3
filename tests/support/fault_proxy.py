# SPDX-License-Identifier: Apache-2.0
"""An HTTP server on 127.0.0.1 that passes requests on to another one, and does wrong what it is told to."""

import collections
import dataclasses
import http.client
import random
import socket
import socketserver
import struct
import threading
import time
import urllib.parse

MOST_HEAD_BYTES = 64 << 10
PIECE_BYTES = 64 << 10


@dataclasses.dataclass
class Fault:
    """What is done to the next `times` requests that fit.

    kind    reset          the connection is reset before anything is passed on
            lose_answer    the request is carried out, and the connection reset instead of an answer
            status         an answer of `status` with `body`, and nothing is passed on
            truncate       the answer's body breaks off after `size` bytes
            stall          no answer at all for `seconds`
            stall_body     the same after `size` bytes of the body
            trickle        the body in pieces of `size` bytes, `seconds` apart
            garbage        bytes that are no answer
            swell          the answer's body is `size` bytes longer, as its head says
            close          the answer is right, and the connection closed behind it without a word
            replace        the answer is given to `change`, a function of (status, headers, body) that returns the same
    """
    kind: str
    method: str = ""
    part: str = ""  # of the path and query
    times: int = 1
    status: int = 503
    body: bytes = b"<?xml version=\"1.0\"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
    headers: tuple = ()
    size: int = 0
    seconds: float = 0.0
    change: object = None

    def fits(self, method, target):
        return self.times > 0 and self.method in ("", method) and self.part in target


class Whims:
    """Faults that requests meet at random, for Proxy.whims: what passes, what does not, and what comes late."""

    def __init__(self, seed, share=0.3):
        self.random, self.share = random.Random(seed), share

    def choose(self, method):
        """The fault of the next request, or none."""
        if self.random.random() >= self.share:
            return None
        delay_s = self.random.uniform(0.05, 0.5)

        def late(*answer):
            time.sleep(delay_s)
            return answer

        faults = [Fault("status", status=500, body=b""), Fault("status"), Fault("status", status=403, body=b""), Fault("reset"),
                  Fault("lose_answer"), Fault("garbage"), Fault("close"), Fault("replace", change=late),
                  Fault("stall", seconds=delay_s)]
        if method == "GET":
            faults += [Fault("truncate", size=self.random.randrange(20_000)),
                       Fault("trickle", size=10_000, seconds=delay_s / 10)]
        return self.random.choice(faults)


class Handler(socketserver.BaseRequestHandler):
    def setup(self):
        self.rest = b""

    def receive_head(self):
        while b"\r\n\r\n" not in self.rest:
            part = self.request.recv(PIECE_BYTES)
            if not part or len(self.rest) > MOST_HEAD_BYTES:
                return None
            self.rest += part
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        return method, target, [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]

    def receive_body(self, headers):
        size = int(dict((name.lower(), value) for name, value in headers).get("content-length", "0"))
        pieces, have = [self.rest], len(self.rest)
        while have < size:
            part = self.request.recv(min(PIECE_BYTES, size - have))
            if not part:
                return None
            pieces.append(part)
            have += len(part)
        whole = b"".join(pieces)
        self.rest = whole[size:]
        return whole[:size]

    def reset(self):
        # With no time to linger, closing sends RST.
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.request.close()
        return False

    def answer(self, method, status, headers, body, length=None):
        head = f"HTTP/1.1 {status} X\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in headers
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "keep-alive"))
        if length is None:
            # The answer to HEAD tells the length of a body that does not come.
            length = dict((n.lower(), v) for n, v in headers).get("content-length", 0) if method == "HEAD" else len(body)
        self.request.sendall(head.encode("latin-1") + f"content-length: {length}\r\n\r\n".encode() +
                             (b"" if method == "HEAD" else body))
        return True

    def pass_on(self, method, target, headers, body):
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=60)
        try:
            upstream.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                upstream.putheader(name, value)
            upstream.endheaders(body)
            response = upstream.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            upstream.close()

    def handle(self):
        try:
            while self.handle_one():
                pass
        except OSError:
            pass  # the client went away, as some tests want it to

    def handle_one(self):
        head = self.receive_head()
        if head is None:
            return False
        method, target, headers = head
        fault = self.server.take(method, target)
        kind = fault.kind if fault else ""
        if kind == "reset":
            return self.reset()
        body = self.receive_body(headers)
        if body is None:
            return False
        if kind == "stall":
            self.server.wait(fault.seconds)
            return self.reset()
        if kind == "status":
            return self.answer(method, fault.status, fault.headers, fault.body)
        if kind == "garbage":
            self.request.sendall(b"\x16\x03\x01garbage\r\n\r\n" * 10)
            return False
        status, headers, body = self.pass_on(method, target, headers, body)
        if kind == "replace":
            status, headers, body = fault.change(status, headers, body)
        if kind == "lose_answer":
            return self.reset()
        if kind == "truncate":
            self.answer(method, status, headers, body[:fault.size], length=len(body))
            return False
        if kind == "swell":
            return self.answer(method, status, headers, body + b"x" * fault.size)
        if kind in ("trickle", "stall_body"):
            self.answer(method, status, headers, body[:fault.size], length=len(body))
            for at in range(fault.size, len(body), fault.size):
                self.server.wait(fault.seconds)
                self.request.sendall(body[at:at + fault.size])
            return True
        self.answer(method, status, headers, body)
        return kind != "close"


class Proxy(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, endpoint):
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream = urllib.parse.urlsplit(endpoint).netloc
        self.faults = []
        self.whims = None  # chooses where no fault fits
        self.seen = collections.Counter()  # (method, what was done)
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def add(self, kind, **what):
        with self.lock:
            self.faults.append(Fault(kind, **what))

    def clear(self):
        with self.lock:
            self.faults.clear()
            self.seen.clear()

    def take(self, method, target):
        with self.lock:
            for fault in self.faults:
                if fault.fits(method, target):
                    fault.times -= 1
                    self.seen[method, fault.kind] += 1
                    return fault
            fault = self.whims.choose(method) if self.whims else None
            self.seen[method, fault.kind if fault else ""] += 1
        return fault

    def unused(self):
        with self.lock:
            return [fault for fault in self.faults if fault.times > 0]

    def wait(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.closing.wait(0.05):
            pass

    def handle_error(self, request, client_address):
        pass  # a broken connection is what is wanted

    def __exit__(self, *args):
        self.closing.set()
        self.shutdown()
        self.thread.join()
        super().__exit__(*args)
