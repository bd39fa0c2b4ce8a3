# SPDX-License-Identifier: Apache-2.0
"""The store in S3 when the network and the server fail: a proxy that does so stands between it and moto."""

import dataclasses
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import fault_proxy  # noqa: E402
import kseg_cli as k  # noqa: E402
import objects_contract as contract  # noqa: E402
import s3_servers  # noqa: E402

MIB = 1 << 20
SLOW_DOWN = "HTTP 503: SlowDown: Please reduce your request rate."


class Faults(k.ScratchCase):
    @classmethod
    def setUpClass(cls):
        cls.direct, _ = contract.enter(cls, s3_servers.moto(contract.scratch_of_class(cls) / "log"))
        cls.proxy = contract.enter(cls, fault_proxy.Proxy(cls.direct.endpoint))
        cls.server = dataclasses.replace(cls.direct, endpoint=cls.proxy.endpoint)

    def setUp(self):
        super().setUp()
        self.proxy.clear()
        self.prefix = self.id().rsplit(".", 1)[-1]
        self.boto = s3_servers.Boto(self.direct)
        self.addCleanup(self.boto.close)
        self.store = self.open("--patience-s", "2", "--connect-timeout-ms", "2000")

    def open(self, *options, server=None):
        store = s3_servers.Store(f"s3://logs/{self.prefix}", server or self.server, *options)
        self.addCleanup(lambda: self.assertNotIn(self.server.secret, store.said + store.err.decode()))
        self.addCleanup(store.close)
        return store

    def file(self, content):
        path = self.dir / "content"
        path.write_bytes(content)
        return path

    def key(self, name):
        return f"{self.prefix}/{name}"

    def read(self, name):
        answer = self.store("get", name, self.dir / "read")
        self.assertNotIn("error", answer, answer)
        return (self.dir / "read").read_bytes()

    def assert_all_used(self):
        self.assertEqual(self.proxy.unused(), [])

    def retries(self):
        return self.store("traffic")["retries"]

    # ---- what passes
    def test_every_request_survives_what_passes(self):
        content = random.Random(3).randbytes(300_000)
        self.boto.put(self.key("there"), content)
        faults = [("reset", {}), ("status", {"status": 500, "body": b""}), ("status", {}), ("status", {"status": 502, "body": b"<html>"}),
                  ("status", {"status": 504, "body": b""}), ("status", {"status": 429, "body": b"slow down"}), ("garbage", {}),
                  ("lose_answer", {})]
        for i, (kind, what) in enumerate(faults):
            for method, words in (("HEAD", ("head", "there")), ("GET", ("range", "there", 100, 50)), ("GET", ("list", "there")),
                                  ("PUT", ("put", f"new{i}", self.file(content))), ("DELETE", ("remove", f"new{i}"))):
                with self.subTest(kind=kind, what=what, words=words):
                    before = self.retries()
                    self.proxy.add(kind, method=method, **what)
                    self.assertNotIn("error", self.store(*words))
                    self.assert_all_used()
                    # Over a connection that was used before, libcurl itself tries again what was reset.
                    at_least = 0 if kind in ("reset", "lose_answer") else 1
                    self.assertIn(self.retries() - before, range(at_least, 2))
        self.assertEqual(self.read("there"), content)
        self.assertEqual([key for key, _ in self.boto.list() if key.startswith(self.prefix)], [self.key("there")])

    def test_two_after_each_other_pass_too(self):
        self.proxy.add("status", method="PUT", times=2)
        self.proxy.add("reset", method="PUT", times=2)
        self.assertEqual(self.store("put", "x", self.file(b"content")), {})
        self.assertEqual(self.boto.get(self.key("x")), b"content")
        self.assertIn(len(self.store.details), (3, 4))  # libcurl may try again one of the resets by itself
        self.assertEqual(self.store.details[0], f"detail: s3://logs/{self.key('x')}: PUT: {SLOW_DOWN}; attempt 1 of 8")

    def test_it_is_given_up_in_the_end(self):
        store = self.open("--attempts", "3")
        self.proxy.add("status", times=100)
        answer = store("put", "x", self.file(b"content"))
        self.assertEqual(answer, {"error": "io", "message":
                                  f"s3://logs/{self.key('x')}: HEAD: HTTP 503; given up after 3 attempts"})
        self.assertEqual(store("list")["message"], f"s3://logs: GET: {SLOW_DOWN}; given up after 3 attempts")
        self.assertEqual(self.proxy.seen, {("HEAD", "status"): 3, ("GET", "status"): 3})

    def test_no_server_at_all(self):
        nobody = dataclasses.replace(self.server, endpoint=f"http://127.0.0.1:{s3_servers.free_port()}")
        store = self.open("--attempts", "3", server=nobody)
        answer = store("head", "x")
        self.assertEqual(answer["error"], "io")
        self.assertIn("given up after 3 attempts", answer["message"])
        self.assertEqual(store("traffic")["requests"], 3)

    def test_what_does_not_pass_is_not_tried_again(self):
        for status in (400, 401, 403, 405, 411, 501):
            with self.subTest(status=status):
                self.proxy.add("status", method="GET", status=status, body=b"<Error><Code>Nope</Code></Error>")
                self.assertEqual(self.store("list")["message"], f"s3://logs: GET: HTTP {status}: Nope")
        self.assertEqual(self.retries(), 0)

    # ---- bodies that break off, grow, stall and trickle
    def test_a_read_goes_on_where_it_broke_off(self):
        content = random.Random(4).randbytes(3 * MIB)
        self.boto.put(self.key("x"), content)
        for size in (MIB, MIB, 100_000):
            self.proxy.add("truncate", method="GET", size=size)
        self.assertEqual(self.read("x"), content)
        self.assert_all_used()
        traffic = self.store("traffic")
        self.assertEqual(traffic["retries"], 0)
        self.assertEqual(traffic["received"], len(content))
        # So little that it does not count as progress.
        self.proxy.add("truncate", method="GET", size=10, times=3)
        self.assertEqual(self.read("x"), content)
        self.assertEqual(self.retries(), 3)

    def test_a_listing_that_broke_off_is_asked_for_again(self):
        for name in ("a", "b", "c"):
            self.boto.put(self.key(name), b"1")
        for size in (0, 10, 300):
            self.proxy.add("truncate", method="GET", size=size)
        self.assertEqual(self.store("list"), {"objects": [["a", 1], ["b", 1], ["c", 1]]})
        self.assertEqual(self.retries(), 3)

    def test_an_answer_that_is_too_large_ends_it(self):
        self.boto.put(self.key("x"), b"0123456789")
        self.proxy.add("swell", method="GET", size=1)
        self.assertIn("answer over 10 bytes", self.store("get", "x", self.dir / "read")["message"])
        # Of an error's words the first are enough.
        self.proxy.add("status", method="GET", status=403, body=b"<Error><Code>Denied</Code>" + b"x" * (10 * MIB))
        self.assertEqual(self.store("list")["message"], "s3://logs: GET: HTTP 403: Denied")
        self.proxy.add("status", method="GET", status=200, body=b"<ListBucketResult>" + b"x" * (9 * MIB))
        self.assertIn("answer over 8388608 bytes", self.store("list")["message"])
        self.proxy.add("status", method="GET", status=200, body=b"", headers=[("x-large", "y" * 1000)] * 90)
        self.assertIn("headers", self.store("list")["message"])
        self.assertEqual(self.retries(), 0)
        self.assertEqual(self.read("x"), b"0123456789")

    def test_a_server_that_stalls_is_left_after_a_while(self):
        content = random.Random(5).randbytes(MIB)
        self.boto.put(self.key("x"), content)
        self.proxy.add("stall", method="HEAD", seconds=60)
        self.proxy.add("stall_body", method="GET", size=200_000, seconds=60)
        began = time.monotonic()
        self.assertEqual(self.read("x"), content)
        self.assert_all_used()
        self.assertLess(time.monotonic() - began, 20)
        self.assertEqual(self.retries(), 1)  # what came of the body was progress

    def test_a_slow_server_is_waited_for(self):
        content = random.Random(6).randbytes(100_000)
        self.boto.put(self.key("x"), content)
        self.proxy.add("trickle", method="GET", size=10_000, seconds=0.4)  # 4 s in all, which is longer than the patience
        self.assertEqual(self.read("x"), content)
        self.assertEqual(self.retries(), 0)

    def test_a_connection_that_was_closed_meanwhile_is_opened_again(self):
        self.proxy.add("close", times=4)
        for _ in range(6):
            self.assertEqual(self.store("head", "x"), {"size": None})
            time.sleep(0.05)
        self.assertEqual(self.retries(), 0)

    # ---- puts whose outcome is not known
    def test_a_put_whose_answer_was_lost_succeeds_once(self):
        self.proxy.add("lose_answer", method="PUT")
        self.assertEqual(self.store("put", "x", self.file(b"content")), {})
        self.assertEqual(self.proxy.seen["PUT", ""], 1)
        self.assertEqual(self.boto.get(self.key("x")), b"content")

    def test_a_put_whose_answer_was_lost_does_not_take_anothers_for_its_own(self):
        def put_by_another(status, headers, body):
            self.boto.put(self.key("x"), b"theirs")
            return 500, headers, b""
        self.proxy.add("replace", method="HEAD", change=lambda *answer: put_by_another(*answer) and answer)
        self.proxy.add("reset", method="PUT")
        self.assertEqual(self.store("put", "x", self.file(b"ours!!"))["error"], "exists")
        self.assertEqual(self.boto.get(self.key("x")), b"theirs")

    def test_uploads_in_parts_survive_each_fault(self):
        content = random.Random(7).randbytes(17 * MIB)
        requests = {"begin": ("POST", "uploads"), "part": ("PUT", "partNumber=2"), "complete": ("POST", "uploadId")}
        for kind in ("reset", "lose_answer", "status", "garbage"):
            for step, (method, part) in requests.items():
                name = f"{kind}-{step}"
                with self.subTest(name):
                    self.proxy.add(kind, method=method, part=part)
                    self.assertEqual(self.store("put", name, self.file(content)), {})
                    self.assert_all_used()
                    self.assertEqual(self.boto.get(self.key(name)), content)
        # A begin whose answer was lost leaves an upload that nobody knows, for remove_unfinished().
        left = [key for key in self.boto("uploads") if key.startswith(self.prefix)]
        self.assertEqual(left, [self.key("lose_answer-begin")])
        self.assertEqual(self.store("clean", int(time.time() * 1000) + 60_000), {"removed": 1})

    def test_an_upload_that_fails_leaves_nothing(self):
        content = random.Random(8).randbytes(17 * MIB)
        store = self.open("--attempts", "2")
        for method, part, status in (("PUT", "partNumber=3", 503), ("PUT", "partNumber=1", 403), ("POST", "uploadId", 400)):
            with self.subTest(part=part):
                self.proxy.add("status", method=method, part=part, status=status, times=2)
                self.assertEqual(store("put", "x", self.file(content))["error"], "io")
                self.proxy.clear()
                self.assertEqual(self.boto("uploads"), [])
                self.assertEqual(self.store("head", "x"), {"size": None})
        # An abort that fails too is said, and its parts wait for remove_unfinished().
        self.proxy.add("status", method="PUT", part="partNumber=3", status=403)
        self.proxy.add("status", method="DELETE", status=403)
        self.assertEqual(store("put", "x", self.file(content))["error"], "io")
        self.assertIn("parts of an upload are left", store.details[-1])
        self.assertEqual(self.store("clean", int(time.time() * 1000) + 60_000), {"removed": 1})

    def test_a_name_that_is_taken_while_parts_are_sent(self):
        def put_by_another(status, headers, body):
            self.boto.put(self.key("x"), b"theirs")
            return status, headers, body
        self.proxy.add("replace", method="PUT", part="partNumber=2", change=put_by_another)
        self.assertEqual(self.store("put", "x", self.file(bytes(17 * MIB)))["error"], "exists")
        self.assertEqual(self.boto.get(self.key("x")), b"theirs")
        self.assertEqual(self.boto("uploads"), [])

    def test_an_error_behind_the_status_of_a_completion(self):
        error = b"  <?xml version=\"1.0\"?><Error><Code>InternalError</Code><Message>Try again</Message></Error>"
        self.proxy.add("status", method="POST", part="uploadId", status=200, body=error)
        self.assertEqual(self.store("put", "x", self.file(bytes(17 * MIB))), {})
        self.assertEqual(self.store("head", "x"), {"size": 17 * MIB})
        self.assertEqual(self.retries(), 1)

    def test_a_server_without_conditional_puts(self):
        refusal = b"<Error><Code>NotImplemented</Code><Message>A header you provided implies functionality</Message></Error>"
        self.proxy.add("status", method="PUT", status=501, body=refusal)
        self.assertEqual(self.store("put", "x", self.file(b"1")), {})
        self.assertEqual(self.store("put", "y", self.file(b"2")), {})
        self.assertEqual(self.store("put", "y", self.file(b"3"))["error"], "exists")
        self.assertEqual(self.boto.get(self.key("y")), b"2")
        self.assertEqual(self.store.details, ["detail: s3://logs: the server knows no conditional put: of two at once, "
                                              "the later one stays"])

    # ---- objects that change
    def test_an_object_that_was_replaced_is_not_read_on(self):
        self.boto.put(self.key("x"), b"0" * 1000)

        def replace(status, headers, body):
            self.boto.put(self.key("x"), b"1" * 1000)
            return status, headers, body
        self.proxy.add("replace", method="HEAD", change=replace)
        self.assertIn("was replaced while it was read", self.store("get", "x", self.dir / "read")["message"])

    def test_a_range_that_is_another_is_an_error(self):
        self.boto.put(self.key("x"), bytes(range(200)))
        for name, value in (("Content-Range", "bytes 0-9/200"), ("Content-Range", "bytes 100-109/201"), ("Content-Range", "junk")):
            self.proxy.add("replace", method="GET", change=lambda status, headers, body, name=name, value=value: (
                status, [(n, v) for n, v in headers if n.lower() != name.lower()] + [(name, value)], body))
            self.assertIn("range; expected bytes 100-109/200", self.store("range", "x", 100, 10)["message"])

    # ---- all at once
    def test_random_faults_change_nothing_but_the_time(self):
        chance = random.Random(int(k.os.environ.get("KSEG_SEED", "11")))
        store = self.open("--patience-s", "2", "--part-bytes", 5 * MIB)
        contents = {}
        kinds = ["reset", "lose_answer", "status", "truncate", "garbage", "close"]
        for i in range(40):
            self.proxy.clear()
            for _ in range(chance.randrange(4)):
                self.proxy.add(chance.choice(kinds), times=chance.choice((1, 1, 2)), size=chance.randrange(1000))
            name = f"n{chance.randrange(8)}"
            content = chance.randbytes(chance.choice((0, 10, 70_000, 11 * MIB)) + chance.randrange(10))
            action = chance.choice(("put", "put", "get", "remove", "list"))
            with self.subTest(i=i, action=action, name=name):
                if action == "put":
                    answer = store("put", name, self.file(content))
                    self.assertEqual(answer.get("error"), "exists" if name in contents else None, answer)
                    contents.setdefault(name, content)
                elif action == "get" and name in contents:
                    self.assertNotIn("error", store("get", name, self.dir / "read"))
                    self.assertEqual((self.dir / "read").read_bytes(), contents[name])
                elif action == "remove":
                    self.assertEqual(store("remove", name), {})
                    contents.pop(name, None)
                else:
                    self.assertEqual(store("list"), {"objects": [[n, len(contents[n])] for n in sorted(contents)]})
        self.proxy.clear()
        self.assertEqual({key: size for key, size in self.boto.list() if key.startswith(self.prefix + "/")},
                         {self.key(name): len(content) for name, content in contents.items()})
        for name, content in contents.items():
            self.assertEqual(self.boto.get(self.key(name)), content)


if __name__ == "__main__":
    k.main()
