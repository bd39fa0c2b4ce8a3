# SPDX-License-Identifier: Apache-2.0
"""An option exists when --help, the manual, the three completions and tests/cli all have it."""

import re
import subprocess
import unittest

import project

NAME = r"--?[A-Za-z0-9][\w-]*"


def option_groups(text):
    """The options of a help text, each as the set of its names."""
    groups = []
    for line in text.splitlines():
        # "  -o,--output FILE  ..." and CLI11's "  --progress,--no-progress{false}"
        if match := re.match(rf"\s+({NAME}(?:\{{\w+\}})?(?:(?:,\s*|\s*/\s*){NAME}(?:\{{\w+\}})?)*)", line):
            groups.append(frozenset(re.findall(rf"(?<![\w-]){NAME}", match[1])))
    return groups


def names(groups):
    return {name for group in groups for name in group}


def man_options(page):
    """{option: values of its enumeration} of the .It Fl entries of a page."""
    found = {}
    for line in project.text(page).splitlines():
        if not line.startswith(".It Fl "):
            continue
        values = set()
        if match := re.search(r" Cm (\S+(?: \| \S+)*)", line):
            values = set(match[1].split(" | "))
        for name in re.findall(r"Fl (\S+)", line):
            found[f"-{name}"] = values
    return found


def bash_words(*words):
    """What bash offers after `words`, the last of which is being typed."""
    script = '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _kseg; printf "%s\\n" "${COMPREPLY[@]}"'
    out = subprocess.run(["bash", "-c", script, "bash", project.SOURCE / "completions/kseg.bash", *words],
                         capture_output=True, text=True, check=True)
    return set(out.stdout.split())


def zsh_options(block):
    """{option: values} of the _arguments specifications in a part of _kseg."""
    found = {}
    for line in block.splitlines():
        spec = re.sub(r"^\s*'\([^)]*\)'?", "", line).lstrip().lstrip("'*")
        values = re.search(r":\(([^)]*)\)'", line)
        head = re.match(rf"\{{([^}}]*)\}}|({NAME})", spec)
        if head and (head[1] or head[2]).startswith("-"):
            for name in re.findall(rf"(?<![\w-]){NAME}", head[1] or head[2]):
                found[name] = set(values[1].split()) if values else set()
    return found


def fish_options(command):
    """{option: values} of a command in kseg.fish, or of the global options for None."""
    found = {}
    for line in project.text("completions/kseg.fish").splitlines():
        if not line.startswith("complete -c kseg ") or " -a decode " in line or "__fish_use_subcommand" in line:
            continue
        seen = re.search(r"__fish_seen_subcommand_from ([a-z-]+)", line)
        if (seen[1] if seen else None) != command:
            continue
        values = re.search(r" -a '([^']*)'", line)
        for flag, dashes in (("s", "-"), ("l", "--")):
            if name := re.search(rf" -{flag} ([\w-]+)", line):
                found[dashes + name[1]] = set(values[1].split()) if values else set()
    return found


class Options(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.commands = project.commands()
        cls.globals = option_groups(project.help_text())
        # Global options are documented in kseg.1 and may be repeated in a command's help.
        cls.own = {c: [g for g in option_groups(project.help_text(c)) if not g <= names(cls.globals)] for c in cls.commands}

    def check(self, expected, actual, where):
        self.assertEqual((sorted(expected - actual), sorted(actual - expected)), ([], []),
                         f"{where}: (missing, not in --help)")

    def test_help_names_commands_and_options(self):
        self.assertIn("decode", self.commands)
        self.assertIn("--version", names(self.globals))
        for command in self.commands:
            self.assertTrue(self.own[command], command)

    def test_manual(self):
        self.check(names(self.globals), set(man_options("man/kseg.1")), "man/kseg.1")
        for command in self.commands:
            page = f"man/kseg-{command}.1"
            self.check(names(self.own[command]), set(man_options(page)) - names(self.globals), page)

    def test_bash(self):
        self.check(names(self.globals), {w for w in bash_words("kseg", "-") if w.startswith("-")}, "kseg.bash")
        self.assertEqual({w for w in bash_words("kseg", "") if not w.startswith("-")}, set(self.commands))
        for command in self.commands:
            self.check(names(self.own[command]) | names(self.globals), bash_words("kseg", command, "-"),
                       f"kseg.bash, {command}")

    def test_zsh(self):
        script = project.text("completions/_kseg")
        block = re.search(r"^_kseg_global=\(\n(.*?)^\)", script, re.S | re.M)[1]
        self.check(names(self.globals), set(zsh_options(block)), "_kseg")
        for command in self.commands:
            body = re.search(rf"^_kseg_{command.replace('-', '_')}\(\) \{{\n(.*?)^\}}", script, re.S | re.M)
            self.assertIsNotNone(body, f"_kseg has no function for {command}")
            self.assertIn("$_kseg_global", body[1])
            self.check(names(self.own[command]), set(zsh_options(body[1])), f"_kseg, {command}")
            self.assertRegex(script, rf"'{command}:")

    def test_fish(self):
        self.check(names(self.globals), set(fish_options(None)), "kseg.fish")
        for command in self.commands:
            self.check(names(self.own[command]), set(fish_options(command)), f"kseg.fish, {command}")
            self.assertRegex(project.text("completions/kseg.fish"), rf"(?m)^complete .*__fish_use_subcommand.* -a {command} ")

    def test_values_of_enumerations(self):
        script = project.text("completions/_kseg")
        for command in [None, *self.commands]:
            manual = man_options(f"man/kseg-{command}.1" if command else "man/kseg.1")
            words = ["kseg", command] if command else ["kseg"]
            name = command.replace("-", "_") if command else None
            block = re.search(rf"^_kseg_{name}\(\) \{{\n(.*?)^\}}" if command else r"^_kseg_global=\(\n(.*?)^\)", script,
                              re.S | re.M)[1]
            help_text = project.help_text(*words[1:])
            for option, values in manual.items():
                self.assertEqual(zsh_options(block).get(option, values), values, f"_kseg: {option}")
                self.assertEqual(fish_options(command).get(option, values), values, f"kseg.fish: {option}")
                if values:
                    self.assertEqual(bash_words(*words, option, ""), values, f"kseg.bash: {option}")
                    for value in values:
                        self.assertRegex(help_text, rf"\b{value}\b", f"--help: {option}")

    def test_tests_mention_every_option(self):
        tests = "\n".join(project.text(f) for f in project.files() if f.parts[:2] == ("tests", "cli") and f.suffix == ".py")
        untested = [", ".join(sorted(group)) for group in [*self.globals, *(g for c in self.commands for g in self.own[c])]
                    if not any(re.search(rf"(?<![\w-]){name}(?![\w-])", tests)
                               for name in group if name.startswith("--") or len(group) == 1)]
        self.assertEqual(untested, [], "no test in tests/cli uses them by their long name")


if __name__ == "__main__":
    unittest.main()
