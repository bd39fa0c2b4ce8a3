# SPDX-License-Identifier: Apache-2.0
"""recrc: every wrong recipe and every combination of them is named, and mended to the bytes that Kafka wrote."""

import pathlib
import re
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import damage as d  # noqa: E402
import kseg_cli as k  # noqa: E402

MOST_BATCHES = 30  # of a case
ONE_DAMAGED = 5    # every so many recipes are also tried on one batch among healthy ones
FINER_THAN_KAFKA = ("-count-0", "-lastdelta--1", "-lastdelta-0", "-lastdelta-5")
LATER_FIELDS = {"cause", "action", "also"}


def healthy_batches(case):
    """Some of the case's batches, end to end. Largest and smallest included."""
    batches = k.log_batches(k.log_of(case))
    by_size = sorted(batches, key=lambda b: b.size)
    chosen = {b.position for b in (by_size[0], by_size[-1], *k.sample(batches, MOST_BATCHES - 2))}
    return k.parse_batches(b"".join(b.data for b in batches if b.position in chosen))


class Case:
    """A case's batches, and the files that recipes make of them: all batches damaged, and for some one in the middle."""

    def __init__(self, name):
        self.batches = healthy_batches(name)
        self.healthy = b"".join(b.data for b in self.batches)
        self.recipes = [d.Recipes(b.data) for b in self.batches]
        self.names = list(dict.fromkeys(n for r in self.recipes for n in r.crcs))
        self.middle = len(self.batches) // 2

    def files(self):
        """{file name: (recipe, indexes of the batches damaged)}"""
        every = range(len(self.batches))
        result = {}
        for number, recipe in enumerate(self.names):
            result[f"{number:03d}_all.log"] = (recipe, every)
            if number % ONE_DAMAGED == 0:
                result[f"{number:03d}_one.log"] = (recipe, range(self.middle, self.middle + 1))
        return result

    def bytes_of(self, recipe, damaged):
        return b"".join(r.damaged(recipe) if i in damaged else r.batch for i, r in enumerate(self.recipes))

    def is_damaged(self, recipe, damaged):
        return any(self.recipes[i].explanations(recipe) for i in damaged)


def line_fault(line, batch, recipes, recipe):
    """What is wrong with the report's line of a batch damaged by that recipe, or None."""
    fits = recipes.explanations(recipe)
    single = [name for name in fits if "+" not in name and name != d.FLIPPED]
    # The contract orders the single recipes; among combinations any is first.
    if line["cause"] not in (single[:1] or fits):
        return f"expected cause {fits[0]}, got {line['cause']}"
    also = set(line["also"]) - {"single_bit"}  # one bit in a large body may fit by chance
    if also != set(fits) - {line["cause"]}:
        return f"expected also {sorted(set(fits) - {line['cause']})}, got {line['also']}"
    if recipe == d.FLIPPED and "single_bit" not in line["also"]:
        return "that one bit of the body explains it as well is not in also"
    wanted = {"position": batch.position, "size": batch.size, "magic": batch.magic, "codec": batch.codec, "valid": False,
              "crc": f"{recipes.crcs[recipe]:08x}", "crc_computed": f"{recipes.right:08x}", "problem": None,
              "action": "recomputed"}
    wrong = [f"{f}: expected {value!r}, got {line.get(f)!r}" for f, value in wanted.items() if line.get(f) != value]
    if "bit" in line:
        wrong.append("bit without the cause single_bit")
    return "; ".join(wrong) or None


