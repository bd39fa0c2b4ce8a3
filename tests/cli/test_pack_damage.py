# SPDX-License-Identifier: Apache-2.0
"""pack --verify: every damage of an archive in a store is found, and what is whole but not what was packed, too.

KSEG_FLIPS sets how many bits are flipped (200)."""

import io
import json
import os
import pathlib
import random
import sys
import tarfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import pack_store as p  # noqa: E402

FLIPS = k.tries("KSEG_FLIPS", 200)
SEED = 20261126


class DamageCase(k.ScratchCase):
    def setUp(self):
        super().setUp()
        self.store, self.indexes = self.dir / "store", self.dir / "indexes"

    def packed(self, case="v2-none", form="tar.gz", topic="t"):
        """The only archive of a store."""
        p.pack(p.index(k.log_of(case), self.indexes, topic), "--store", self.store, "--format", form)
        return self.store / p.objects(self.store)[0]

    def verify(self, *args, status=3):
        return p.pack("--verify", "--store", self.store, *args, status=(status,))


class Damage(DamageCase):
    def test_every_flipped_bit_is_found(self):
        random_bits = random.Random(SEED)
        for form in p.FORMATS:
            self.store = self.dir / form
            archive = self.packed("v2-txn-none", form)
            good = archive.read_bytes()
            for number in range(FLIPS // 2):
                bit = random_bits.randrange(8 * len(good))
                bad = bytearray(good)
                bad[bit // 8] ^= 1 << bit % 8
                archive.write_bytes(bad)
                run = self.verify(*["--deep"][:number % 2])
                self.assertIn(archive.name, run.err, f"seed {SEED}, {form}, bit {bit}")
                self.assertEqual(len(run.err.splitlines()), 1, run)
            archive.write_bytes(good)
            self.verify(status=0)

    def test_cuts_and_additions(self):
        for form in p.FORMATS:
            self.store = self.dir / form
            archive = self.packed(form=form)
            good = archive.read_bytes()
            for bad in (b"", good[:1], good[:-1], good[:len(good) // 2], good + b"\0", good * 2, bytes(len(good)), good[::-1]):
                archive.write_bytes(bad)
                self.assertIn(archive.name, self.verify().err)
            self.assertIn("damaged", [x["action"] for x in self.verify("--json").lines()])

    def test_a_flipped_bit_under_a_name_that_fits_it(self):
        """The checksum in the name is then no help: chunks, members and manifest have to tell."""
        random_bits = random.Random(SEED)
        archive = self.packed("v2-many-batches")
        good, has = archive.read_bytes(), json.loads(p.untar(archive, self.dir / "out")["manifest.json"])
        found = 0
        for number in range(60):
            bit = random_bits.randrange(8 * len(good))
            bad = bytearray(good)
            bad[bit // 8] ^= 1 << bit % 8
            archive.unlink()
            archive = p.put(self.store, bytes(bad), has)
            run = p.pack("--verify", "--store", self.store, status=(0, 3))
            if run.status == 0:
                # A bit that nobody reads, as in the header of a gzip member.
                self.assertEqual(p.untar(archive, self.dir / f"flipped-{number}"), p.files(self.dir / "out"))
            found += run.status == 3
        self.assertGreater(found, 50)

    def test_extracting_what_is_damaged_leaves_no_index(self):
        archive = self.packed("v2-many-batches")
        content = bytearray(archive.read_bytes())
        content[1000] ^= 1
        archive.write_bytes(content)
        run = p.pack("--extract", self.dir / "out", "--store", self.store, status=(1,))
        self.assertIn(archive.name, run.err)
        self.assertEqual(list((self.dir / "out").rglob("manifest.json")), [])


class Content(DamageCase):
    """Archives that are whole, and under a name that fits, but of another content."""

    def setUp(self):
        super().setUp()
        archive = self.packed("v2-many-batches")
        self.members = p.untar(archive, self.dir / "out")
        self.has = json.loads(self.members["manifest.json"])
        archive.unlink()
        self.base = p.digits(self.has["base_offset"])

    def check(self, members, *found, deep=False, has=None, topic_id=None, form="tar.gz"):
        """Verifying finds these words; only a deep one does where deep is set."""
        archive = p.put_archive(self.store, members, has or self.has, topic_id, form)
        if deep:
            self.verify(status=0)
        run = self.verify(*(["--deep"] if deep else []), status=3 if found else 0)
        for word in (archive.name, *found) if found else ():
            self.assertIn(word, run.err)
        archive.unlink()

    def test_as_it_was(self):
        for form in p.FORMATS:
            self.check(self.members, form=form)

    def test_members_that_are_missing_changed_or_too_many(self):
        for name in (f"{self.base}.log", "batches", "checksums", "_0.frq"):
            self.check({n: c for n, c in self.members.items() if n != name}, name, "missing")
            content = self.members[name]
            self.check(dict(self.members, **{name: content[:-1] + bytes([content[-1] ^ 1])}), name, "checksum")
            self.check(dict(self.members, **{name: content + b"\0"}), name, "size")
        self.check({n: c for n, c in self.members.items() if n != "manifest.json"}, "manifest.json")
        self.check(dict({"more": b"x"}, **self.members), "more", "no member")
        self.check(dict({f"{p.digits(7)}.log": b""}, **self.members), "no member")
        broken = self.members["manifest.json"].replace(b'"records"', b'"recorbs"')
        self.check(dict(self.members, **{"manifest.json": broken}), "manifest.json")

    def test_a_name_that_says_something_else(self):
        for change in ({"topic": "other"}, {"partition": 1}, {"last_offset": self.has["last_offset"] + 1},
                       {"min_timestamp": 5}, {"max_timestamp": 5}, {"damaged": 1}):
            self.check(self.members, "name", has=dict(self.has, **change))
        self.check(self.members, "name", topic_id=p.TOPIC_ID)
        content = f"version: 0\ntopic_id: {p.TOPIC_ID}".encode()
        self.check(dict({"partition.metadata": content}, **self.members), "name")
        self.check(dict({"partition.metadata": content}, **self.members), topic_id=p.TOPIC_ID)
        archive = p.put_archive(self.store, self.members, self.has)
        archive.rename(archive.with_name(archive.name.replace(".tar.gz", ".tar.zst")))
        self.verify()

    def test_a_log_path_that_leads_elsewhere(self):
        moved = dict(self.has, log=dict(self.has["log"], path="../log"))
        self.check(dict(self.members, **{"manifest.json": p.sealed(moved)}), "path")

    def test_index_files_of_another_log_are_found_by_a_deep_look(self):
        for extension in (".index", ".timeindex"):
            name = self.base + extension
            self.assertTrue(self.members[name])
            self.check(dict(self.members, **{name: self.members[name][:-1] + b"\x7f"}), name, deep=True)
            self.check({n: c for n, c in self.members.items() if n != name}, name, deep=True)

    def test_a_manifest_that_lies_is_found_by_a_deep_look(self):
        for change in ({"records": self.has["records"] + 1}, {"batches": 1}, {"offsets_rise": False},
                       {"min_timestamp": self.has["min_timestamp"] + 1}, {"last_offset": self.has["last_offset"] + 1}):
            lie = dict(self.has, **change)
            self.check(dict(self.members, **{"manifest.json": p.sealed(lie)}), "manifest.json", deep=True, has=lie)

    def test_terms_and_tables_that_lie_are_found_by_a_deep_look(self):
        for name in ("_0.frq", "batches"):
            content = self.members[name][:-1] + bytes([self.members[name][-1] ^ 1])
            listed = [dict(x, crc32c=f"{k.crc32c(content):08x}") if x["name"] == name else x for x in self.has["files"]]
            lie = dict(self.has, files=listed)
            self.check(dict(self.members, **{name: content, "manifest.json": p.sealed(lie)}), name, deep=True, has=lie)


class Hostile(DamageCase):
    """Plain archives that somebody made to write elsewhere, under names that fit."""

    def tar(self, *entries):
        """entries: (name, content, or a TarInfo's changes)"""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as tar:
            for name, content in entries:
                info = tarfile.TarInfo(name)
                if isinstance(content, dict):
                    for key, value in content.items():
                        setattr(info, key, value)
                    tar.addfile(info)
                else:
                    info.size = len(content)
                    tar.addfile(info, io.BytesIO(content))
        return out.getvalue()

    def test_nothing_is_written_outside(self):
        archive = self.packed()
        members = p.untar(archive, self.dir / "good")
        has = json.loads(members["manifest.json"])
        archive.unlink()
        link = {"type": tarfile.SYMTYPE, "linkname": "/tmp"}
        target = self.dir / "a" / "b" / "c" / "out"
        for first in ((("../escaped", b"x")), (("/tmp/kseg-escaped", b"x")), (("dir/inside", b"x")), (("link", link)),
                      (("a/../../escaped", b"x")), (("hard", {"type": tarfile.LNKTYPE, "linkname": "/etc/passwd"})),
                      (("pipe", {"type": tarfile.FIFOTYPE}))):
            archive = p.put(self.store, self.tar(first, *p.in_order(members).items()), has)
            run = p.pack("--extract", target, "--store", self.store, status=(1,))
            self.assertIn(archive.name, run.err)
            self.assertEqual([x for x in self.dir.rglob("*") if x.name in ("escaped", "inside", "link", "hard", "pipe")], [])
            self.assertFalse(pathlib.Path("/tmp/kseg-escaped").exists())
            self.verify()
            archive.unlink()

    def test_a_plain_archive_can_be_unpacked_and_is_not_verified(self):
        archive = self.packed()
        members = p.untar(archive, self.dir / "good")
        archive.unlink()
        has = json.loads(members["manifest.json"])
        # Files appear in the archive's order, and what has a manifest is to be whole.
        archive = p.put(self.store, self.tar(*reversed(p.in_order(members).items())), has)
        self.assertIn("last member", p.pack("--extract", self.dir / "out", "--store", self.store, status=(1,)).err)
        archive.unlink()
        p.put(self.store, self.tar(*p.in_order(members).items()), has)
        p.pack("--extract", self.dir / "out", "--store", self.store)
        self.assertEqual(p.files(next((self.dir / "out").glob("*/*"))), members)
        self.assertIn("seekable", self.verify().err)


if __name__ == "__main__":
    k.main()
