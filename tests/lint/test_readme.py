# SPDX-License-Identifier: Apache-2.0
"""The commands of README.md print what it says, and its links lead somewhere."""

import os
import pathlib
import re
import subprocess
import unittest

import project


class Readme(unittest.TestCase):
    def test_examples(self):
        blocks = re.findall(r"^```console\n(.*?)^```", project.text("README.md"), re.S | re.M)
        self.assertTrue(blocks)
        path = f"{pathlib.Path(project.KSEG).parent}:{os.environ['PATH']}"
        for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", "".join(blocks), re.M):
            with self.subTest(command):
                run = subprocess.run(command, shell=True, cwd=project.SOURCE, env={**os.environ, "PATH": path}, text=True,
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
                self.assertEqual(run.stdout, expected)

    def test_links(self):
        for page in ("README.md", "CHANGELOG.md", "common/README.md"):
            for target in re.findall(r"\]\(([^)#]+)", project.text(page)):
                if "://" not in target:
                    self.assertTrue((project.SOURCE / page).parent.joinpath(target).exists(), f"{page}: {target}")


if __name__ == "__main__":
    unittest.main()