class Causes(unittest.TestCase):
    def check_report(self, case, lines, recipe, damaged):
        wanted = [i for i in damaged if case.recipes[i].explanations(recipe)]
        positions = [case.batches[i].position for i in wanted]
        self.assertEqual([x["position"] for x in lines], positions, "a line for each damaged batch")
        faults = [f"batch {i}: {fault}: {line}" for i, line in zip(wanted, lines)
                  if (fault := line_fault(line, case.batches[i], case.recipes[i], recipe))]
        self.assertFalse(faults, f"{recipe}: {len(faults)} of {len(wanted)}, first: " + "; ".join(faults[:2]))

    def check_case(self, name):
        case = Case(name)
        self.assertTrue(all(r.right == b.crc for r, b in zip(case.recipes, case.batches)), "Kafka's CRCs are not this test's")
        with k.scratch(in_memory=True) as folder:
            (folder / "in").mkdir()
            (folder / "out").mkdir()
            files = {n: job for n, job in case.files().items() if case.is_damaged(*job)}
            for file, job in files.items():
                (folder / "in" / file).write_bytes(case.bytes_of(*job))
            inputs = [f"in/{file}" for file in files]
            dry = d.recrc("-n", "--json", *inputs, cwd=folder, timeout=300)
            self.assertEqual(dry.status, 3, str(dry))
            wet = d.recrc("--json", "-o", "out", *inputs, cwd=folder, timeout=300)
            self.assertEqual(wet.status, 0, str(wet))
            self.assertEqual(wet.lines(), dry.lines(), "-n reports something else than what is done")
            reports = d.by_file(dry.lines())
            for file, (recipe, damaged) in files.items():
                with self.subTest(case=name, recipe=recipe, file=file):
                    self.check_report(case, reports.get(file, []), recipe, damaged)
                    self.assertTrue((folder / "out" / file).read_bytes() == case.healthy, "not the bytes that Kafka wrote")


def case_test(name):
    return lambda self: self.check_case(name)


for _name in k.cases():
    setattr(Causes, "test_every_recipe_on_" + re.sub(r"\W+", "_", _name), case_test(_name))


