# SPDX-License-Identifier: Apache-2.0
"""Several segments indexed and packed at once, under Helgrind: the thread sanitizer does not see what libraries do that were
built without it. Lucene++ makes its single objects without a lock, and one of them crashed one run of `index` in some 1,600."""

import pathlib
import random
import shutil
import subprocess
import sys
import unittest
import xml.etree.ElementTree as tree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import make_log  # noqa: E402

SKIPPED = 77
TIMEOUT_S = 300
PROGRAM = pathlib.PurePath(k.program()).name
# ISA-L stores the same aligned pointer to its fastest code whenever it finds none.
HARMLESS = "libisal"


def races(report):
    """The stacks of races that a library is in, innermost frame first; those of the program itself are the sanitizer's."""
    found = []
    for error in tree.parse(report).getroot().findall("error"):
        frames = [(frame.findtext("obj", ""), frame.findtext("fn", "?")) for frame in error.find("stack").findall("frame")]
        library = pathlib.PurePath(frames[0][0]).name
        if error.findtext("kind") == "Race" and library != PROGRAM and not library.startswith(HARMLESS):
            found.append([f"{name} in {pathlib.PurePath(obj).name}" for obj, name in frames[:6]])
    return found


class LibraryRaces(k.ScratchCase):
    def under_helgrind(self, *args):
        report = self.dir / "report.xml"
        done = subprocess.run(["valgrind", "--tool=helgrind", "--xml=yes", f"--xml-file={report}", k.program(), *args],
                              capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        self.assertEqual(tree.parse(report).getroot().findtext("tool"), "helgrind")
        self.assertEqual(races(report), [])

    def test_index_and_pack(self):
        log = make_log.make_log(random.Random(1), self.dir / "log", "t", partitions=2, segments=4, batches=4)
        indexes, store = self.dir / "indexes", self.dir / "store"
        self.under_helgrind("index", "--jobs", "4", "--json-values", "-o", indexes, *log.files())
        self.assertEqual(len(list(indexes.rglob("manifest.json"))), len(log.files()))
        self.under_helgrind("pack", "--jobs", "4", "--store", store, indexes)
        self.assertEqual(len(list(store.rglob("*.tar*"))), len(log.files()))


if __name__ == "__main__":
    if not shutil.which("valgrind"):
        print("skipped: no valgrind", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main()
