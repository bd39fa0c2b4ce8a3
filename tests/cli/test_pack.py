# SPDX-License-Identifier: Apache-2.0
"""pack: what archives hold and are called, that other programs open them, and that packing again changes nothing."""

import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import pack_store as p  # noqa: E402

LARGE = ("large/large-none", "large/large-zstd")


def all_logs():
    """{case: log} of the corpus: every case, the large ones, all that is damaged."""
    logs = {case: k.log_of(case) for case in (*k.cases(), *LARGE)}
    logs |= {log.parent.name: log for log in sorted((k.CORPUS / "damaged").glob("*/*.log"))}
    return logs


def is_compressed(log):
    """Whether every batch but those of control records is compressed, by the headers."""
    batches = [b for b in k.log_batches(log) if b.magic < 2 or not b.attributes & 0x20]
    return bool(batches) and all(b.attributes & 7 for b in batches)


class PackCase(k.ScratchCase):
    def setUp(self):
        super().setUp()
        self.store = self.dir / "store"
        self.indexes = self.dir / "indexes"

    def one(self, store=None):
        """The only object of a store."""
        names = p.objects(store or self.store)
        self.assertEqual(len(names), 1, names)
        return names[0]

    def archive(self, store=None):
        return (store or self.store) / self.one(store)


