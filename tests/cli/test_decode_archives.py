# SPDX-License-Identifier: Apache-2.0
"""decode of archives: what comes out of an archive is what comes out of the same log unpacked, whoever made the archive;
damage is told, and what it does not reach is shown."""

import gzip
import io
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tarfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import archive_reader  # noqa: E402
import kseg_cli as k  # noqa: E402

TOOL = pathlib.Path(os.environ.get("KSEG_BUILD", k.TESTS.parent / "build/release")) / "tests/archive_tool"
FORMATS = {"tar.gz": [], "tar.zst": ["--zst"]}
PLAIN = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
MANY = "v2-many-batches"  # 3000 batches of a record each
FLIPS = k.tries("KSEG_FLIPS", 200)
SIDE_FILES = (".index", ".timeindex", ".txnindex")
DATA_MODES = (["--json"], ["--batches", "--json"], ["--format", "raw"], ["--summary", "--json"])
TEXT_MODES = ([], ["--batches"], ["--summary"], ["--hexdump"])


def digits(offset):
    return f"{offset:020d}"


def files_of(case):
    """The log of a case and what lies beside it, by name."""
    log = k.log_of(case)
    return {f.name: f.read_bytes() for f in [log, *(log.with_suffix(s) for s in SIDE_FILES)] if f.exists()}


