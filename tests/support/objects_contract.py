# SPDX-License-Identifier: Apache-2.0
"""What a store in S3 does with any server: the tests that tests/e2e/test_objects_*.py run against each of theirs."""

import json
import pathlib
import random
import time

import kseg_cli as k
import s3_servers

MIB = 1 << 20
# '-' and '.' come before '/', '0' behind it; and what must be encoded in a path, in a query or in a listing.
NAMES = ["a-1", "a.b", "a/x", "a/y/z.tar.gz", "a/y0", "a0", "plus+and space", "percent%41%", "quote'\"&<>;=?#@!$,:*()[]{}|^`\\~",
         "topic_-.9-0/00000000000000000000", "\u00e4/\u20ac/\U0001f34e", "\ufb00-then", "\U00010000-later"]


class Contract:
    """Mixed into a k.ScratchCase whose class has `server`. Each test has a prefix of its own."""

    server = None

    def setUp(self):
        super().setUp()
        self.prefix = self.id().rsplit(".", 1)[-1]
        self.store = self.open()
        self.boto = s3_servers.Boto(self.server)
        self.addCleanup(self.boto.close)

    def open(self, *options, server=None, environment=None, prefix=None):
        prefix = self.prefix if prefix is None else prefix
        store = s3_servers.Store(f"s3://{s3_servers.BUCKET}/{prefix}", server or self.server, *options,
                                 environment=environment)
        self.addCleanup(self.no_secret_was_said, store, server or self.server)
        self.addCleanup(store.close)
        return store

    def no_secret_was_said(self, store, server):
        for said in (store.said, store.err.decode()):
            for secret in (server.secret, server.token, "Signature="):
                if secret:
                    self.assertNotIn(secret, said)

    def file(self, content):
        path = self.dir / f"content-{len(list(self.dir.iterdir()))}"
        path.write_bytes(content)
        return path

    def key(self, name):
        return f"{self.prefix}/{name}"

    def keys(self):
        return {key: size for key, size in self.boto.list() if key.startswith(self.prefix + "/")}

    def read(self, store, name):
        into = self.dir / "read"
        answer = store("get", name, into)
        self.assertNotIn("error", answer, answer)
        return into.read_bytes()

    def assert_fails(self, answer, code, words=""):
        self.assertEqual(answer.get("error"), code, answer)
        self.assertIn(words, answer["message"])

    # ---- the contract
    def test_what_is_put_is_there_for_others(self):
        for content in (b"", b"\x00\xff\r\n", bytes(range(256)) * 1000):
            name = f"size-{len(content)}"
            self.assertEqual(self.store("put", name, self.file(content)), {})
            self.assertEqual(self.boto.get(self.key(name)), content)
            self.assertEqual(self.store("head", name), {"size": len(content)})
            self.assertEqual(self.read(self.store, name), content)

    def test_what_others_put_is_read(self):
        content = random.Random(1).randbytes(3 * MIB)
        self.boto.put(self.key("theirs"), content)
        self.assertEqual(self.read(self.store, "theirs"), content)
        ranges = [(0, 2), (5, 1000), (len(content) - 3, 100), (len(content) - 1, 1), (2 * MIB, MIB), (len(content), 5),
                  (1 << 40, 5)]
        if self.server.knows_short_ranges:
            ranges.append((0, 1))
        for offset, size in ranges:
            self.assertEqual(bytes.fromhex(self.store("range", "theirs", offset, size)["hex"]), content[offset:offset + size])

    def test_a_taken_name_stays_as_it_is(self):
        self.assertEqual(self.store("put", "x", self.file(b"first")), {})
        self.assert_fails(self.store("put", "x", self.file(b"second")), "exists", f"s3://logs/{self.key('x')}: is there already")
        self.boto.put(self.key("y"), b"theirs")
        self.assert_fails(self.store("put", "y", self.file(b"ours")), "exists")
        self.assertEqual(self.boto.get(self.key("x")), b"first")
        self.assertEqual(self.boto.get(self.key("y")), b"theirs")

    def test_what_is_not_there(self):
        self.assertEqual(self.store("head", "none"), {"size": None})
        self.assert_fails(self.store("get", "none", self.dir / "none"), "io", f"s3://logs/{self.key('none')}: no such object")
        self.assertEqual(self.store("remove", "none"), {})
        self.assertEqual(self.store("list"), {"objects": []})
        self.assertEqual(self.store("put", "x", self.file(b"1")), {})
        self.assertEqual(self.store("remove", "x"), {})
        self.assertEqual(self.store("remove", "x"), {})
        self.assertEqual(self.keys(), {})

    def test_names_survive(self):
        names = sorted(self.names(), key=lambda name: name.encode())
        for name in names:
            with self.subTest(name=name):
                self.assertEqual(self.store("put", name, self.file(name.encode())), {})
        expected = [[name, len(name.encode())] for name in names]
        self.assertEqual(self.store("list"), {"objects": expected})
        self.assertEqual(self.keys(), {self.key(name): size for name, size in expected})
        for name in names:
            with self.subTest(name=name):
                self.assertEqual(self.boto.get(self.key(name)), name.encode())
                self.assertEqual(self.read(self.store, name), name.encode())
                listed = [entry[0] for entry in self.store("list", name)["objects"]]
                self.assertEqual(listed, [other for other in names if other.startswith(name)])
                self.assertEqual(self.store("remove", name), {})
        self.assertEqual(self.keys(), {})

    def names(self):
        return NAMES if self.server.lists_well else [name for name in NAMES if "/" not in name]

    def test_neighbours_of_the_prefix_are_not_seen(self):
        self.boto.put(self.prefix + "-2/x", b"1")
        self.boto.put(self.prefix + "0", b"1")
        self.assertEqual(self.store("put", "x", self.file(b"12")), {})
        self.assertEqual(self.store("list"), {"objects": [["x", 2]]})
        whole = self.open(prefix="")
        if self.server.lists_well:
            self.assertIn([self.prefix + "-2/x", 1], whole("list", self.prefix)["objects"])

    def test_large_objects_go_in_parts(self):
        content = random.Random(2).randbytes(17 * MIB + 12345)
        self.assertEqual(self.store("put", "large", self.file(content)), {})
        self.assertEqual(self.store("traffic")["requests"], 1 + 1 + 3 + 1)  # look, begin, parts, complete
        self.assertEqual(self.boto.get(self.key("large")), content)
        self.assertEqual(self.read(self.store, "large"), content)
        self.assert_fails(self.store("put", "large", self.file(content[1:])), "exists")
        self.assertEqual(self.store("head", "large"), {"size": len(content)})
        if self.server.lists_uploads:
            self.assertEqual(self.boto("uploads"), [])

    def test_listings_longer_than_a_page(self):
        if not self.server.lists_well:
            self.skipTest("the server fails for more than a page")
        names = [f"n{i:05}" for i in range(1105)]
        for name in names:
            self.assertEqual(self.store("put", name, "/dev/null"), {})
        before = self.store("traffic")["requests"]
        self.assertEqual([entry[0] for entry in self.store("list")["objects"]], names)
        self.assertEqual(self.store("traffic")["requests"] - before, 2)
        self.assertEqual([entry[0] for entry in self.store("list", "n0110")["objects"]], names[1100:])

    def test_of_many_that_put_one_name_one_does(self):
        stores = [self.open() for _ in range(4)]
        for round_ in range(10):
            for i, store in enumerate(stores):
                store.process.stdin.write(f"put\tn{round_}\t{self.file(bytes([i]) * 50_000)}\n".encode())
            for store in stores:
                store.process.stdin.flush()
            answers = [json.loads(store.process.stdout.readline()) for store in stores]
            done = [i for i, answer in enumerate(answers) if answer == {}]
            for answer in answers:
                self.assertIn(answer.get("error", "exists"), ("exists",), answer)
            content = self.boto.get(self.key(f"n{round_}"))
            self.assertEqual(len(content), 50_000)
            self.assertEqual(len(set(content)), 1)
            self.assertIn(content[0], done)
            if self.server.knows_conditions:
                self.assertEqual(done, [content[0]])

    def test_uploads_that_were_left_are_ended(self):
        if not self.server.lists_uploads:
            self.skipTest("the server lists no uploads")
        for name in ("left/x", "left/y z+"):
            self.boto("begin_upload", key=self.key(name))
        self.boto("begin_upload", key="elsewhere")
        now = int(time.time() * 1000)
        if self.server.dates_uploads:
            self.assertEqual(self.store("clean", now - 3_600_000), {"removed": 0})
        self.assertEqual(self.store("clean", now + 60_000), {"removed": 2})
        self.assertEqual(self.boto("uploads"), ["elsewhere"])
        self.assertEqual(self.open(prefix="")("clean", now + 60_000), {"removed": 1})

    def test_a_bucket_that_is_not_there(self):
        store = s3_servers.Store("s3://no-such-bucket/x", self.server)
        self.addCleanup(store.close)
        self.assert_fails(store("list"), "io", "s3://no-such-bucket: no such bucket")
        self.assert_fails(store("put", "x", "/dev/null"), "io", "no such bucket")

    def test_wrong_keys_are_refused_at_once(self):
        if not self.server.checks_signatures:
            self.skipTest("the server takes any signature")
        wrong = s3_servers.Server(self.server.endpoint, self.server.key, "wrong/secret+key", ca=self.server.ca)
        store = self.open(server=wrong)
        for words in (("head", "x"), ("put", "x", "/dev/null"), ("list",), ("remove", "x")):
            self.assert_fails(store(*words), "io", "SignatureDoesNotMatch")
        unknown = self.open(server=s3_servers.Server(self.server.endpoint, "UNKNOWNKEY", "wrong/secret+key", ca=self.server.ca))
        self.assert_fails(unknown("list"), "io", "HTTP 40")
        self.assert_fails(unknown("remove", "x"), "io", "HTTP 40")
        self.assertEqual(store("traffic")["retries"], 0)

    def test_keys_of_a_profile(self):
        home = self.dir / "home"
        (home / ".aws").mkdir(parents=True)
        (home / ".aws" / "credentials").write_text(
            f"[default]\naws_access_key_id=wrong\naws_secret_access_key=wrong\n[team]\naws_access_key_id = {self.server.key}\n"
            f"aws_secret_access_key = {self.server.secret}\n"
            + (f"aws_session_token = {self.server.token}\n" if self.server.token else ""))
        (home / ".aws" / "config").write_text(f"[profile team]\nregion = us-east-1\nca_bundle = {self.server.ca}\n")
        environment = {name: value for name, value in self.server.environment(HOME=str(home), AWS_PROFILE="team").items()
                       if not name.startswith("AWS_") or name == "AWS_PROFILE"}
        store = self.open(environment=environment)
        self.assertEqual(store("put", "x", self.file(b"by profile")), {})
        self.assertEqual(self.boto.get(self.key("x")), b"by profile")


class Case(Contract, k.ScratchCase):
    """For test scripts: a class of theirs sets `server` in setUpClass()."""


def scratch_of_class(cls):
    """A directory for the servers of a class of tests."""
    own = k.scratch()
    directory = pathlib.Path(own.__enter__())
    cls.addClassCleanup(own.__exit__, None, None, None)
    return directory


def enter(cls, context):
    """Enters a context until the class's tests are done."""
    value = context.__enter__()
    cls.addClassCleanup(context.__exit__, None, None, None)
    return value