class OneFile(unittest.TestCase):
    def test_each_recipe_by_itself(self):
        for name in ("v2-epochs", "v1-lz4"):
            batches = healthy_batches(name)[-4:]
            healthy = b"".join(b.data for b in batches)
            recipes = [d.Recipes(b.data) for b in batches]
            with k.scratch(in_memory=True) as folder:
                for recipe in d.recipe_names(batches[0].magic):
                    with self.subTest(case=name, recipe=recipe):
                        log, target = folder / "in.log", folder / "out.log"
                        log.write_bytes(b"".join(r.damaged(recipe) for r in recipes))
                        dry = d.recrc("-n", "--json", log)
                        self.assertEqual(dry.status, 3, str(dry))
                        self.assertEqual({x["cause"] for x in dry.lines()}, {recipe})
                        self.assertEqual(len(dry.lines()), len(batches))
                        self.assertFalse(any("file" in x for x in dry.lines()), "`file` although there is one segment only")
                        self.assertEqual(log.read_bytes(), b"".join(r.damaged(recipe) for r in recipes), "-n wrote")
                        run = d.recrc("--overwrite", "-o", target, log)
                        self.assertEqual(run.status, 0, str(run))
                        self.assertEqual(target.read_bytes(), healthy)
                        self.assertIn(recipe, run.text, "the text report does not name the cause")

    def test_a_line_has_the_fields_of_a_batch_line_and_those_of_a_repair(self):
        for name in ("v2-txn-none", "v2-logappend-none", "v1-snappy", "v0-gzip", "v2-compacted-lz4"):
            with self.subTest(case=name), k.scratch() as folder:
                batches = healthy_batches(name)
                log = folder / "in.log"
                log.write_bytes(b"".join(d.Recipes(b.data).damaged("zero_crc") for b in batches))
                batch_lines = k.decode("--batches", "--json", log).lines()
                lines = d.recrc("-n", "--json", log).lines()
                self.assertEqual(len(lines), len(batches))
                for line, batch_line in zip(lines, batch_lines):
                    self.assertEqual({f: line.get(f, "absent") for f in batch_line}, batch_line)
                    self.assertLessEqual(LATER_FIELDS, set(line))
                    self.assertEqual((line["cause"], line["action"], line["also"]), ("zero_crc", "recomputed", []))

    def test_recipes_of_batches_side_by_side_do_not_mix(self):
        batches = healthy_batches("v2-mixed") + k.log_batches(k.log_of("v1-none"))[:40] + k.log_batches(k.log_of("v0-gzip"))
        wanted, data = [], b""
        for number, batch in enumerate(batches):
            names = d.recipe_names(batch.magic)
            recipe = names[7 * number % len(names)]
            recipes = d.Recipes(batch.data)
            if number % 3 and recipes.explanations(recipe):
                wanted.append((len(data), recipe))
                data += recipes.damaged(recipe)
            else:
                data += batch.data
        run = d.recrc("-n", "--json", "-", stdin=data)
        self.assertEqual(run.status, 3, str(run))
        self.assertEqual([(x["position"], x["cause"]) for x in run.lines()], wanted)
        run = d.recrc("-", stdin=data)
        self.assertEqual(run.status, 0, str(run))
        self.assertTrue(run.out == b"".join(b.data for b in batches))

    def test_a_base_offset_of_0_makes_no_difference_between_range_whole_batch_and_base_offset_changed(self):
        batch = k.build_batch(0, [(b"k", b"v")], leader_epoch=3)
        hurt = d.with_stored(batch, d.recipe_crc(batch, "base_offset_changed"))
        line, = d.recrc("-n", "--json", "-", stdin=hurt).lines()
        self.assertEqual((line["cause"], line["also"]), ("range_whole_batch", []))

    def test_bytes_outside_the_cover_may_change_unless_the_recipe_covers_them(self):
        batch = k.build_batch(77, [(b"k", b"v")], leader_epoch=3)
        for recipe, cause in (("crc32_ieee", "crc32_ieee"), ("range_from_magic", "range_from_magic"),
                              ("range_from_leader_epoch", "unknown"), ("range_whole_batch", "unknown"),
                              ("base_offset_changed", "unknown")):
            with self.subTest(recipe=recipe):
                hurt = d.with_stored(batch, d.recipe_crc(batch, recipe))
                hurt = d.with_bytes(hurt, 12, struct.pack(">i", 9))
                line, = d.recrc("-n", "--json", "-", stdin=hurt).lines()
                self.assertEqual((line["cause"], line["action"]), (cause, "kept" if cause == "unknown" else "recomputed"))
        moved = d.with_bytes(d.with_stored(batch, d.recipe_crc(batch, "base_offset_changed")), 0, struct.pack(">q", 1 << 40))
        line, = d.recrc("-n", "--json", "-", stdin=moved).lines()
        self.assertEqual((line["cause"], line["action"]), ("base_offset_changed", "recomputed"))


def with_bad_bodies():
    """Cases of the damaged corpus whose second batch has a right CRC and a body that contradicts its header."""
    for verdict in k.verdicts():
        batches = verdict["batches"]
        if len(batches) == 3 and all(b["valid"] for b in batches):
            if batches[1].get("recordsError") or verdict["case"].endswith(FINER_THAN_KAFKA):
                if not re.search(r"-magic-", verdict["case"]):
                    yield verdict["case"]


class BadBodies(unittest.TestCase):
    def test_a_batch_whose_body_is_bad_is_not_recomputed_though_a_recipe_explains_its_crc(self):
        cases = list(with_bad_bodies())
        self.assertGreater(len(cases), 20, "the corpus has changed")
        for case in cases:
            with self.subTest(case=case):
                first, second, third = k.log_batches(k.damaged_log(case))
                hurt = d.Recipes(second.data).damaged("byte_swapped")
                data = first.data + hurt + third.data
                run = d.recrc("-n", "--json", "-", stdin=data)
                self.assertEqual(run.status, 3, str(run))
                line, = run.lines()
                self.assertEqual((line["position"], line["action"]), (second.position, "kept"), line)
                self.assertEqual(line["cause"], "byte_swapped", line)
                self.assertIsNotNone(line["problem"], line)
                run = d.recrc("-", stdin=data)
                self.assertEqual((run.status, run.out), (3, data), str(run))

    def test_a_body_over_the_limit_counts_as_one_that_does_not_parse(self):
        first, bomb = k.log_batches(k.damaged_log("v2-zstd-bomb64m"))
        data = first.data + d.Recipes(bomb.data).damaged("crc32_ieee")
        run = d.recrc("--max-batch-bytes", str(1 << 20), "-", stdin=data)
        self.assertEqual((run.status, run.out == data), (3, True), str(run))
        run = d.recrc("-", stdin=data)
        self.assertEqual((run.status, run.out == first.data + bomb.data), (0, True), str(run))


