# SPDX-License-Identifier: Apache-2.0
"""Stores of archives for tests/cli: segments indexed and packed, and what archives are called, worked out without kseg."""

import base64
import json
import os
import pathlib
import shutil
import subprocess

import kseg_cli as k

ARCHIVE_TOOL = pathlib.Path(os.environ.get("KSEG_BUILD", k.TESTS.parent / "build/release")) / "tests/archive_tool"
FORMATS = ("tar.gz", "tar.zst")
TOPIC_ID = "4Vd1GyL6QWmDC_ybrQZx0w"
assert len(base64.urlsafe_b64decode(TOPIC_ID + "==")) == 16


def digits(offset):
    return f"{offset:020d}"


def pack(*args, status=(0,), **options):
    run = k.run("pack", *args, **options)
    assert run.status in status, run
    return run


def index(log, out, topic="t", partition=0, *options):
    """Indexes a log as a partition's; returns the directory of its index."""
    run = k.run("index", "-o", out, "--topic", topic, "--partition", str(partition), *options, log)
    assert run.status in (0, 3), run
    return pathlib.Path(out) / f"{topic}-{partition}" / log.name.split(".")[0]


def files(directory):
    """{path below: bytes} of all files."""
    root = pathlib.Path(directory)
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def objects(store):
    """Names of all objects of a store that is a directory, in order."""
    return sorted(files(store))


def untar(archive, directory):
    """Unpacks by tar and gzip or zstd; returns {member: bytes}."""
    directory.mkdir(parents=True)
    how = ["-xzf"] if archive.name.endswith(".gz") else ["--zstd", "-xf"]
    subprocess.run(["tar", *how, archive, "-C", directory], check=True, capture_output=True)
    return files(directory)


def manifest(content):
    return json.loads(content)


def sealed(value):
    """The bytes of a manifest with its checksum, as kseg-index.5 has it."""
    text = json.dumps(dict(value, crc32c="00000000"), indent=2, ensure_ascii=False) + "\n"
    head, tail = text[:-12], text[-4:]
    assert text[-12:-4] == "00000000", text[-20:]
    return (head + f"{k.crc32c(text.encode()):08x}" + tail).encode()


def name_of(content, has, topic_id=None, form="tar.gz"):
    """The name of an archive with these bytes and this manifest, as kseg-archive.5 has it."""
    base, last = has["base_offset"], has["last_offset"]
    last = base - 1 if last is None else last
    times = [has["min_timestamp"], has["max_timestamp"]]
    if has["damaged"] or times[0] is None:
        times = ["none", "none"]
    parts = [digits(base), digits(last) if last >= 0 else "none", *map(str, times), str(len(content)),
             f"{k.crc32c(content):08x}"]
    parts += [topic_id] if topic_id else []
    return f"{has['topic']}/{has['partition']}/{'_'.join(parts)}.{form}"


def in_order(members):
    """The members with the manifest last."""
    return dict(sorted(members.items(), key=lambda x: x[0] == "manifest.json"))


def put_archive(store, members, has, topic_id=None, form="tar.gz"):
    """Makes an archive of members that kseg pack did not choose, and puts it under the name that its manifest calls for."""
    scratch = pathlib.Path(store).parent / "members"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    words = []
    for number, (name, content) in enumerate(in_order(members).items()):
        (scratch / str(number)).write_bytes(content)
        words.append(f"{name}={scratch / str(number)}")
    options = ["--zst"] if form == "tar.zst" else []
    subprocess.run([ARCHIVE_TOOL, "pack", scratch / "out", *options, *words], check=True, capture_output=True)
    return put(store, (scratch / "out").read_bytes(), has, topic_id, form)


def put(store, content, has, topic_id=None, form="tar.gz"):
    path = pathlib.Path(store) / name_of(content, has, topic_id, form)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
