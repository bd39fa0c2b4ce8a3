# SPDX-License-Identifier: Apache-2.0
"""The words in tests/data/words, and those of the examples in kseg-index.5, are the ones that the model makes."""

import re
import sys
import unicodedata
import unittest

import project

sys.path.insert(0, str(project.SOURCE / "tests/support"))
import words_fixture as fixture  # noqa: E402
import words_model as model  # noqa: E402

PAGE = "man/kseg-index.5"


def bytes_of(field):
    return {"-": b"", "null": None}.get(field) if field in ("-", "null") else bytes.fromhex(field)


def again(name, line):
    """The line as the model has it now."""
    fields = line.split(" ")
    if name == "words.txt":
        return fixture.words_line(fields[0], bytes_of(fields[1]))
    if name == "names.txt":
        return f"{fields[0]} {fixture.hexed(model.fold_name(bytes_of(fields[0])))}"
    if name == "json.txt":
        return fixture.json_line(bytes_of(fields[0]))
    if name == "numbers.txt":
        return f"{fields[0]} {model.canonical_number(bytes_of(fields[0]).decode()) or 'none'}"
    headers = [] if fields[0] == "-" else [tuple(map(bytes_of, header.split("="))) for header in fields[0].split(",")]
    return fixture.terms_line(headers, bytes_of(fields[1]), bytes_of(fields[2]))


class Words(unittest.TestCase):
    def test_fixture_is_what_the_model_says(self):
        for name in ("words.txt", "names.txt", "json.txt", "numbers.txt", "terms.txt"):
            version, *lines = project.text(f"tests/data/words/{name}").splitlines()
            if version != f"# Unicode {unicodedata.unidata_version}":
                self.skipTest(f"{name} is of another version of Unicode: {version}")
            self.assertGreater(len(lines), 100, name)
            for line in lines:
                self.assertEqual(again(name, line), line, name)

    def test_words_of_the_page(self):
        section = project.text(PAGE).split("\n.Sh WORDS\n")[1].split("\n.Sh ")[0]
        rows = re.findall(r"^\.It (\w+) Ta (\w+) Ta ([\w, ]+)$", section, re.M)
        rows = [row for row in rows if row[0].lower() == row[1]]
        self.assertGreater(len(rows), 5)
        for text, whole, parts in rows:
            self.assertEqual(model.words(text.encode()), [(whole.encode(), [p.encode() for p in parts.split(", ")])])

    def test_terms_of_the_page(self):
        example = project.text(PAGE).split("\nA record whose value is\n")[1].split("\n.El\n")[0].replace(r"\(dq", '"')
        value, key = re.findall(r"^\.Ql (\S{3,})$", example, re.M)
        expected = {(field, term.replace("|", "\0").encode())
                    for field, terms in re.findall(r"^\.It (key|paths|value) Ta (.+)$", example, re.M)
                    for term in terms.split(", ")}
        self.assertGreater(len(expected), 10)
        self.assertEqual(model.record_terms([], key.encode(), value.encode()), expected)


if __name__ == "__main__":
    unittest.main()