class Content(PackCase):
    def test_every_log_of_the_corpus_comes_out_as_it_went_in(self):
        """Unpacked by tar with gzip or zstd: log and index byte for byte, and packing what was unpacked gives the same."""
        logs = all_logs()
        self.assertGreater(len(logs), 250)
        for number, (case, log) in enumerate(logs.items()):
            forms = p.FORMATS if case in k.cases() or case in LARGE else (p.FORMATS[number % 2],)
            with self.subTest(case):
                place = self.dir / str(number)
                index = p.index(log, place / "indexes", "a-b.c_d", 7)
                has = json.loads((index / "manifest.json").read_text())
                status = (3 if has["damaged"] else 0,)
                for form in forms:
                    store = place / form
                    p.pack(index, "--store", store, "--format", form, status=status)
                    archive = self.archive(store)
                    content = archive.read_bytes()
                    self.assertEqual(str(archive.relative_to(store)), p.name_of(content, has, form=form))
                    members = p.untar(archive, place / f"tar-{form}")
                    self.assertEqual(members[log.name], log.read_bytes())
                    if log.parent.parent.name != "damaged":
                        for extension in (".index", ".timeindex"):  # as Kafka made them
                            kafkas = log.with_suffix(extension)
                            self.assertEqual(members[kafkas.name], kafkas.read_bytes())
                    mine = {n: c for n, c in p.files(index).items() if n != "manifest.json"}
                    self.assertEqual({n: members[n] for n in mine}, mine)
                    moved = dict(has, log=dict(has["log"], path=log.name))
                    self.assertEqual(members["manifest.json"], p.sealed(moved))
                    other = place / f"again-{form}"
                    p.pack(place / f"tar-{form}", "--store", other, "--format", form, status=status)
                    self.assertEqual(p.files(other), p.files(store))
                shutil.rmtree(place)

    def test_members_and_their_order(self):
        log = k.log_of("v2-txn-none")
        index = p.index(log, self.indexes)
        p.pack(index, "--store", self.store)
        listed = p.subprocess.run(["tar", "-tzf", self.archive()], check=True, capture_output=True, text=True).stdout.split()
        stem = log.name[:-4]
        own = sorted(set(p.files(index)) - {"manifest.json", "batches", "checksums"})
        self.assertEqual(listed, [f"{stem}.log", f"{stem}.index", f"{stem}.timeindex", f"{stem}.txnindex", *own, "batches",
                                  "checksums", "manifest.json"])
        members = p.untar(self.archive(), self.dir / "out")
        self.assertEqual(members[f"{stem}.txnindex"], log.with_suffix(".txnindex").read_bytes())

    def test_the_example_of_the_manual(self):
        """The bytes depend on the compressor, what is in them does not."""
        example = k.TESTS / "data" / "kseg-archive.5.store"
        index = p.index(k.log_of("v2-txn-none"), self.indexes, "orders", 3)
        p.pack(index, "--store", self.store, "--topic-id", p.TOPIC_ID)
        self.assertEqual(p.untar(self.archive(), self.dir / "mine"), p.untar(self.archive(example), self.dir / "example"))
        shutil.copytree(example, self.dir / "copy")
        self.assertIn("up to date", p.pack("-v", index, "--store", self.dir / "copy").err)
        p.pack("--verify", "--deep", "--store", self.dir / "copy")

    def test_large_files_of_an_index_come_first(self):
        index = p.index(k.log_of("large/large-none"), self.indexes)
        p.pack(index, "--store", self.store)
        listed = p.subprocess.run(["tar", "-tzf", self.archive()], check=True, capture_output=True, text=True).stdout.split()
        own = [n for n in listed if not n.startswith("0") and n not in ("manifest.json", "batches", "checksums")]
        sizes = {n: (index / n).stat().st_size for n in own}
        large = sorted(n for n in own if sizes[n] > 16384)
        self.assertTrue(large)
        self.assertEqual(own, large + sorted(set(own) - set(large)))
        self.assertEqual(listed[-3:], ["batches", "checksums", "manifest.json"])

    def test_compressed_batches_are_stored(self):
        for case in k.cases():
            log = k.log_of(case)
            store = self.dir / case
            p.pack(p.index(log, self.indexes, case), "--store", store)
            stored = log.read_bytes() in self.archive(store).read_bytes() and log.stat().st_size > 0
            # What is stored in one block stands in the archive as it is.
            if log.stat().st_size < 60000:
                self.assertEqual(stored, is_compressed(log), case)

    def test_the_id_of_the_topic(self):
        data = self.dir / "data" / "orders-0"
        data.mkdir(parents=True)
        log = shutil.copy(k.log_of("v2-none"), data / k.log_of("v2-none").name)
        metadata = f"version: 0\ntopic_id: {p.TOPIC_ID}"
        (data / "partition.metadata").write_text(metadata)
        index = p.index(pathlib.Path(log), self.indexes, "orders")
        has = json.loads((index / "manifest.json").read_text())
        p.pack(index, "--store", self.store)
        self.assertEqual(self.one(), p.name_of(self.archive().read_bytes(), has, p.TOPIC_ID))
        members = p.untar(self.archive(), self.dir / "out")
        self.assertEqual(members["partition.metadata"], metadata.encode())
        # Given on the command line, it makes the same archive.
        (data / "partition.metadata").unlink()
        p.pack(index, "--store", self.dir / "given", "--topic-id", p.TOPIC_ID)
        self.assertEqual(p.files(self.dir / "given"), p.files(self.store))
        # Without it, what the store has with one is up to date; without a store that has, it is another archive.
        self.assertIn("up to date", p.pack("-v", index, "--store", self.store).err)
        p.pack(index, "--store", self.dir / "without")
        self.assertEqual(self.one(self.dir / "without"), p.name_of(self.archive(self.dir / "without").read_bytes(), has))
        for bad in ("version: 0\n", "version: 0\ntopic_id: short", "version: 0\ntopic_id: " + "A" * 22, "\0\1\2", "x" * 5000):
            (data / "partition.metadata").write_text(bad)
            shutil.rmtree(self.dir / "bad", ignore_errors=True)
            p.pack(index, "--store", self.dir / "bad")
            self.assertEqual(p.files(self.dir / "bad"), p.files(self.dir / "without"), bad[:40])

    def test_an_empty_log(self):
        log = self.dir / f"{p.digits(42)}.log"
        log.write_bytes(b"")
        p.pack(p.index(log, self.indexes), "--store", self.store)
        self.assertRegex(self.one(), rf"^t/0/{p.digits(42)}_{p.digits(41)}_none_none_\d+_[0-9a-f]{{8}}\.tar\.gz$")
        p.pack("--verify", "--deep", "--store", self.store)
        log = self.dir / f"{p.digits(0)}.log"
        log.write_bytes(b"")
        p.pack(p.index(log, self.indexes), "--store", self.dir / "first")
        self.assertRegex(self.one(self.dir / "first"), rf"^t/0/{p.digits(0)}_none_none_none_")

    def test_offsets_that_fall_have_no_index_files(self):
        log = self.dir / f"{p.digits(0)}.log"
        log.write_bytes(k.build_batch(5, [(b"a", b"1")]) + k.build_batch(0, [(b"b", b"2")]))
        p.pack(p.index(log, self.indexes), "--store", self.store)
        members = p.untar(self.archive(), self.dir / "out")
        self.assertEqual([n for n in members if n.endswith("index")], [])
        p.pack("--verify", "--deep", "--store", self.store)

    def test_jobs_do_not_change_a_byte(self):
        index = p.index(k.log_of("large/large-none"), self.indexes)
        for form in p.FORMATS:
            for jobs in ("1", "2", "5"):
                p.pack(index, "--store", self.dir / f"{form}-{jobs}", "--format", form, "--jobs", jobs)
            self.assertEqual(p.files(self.dir / f"{form}-1"), p.files(self.dir / f"{form}-2"))
            self.assertEqual(p.files(self.dir / f"{form}-1"), p.files(self.dir / f"{form}-5"))


