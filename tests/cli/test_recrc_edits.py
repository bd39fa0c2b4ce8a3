# SPDX-License-Identifier: Apache-2.0
"""recrc: --canonical, --codec, --leader-epoch and --base-offset, alone and together, and the index files beside a segment."""

import pathlib
import shutil
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import damage as d  # noqa: E402
import kseg_cli as k  # noqa: E402

V2_CODECS = [f"v2-{codec}" for codec in k.CODECS]  # the same records in each
LEGACY_WRAPPED = {"v0-gzip": "v0-none", "v0-lz4": "v0-none", "v1-lz4": "v1-none", "v1-snappy": "v1-none"}
LEGACY = ("v0-none", "v1-none", *LEGACY_WRAPPED)
CONTROL = 0x20
# What --codec may change of a batch line.
OF_THE_BYTES = {"position", "size", "codec", "crc", "crc_computed"}


def shifted(data, distance):
    """Every batch or message with its offset field that much higher; right where inner offsets are relative."""
    return b"".join(struct.pack(">q", b.base_offset + distance) + b.data[8:] for b in k.parse_batches(data))


def records_of(data, *options):
    run = k.decode("--json", *options, "-", stdin=data)
    if run.status != 0:
        raise AssertionError(f"{run}: expected exit 0")
    return k.without_place(run.lines())


def batch_lines(data):
    run = k.decode("--batches", "--json", "-", stdin=data)
    if run.status != 0:
        raise AssertionError(f"{run}: expected exit 0")
    return run.lines()


def without(lines, fields):
    return [{f: v for f, v in line.items() if f not in fields} for line in lines]


class Case(k.ScratchCase):
    def edited(self, data, *options, status=0):
        run = d.recrc(*options, "-", stdin=data)
        self.assertEqual(run.status, status, str(run)[:800])
        return run.out


class Canonical(Case):
    def test_what_kafka_wrote_is_canonical(self):
        for case in k.cases():
            with self.subTest(case=case):
                data = k.log_of(case).read_bytes()
                run = d.recrc("--canonical", "--json", "-", stdin=data)
                self.assertEqual((run.status, run.err, run.out == data), (0, "", True), str(run)[:800])
                run = d.recrc("-n", "--canonical", "--json", "-", stdin=data)
                self.assertEqual((run.status, run.out), (0, b""), str(run)[:800])

    def test_header_fields_that_contradict_the_records_are_corrected(self):
        records = [(b"k", b"v"), (None, None), (b"key", b"", [(b"h", None)])]
        healthy = k.build_batch(70, records, timestamps=[1700000000000, 1700000009000, 1699999999000], producer=(5, 1, 30))
        before, behind = k.build_batch(69, [(b"a", b"b")]), k.build_batch(73, [(b"c", b"d")])
        fields = {"records_count": (57, ">i", (0, 1, 2, 4, 2**31 - 1, -1)), "last_offset_delta": (23, ">i", (1, 0, -1)),
                  "max_timestamp": (35, ">q", (1700000000000, 1700000009001, 0, -1))}
        for name, (at, layout, values) in fields.items():
            for value in values:
                with self.subTest(field=name, value=value):
                    wrong = d.mended(d.with_bytes(healthy, at, struct.pack(layout, value)))
                    out = self.edited(before + wrong + behind, "--canonical")
                    self.assertEqual(out.hex(" "), (before + healthy + behind).hex(" "))
        every = d.with_bytes(d.with_bytes(d.with_bytes(healthy, 57, bytes(4)), 23, bytes(4)), 35, bytes(8))
        self.assertEqual(self.edited(d.mended(every), "--canonical"), healthy)

    def test_a_last_offset_beyond_the_last_record_is_what_compaction_leaves(self):
        healthy = k.build_batch(70, [(b"k", b"v"), (None, None)])
        sparse = d.mended(d.with_bytes(healthy, 23, struct.pack(">i", 500)))
        self.assertEqual(self.edited(sparse, "--canonical"), sparse)
        for case in ("v2-none-lastdelta-100", "v2-lz4-lastdelta-2147483647"):
            data = k.damaged_log(case).read_bytes()
            self.assertTrue(self.edited(data, "--canonical") == data)

    def test_lengths_that_take_more_bytes_than_they_need(self):
        healthy = k.build_batch(70, [(b"key", b"value")])
        body = healthy[61:]
        wide = bytes([body[0] | 0x80, 0x80, 0x00]) + body[1:]  # the record's length in three bytes instead of one
        self.assertEqual(self.edited(d.with_body(healthy, wide, "none"), "--canonical").hex(" "), healthy.hex(" "))

    def test_the_damaged_corpus(self):
        for codec in ("none", "lz4", "zstd"):
            healthy = k.damaged_log(f"v2-{codec}-ok").read_bytes()
            for kind in ("count--1", "count-0", "count-9", "count-11", "count-2147483647", "lastdelta--1", "lastdelta-0",
                         "lastdelta-5"):
                with self.subTest(codec=codec, kind=kind):
                    data = k.damaged_log(f"v2-{codec}-{kind}").read_bytes()
                    out = self.edited(data, "--canonical")
                    if codec == "none":
                        self.assertTrue(out == healthy, "not the bytes before the damage")
                    self.assertEqual(without(batch_lines(out), OF_THE_BYTES), without(batch_lines(healthy), OF_THE_BYTES))
                    self.assertEqual(records_of(out), records_of(healthy))

    def test_a_wrong_crc_is_mended_on_the_way(self):
        healthy = k.damaged_log("v2-none-ok").read_bytes()
        hurt = b"".join(d.Recipes(b.data).damaged("crc32_ieee+byte_swapped") for b in k.parse_batches(healthy))
        self.assertTrue(self.edited(hurt, "--canonical") == healthy)