def tar_bytes(files, format_=tarfile.PAX_FORMAT, links=()):
    """A tar stream by Python of {name: content}, with links {name: target}."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format_) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for name in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, "elsewhere"
            tar.addfile(info)
    return out.getvalue()


def zstd(data):
    return subprocess.run(["zstd", "-qc"], input=data, check=True, stdout=subprocess.PIPE).stdout


class Case(k.ScratchCase):
    def pack(self, name, files, *options):
        """An archive with a table of {name: content}, in this order."""
        words = []
        for number, (member, content) in enumerate(files.items()):
            path = self.dir / f"in-{number}"
            path.write_bytes(content)
            words.append(f"{member}={path}")
        subprocess.run([TOOL, "pack", self.dir / name, *options, *words], check=True, stdout=subprocess.DEVNULL)
        return self.dir / name

    def put(self, name, content):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def put_all(self, folder, files):
        for name, content in files.items():
            self.put(f"{folder}/{name}", content)
        return self.dir / folder

    def check_same(self, archive, unpacked, modes=DATA_MODES + TEXT_MODES, status=None):
        """Byte for byte; `unpacked` is one segment."""
        for mode in modes:
            with self.subTest(archive=archive.name, mode=mode):
                wanted, run = k.decode(*mode, unpacked), k.decode(*mode, archive)
                self.assertEqual((run.status, run.out), (wanted.status if status is None else status, wanted.out), str(run))
                self.assertEqual(run.err, "" if run.status == 0 else run.err)


class WithTable(Case):
    def test_the_corpus_in_both_formats(self):
        for case in k.cases():
            files = files_of(case)
            unpacked = self.put_all(f"plain_{case}_", files) / k.log_of(case).name
            for format_, options in FORMATS.items():
                archive = self.pack(f"{case}.{format_}", files, *options, "--chunk", "20000")
                self.check_same(archive, unpacked)
                raw = k.decode("--format", "raw", archive)
                self.assertEqual(raw.out, files[unpacked.name], case)
                offsets = [line["offset"] for line in k.decode("--json", archive).lines()]
                self.assertEqual(offsets, [r["offset"] for r in k.truth(case).records], case)

    def test_large_logs(self):
        for log in sorted((k.CORPUS / "large").glob("*/*.log")):
            unpacked = self.put(f"plain_/{log.name}", log.read_bytes())
            for format_, options in FORMATS.items():
                archive = self.pack(f"large.{format_}", {log.name: log.read_bytes()}, *options)
                self.check_same(archive, unpacked, (["--json"], ["--summary"]))

    def test_options_mean_the_same(self):
        files = files_of(MANY)
        unpacked = self.put_all("plain_", files) / f"{digits(0)}.log"
        middle = sorted(r["timestamp"] for r in k.truth(MANY).records)[1500]
        options = [["--offsets", "1000..1100"], ["--offsets", "45"], ["--offsets", "2999.."], ["--offsets", "..3"],
                   ["--offsets", "5000.."], ["--since", str(middle)], ["--until", str(middle)], ["--limit", "7"],
                   ["--since", str(middle), "--limit", "20"], ["--key", "k[12]"], ["--offsets", "10..2000", "--key", "k3"],
                   ["--bytes", "hex", "--limit", "3"], ["--shallow", "--batches", "--limit", "9"], ["--jobs", "1"]]
        for format_, extra in FORMATS.items():
            archive = self.pack(f"a.{format_}", files, *extra, "--chunk", "4096")
            for some in options:
                self.check_same(archive, unpacked, [mode + some for mode in (["--json"], ["--batches", "--json"], [])
                                                    if not ("--shallow" in some and mode)])

    def test_a_damaged_log_is_as_damaged_as_unpacked(self):
        """Damage of the log itself, in an archive that is whole."""
        folders = [f for f in sorted((k.CORPUS / "damaged").iterdir()) if f.is_dir()]
        for folder in k.sample(folders, 40):
            log = k.damaged_log(folder.name)
            unpacked = self.put(f"plain_/{log.name}", log.read_bytes())
            archive = self.pack("d.tar.gz", {log.name: log.read_bytes()})
            for mode in (["--json"], ["--json", "--damaged"], ["--batches", "--json"], ["--summary", "--json"]):
                with self.subTest(folder.name, mode=mode):
                    wanted, run = k.decode(*mode, unpacked), k.decode(*mode, archive)
                    self.assertEqual((run.status, run.out), (wanted.status, wanted.out), str(run))
                    self.assertEqual(run.err, wanted.err.replace(str(unpacked), f"{archive}:{log.name}"))

    def test_a_range_needs_only_its_chunks(self):
        files = files_of(MANY)
        unpacked = self.put_all("plain_", files) / f"{digits(0)}.log"
        for format_, options in FORMATS.items():
            archive = self.pack(f"a.{format_}", files, *options, "--chunk", "4096")
            data = bytearray(archive.read_bytes())
            parsed = archive_reader.Archive(bytes(data))
            log = parsed.members[0]
            inside = [c for c in parsed.chunks if c.position + c.size <= log.position + log.size]
            for chunk in (inside[5], inside[-2]):
                data[chunk.offset + chunk.compressed // 2] ^= 0x10
            hurt = self.put(f"hurt.{format_}", bytes(data))
            self.assertEqual(k.decode("-q", "--json", hurt).status, 3)
            for some in (["--offsets", "1000..1100"], ["--offsets", "2000..2001"]):
                self.check_same(hurt, unpacked, [["--json"] + some], status=0)


class Plain(Case):
    def archives(self, name, stream):
        yield self.put(f"{name}.tar", stream)
        yield self.put(f"{name}.tgz", gzip.compress(stream))
        yield self.put(f"{name}.any", zstd(stream))

    def test_one_log(self):
        files = files_of("v2-txn-none")
        unpacked = self.put_all("plain_", files) / f"{digits(100)}.log"
        for format_ in PLAIN:
            for prefix in ("", "./", "some/where/"):
                stream = tar_bytes({prefix + name: content for name, content in files.items()}, format_)
                for archive in self.archives("a", stream):
                    self.check_same(archive, unpacked, (["--json"], ["--batches"], ["--json", "--offsets", "200..210"]))

    def segments(self, case, parts):
        batches = k.log_batches(k.log_of(case))
        step = -(-len(batches) // parts)
        return {f"{digits(batches[at].base_offset)}.log": b"".join(b.data for b in batches[at:at + step])
                for at in range(0, len(batches), step)}

    def test_a_log_directory(self):
        tree = {}
        for partition, case in (("orders-10", MANY), ("orders-2", "v2-idempotent"), ("my-topic.x-0", "v2-epochs")):
            tree |= {f"{partition}/{name}": content for name, content in self.segments(case, 3).items()}
        set_aside = {f"orders-4.{'0a1b2c3d' * 4}-delete/{digits(0)}.log": b"".join(self.segments("v2-none", 1).values())}
        others = {"meta.properties": b"version=1\n", "orders-10/leader-epoch-checkpoint": b"0\n0\n", "orders-10/a.log": b"no"}
        folder = self.put_all("data", tree | set_aside | others)
        shuffled = list((tree | set_aside | others).items())
        random.Random(5).shuffle(shuffled)
        for prefix in ("", "data/"):
            stream = tar_bytes({prefix + name: content for name, content in shuffled})
            for archive in self.archives("b", stream):
                for mode in (["--json"], ["--batches", "--json"], ["--json", "--offsets", "5..9"], ["--summary", "--json"]):
                    with self.subTest(archive=archive.name, prefix=prefix, mode=mode):
                        wanted, run = k.decode(*mode, folder), k.decode(*mode, archive)
                        self.assertEqual((run.status, run.err), (0, ""), str(run))
                        named = wanted.text.replace(f'"{folder}/', f'"{archive}:{prefix}')
                        self.assertEqual(run.text, named)
        lines = k.decode("--json", archive).lines()
        self.assertEqual({(x["topic"], x["partition"]) for x in lines}, {("orders", 10), ("orders", 2), ("my-topic.x", 0)})

    def test_a_missing_segment_is_reported(self):
        files = self.segments(MANY, 3)
        del files[f"{digits(1000)}.log"]
        run = k.decode("--json", self.put("c.tar", tar_bytes(files)))
        self.assertEqual(run.status, 3)
        self.assertIn(f"c.tar:{digits(2000)}.log: offsets 1000 to 1999 are missing before this segment", run.err)
        self.assertEqual(len(run.lines()), 2000)

    def test_gnu_tar(self):
        folder = self.put_all("orders-7", self.segments("v2-mixed", 1))
        subprocess.run(["tar", "-C", self.dir, "-czf", self.dir / "gnu.tgz", "orders-7"], check=True)
        wanted, run = k.decode("--json", folder), k.decode("--json", self.dir / "gnu.tgz")
        self.assertEqual((run.status, run.out, run.err), (0, wanted.out, ""))

    def test_a_link_is_not_followed_and_told(self):
        good = self.segments("v2-none", 1)
        run = k.decode("--json", self.put("l.tar", tar_bytes(good, links=[f"{digits(9000)}.log", "other"])))
        self.assertEqual(run.status, 3)
        self.assertIn(f'l.tar: "{digits(9000)}.log" is a link; left out', run.err)
        self.assertNotIn("other", run.err)
        self.assertEqual(len(run.lines()), len(k.truth("v2-none").records))


class Told(Case):
    """What an input is, is told by what it holds."""

    def test_batches_that_begin_as_other_files_do(self):
        stream = tar_bytes({f"{digits(0)}.log": b"x"})
        batches = [k.build_batch(int.from_bytes(head + bytes(8 - len(head)), "big"), [(b"k", b"v" * 600)])
                   for head in (b"\x1f\x8b", b"\x1f\x8b\x08\x00\x00", b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18")]
        batches.append(k.build_batch(7, [(b"k", stream)]))
        at = batches[-1].index(stream)
        batches.append(k.build_batch(7, [(b"k", bytes(257 - at) + b"ustar" + bytes(400))]))
        for batch in batches:
            offset, = struct.unpack_from(">q", batch)
            file = self.put("captured", batch)
            for arguments, feed in (([file], None), (["-"], batch), (["-"], batch.hex().encode()),
                                    ([self.put("hex", batch.hex().encode())], None), (["--input", "raw", file], None)):
                run = k.decode("--json", *arguments, stdin=feed)
                self.assertEqual((run.status, [line["offset"] for line in run.lines()]), (0, [offset]), str(run))

    def test_compressed_files_that_are_no_archives(self):
        log = k.log_of("v2-none").read_bytes()
        for name, content, codec in (("a.log.gz", gzip.compress(log), "gzip"), ("a.log.zst", zstd(log), "zstd"),
                                     ("renamed.tar.gz", gzip.compress(log), "gzip")):
            run = k.decode(self.put(name, content))
            self.assertEqual((run.status, run.out), (1, b""))
            self.assertEqual(run.err, f"error: {self.dir / name}: is compressed with {codec} and holds no tar archive\n")

    def test_an_archive_without_a_log(self):
        for name, stream in (("e.tar", tar_bytes({})), ("o.tar", tar_bytes({"a.txt": b"text", "1.log": b"text"}))):
            run = k.decode(self.put(name, stream))
            self.assertEqual(run.status, 1)
            self.assertIn(f"{name}: an archive without a log", run.err)

    def test_stdin(self):
        stream = tar_bytes({f"{digits(0)}.log": k.log_of("v2-none").read_bytes()})
        for content in (stream, gzip.compress(stream), zstd(stream)):
            run = k.decode("-", stdin=content)
            self.assertEqual((run.status, run.out), (1, b""))
            self.assertIn("stdin: is compressed or a tar archive, which is read from its end; give it as a file", run.err)

    def test_follow(self):
        archive = self.put("a.tar", tar_bytes({f"{digits(0)}.log": k.log_of("v2-none").read_bytes()}))
        run = k.decode("--follow", archive)
        self.assertEqual((run.status, run.out), (2, b""))
        self.assertIn("--follow", run.err)

    def test_several_inputs(self):
        one = self.put("a.tar", tar_bytes({f"{digits(0)}.log": k.log_of("v2-none").read_bytes()}))
        two = self.pack("b.tar.zst", files_of(MANY), "--zst")
        run = k.decode("--json", one, k.log_of("v2-lz4"), two, one)
        self.assertEqual(run.status, 0, str(run))
        files = list(dict.fromkeys(line["file"] for line in run.lines()))
        self.assertEqual(files, [f"{one}:{digits(0)}.log", str(k.log_of("v2-lz4")), f"{two}:{digits(0)}.log"])
        expected = [r["offset"] for case in ("v2-none", "v2-lz4", MANY, "v2-none") for r in k.truth(case).records]
        self.assertEqual([line["offset"] for line in run.lines()], expected)


class Manifests(Case):
    def index_beside(self, case, topic="orders-eu", partition="11"):
        """The files of an index and of its log, as an archive of a segment has them."""
        log = k.log_of(case)
        self.assertEqual(k.run("index", "-q", "--topic", topic, "--partition", partition, "-o", self.dir / "out", log).status, 0)
        index = self.dir / "out" / f"{topic}-{partition}" / log.stem
        return {f.name: f.read_bytes() for f in sorted(index.iterdir())} | {log.name: log.read_bytes()}

    def test_the_partition_is_the_manifests(self):
        files = self.index_beside("v2-txn-none")
        wanted = k.without_place(k.decode("--json", k.log_of("v2-txn-none")).lines())
        archives = [self.pack(f"m.{format_}", files, *options) for format_, options in FORMATS.items()]
        archives += [self.put("m.tar", tar_bytes(files)),
                     self.put("n.tar", tar_bytes({f"other-3/{name}": content for name, content in files.items()}))]
        archives.append(self.put_all("extracted", files))
        for archive in archives:
            run = k.decode("--json", archive)
            self.assertEqual((run.status, run.err), (0, ""), str(run))
            self.assertEqual({(x["topic"], x["partition"]) for x in run.lines()}, {("orders-eu", 11)})
            self.assertEqual(k.without_place(run.lines()), wanted)

    def test_a_manifest_that_is_damaged_is_told(self):
        files = self.index_beside("v2-txn-none")
        files["manifest.json"] = k.flip(files["manifest.json"], 200)
        for place, partition in (("", (None, None)), ("other-3/", ("other", 3))):
            run = k.decode("--json", self.put("m.tar", tar_bytes({place + name: c for name, c in files.items()})))
            self.assertEqual(run.status, 3, str(run))
            self.assertIn(f"m.tar:{place}manifest.json: ", run.err)
            self.assertEqual({(x["topic"], x["partition"]) for x in run.lines()}, {partition})
            self.assertEqual(len(run.lines()), len(k.truth("v2-txn-none").records))

    def test_a_log_of_another_size_is_told(self):
        files = self.index_beside(MANY)
        name = f"{digits(0)}.log"
        batches = k.log_batches(k.log_of(MANY))
        files["manifest.json"] = self.renamed(files["manifest.json"], name)
        files[name] = files[name][:batches[2000].position]
        for place in (self.put("m.tar", tar_bytes(files)), self.put_all("extracted", files)):
            run = k.decode("--json", place)
            self.assertEqual((run.status, len(run.lines())), (3, 2000), str(run))
            self.assertRegex(run.err, rf"{name}: size; expected {k.log_of(MANY).stat().st_size} as in manifest.json, got \d+\n")

    @staticmethod
    def renamed(manifest, path):
        """The manifest of a log at another place, with its checksum as kseg-index(5) has it."""
        head, rest = manifest.split(b'"path": "', 1)
        text = head + b'"path": "' + path.encode() + b'"' + rest.split(b'"', 1)[1]
        text = text[:-12] + b"0" * 8 + text[-4:]
        return text[:-12] + b"%08x" % k.crc32c(text) + text[-4:]


class Indexes(Case):
    def index(self, data):
        self.assertEqual(k.run("index", "-q", "-o", self.dir / "out", data).status, 0)
        return self.dir / "out"

    def log_dir(self):
        """Two partitions with segments of 1000 records, the last of which is not sealed."""
        batches = k.log_batches(k.log_of(MANY))
        for partition in ("orders-1", "orders-0"):
            for at in range(0, 3000, 1000):
                self.put(f"data/{partition}/{digits(at)}.log", b"".join(b.data for b in batches[at:at + 1000]))
        return self.dir / "data"

    def test_an_index_a_partition_and_all(self):
        data = self.log_dir()
        out = self.index(data)
        sealed = list(range(2000))
        for place, partitions, offsets in ((out, (0, 1), sealed), (out / "orders-1", (1,), sealed),
                                           (out / f"orders-1/{digits(1000)}", (1,), sealed[1000:])):
            run = k.decode("--json", place)
            self.assertEqual((run.status, run.err), (0, ""), str(run))
            self.assertEqual([(x["topic"], x["partition"], x["offset"]) for x in run.lines()],
                             [("orders", p, o) for p in partitions for o in offsets])
        own = data / f"orders-1/{digits(1000)}.log"
        for mode in DATA_MODES + TEXT_MODES + (["--json", "--offsets", "1500..1600"],):
            self.assertEqual(k.decode(*mode, out / f"orders-1/{digits(1000)}").out, k.decode(*mode, own).out)
        run = k.decode("--json", "--offsets", "990..1010", out)
        self.assertEqual([(x["partition"], x["offset"]) for x in run.lines()],
                         [(p, o) for p in (0, 1) for o in range(990, 1010)])

    def test_a_log_that_is_missing(self):
        data = self.log_dir()
        out = self.index(data)
        log = data / f"orders-0/{digits(0)}.log"
        log.unlink()
        index = out / f"orders-0/{digits(0)}"
        for mode in (["--json"], ["--batches"]):
            run = k.decode(*mode, index)
            self.assertEqual((run.status, run.out), (1, b""))
            self.assertEqual(run.err, f"error: {index}: the log of this index is missing; looked for {log} and "
                                      f"{index}/{log.name}\n")
        run = k.decode("--json", out)
        self.assertEqual((run.status, len(run.lines())), (1, 3000), "the others are decoded")

    def test_follow(self):
        out = self.index(self.log_dir())
        self.assertEqual(k.decode("--follow", out / "orders-0").status, 2)

    def test_segments_beside_a_damaged_manifest(self):
        folder = self.put_all("orders-3", files_of("v2-none") | {"manifest.json": b"{}"})
        run = k.decode("--json", folder)
        self.assertEqual((run.status, len(run.lines())), (3, len(k.truth("v2-none").records)), str(run))
        self.assertIn("orders-3/manifest.json: ", run.err)
        self.assertEqual({(x["topic"], x["partition"]) for x in run.lines()}, {("orders", 3)})
        (folder / f"{digits(0)}.log").unlink()
        run = k.decode("--json", folder)
        self.assertEqual((run.status, run.out), (1, b""))


class Damage(Case):
    def setUp(self):
        super().setUp()
        self.files = files_of(MANY)
        self.batches = k.log_batches(k.log_of(MANY))

    def check_silence(self, good, run, what):
        """Lines that come out are good ones, in their order; none is missing in silence."""
        lines, at = run.out.splitlines(), 0
        for line in lines:
            while at < len(good) and good[at] != line:
                at += 1
            self.assertLess(at, len(good), f"{what}: {run}: not one of the log, or out of order: {line[:200]}")
            at += 1
        if len(lines) != len(good):
            self.assertIn(run.status, (1, 3), f"{what}: {run}")
            self.assertRegex(run.err, r"(?m)^error: ", f"{what}: {run}")
            self.assertEqual(run.status, 3 if lines else 1, f"{what}: {run}")
        return len(lines)

    def test_flips(self):
        for format_, options in FORMATS.items():
            archive = self.pack(f"a.{format_}", self.files, *options, "--chunk", "16384")
            data, good = archive.read_bytes(), k.decode("--json", archive).out.splitlines()
            table = archive_reader.Archive(data).offset
            rng = random.Random(format_)
            shown = 0
            for n in range(FLIPS):
                at = rng.randrange(table) if n % 5 else rng.randrange(table, len(data))
                bit = rng.randrange(8)
                run = k.decode("--json", self.put(f"hurt.{format_}", k.flip(data, at, bit)))
                count = self.check_silence(good, run, f"byte {at} bit {bit} of {format_}")
                shown += 0 < count < len(good)
            self.assertGreater(shown, FLIPS // 2, "most damage leaves something to be shown")

    def test_flips_of_plain_archives(self):
        """gzip and zstd see them; what is not compressed has the checksums of batches, and of what they do not cover nobody
        has: there only the offset and the leader epoch of a batch can change."""
        stream = tar_bytes({f"{digits(0)}.log": self.files[f"{digits(0)}.log"]})
        for name, data in (("a.tar.gz", gzip.compress(stream)), ("a.tar.zst", zstd(stream))):
            good = k.decode("--json", self.put(name, data)).out.splitlines()
            self.assertEqual(len(good), 3000)
            rng = random.Random(name)
            for _ in range(40):
                at, bit = rng.randrange(len(data)), rng.randrange(8)
                run = k.decode("--json", self.put(name, k.flip(data, at, bit)))
                self.check_silence(good, run, f"byte {at} bit {bit} of {name}")

    def test_cuts(self):
        for format_, options in FORMATS.items():
            archive = self.pack(f"a.{format_}", self.files, *options)
            data, good = archive.read_bytes(), k.decode("--json", archive).out.splitlines()
            rng = random.Random(format_)
            for size in [0, 1, 3, 4, 511, 512, len(data) - 1, *(rng.randrange(len(data)) for _ in range(30))]:
                run = k.decode("--json", self.put(f"cut.{format_}", data[:size]))
                if size == 0:
                    continue
                self.check_silence(good, run, f"{size} bytes of {format_}")

    def test_what_damage_does_not_reach_is_shown(self):
        name = f"{digits(0)}.log"
        rng = random.Random(8)
        for format_, options in FORMATS.items():
            archive = self.pack(f"a.{format_}", {name: self.files[name]}, *options, "--chunk", "10007")
            data = archive.read_bytes()
            parsed = archive_reader.Archive(data)
            start = parsed.members[0].position
            for picked in ([3], [0], [len(parsed.chunks) - 2], [4, 5], [4, 6], list(range(0, len(parsed.chunks), 2))):
                hurt, lost = bytearray(data), []
                for number in picked:
                    chunk = parsed.chunks[number]
                    # In what is compressed, at its end: before the CRC of gzip, or the checksum of zstd.
                    hurt[chunk.offset + chunk.compressed - rng.randrange(10, chunk.compressed // 2)] ^= 1 << rng.randrange(8)
                    lost.append((max(chunk.position - start, 0), chunk.position + chunk.size - start))
                file = self.put(f"hurt.{format_}", bytes(hurt))
                with self.subTest(format=format_, chunks=picked):
                    run = k.decode("--batches", "--json", file)
                    self.assertEqual(run.status, 3, str(run))
                    whole = {(b.position, b.size) for b in self.batches
                             if not any(b.position < end and b.position + b.size > begin for begin, end in lost)}
                    self.assertEqual(k.valid_extents(run.lines()), whole)
                    self.assertIsNone(k.coverage_fault(run.lines(), len(self.files[name])))
                    self.assertTrue(all(x.get("valid", True) for x in run.lines()), "nothing is made of what is lost")
                    self.assertNotIn("torn_tail", {x["gap"]["reason"] for x in run.lines() if k.is_gap(x)})
                    for number in picked:
                        if number - 1 not in picked:  # of neighbours the first
                            self.assertRegex(run.err, rf"(?m)^error: {file}: offset {parsed.chunks[number].offset}: {name}: ")
                    records = k.decode("--json", file)
                    self.assertEqual((records.status, [x["offset"] for x in records.lines()]),
                                     (3, [b.base_offset for b in self.batches if (b.position, b.size) in whole]))

    def test_nothing_is_left(self):
        name = f"{digits(0)}.log"
        for format_, options in FORMATS.items():
            archive = self.pack(f"a.{format_}", {name: self.files[name]}, *options)
            data = bytearray(archive.read_bytes())
            for chunk in archive_reader.Archive(bytes(data)).chunks:
                data[chunk.offset + chunk.compressed // 2] ^= 0xFF
            run = k.decode("--json", self.put(f"hurt.{format_}", bytes(data)))
            self.assertEqual((run.status, run.out), (1, b""), str(run))

    def test_many_damaged_chunks_end(self):
        """A walk begins anew behind each, up to a limit."""
        name = f"{digits(0)}.log"
        archive = self.pack("a.tar.gz", {name: self.files[name] * 4}, "--chunk", "512")
        data = bytearray(archive.read_bytes())
        for chunk in archive_reader.Archive(bytes(data)).chunks[1::2]:
            data[chunk.offset + chunk.compressed // 2] ^= 0xFF
        run = k.decode("--json", self.put("hurt.tar.gz", bytes(data)))
        self.assertEqual(run.status, 3, run.err[:400])
        self.assertGreater(len(run.lines()), 1000)
        self.assertLess(run.err.count("\n"), 110, "of many lines about a file the first are printed")


if __name__ == "__main__":
    k.main()
