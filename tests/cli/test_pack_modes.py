# SPDX-License-Identifier: Apache-2.0
"""pack: --list, --verify, --extract, --remove, --dry-run and --log-dir, which archives they take, and what is refused."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import pack_store as p  # noqa: E402

CASES = {("orders", 3): "v2-none", ("orders", 12): "v2-zstd", ("orders-eu", 0): "v1-snappy", ("z", 0): "v2-base-4294967301"}
KEYS = ["name", "topic", "partition", "base_offset", "last_offset", "first_timestamp", "last_timestamp", "size", "crc32c",
        "topic_id", "format"]


class ModeCase(k.ScratchCase):
    """A store with an archive of each case."""

    def setUp(self):
        super().setUp()
        self.store, self.indexes = self.dir / "store", self.dir / "indexes"
        for (topic, partition), case in CASES.items():
            p.index(k.log_of(case), self.indexes, topic, partition)
        p.pack(self.indexes, "--store", self.store)
        self.names = p.objects(self.store)

    def mode(self, *args, status=0, **options):
        return p.pack("--store", self.store, *args, status=(status,), **options)

    def under(self, *prefixes):
        return [n for n in self.names if n in prefixes or any(n.startswith(x + "/") for x in prefixes)]


class List(ModeCase):
    def test_text_has_the_name_last(self):
        run = self.mode("--list")
        self.assertEqual([line.split()[-1] for line in run.text.splitlines()], self.names)

    def test_json(self):
        lines = self.mode("--list", "--json").lines()
        self.assertEqual([x["name"] for x in lines], self.names)
        for line in lines:
            self.assertEqual(list(line), KEYS)
            content = (self.store / line["name"]).read_bytes()
            records = k.truth(CASES[line["topic"], line["partition"]]).records
            self.assertEqual((line["size"], line["crc32c"], line["format"], line["topic_id"]),
                             (len(content), f"{k.crc32c(content):08x}", "tar.gz", None))
            self.assertEqual(line["last_offset"], max(r["offset"] for r in records))
            times = [r["timestamp"] for r in records]
            self.assertEqual((line["first_timestamp"], line["last_timestamp"]), (min(times), max(times)))

    def test_names_select(self):
        for names, selected in ((["orders"], self.under("orders")), (["orders/"], self.under("orders")),
                                (["orders/3"], self.under("orders/3")), (["orders/1"], None), (["order"], None),
                                ([self.names[0]], self.names[:1]), (["z", "orders/12"], self.under("z", "orders/12")),
                                (["z", "z", self.under("z")[0]], self.under("z")), ([self.names[0][:-1]], None)):
            run = self.mode("--list", "--json", *names, status=0 if selected else 1)
            self.assertEqual([x["name"] for x in run.lines()], selected or [], names)
            if not selected:
                self.assertIn("no such archive", run.err)
        run = self.mode("--list", "--json", "nothing", "z", status=1)
        self.assertEqual([x["name"] for x in run.lines()], self.under("z"))
        for bad in ("..", "a//b", "", "a/../b", "/z"):
            self.mode("--list", bad, status=1)

    def test_a_store_that_is_not_there(self):
        for mode in (["--list"], ["--verify"], ["--extract", self.dir / "out"]):
            run = p.pack("--store", self.dir / "none", *mode, status=(1,))
            self.assertIn("none", run.err)
        self.assertFalse((self.dir / "out").exists())
        (self.dir / "empty").mkdir()
        self.assertEqual(p.pack("--store", self.dir / "empty", "--list").out, b"")

    def test_a_reader_that_goes(self):
        run = subprocess.run(["bash", "-c", '"$1" pack --store "$2" --list | head -n 1; exit "${PIPESTATUS[0]}"', "-",
                              k.program(), self.store], capture_output=True, check=False)
        self.assertEqual((run.returncode, run.stderr), (0, b""))


class Verify(ModeCase):
    def test_good_archives(self):
        for options in ([], ["--deep"]):
            run = self.mode("--verify", "--json", *options)
            self.assertEqual([(x["name"], x["action"], x["problem"]) for x in run.lines()],
                             [(n, "verified", None) for n in self.names])
            self.assertEqual(self.mode("--verify", *options).out, b"")
        self.assertEqual(len(self.mode("--verify", "--json", "orders").lines()), 2)

    def test_what_is_no_archive_is_named(self):
        for name in ("readme", "orders/3/x.tar.gz", "orders/3/" + pathlib.Path(self.names[0]).name.replace("_", "-", 1)):
            (self.store / name).write_text("other")
        run = self.mode("--verify", status=3)
        self.assertEqual(run.err.count("is no archive"), 3)
        self.assertEqual(self.mode("--verify", "z").err, "")
        self.assertIn("readme", self.mode("--verify", "readme", status=3).err)
        # It is left alone.
        self.assertEqual(set(p.objects(self.store)) - set(self.names) - {"readme"},
                         {n for n in p.objects(self.store) if n.startswith("orders/3/")} - set(self.names))
        self.mode("--list")

    def test_damage_that_was_in_the_log_is_no_fault_of_the_archive(self):
        p.index(k.damaged_log("v2-none-payload-flip"), self.indexes, "hurt")
        run = p.pack("--json", "--store", self.store, self.indexes / "hurt-0", status=(3,))
        self.assertIn("damaged in 1 places", run.err)
        name = run.lines()[0]["name"]
        self.assertRegex(name, "_none_none_")
        for options in ([], ["--deep"]):
            run = self.mode("--verify", "--json", *options, status=3)
            hurt = [x for x in run.lines() if x["problem"]]
            self.assertEqual([(x["name"], x["action"]) for x in hurt], [(name, "verified")])
            self.assertNotIn("error", run.err)
        self.assertEqual(self.mode("--verify", "-q", "hurt", status=3).err, "")

    def test_what_cannot_be_read_is_another_thing_than_damage(self):
        archive = self.store / self.names[0]
        content = archive.read_bytes()
        archive.unlink()
        archive.write_bytes(content[:-1])
        run = self.mode("--verify", "--json", status=3)
        self.assertEqual([x["action"] for x in run.lines()], ["damaged"] + ["verified"] * 3)
        self.assertIn("error: " + str(archive), run.err)
        run = self.mode("--verify", "--deep", "--json", "z", env={"TMPDIR": str(self.dir / "gone")}, status=1)
        self.assertEqual([x["action"] for x in run.lines()], ["failed"])
        self.mode("--verify", "nothing", status=1)

    def test_scratch_directories_are_gone(self):
        scratch = self.dir / "scratch"
        scratch.mkdir()
        env = {"TMPDIR": str(scratch)}
        (scratch / "kseg-verify-0").mkdir()
        (scratch / "kseg-verify-0" / "left").write_text("by a run that was killed")
        self.mode("--verify", "--deep", env=env)
        self.assertEqual(list(scratch.iterdir()), [])
        (scratch / "kseg-pack-0").write_text("")
        p.pack(self.indexes, "--store", self.dir / "other", env=env)
        self.assertEqual(list(scratch.iterdir()), [])
        self.assertIn("gone", p.pack(self.indexes, "--store", self.dir / "third", env={"TMPDIR": str(self.dir / "gone")},
                                     status=(1,)).err)


class Extract(ModeCase):
    def test_everything_and_a_part(self):
        out = self.dir / "out"
        run = self.mode("--extract", out, "--json")
        self.assertEqual(sorted(x["path"] for x in run.lines()), sorted(str(x.parent) for x in out.rglob("manifest.json")))
        for (topic, partition), case in CASES.items():
            log = k.log_of(case)
            place = out / f"{topic}-{partition}" / log.name[:-4]
            self.assertEqual((place / log.name).read_bytes(), log.read_bytes())
            packed = self.indexes / f"{topic}-{partition}" / log.name[:-4]
            self.assertEqual({n: (place / n).read_bytes() for n in p.files(packed) if n != "manifest.json"},
                             {n: c for n, c in p.files(packed).items() if n != "manifest.json"})
        p.pack(out, "--store", self.dir / "again")
        self.assertEqual(p.files(self.dir / "again"), p.files(self.store))
        # What is unpacked is a store of indexes, whose logs are beside them.
        count = k.run("query", "--store", out, "--topic", "orders", "--count")
        self.assertEqual((count.status, int(count.text)), (0, sum(len(k.truth(c).records) for (t, _), c in CASES.items()
                                                                  if t == "orders")))
        self.mode("--extract", self.dir / "part", "orders/3")
        self.assertEqual([x.name for x in (self.dir / "part").iterdir()], ["orders-3"])

    def test_files_that_are_there_stay_unless_told_otherwise(self):
        out = self.dir / "out"
        self.mode("--extract", out)
        log = next(out.glob(f"orders-3/*/*.log"))
        log.write_bytes(b"mine")
        run = self.mode("--extract", out, "orders/3", status=1)
        self.assertIn("--overwrite", run.err)
        self.assertEqual(log.read_bytes(), b"mine")
        (log.parent / "partition.metadata").write_text(f"version: 0\ntopic_id: {p.TOPIC_ID}")
        self.mode("--extract", out, "orders/3", "--overwrite")
        p.pack(out, "--store", self.dir / "again")
        self.assertEqual(p.files(self.dir / "again"), p.files(self.store))

    def test_of_two_archives_of_a_segment_one_is_taken(self):
        log = k.log_of("v2-none")
        p.pack(self.indexes / "orders-3", "--store", self.store, "--format", "tar.zst")
        short = self.dir / log.name
        short.write_bytes(k.log_batches(log)[0].data)
        p.pack(p.index(short, self.dir / "short", "orders", 3), "--store", self.store)
        self.assertEqual(len([n for n in p.objects(self.store) if n.startswith("orders/3/")]), 3)
        taken, = self.mode("--extract", self.dir / "out", "--json", "orders/3").lines()
        self.assertEqual(taken["name"], min(n for n in p.objects(self.store) if n.startswith("orders/3/") and
                                            n.split("_")[1] == taken["name"].split("_")[1]))
        self.assertEqual(next((self.dir / "out").rglob("*.log")).read_bytes(), log.read_bytes())
        # One that cannot be read is reported, and another one takes its place.
        (self.store / taken["name"]).write_bytes(b"nothing")
        run = self.mode("--extract", self.dir / "other", "orders/3", status=1)
        self.assertIn(taken["name"], run.err)
        self.assertEqual(next((self.dir / "other").rglob("*.log")).read_bytes(), log.read_bytes())


class Remove(ModeCase):
    def test_by_name_and_by_what_names_begin_with(self):
        self.mode("--remove", self.names[-1])
        self.assertEqual(p.objects(self.store), self.names[:-1])
        self.assertIn("no such archive", self.mode("--remove", self.names[-1], status=1).err)
        gone = self.mode("--remove", "--json", "orders").lines()
        self.assertEqual([(x["name"], x["action"]) for x in gone], [(n, "removed") for n in self.under("orders")])
        self.assertEqual(p.objects(self.store), self.under("orders-eu"))

    def test_what_is_no_archive_stays(self):
        (self.store / "orders" / "readme").write_text("other")
        run = self.mode("--remove", "orders", status=1)
        self.assertIn("is no archive", run.err)
        self.assertEqual([n for n in p.objects(self.store) if n.startswith("orders/")], ["orders/readme"])

    def test_dry_run(self):
        run = self.mode("--remove", "-n", "orders")
        self.assertEqual(len(run.text.splitlines()), 2)
        self.assertEqual({x["action"] for x in self.mode("--remove", "--dry-run", "--json", "orders").lines()}, {"would_remove"})
        self.assertEqual(p.objects(self.store), self.names)


class Pack(ModeCase):
    def test_dry_run_touches_nothing(self):
        new = self.dir / "new"
        env = {"TMPDIR": str(self.dir / "gone")}
        run = p.pack("-n", self.indexes, "--store", new, env=env)
        self.assertEqual(len(run.text.splitlines()), len(CASES))
        self.assertFalse(new.exists())
        lines = p.pack("--dry-run", "--json", self.indexes, "--store", new, env=env).lines()
        self.assertEqual({(x["action"], x["name"], x["size"], x["crc32c"]) for x in lines}, {("would_pack", None, None, None)})
        lines = p.pack("--dry-run", "--json", self.indexes, "--store", self.store, env=env).lines()
        self.assertEqual([(x["action"], x["name"]) for x in lines],
                         [("up_to_date", n) for n in sorted(self.names, key=lambda n: "-".join(n.split("/")))])

    def test_logs_elsewhere(self):
        for form in ("logs/{topic}-{partition}", "flat"):
            with self.subTest(form):
                place = self.dir / form.split("/")[0] / "x"
                shutil.rmtree(place.parent, ignore_errors=True)
                moved = self.dir / ("moved" + form[:4]) / "deep" / "er"
                for (topic, partition), case in CASES.items():
                    if form == "flat" and case != "v2-base-4294967301":
                        continue
                    log = k.log_of(case)
                    folder = self.dir / form.format(topic=topic, partition=partition)
                    folder.mkdir(parents=True, exist_ok=True)
                    shutil.copy(log, folder / log.name)
                    place = moved / f"{topic}-{partition}" / log.name[:-4]
                    shutil.copytree(self.indexes / f"{topic}-{partition}" / log.name[:-4], place)
                store = self.dir / ("store" + form[:4])
                run = p.pack(moved, "--store", store, status=(1,))
                self.assertIn("--log-dir", run.err)
                p.pack(moved, "--store", store, "--log-dir", self.dir / form.split("/")[0])
                wanted = p.files(self.store)
                self.assertEqual(p.files(store), {n: wanted[n] for n in p.objects(store)})
                self.assertEqual(len(p.objects(store)), 1 if form == "flat" else 4)

    def test_what_cannot_be_packed_is_told_and_the_rest_is_packed(self):
        orders = self.indexes / "orders-3" / p.digits(0)
        eu = next((self.indexes / "orders-eu-0").glob("0*"))
        (orders / "manifest.json").write_bytes((orders / "manifest.json").read_bytes().replace(b'"records"', b'"recorbs"'))
        table = bytearray((eu / "batches").read_bytes())
        table[len(table) // 2] ^= 1
        (eu / "batches").write_bytes(table)
        (self.indexes / "half-0" / p.digits(9)).mkdir(parents=True)
        (self.indexes / "half-0" / p.digits(9) / "batches").write_bytes(b"")
        (self.indexes / "half-0" / ".tmp-x").mkdir()
        (self.indexes / "half-0" / ".tmp-x" / "manifest.json").write_text("{}")
        store = self.dir / "new"
        run = p.pack(self.indexes, "--store", store, status=(1,))
        self.assertEqual(run.err.count("error: "), 3, run)
        for place in (orders / "manifest.json", eu / "batches", self.indexes / "half-0" / p.digits(9)):
            self.assertIn(str(place), run.err)
        self.assertEqual(p.objects(store), self.under("orders/12", "z"))

    def test_a_log_that_changed_is_refused(self):
        for change in ("flip", "cut", "longer", "gone"):
            log = self.dir / "logs" / k.log_of("v2-none").name
            log.parent.mkdir(exist_ok=True)
            content = k.log_of("v2-none").read_bytes()
            log.write_bytes(content)
            index = p.index(log, self.dir / "other")
            if change == "gone":
                log.unlink()
            else:
                flipped = content[:700] + bytes([content[700] ^ 4]) + content[701:]
                log.write_bytes({"flip": flipped, "cut": content[:-1], "longer": content + b"\0"}[change])
            run = p.pack(index, "--store", self.dir / "new", status=(1,))
            self.assertIn(str(log), run.err)
            self.assertFalse((self.dir / "new").exists(), change)

    def test_arguments(self):
        index = next((self.indexes / "orders-3").glob("0*"))
        for directory in (index, f"{index}/", self.indexes / "orders-3"):
            p.pack(directory, "--store", self.dir / "one")
        self.assertEqual(p.objects(self.dir / "one"), self.under("orders/3"))
        (self.dir / "empty").mkdir()
        for bad in (self.dir / "empty", self.dir / "not there", index / "batches"):
            run = p.pack(bad, index, "--store", self.dir / "two", status=(1,))
            self.assertIn(str(bad), run.err)
            self.assertEqual(p.objects(self.dir / "two"), self.under("orders/3"))

    def test_names_that_no_archive_can_have(self):
        index = next((self.indexes / "z-0").glob("0*"))
        has = json.loads((index / "manifest.json").read_text())
        for change in ({"topic": "../up"}, {"topic": "a/b"}, {"topic": ""}, {"partition": -1}, {"base_offset": -5},
                       {"topic": "x" * 300}, {"topic": "line\nfeed"}, {"last_offset": 7}, {"last_offset": 2**63 - 1}):
            (index / "manifest.json").write_bytes(p.sealed(dict(has, **change)))
            self.assertIn("error", p.pack(index, "--store", self.dir / "new", status=(1,)).err)
            self.assertFalse((self.dir / "new").exists(), change)

    def test_deep_directories_and_links_in_a_circle(self):
        os.symlink(self.indexes, self.indexes / "orders-3" / "back")
        run = p.pack(self.indexes, "--store", self.dir / "new", status=(0, 1))
        self.assertEqual(p.objects(self.dir / "new"), self.names)
        self.assertIn("in each other", run.err)


class CommandLine(ModeCase):
    def test_modes_and_options_that_do_not_go_together(self):
        for args in (["--list", "--verify"], ["--extract", "x", "--remove", "z"], ["--list", "--remove", "z"], ["--deep", "x"],
                     ["--list", "--deep"], ["--list", "-n"], ["--verify", "-n"], ["--overwrite", "x"], ["--remove"], [],
                     ["--list", "--format", "tar.gz"], ["--verify", "--log-dir", "x"], ["--extract", ""], ["--extract", "-"],
                     ["--list", "--topic-id", p.TOPIC_ID], ["--topic-id", "short", "x"], ["--topic-id", "A" * 22, "x"],
                     ["--format", "zip", "x"], ["--jobs", "0", "x"], ["--s3-endpoint", "http://127.0.0.1:1", "x"]):
            run = p.pack("--store", self.store, *args, status=(2,))
            self.assertTrue(run.err.startswith("error: "), run)
        self.assertEqual(p.pack(self.indexes, status=(2,)).out, b"")
        for store in ("", "ftp://x", "s3://", "s3://x", "s3://bucket//x"):
            p.pack(self.indexes, "--store", store, status=(2,))
        self.assertEqual(p.objects(self.store), self.names)

    def test_a_bucket_without_keys(self):
        env = {name: "" for name in os.environ if name.startswith("AWS_")}
        env |= {"HOME": str(self.dir), "AWS_CONFIG_FILE": "", "AWS_SHARED_CREDENTIALS_FILE": ""}
        run = p.pack("--store", "s3://bucket/prefix", "--list", env=env, status=(2,))
        self.assertIn("AWS_ACCESS_KEY_ID", run.err)

    def test_progress(self):
        run = p.pack(self.indexes, "--store", self.dir / "new", "--progress")
        self.assertRegex(run.err, r"\r[0-9.]+ \w+, ")
        self.assertFalse(re.search("error|warning", run.err))


if __name__ == "__main__":
    k.main()
