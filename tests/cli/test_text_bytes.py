# SPDX-License-Identifier: Apache-2.0
"""Batches given as hex or base64 text, and the ways in which JSON shows bytes."""

import base64
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402


class TextInput(k.ScratchCase):
    CASES = ("v2-idempotent", "v2-epochs", "v2-txn-none")

    def same(self, text, *options):
        """The text, as file and on stdin, reads as the log does."""
        path = self.dir / "batches.txt"
        path.write_bytes(text)
        for args, feed in ((("decode", *options, "--batches", "--json", path), None),
                           (("decode", *options, "--batches", "--json", "-"), text)):
            run = k.run(*args, stdin=feed)
            self.assertEqual(run.status, 0, str(run))
            self.assertEqual(run.lines(), self.batches, str(run))
            run = k.run(*[a for a in args if a != "--batches"], stdin=feed)
            self.assertEqual((run.status, k.without_place(run.lines())), (0, self.records), str(run))

    def test_hex_and_base64(self):
        for case in self.CASES:
            log = k.log_of(case)
            data = log.read_bytes()
            self.batches = k.decode("--batches", "--json", log).lines()
            self.records = k.without_place(k.decode("--json", log).lines())
            wrapped = "\n".join(data.hex()[i:i + 64] for i in range(0, 2 * len(data), 64)) + "\n"
            for what, text, kind in (
                    ("lower case", data.hex().encode(), "hex"), ("upper case", data.hex().upper().encode() + b"\n", "hex"),
                    ("wrapped", wrapped.encode(), "hex"), ("pairs", data.hex(" ").encode(), "hex"),
                    ("crlf", wrapped.replace("\n", "\r\n").encode(), "hex"), ("one line", base64.b64encode(data), "base64"),
                    ("wrapped", base64.encodebytes(data), "base64"),
                    ("indented", b"  " + base64.encodebytes(data).replace(b"\n", b"\n\t"), "base64")):
                with self.subTest(case=case, what=what, kind=kind):
                    self.same(text, "--input", kind)
                    self.same(text)
                    self.same(text, "--input", "auto")

    def test_raw_input_by_name(self):
        log = k.log_of("v2-epochs")
        self.assertEqual(k.decode("--input", "raw", "--json", log).out, k.decode("--json", log).out)

    def test_what_is_not_hex_is_refused(self):
        path = self.dir / "x.txt"
        for kind, text in (("hex", b"00zz"), ("hex", b"000"), ("base64", b"A*B=")):
            with self.subTest(kind=kind, text=text):
                path.write_bytes(text)
                run = k.decode("--input", kind, "--json", path)
                self.assertEqual((run.status, run.out), (1, b""), str(run))
                self.assertIn("error: ", run.err)


class Bytes(k.ScratchCase):
    """--bytes: the contract names the choices; the shape of base64 and hex may be an object or a string."""

    CASES = ("v2-none", "v2-sparse")

    def fields(self, *options):
        run = k.decode("--json", *options, self.log)
        self.assertEqual(run.status, 0, str(run))
        return [line[name] for line in run.lines() for name in ("key", "value")]

    def test_each_choice(self):
        self.log = self.dir / "bytes.log"
        wanted = [b"plain", "käse".encode(), b"\xff\xfe\x00", b"", None, b'"\\\x00\n', "\U0001f980".encode(), b"\xed\xa0\x80"]
        self.log.write_bytes(k.build_batch(0, [(w, w) for w in wanted]))
        wanted = [w for w in wanted for _ in range(2)]
        self.assertEqual([k.json_bytes(x) for x in self.fields()], wanted)
        self.assertEqual(self.fields("--bytes", "auto"), self.fields())

        def inner(x, name):
            return x[name] if isinstance(x, dict) else x
        self.assertEqual([None if x is None else base64.b64decode(inner(x, "base64")) for x in self.fields("--bytes", "base64")], wanted)
        self.assertEqual([None if x is None else bytes.fromhex(inner(x, "hex")) for x in self.fields("--bytes", "hex")], wanted)
        for x, w in zip(self.fields("--bytes", "utf8"), wanted):
            if w is None:
                self.assertIsNone(x)
            else:
                try:
                    self.assertEqual(x, w.decode("utf-8"))
                except UnicodeDecodeError:
                    self.assertIsInstance(x, (str, dict))

    def test_json_is_format_jsonl(self):
        for case in self.CASES:
            log = k.log_of(case)
            wanted = k.decode("--json", log).out
            self.assertTrue(k.decode("--format", "jsonl", log).out == wanted)
            self.assertTrue(k.decode("-f", "jsonl", log).out == wanted)
            self.assertTrue(k.decode("--format=jsonl", log).out == wanted)


if __name__ == "__main__":
    k.main()
