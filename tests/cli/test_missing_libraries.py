# SPDX-License-Identifier: Apache-2.0
"""Libraries that are loaded when they are needed: where one cannot be, what needs it says so, and nothing else does."""

import pathlib
import re
import sys
import tarfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402

LIBRARIES = {m.decode() for m in re.findall(rb"lib(?:archive|curl|crypto)\.so\.[0-9]+", pathlib.Path(k.program()).read_bytes())}
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}


class MissingLibraries(k.ScratchCase):
    def without(self, library):
        """Variables of an environment in which a library cannot be loaded."""
        folder = self.dir / "libraries"
        folder.mkdir()
        (folder / library).write_text("no library")
        return {"LD_LIBRARY_PATH": str(folder), **CREDENTIALS}

    def setUp(self):
        super().setUp()
        self.log = self.dir / "00000000000000000000.log"
        self.log.write_bytes(k.build_batch(0, [(None, b"v")]))

    def library(self, stem):
        found = [name for name in LIBRARIES if name.startswith(stem)]
        self.assertEqual(len(found), 1, LIBRARIES)
        return found[0]

    def test_a_tar_archive(self):
        packed, name = self.dir / "logs.tar", self.library("libarchive.")
        with tarfile.open(packed, "w") as tar:
            tar.add(self.log, "t-0/" + self.log.name)
        environment = self.without(name)
        run = k.run("decode", packed, env=environment)
        self.assertEqual((run.status, run.out), (1, b""), run)
        self.assertEqual(run.err, f"error: {packed}: needs {name}, which cannot be loaded\n")
        self.assertEqual(k.run("decode", self.log, env=environment).status, 0)

    def test_a_bucket(self):
        for stem in ("libcurl.", "libcrypto."):
            name = self.library(stem)
            with self.subTest(library=name):
                run = k.run("query", "--store", "s3://bucket/prefix", "--topic", "t", env=self.without(name))
                self.assertEqual(run.status, 1, run)
                self.assertIn(f"needs {name}, which cannot be loaded", run.err)
                (self.dir / "libraries" / name).unlink()
                (self.dir / "libraries").rmdir()


if __name__ == "__main__":
    k.main()
