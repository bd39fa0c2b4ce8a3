# SPDX-License-Identifier: Apache-2.0
"""Archives against other programs: what GNU tar, bsdtar, gzip, zstd and Python make is read, and they read what is made."""

import gzip
import hashlib
import io
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ.get("KSEG_SOURCE", pathlib.Path(__file__).resolve().parents[3]))
TOOL = pathlib.Path(os.environ.get("KSEG_BUILD", SOURCE / "build/release")) / "tests/archive_tool"
sys.path.insert(0, str(SOURCE / "tests/support"))
import archive_reader  # noqa: E402

CORPUS = SOURCE / "tests/data/corpus"
FORMATS = {"tar.gz": [], "tar.zst": ["--zst"]}
LARGE = os.environ.get("KSEG_LARGE") == "1"


def run(*words, **options):
    return subprocess.run([str(word) for word in words], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kseg-archive-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def files(self):
        """Names and contents: logs as Kafka writes them, small files, names of every length."""
        logs = sorted(CORPUS.glob("*/*.log"))
        contents = {"manifest.json": b'{"topic":"t"}\n', "empty": b""}
        contents |= {f"{log.parent.name}/{log.name}": log.read_bytes() for log in logs}
        contents |= {"d" * 90 + "/" + "e" * 60: b"1", "f" * 101: b"2", "g" * 200 + "/" + "h" * 200: b"3" * 512, "\u00fc\u4e2d": b"4"}
        contents["random"] = random.Random(1).randbytes(300_001)
        return contents

    def pack(self, contents, *options):
        """An archive of the contents, in their order; those that begin with v2 are stored."""
        words = []
        for number, (name, content) in enumerate(contents.items()):
            path = self.folder / f"in-{number}"
            path.write_bytes(content)
            words += ["--store" if name.startswith("v2") else "--no-store", f"{name}={path}"]
        out = self.folder / "out"
        run(TOOL, "pack", out, *options, *words)
        return out

    def extracted(self, folder):
        return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


class Ours(Case):
    def test_an_independent_reader_of_the_format(self):
        contents = self.files()
        for format_, options in FORMATS.items():
            for chunk in (512, 65536):
                with self.subTest(format=format_, chunk=chunk):
                    archive = archive_reader.Archive(self.pack(contents, *options, "--chunk", chunk).read_bytes())
                    self.assertEqual({m.name: archive.content(m) for m in archive.members}, contents)
                    self.assertEqual([m.name for m in archive.members], list(contents))
                    self.assertTrue(all(c.size <= chunk + 4096 for c in archive.chunks))
                    self.assertEqual(len(archive.table) > 65531, chunk == 512)

    def test_the_tar_stream_is_what_gnu_tar_writes(self):
        """Byte for byte, of names that need no pax header."""
        contents = {name: content for name, content in self.files().items()
                    if len(name) <= 100 or name.startswith("d") and len(name.rsplit("/", 1)[1]) <= 100}
        tree = self.folder / "tree"
        for name, content in contents.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes(content)
        gnu = run("tar", "--format=ustar", "-b2", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--mode=0644", "-cf", "-",
                  "-C", tree, "--", *contents).stdout
        ours = gzip.decompress(self.pack(contents).read_bytes())
        # GNU tar fills up its last record of two blocks.
        self.assertEqual(ours.rstrip(b"\0"), gnu.rstrip(b"\0"))
        self.assertIn(len(gnu) - len(ours), (0, 512))

    def test_other_programs_extract_it(self):
        contents = self.files()
        readers = {"tar.gz": [["tar", "xzf"], ["bsdtar", "xf"]], "tar.zst": [["tar", "--zstd", "-xf"], ["bsdtar", "xf"]]}
        for format_, options in FORMATS.items():
            archive = self.pack(contents, *options)
            for number, reader in enumerate(readers[format_]):
                if not shutil.which(reader[0]):
                    continue
                with self.subTest(format=format_, reader=reader):
                    folder = self.folder / f"{format_}-{number}"
                    folder.mkdir()
                    done = run(*reader, archive, "-C", folder, env=os.environ | {"LC_ALL": "C.UTF-8"})
                    self.assertEqual(done.stderr, b"")
                    self.assertEqual(self.extracted(folder), contents)

    def test_python_reads_it(self):
        contents = self.files()
        with tarfile.open(self.pack(contents), "r:gz") as tar:
            for info in tar:
                self.assertEqual((info.mtime, info.uid, info.gid, info.mode, info.type), (0, 0, 0, 0o644, tarfile.REGTYPE))
            self.assertEqual({info.name: tar.extractfile(info).read() for info in tar}, contents)

    def test_gzip_and_zstd_find_it_good(self):
        contents = self.files()
        self.assertEqual(run("gzip", "-t", "-S", "out", self.pack(contents)).stderr, b"")
        with open(self.pack(contents, "--zst"), "rb") as archive:
            self.assertNotIn(b"rror", run("zstd", "-t", "-v", stdin=archive).stderr)
        # Sizes are in the frames.
        listing = run("zstd", "-lv", "--", self.pack(contents, "--zst").rename(self.folder / "a.zst")).stdout.decode()
        stream = archive_reader.Archive((self.folder / "a.zst").read_bytes()).stream
        self.assertIn(f"({len(stream)} B)", listing)
        self.assertIn("Check: XXH64", listing)

    def test_it_reads_itself(self):
        contents = self.files()
        for options in FORMATS.values():
            archive = self.pack(contents, *options)
            lines = run(TOOL, "list", archive).stdout.decode().splitlines()
            self.assertEqual(lines[0], "seekable " + ("tar.zst" if options else "tar.gz"))
            self.assertEqual(lines[1:], [f"{name} {len(c)} {archive_reader.crc32c(c):08x}" for name, c in contents.items()])
            for jobs in (0, 2):
                folder = self.folder / f"self{len(options)}{jobs}"
                run(TOOL, "extract", archive, folder, jobs)
                self.assertEqual(self.extracted(folder), contents)
            self.assertEqual(run(TOOL, "cat", archive, "random", 200_000, 70_000).stdout, contents["random"][200_000:270_000])

    def test_the_same_bytes_at_any_time_and_with_any_number_of_jobs(self):
        contents = self.files()
        for options in FORMATS.values():
            digests = {hashlib.sha256(self.pack(contents, *options, "--jobs", jobs).read_bytes()).hexdigest()
                       for jobs in (0, 1, 4, 4)}
            self.assertEqual(len(digests), 1)

    def test_stored_members_are_there_as_they_are(self):
        contents = {"v2-stored": self.files()["random"][:1000]}
        for options in FORMATS.values():
            self.assertIn(contents["v2-stored"], self.pack(contents, *options).read_bytes())

    @unittest.skipUnless(LARGE, "KSEG_LARGE is not 1: it takes a minute or two")
    def test_members_of_more_than_8_gib_are_told_right(self):
        size = (8 << 30) + 1
        hole = self.folder / "hole"
        with open(hole, "wb") as file:
            file.truncate(size)
        for format_, options in FORMATS.items():
            out = self.folder / f"large.{format_}"
            run(TOOL, "pack", out, *options, "--level", 1, "--jobs", 2, "--chunk", 1 << 20, f"hole={hole}", f"behind={__file__}")
            listing = run("tar", "tvf", out).stdout.decode().splitlines()
            self.assertEqual([line.split()[2] for line in listing], [str(size), str(os.path.getsize(__file__))])
            bsd = run("bsdtar", "tvf", out).stdout.decode().splitlines()
            self.assertEqual([line.split()[4] for line in bsd], [str(size), str(os.path.getsize(__file__))])
            run(TOOL, "verify", out, 2)
            self.assertEqual(run(TOOL, "cat", out, "behind").stdout, pathlib.Path(__file__).read_bytes())
            self.assertEqual(run(TOOL, "cat", out, "hole", size - 10, 100).stdout, bytes(10))


class Others(Case):
    """Archives without a table."""

    def check(self, archive, contents):
        lines = run(TOOL, "list", archive).stdout.decode().splitlines()
        self.assertEqual({tuple(line.split()) for line in lines[1:]}, {(name, str(len(c)), "-") for name, c in contents.items()})
        folder = self.folder / "extracted"
        run(TOOL, "extract", archive, folder)
        self.assertEqual(self.extracted(folder), contents)
        shutil.rmtree(folder)
        run(TOOL, "verify", archive)
        name = "random"
        self.assertEqual(run(TOOL, "cat", archive, name, 100_000, 100).stdout, contents[name][100_000:100_100])
        return lines[0]

    def test_gnu_tar_and_bsdtar(self):
        contents = self.files()
        tree = self.folder / "tree"
        for name, content in contents.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes(content)
        out = self.folder / "out"
        makers = [["tar", f"--format={f}"] for f in ("gnu", "posix", "oldgnu")]
        makers += [["bsdtar", f"--format={f}"] for f in ("pax", "gnutar")]
        for maker in makers:
            if not shutil.which(maker[0]):
                continue
            for kind, option in (("tar", []), ("tar.gz", ["-z"]), ("tar.zst", ["--zstd"])):
                for what in (["."], sorted(os.listdir(tree))):
                    with self.subTest(maker=maker, kind=kind, what=what[0]):
                        run(*maker, *option, "-cf", out, "-C", tree, "--", *what, env=os.environ | {"LC_ALL": "C.UTF-8"})
                        self.assertEqual(self.check(out, contents), kind)

    def test_python(self):
        contents = self.files()
        out = self.folder / "out"
        for format_ in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
            for mode, kind in (("w", "tar"), ("w:gz", "tar.gz")):
                with tarfile.open(out, mode, format=format_) as tar:
                    for name, content in contents.items():
                        info = tarfile.TarInfo(name)
                        info.size = len(content)
                        tar.addfile(info, io.BytesIO(content))
                self.assertEqual(self.check(out, contents), kind)

    def test_several_gzip_members(self):
        contents = self.files()
        with tarfile.open(self.folder / "out", "w") as tar:
            for name, content in contents.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        stream = (self.folder / "out").read_bytes()
        parts = [stream[at:at + 100_000] for at in range(0, len(stream), 100_000)]
        (self.folder / "out").write_bytes(b"".join(gzip.compress(part) for part in parts))
        self.assertEqual(self.check(self.folder / "out", contents), "tar.gz")

    def test_sizes_that_need_more_than_octal_digits(self):
        """8 GiB in base 256 and in a pax record, of which the file has only holes."""
        for format_ in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
            out = self.folder / "large.tar"
            with tarfile.open(out, "w", format=format_) as tar:
                info = tarfile.TarInfo("large")
                info.size = (8 << 30) + 5
                header = info.tobuf(format_)
            with open(out, "wb") as file:
                file.write(header)
                file.seek(-(-info.size // 512) * 512 - 4, 1)
                file.write(b"last" + tarfile.TarInfo("behind").tobuf() + bytes(1024))
            lines = run(TOOL, "list", out).stdout.decode().splitlines()
            self.assertEqual(lines, ["tar", f"large {info.size} -", "behind 0 -"])


if __name__ == "__main__":
    unittest.main()
