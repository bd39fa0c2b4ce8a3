# SPDX-License-Identifier: Apache-2.0
"""`cmake --install` gives exactly these files."""

import os
import pathlib
import subprocess
import tempfile
import unittest

import project

FILES = {
    "bin/kseg",
    "share/bash-completion/completions/kseg",
    "share/fish/vendor_completions.d/kseg.fish",
    "share/man/man1/kseg-decode.1",
    "share/man/man1/kseg-index.1",
    "share/man/man1/kseg-pack.1",
    "share/man/man1/kseg-query.1",
    "share/man/man1/kseg-recrc.1",
    "share/man/man1/kseg-serve.1",
    "share/man/man1/kseg-wal-append.1",
    "share/man/man1/kseg.1",
    "share/man/man5/kseg-archive.5",
    "share/man/man5/kseg-index.5",
    "share/man/man5/kseg-segment.5",
    "share/man/man5/kseg-wal.5",
    "share/zsh/site-functions/_kseg",
}


class Install(unittest.TestCase):
    def test_installed_files(self):
        with tempfile.TemporaryDirectory() as prefix:
            subprocess.run(["cmake", "--install", project.BUILD, "--prefix", prefix], check=True, capture_output=True)
            root = pathlib.Path(prefix)
            found = {str(p.relative_to(root)) for p in root.rglob("*") if not p.is_dir()}
            self.assertEqual(found, FILES)
            for name in found:
                self.assertEqual(os.access(root / name, os.X_OK), name.startswith("bin/"), name)
            # What was installed runs without the build tree.
            run = subprocess.run([root / "bin/kseg", "--version"], capture_output=True, text=True, check=True, cwd="/",
                                 stdin=subprocess.DEVNULL)
            self.assertRegex(run.stdout, r"^kseg \d+\.\d+\.\d+")


if __name__ == "__main__":
    unittest.main()
