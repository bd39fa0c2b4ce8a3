# SPDX-License-Identifier: Apache-2.0
"""The manual pages: well-formed, named as they say, installed, and where sources and pages point into them, that exists."""

import re
import subprocess
import unittest

import project


def pages():
    return [f for f in project.files() if f.parts[0] == "man" and f.name != "CMakeLists.txt"]


def sections(page):
    """The headings of a page in capitals, with the quotes of mdoc gone."""
    return {m.replace('"', "") for m in re.findall(r"^\.S[hs] (.+)$", project.text(page), re.M)}


class Manual(unittest.TestCase):
    def test_mandoc_has_nothing_to_say(self):
        for page in pages():
            lint = subprocess.run(["mandoc", "-Tlint", "-W", "warning", project.SOURCE / page],
                                  capture_output=True, text=True, check=False)
            self.assertEqual((lint.stdout + lint.stderr, lint.returncode), ("", 0))

    def test_names_match(self):
        for page in pages():
            name, section = page.name.rsplit(".", 1)
            text = project.text(page)
            self.assertIn(f"\n.Dt {name.upper()} {section}\n", text, page)
            self.assertIn(f"\n.Sh NAME\n.Nm {name}\n", text, page)
            self.assertRegex(text, r"\n\.Dd [A-Z][a-z]+ \d{1,2}, \d{4}\n", page)

    def test_every_command_has_a_page(self):
        commands = {page.stem.removeprefix("kseg-") for page in pages() if page.suffix == ".1"} - {"kseg"}
        self.assertEqual(commands, set(project.commands()))
        for command in commands:
            self.assertIn(f".It Cm {command}\n", project.text("man/kseg.1"))

    def test_every_page_is_installed(self):
        script = (project.BUILD / "man/cmake_install.cmake").read_text()
        for page in pages():
            self.assertRegex(script, rf"(?s)/man/man{page.suffix[1:]}\"[^)]*/man/{re.escape(page.name)}\"", page)

    def test_references_between_pages(self):
        known = {page.name for page in pages()}
        for page in pages():
            for name, section in re.findall(r"^\.Xr (kseg\S*) (\d)", project.text(page), re.M):
                self.assertIn(f"{name}.{section}", known, page)

    def test_references_from_sources(self):
        wrong = []
        for path in project.sources("common", "tools", "tests", suffixes=(".cpp", ".hpp", ".py")):
            for page, listed in re.findall(r"(man/kseg[\w-]*\.\d)((?:(?:,| and) [A-Z][A-Z ]+[A-Z])*)", project.text(path)):
                if not (project.SOURCE / page).is_file():
                    wrong.append(f"{path}: there is no {page}")
                    continue
                for heading in re.split(r", | and ", listed)[1:]:
                    if heading not in sections(page):
                        wrong.append(f"{path}: {page} has no section {heading}")
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