class Codec(Case):
    def test_none_gives_what_kafka_wrote_uncompressed(self):
        wanted = k.log_of("v2-none").read_bytes()
        for case in V2_CODECS:
            with self.subTest(case=case):
                self.assertTrue(self.edited(k.log_of(case).read_bytes(), "--codec", "none") == wanted)

    def test_none_unwraps_messages_as_kafka_wrote_them_plain(self):
        for case, plain in LEGACY_WRAPPED.items():
            with self.subTest(case=case):
                out = self.edited(k.log_of(case).read_bytes(), "--codec", "none")
                self.assertTrue(out == k.log_of(plain).read_bytes(), "not the same messages")

    def test_none_of_batches_of_clients(self):
        for log in sorted((k.TESTS / "data/captures").glob("*/*/*.log")):
            with self.subTest(log=log.parent.name):
                batches = k.log_batches(log)
                out = self.edited(log.read_bytes(), "--codec", "none")
                for batch, result in zip(batches, k.parse_batches(out), strict=True):
                    wanted = d.with_body(batch.data, d.uncompressed_body(batch), "none")
                    self.assertTrue(result.data == wanted, f"batch at {batch.position}")

    def check_recompressed(self, before, after, codec):
        """Batch by batch: nothing but codec, body and what follows from those differs, and the body holds the same bytes."""
        for old, new in zip(before, after, strict=True):
            if old.attributes & CONTROL:
                self.assertEqual(new.data, old.data)
                continue
            if not old.records:
                self.assertEqual((new.records, new.base_offset, new.last_offset), (0, old.base_offset, old.last_offset))
                continue
            self.assertEqual(new.codec, codec)
            self.assertEqual(new.crc, d.right_crc(new.data))
            self.assertFalse(d.is_raw_snappy(new), "Kafka's Java reads snappy with xerial framing only")
            self.assertEqual((new.data[:8], new.data[12:17], new.data[23:61]), (old.data[:8], old.data[12:17], old.data[23:61]))
            self.assertEqual(new.attributes & ~7, old.attributes & ~7)
            self.assertTrue(d.uncompressed_body(new) == d.uncompressed_body(old), "the records' bytes changed")

    def test_each_codec_to_each_other(self):
        for case in (*V2_CODECS, "v2-mixed", "v2-compacted-lz4", "v2-timestamps", "v2-logappend-none", "v2-empty-batches"):
            data = k.log_of(case).read_bytes()
            for codec in k.CODECS[1:]:
                with self.subTest(case=case, codec=codec):
                    out = self.edited(data, "--codec", codec)
                    self.check_recompressed(k.parse_batches(data), k.parse_batches(out), codec)
                    self.assertEqual(records_of(out), records_of(data))
                    self.assertEqual(without(batch_lines(out), OF_THE_BYTES), without(batch_lines(data), OF_THE_BYTES))

    def test_a_batch_of_that_codec_already_is_not_touched(self):
        for case in (*V2_CODECS, "v0-gzip", "v1-lz4", "v1-snappy"):
            with self.subTest(case=case):
                data = k.log_of(case).read_bytes()
                self.assertTrue(self.edited(data, "--codec", case[3:]) == data)

    def test_control_batches_are_not_compressed(self):
        data = k.log_of("v2-txn-none").read_bytes()
        out = k.parse_batches(self.edited(data, "--codec", "gzip"))
        control = [b.data for b in k.parse_batches(data) if b.attributes & CONTROL]
        self.assertEqual([b.data for b in out if b.attributes & CONTROL], control)
        self.assertEqual({b.codec for b in out if not b.attributes & CONTROL}, {"gzip"})
        self.assertEqual(records_of(b"".join(b.data for b in out)), records_of(data))

    def test_magic_0_and_1(self):
        for case in LEGACY:
            data = k.log_of(case).read_bytes()
            for codec in ("gzip", "snappy", "lz4"):
                with self.subTest(case=case, codec=codec):
                    out = self.edited(data, "--codec", codec)
                    self.assertEqual(records_of(out), records_of(data))
                    lines = batch_lines(out)
                    self.assertEqual({line["codec"] for line in lines}, {codec})
                    self.assertEqual({line["magic"] for line in lines}, {int(case[1])})

    def test_lz4_frames_of_magic_0_have_the_header_checksum_that_old_clients_expect(self):
        """KAFKA-3160: the checksum is also over the frame's magic. The corpus has one of each kind."""
        def frame_header(message):
            at = message.find(b"\x04\x22\x4d\x18")
            return message[at:at + 7]
        for case in ("v0-lz4", "v1-lz4"):
            with self.subTest(case=case):
                kafkas = frame_header(k.log_batches(k.log_of(case))[0].data)
                out = self.edited(k.log_of(case[:3] + "none").read_bytes(), "--codec", "lz4")
                headers = {frame_header(b.data) for b in k.parse_batches(out)}
                same_flags = {h for h in headers if h[:6] == kafkas[:6]}
                self.assertTrue(same_flags, f"Kafka writes {kafkas.hex()}, which tells nothing of {headers}")
                self.assertEqual(same_flags, {kafkas})

    def test_zstd_does_not_go_with_magic_0_and_1(self):
        for case in LEGACY:
            with self.subTest(case=case):
                log, target = k.log_of(case), self.dir / "out.log"
                run = d.recrc("--codec", "zstd", "-o", target, log)
                self.assertEqual(run.status, 1, str(run))
                self.assertIn("error: ", run.err)
                self.assertFalse(target.exists())

    def test_a_batch_that_is_kept_is_not_recompressed(self):
        first, second, third = k.log_batches(k.damaged_log("v2-none-ok"))
        hurt = d.flip_bits(second.data, 8 * 70, 8 * 80 + 1)
        run = d.recrc("--codec", "gzip", "-", stdin=first.data + hurt + third.data)
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(hurt, run.out)
        self.assertEqual([b.codec for b in k.parse_batches(run.out)], ["gzip", "none", "gzip"])