class Again(PackCase):
    def test_packing_twice_changes_nothing(self):
        for case in ("v2-none", "v2-zstd"):
            p.index(k.log_of(case), self.indexes, case)
        first = p.pack("--json", "--store", self.store, self.indexes)
        before = {n: ((self.store / n).stat().st_mtime_ns, c) for n, c in p.files(self.store).items()}
        second = p.pack("--json", "--store", self.store, self.indexes)
        self.assertEqual({n: ((self.store / n).stat().st_mtime_ns, c) for n, c in p.files(self.store).items()}, before)
        self.assertEqual([x["action"] for x in first.lines()], ["packed"] * 2)
        self.assertEqual([x["action"] for x in second.lines()], ["up_to_date"] * 2)
        self.assertEqual([dict(x, action="") for x in first.lines()], [dict(x, action="") for x in second.lines()])

    def test_an_archive_is_enough_where_the_log_is_gone(self):
        log = shutil.copy(k.log_of("v2-none"), self.dir / k.log_of("v2-none").name)
        index = p.index(pathlib.Path(log), self.indexes)
        p.pack(index, "--store", self.store)
        pathlib.Path(log).unlink()
        self.assertIn("up to date", p.pack("-v", index, "--store", self.store).err)
        self.assertIn("log is not there", p.pack(index, "--store", self.dir / "other", status=(1,)).err)
        self.assertFalse((self.dir / "other").exists())

    def test_other_fields_and_formats_are_other_archives(self):
        log = k.log_of("v2-none")
        p.pack(p.index(log, self.indexes), "--store", self.store)
        p.pack(self.indexes, "--store", self.store, "--format", "tar.zst")
        p.pack(p.index(log, self.indexes, "t", 0, "--fields", "key"), "--store", self.store)
        self.assertEqual(len(p.objects(self.store)), 3)
        p.pack("--verify", "--deep", "--store", self.store)

    def test_what_is_not_whole_is_told_and_packed_again_once_it_is_gone(self):
        index = p.index(k.log_of("v2-none"), self.indexes)
        p.pack(index, "--store", self.store)
        archive = self.archive()
        good = archive.read_bytes()
        archive.write_bytes(good[:-1])
        run = p.pack(index, "--store", self.store, status=(1,))
        self.assertIn("reads back otherwise", run.err)
        self.assertIn(archive.name, run.err)
        p.pack("--remove", "--store", self.store, self.one())
        p.pack(index, "--store", self.store)
        self.assertEqual(archive.read_bytes(), good)

    def test_leftovers_of_uploads_are_removed_after_a_day(self):
        index = p.index(k.log_of("v2-none"), self.indexes)
        place = self.store / "t" / "0"
        place.mkdir(parents=True)
        for name, age in (("old", 25), ("new", 1)):
            path = place / f".kseg-put-{name}"
            path.write_bytes(b"half")
            then = path.stat().st_mtime - age * 3600
            p.os.utime(path, (then, then))
        self.assertIn("1 interrupted", p.pack("-v", index, "--store", self.store).err)
        self.assertEqual([n for n in p.objects(self.store) if "kseg-put" in n], ["t/0/.kseg-put-new"])
        # Nobody takes them for objects.
        p.pack("--verify", "--store", self.store)


if __name__ == "__main__":
    k.main()
