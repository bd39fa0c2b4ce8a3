# SPDX-License-Identifier: Apache-2.0
"""The Lucene files of an index by Lucene's own reader: CheckIndex finds nothing, and every term is there with the records
that a second reading of the rules gives it, and no other.

Terms stand in the order of their code points, as Lucene++ and Lucene from version 4 have it. Lucene 3 looks terms up in
the order of UTF-16 code units, in which characters above U+FFFF come before U+E000, and so may not find those; its
CheckIndex says so. Read one after another all are there."""

import functools
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import words_model  # noqa: E402

LUCENE = k.TESTS / "support" / "lucene"
SKIPPED = 77
TIMEOUT_S = 300
LARGE = k.CORPUS / "large" / "large-zstd"

# (key, value, headers)
TEXTS = [
    (b"orderId", b"order_id OrderID HTTPServer utf8Decoder 25T20 _id __ a_b_", []),
    (None, None, [(b"Trace-ID", b"550e8400-e29b-41d4-a716-446655440000"), (b"trace-id", None), (b"", b""), (b"\xff\0x", b"\xfe")]),
    (b"", b"", [(b"a", b"1"), (b"a", b"1"), (b"A", b"2")]),
    ("Straße ΣΊΣΥΦΟΣ".encode(), "東京タワー ｶﾀｶﾅ ไทย ✅🚀 é e\u0301 \U0001F600\u0301".encode(), []),
    (b"k", b'{"a":[{"b":1.50},{"b":"1e3"},{"B":null}],"c d":"x\\ny","\\u00e9":"\\ud83d\\ude00 \\ud800"}', []),
    (b"k", b'[1, -0, 1e400, 1e401, true, "true", {"deep":{"er":"Wort"}}]', []),
    (b"k", b'"just a \\u0041 string"', [(b"json", b'{"a":"b\\tc"}')]),
    (b"long", b"x" * 300 + b" " + "é".encode() * 200 + b" " + b"a_" * 40, [(b"n" * 300, b"w" * 300)]),
    (b"\xc3", b"\x80\xffab\xf0\x9f\x98 cd \xed\xa0\x80ef", []),
    # Above U+FFFF, and where that comes behind what is below it only by code points.
    ("\uff41\ufb01".encode(), "\U00010400\U0002F804 \uffdc\ue000 \U0001F600".encode(), [("\U0001F600".encode(), "\uff5a".encode())]),
]


@functools.cache
def class_path():
    fetched = subprocess.run([LUCENE / "fetch"], capture_output=True, text=True, check=False)
    if fetched.returncode != 0 or not shutil.which("java"):
        print(f"skipped: no JVM or no Lucene: {fetched.stderr.strip()[-400:]}", file=sys.stderr)
        sys.exit(SKIPPED)
    return fetched.stdout.strip() + "/*"


def read_indexes(*directories):
    """{directory: (clean, documents, {(field, term): records}, terms that a look-up does not find)}."""
    done = subprocess.run(["java", "-Xmx512m", "-cp", class_path(), LUCENE / "ReadIndex.java", *map(os.fspath, directories)],
                          capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode != 0:
        raise AssertionError(f"status {done.returncode}: {done.stderr[-2000:]}")
    found = {}
    for line in done.stdout.splitlines():
        words = line.split(" ")
        if words[0] == "index":
            clean, documents, terms, lost = False, None, {}, set()
        elif words[0] == "clean":
            clean = words[1] == "true"
        elif words[0] == "documents":
            documents = int(words[1])
        else:
            text = b"" if words[1] == "-" else bytes.fromhex(words[1])
            terms[words[0], text] = [int(n) for n in words[2].split(",")]
            if words[3:] == ["lost"]:
                lost.add((words[0], text))
        if words[0] == "index":
            current = line.removeprefix("index ")
        found[current] = (clean, documents, terms, lost)
    return found


def model_terms(records):
    """{(field, term): records} of (key, value, headers)."""
    terms = {}
    for number, (key, value, headers) in enumerate(records):
        for term in words_model.record_terms(headers, key, value):
            terms.setdefault(term, []).append(number)
    return terms


def records_of(case):
    """The records of a corpus case as Kafka reads them; None where it does not tell all bytes of them."""
    records = []
    for r in k.truth(case).records:
        fields = [k.truth_bytes(r, "key"), k.truth_bytes(r, "value")]
        headers = [((h["key"].encode(), None), k.truth_bytes(h, "value")) for h in r["headers"]]  # keys as text
        if any("\ufffd" in h["key"] for h in r["headers"]) or any(sha for _, sha in [*fields, *sum(headers, ())]):
            return None
        records.append((fields[0][0], fields[1][0], [(name[0], value[0]) for name, value in headers]))
    return records


class Lucene(k.ScratchCase):
    @classmethod
    def setUpClass(cls):
        class_path()

    def index(self, log, name):
        done = k.run("index", "-o", self.dir / name, "--topic", "t", "--json-values", log)
        self.assertIn(done.status, (0, 3), done)
        made, = (self.dir / name / "t-0").glob("[0-9]*")
        return made

    def check(self, read, records):
        clean, documents, terms, lost = read
        beyond = {term for term in terms if any(ord(c) > 0xFFFF for c in term[1].decode())}
        if not beyond:
            self.assertTrue(clean)
        self.assertLessEqual(lost, beyond)
        self.assertEqual(documents, len(records))
        wanted = model_terms(records)
        self.assertEqual(sorted(wanted.keys() - terms.keys()), [])
        self.assertEqual(sorted(terms.keys() - wanted.keys()), [])
        self.assertEqual(terms, wanted)

    def test_the_corpus(self):
        made = {}
        for case in k.cases():
            records = records_of(case)
            if records:
                made[case] = self.index(k.log_of(case), case), records
        self.assertGreater(len(made), 10)
        seen = read_indexes(*(directory for directory, _ in made.values()))
        self.assertGreater(sum(clean for clean, *_ in seen.values()), 5)
        for case, (directory, records) in made.items():
            with self.subTest(case):
                self.check(seen[str(directory)], records)

    def test_texts(self):
        log = self.dir / "00000000000000000000.log"
        log.write_bytes(b"".join(k.build_batch(3 * n, TEXTS) for n in range(3)))
        directory = self.index(log, "texts")
        self.check(read_indexes(directory)[str(directory)], TEXTS * 3)

    def test_many_terms(self):
        log, = LARGE.glob("*.log")
        directory = self.index(log, "large")
        clean, documents, terms, lost = read_indexes(directory)[str(directory)]
        self.assertTrue(clean)
        self.assertEqual(lost, set())
        lines = k.decode("--json", log).lines()
        self.assertEqual(documents, len(lines))
        some = k.sample(range(len(lines)), 300)
        for number in some:
            line = lines[number]
            headers = [(k.json_bytes(h["key"]), k.json_bytes(h["value"])) for h in line["headers"]]
            for term in words_model.record_terms(headers, k.json_bytes(line["key"]), k.json_bytes(line["value"])):
                self.assertIn(number, terms[term])

    def test_the_check_can_fail(self):
        log = k.log_of("v2-none")
        directory = self.index(log, "broken")
        for name in ("_0.frq", "_0.tis"):
            with self.subTest(name):
                content = bytearray((directory / name).read_bytes())
                content[len(content) // 2] ^= 1
                hurt = self.dir / f"hurt{name}"
                shutil.copytree(directory, hurt)
                (hurt / name).write_bytes(content)
                with self.assertRaises(AssertionError):
                    self.check(read_indexes(hurt)[str(hurt)], records_of("v2-none"))


if __name__ == "__main__":
    unittest.main()