class Kept(unittest.TestCase):
    def report(self, data, *options):
        run = d.recrc("-n", "--json", *options, "-", stdin=data)
        self.assertEqual(run.status, 3, str(run))
        line, = run.lines()
        return line

    def check(self, hurt, action, *options, after=None):
        """The second batch has no cause; with `action` the output has `after` in its place."""
        line = self.report(d.with_second(hurt), *options)
        self.assertEqual((line["cause"], line["action"], line["position"]), ("unknown", action, len(d.HEALTHY[0])), line)
        self.assertNotIn("bit", line)
        run = d.recrc(*options, "-", stdin=d.with_second(hurt))
        self.assertEqual(run.status, 3 if action == "kept" else 0, str(run))
        self.assertTrue(run.out == d.with_second(hurt if after is None else after), "the output is wrong")

    def test_several_bits_of_an_uncompressed_batch(self):
        for bits in (d.IN_VALUE, d.IN_VALUE[:2], d.IN_PRODUCER_ID, [8 * 17, 8 * 90], [8 * 17 + 3, 8 * 18 + 1]):
            with self.subTest(bits=bits):
                hurt = d.flip_bits(d.HEALTHY[1], *bits)
                self.check(hurt, "kept")
                self.check(hurt, "recomputed", "--trust-body", after=d.mended(hurt))
                self.check(hurt, "recomputed", "--force", after=d.mended(hurt))

    def test_a_body_that_does_not_parse_needs_force(self):
        hurt = d.flip_bits(d.BROKEN_BATCH, *d.IN_PRODUCER_ID)
        self.check(hurt, "kept")
        self.check(hurt, "kept", "--trust-body")
        self.check(hurt, "recomputed", "--force", after=d.mended(hurt))
        self.assertIsNotNone(self.report(d.with_second(hurt))["problem"])

    def test_a_codecs_own_checksum_vouches_for_the_body(self):
        plain = d.HEALTHY[1][61:]
        healthy = {(codec, sums): d.with_body(d.HEALTHY[1], d.compress(codec, plain, sums), codec)
                   for codec in ("lz4", "zstd") for sums in (True, False)}
        for case in ("v2-gzip", "v2-snappy", "v2-lz4", "v2-zstd"):
            codec = case[3:]
            healthy[codec, codec == "gzip" and "kafka"] = k.log_batches(k.log_of(case))[4].data
        for (codec, sums), batch in healthy.items():
            with self.subTest(codec=codec, checksum=sums):
                for bits in (d.IN_PRODUCER_ID, d.IN_PRODUCER_ID[:2]):
                    hurt = d.flip_bits(batch, *bits)
                    self.check(hurt, "recomputed" if sums else "kept", after=d.mended(hurt) if sums else None)
                    self.check(hurt, "recomputed", "--trust-body", after=d.mended(hurt))

    def test_damage_that_the_codecs_checksum_finds_is_kept(self):
        gzip_batch = k.log_batches(k.log_of("v2-gzip"))[4].data
        for codec, batch in [("gzip", gzip_batch)] + [(c, d.with_body(d.HEALTHY[1], d.compress(c, d.HEALTHY[1][61:], True), c))
                                                      for c in ("lz4", "zstd")]:
            with self.subTest(codec=codec):
                # In the checksum, or in the size that gzip has behind it.
                hurt = d.flip_bits(batch, 8 * (len(batch) - 2), 8 * (len(batch) - 1) + 6)
                self.check(hurt, "kept")
                self.check(hurt, "kept", "--trust-body")


if __name__ == "__main__":
    k.main()