class LeaderEpochAndBaseOffset(Case):
    def test_leader_epoch_changes_four_bytes_and_no_crc(self):
        for case in ("v2-epochs", "v2-mixed", "v2-txn-none", "v2-compacted-lz4"):
            for epoch in (0, 77, 2**31 - 1):
                with self.subTest(case=case, epoch=epoch):
                    batches = k.log_batches(k.log_of(case))
                    wanted = b"".join(d.with_bytes(b.data, 12, struct.pack(">i", epoch)) for b in batches)
                    self.assertTrue(self.edited(k.log_of(case).read_bytes(), "--leader-epoch", str(epoch)) == wanted)

    def test_leader_epoch_is_nothing_that_magic_0_and_1_have(self):
        for case in LEGACY:
            with self.subTest(case=case):
                data = k.log_of(case).read_bytes()
                self.assertTrue(self.edited(data, "--leader-epoch", "9") == data)

    def test_base_offset_of_the_first_batch_and_the_distances_of_the_others(self):
        for case in ("v2-mixed", "v2-compacted-lz4", "v2-sparse", "v2-base-4294967301", "v2-txn-none", "v0-none", "v1-none",
                     "v1-lz4", "v1-snappy"):
            data = k.log_of(case).read_bytes()
            first = batch_lines(data)[0]["base_offset"]
            for offset in (0, first, first + 1, 1 << 40):
                with self.subTest(case=case, offset=offset):
                    out = self.edited(data, "--base-offset", str(offset))
                    self.assertTrue(out == shifted(data, offset - first), "more than the offset fields changed, or not those")

    def test_base_offset_moves_the_records_of_every_magic(self):
        for case in (*LEGACY, "v2-gzip", "v2-compacted-lz4"):
            data = k.log_of(case).read_bytes()
            first = batch_lines(data)[0]["base_offset"]
            records = records_of(data)
            for offset in (0, 5, 1 << 40):
                with self.subTest(case=case, offset=offset):
                    out = self.edited(data, "--base-offset", str(offset))
                    moved = [dict(r, offset=r["offset"] + offset - first) for r in records]
                    self.assertEqual(records_of(out), moved)
                    self.assertEqual(batch_lines(out)[0]["base_offset"], offset)

    def test_base_offset_that_does_not_fit(self):
        data = k.log_of("v2-epochs").read_bytes()
        run = d.recrc("--base-offset", str(2**63 - 2), "-", stdin=data)
        self.assertEqual((run.status, run.out), (1, b""), str(run))
        self.assertIn(d.recrc("--base-offset", str(2**63), "-", stdin=data).status, (1, 2))
        self.assertIn(d.recrc("--base-offset=-1", "-", stdin=data).status, (1, 2))

    def test_all_at_once(self):
        first, second, third = k.log_batches(k.damaged_log("v2-none-ok"))
        wrong_count = d.mended(d.with_bytes(second.data, 57, struct.pack(">i", 3)))
        data = d.Recipes(first.data).damaged("byte_swapped") + wrong_count + third.data
        out = self.edited(data, "--canonical", "--codec", "gzip", "--leader-epoch", "4", "--base-offset", "1000")
        distance = 1000 - first.base_offset
        for old, new in zip((first, second, third), k.parse_batches(out), strict=True):
            body = d.decompress("gzip", new.data[61:])
            wanted = d.with_bytes(shifted(old.data, distance), 12, struct.pack(">i", 4))
            self.assertEqual((d.with_body(new.data, body, "none"), new.crc, new.codec), (wanted, d.right_crc(new.data), "gzip"))


