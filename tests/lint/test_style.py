# SPDX-License-Identifier: Apache-2.0
"""Layout, licence lines, sizes, places and words that the style guide settles and a program can check."""

import re
import shutil
import subprocess
import unittest

import project

ENTRIES = {"CMakeLists.txt", "CMakePresets.json", "tools", "common", "man", "tests", "completions", "README.md", "LICENSE",
           "CHANGELOG.md"}
MOST_LINES, MOST_DRIVER_LINES = 600, 150
LICENCE = "SPDX-License-Identifier: Apache-2.0"
# Files of data, and formats without comments.
NO_LICENCE_LINE = re.compile(r"tests/(data|fuzz/corpus)/|LICENSE$|\.gitignore$|.*\.json$|.*/go\.sum$|.*/Cargo\.lock$")
# In common/: results are returned; printing and ending the program are for tools/.
BANNED = [r"\bstd::c(out|err|log)\b", r"(?<![\w])_?exit\s*\(", r"(?<![\w])(quick_exit|abort)\s*\(",
          r"(?<![\w])v?f?printf\s*\(", r"(?<![\w])f?puts\s*\(", r"\bfmt::(v?print|println)\b", r"\bgetenv\b"]


class Style(unittest.TestCase):
    def test_clang_format(self):
        tool = shutil.which("clang-format-14") or shutil.which("clang-format")
        self.assertIsNotNone(tool, "clang-format is missing")
        run = subprocess.run([tool, "--dry-run", "-Werror", *project.sources("common", "tools", "tests")],
                             cwd=project.SOURCE, capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_licence_line_comes_first(self):
        missing = []
        for path in project.files():
            if NO_LICENCE_LINE.match(str(path)):
                continue
            try:
                lines = project.text(path).splitlines()[:2]
            except UnicodeDecodeError:
                continue
            if lines and re.match(r"#!|#compdef|<\?xml", lines[0]):
                lines.pop(0)
            if not lines or LICENCE not in lines[0]:
                missing.append(str(path))
        self.assertEqual(missing, [])

    def test_sizes(self):
        long = []
        drivers = {f"tools/{command.replace('-', '_')}.cpp" for command in project.commands()}
        for path in project.sources("common", "tools"):
            lines = project.text(path).count("\n")
            limit = MOST_DRIVER_LINES if str(path) in drivers else MOST_LINES
            if lines > limit:
                long.append(f"{path}: {lines} lines, at most {limit}")
        self.assertEqual(long, [])

    def test_every_command_has_its_driver(self):
        missing = [c for c in project.commands() if not (project.SOURCE / f"tools/{c.replace('-', '_')}.cpp").is_file()]
        self.assertEqual(missing, [])

    def test_top_level_entries(self):
        found = {path.parts[0] for path in project.files()}
        found = {entry for entry in found if not entry.startswith(".")}
        self.assertEqual((sorted(found - ENTRIES), sorted(ENTRIES - found)), ([], []), "(not allowed, missing)")

    def test_common_neither_prints_nor_exits(self):
        wrong = []
        for path in project.sources("common"):
            for number, line in enumerate(project.text(path).splitlines(), 1):
                code = re.sub(r'"(\\.|[^"\\])*"', '""', line).split("//")[0]
                wrong += [f"{path}:{number}: {line.strip()}" for word in BANNED if re.search(word, code)]
        self.assertEqual(wrong, [])

    def test_text_files_end_in_one_newline(self):
        wrong = [str(path) for path in project.sources("common", "tools", "man", "completions", "tests", suffixes=(
                 ".cpp", ".hpp", ".py", ".txt", ".1", ".5", ".bash", ".fish")) if not NO_LICENCE_LINE.match(str(path))
                 and (not project.text(path).endswith("\n") or project.text(path).endswith("\n\n"))]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