class IndexFiles(Case):
    def folder_of(self, case):
        """A copy of the case as a partition directory; returns its .log."""
        folder = self.dir / case / "t-0"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for path in (k.CORPUS / case).glob("0*"):
            shutil.copy(path, folder)
        return folder / k.log_of(case).name

    def indexes(self, log):
        return tuple(log.with_suffix(suffix).read_bytes() for suffix in (".index", ".timeindex"))

    def edit(self, log, *options, status=0):
        run = d.recrc("--in-place", "--no-backup", *options, log)
        self.assertEqual(run.status, status, str(run))

    def test_this_tests_own_index_files_are_kafkas(self):
        logs = [k.log_of(case) for case in k.cases()] + sorted(k.CORPUS.glob("large/*/*.log"))
        for log in logs + sorted((k.TESTS / "data/captures").glob("*/*/*.log")):
            with self.subTest(log=log.parent.name):
                self.assertEqual(d.index_files(log.read_bytes(), int(log.stem)), self.indexes(log))

    def test_made_uncompressed_a_segment_has_the_index_files_that_kafka_wrote(self):
        for case, plain in (*((case, "v2-none") for case in V2_CODECS[1:]), *LEGACY_WRAPPED.items()):
            with self.subTest(case=case):
                log = self.folder_of(case)
                self.edit(log, "--codec", "none")
                self.assertTrue(log.read_bytes() == k.log_of(plain).read_bytes())
                self.assertEqual(self.indexes(log), self.indexes(k.log_of(plain)))

    def test_where_positions_change(self):
        for case in ("v2-many-batches", "v2-none", "v2-mixed", "v2-sparse", "v1-none", "v2-base-4294967301"):
            for codec in ("gzip", "lz4"):
                with self.subTest(case=case, codec=codec):
                    log = self.folder_of(case)
                    self.edit(log, "--codec", codec)
                    self.assertEqual(self.indexes(log), d.index_files(log.read_bytes(), int(log.stem)))
                    self.assertEqual({p.name for p in log.parent.iterdir()}, {p.name for p in (k.CORPUS / case).glob("0*")})

    def test_where_offsets_change(self):
        for case in ("v2-many-batches", "v2-mixed", "v1-lz4", "v2-txn-none"):
            with self.subTest(case=case):
                log = self.folder_of(case)
                data, before = log.read_bytes(), self.indexes(log)
                first = batch_lines(data)[0]["base_offset"]
                self.edit(log, "--base-offset", str(first + 1000))
                self.assertTrue(log.read_bytes() == shifted(data, 1000))
                self.assertEqual(self.indexes(log), d.index_files(log.read_bytes(), int(log.stem)))
                self.assertNotEqual(self.indexes(log), before)

    def test_offsets_that_no_index_can_hold_are_refused(self):
        # The offsets of v2-sparse reach as far beyond the first as 31 bits go; those of v2-mixed would lie below the
        # base offset in the file's name.
        for case, offset in (("v2-sparse", 1010), ("v2-mixed", 0)):
            with self.subTest(case=case, offset=offset):
                log = self.folder_of(case)
                data, before = log.read_bytes(), self.indexes(log)
                self.edit(log, "--base-offset", str(offset), status=1)
                self.assertEqual((log.read_bytes() == data, self.indexes(log)), (True, before))

    def test_where_a_batch_is_dropped(self):
        log = self.folder_of("v2-many-batches")
        batches = k.log_batches(log)
        hurt = [d.flip_bits(b.data, 8 * 70, 8 * 71) if i in (0, 700, 2999) else b.data for i, b in enumerate(batches)]
        log.write_bytes(b"".join(hurt))
        self.edit(log, "--salvage", status=3)
        self.assertTrue(log.read_bytes() == b"".join(b.data for i, b in enumerate(batches) if i not in (0, 700, 2999)))
        self.assertEqual(self.indexes(log), d.index_files(log.read_bytes(), 0))

    def test_where_neither_changes_they_are_left_alone(self):
        for options in ([], ["--leader-epoch", "6"], ["--canonical"]):
            with self.subTest(options=options):
                log = self.folder_of("v2-many-batches")
                batches = k.log_batches(log)
                log.write_bytes(b"".join(d.with_stored(b.data, 0) if i < 9 else b.data for i, b in enumerate(batches)))
                before = [log.with_suffix(s).stat() for s in (".index", ".timeindex")]
                self.edit(log, *options)
                after = [log.with_suffix(s).stat() for s in (".index", ".timeindex")]
                self.assertEqual([(s.st_ino, s.st_mtime_ns) for s in after], [(s.st_ino, s.st_mtime_ns) for s in before])
                self.assertEqual(self.indexes(log), self.indexes(k.log_of("v2-many-batches")))

    def test_none_are_made_where_there_were_none(self):
        log = self.folder_of("v2-many-batches")
        for suffix in (".index", ".timeindex"):
            log.with_suffix(suffix).unlink()
        self.edit(log, "--codec", "gzip")
        self.assertEqual([p.name for p in log.parent.iterdir()], [log.name])

    def test_reading_by_the_new_index_files_finds_the_same_records(self):
        log = self.folder_of("v2-mixed")
        self.edit(log, "--codec", "zstd")
        offsets = [r["offset"] for r in k.truth("v2-mixed").records]
        for offset in k.sample(offsets, 12):
            run = k.decode("--json", "--offsets", str(offset), log)
            self.assertEqual([r["offset"] for r in run.lines()], [offset], str(run))


if __name__ == "__main__":
    k.main()
