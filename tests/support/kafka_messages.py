# SPDX-License-Identifier: Apache-2.0
"""Kafka's own messages, of two versions: the newest, and the last one that has what Kafka 4 dropped.

Without a JVM or the jars class_path() ends the program with status 77, which ctest calls skipped. A test calls it in
setUpClass: inside of a test, unittest would take that for an error."""

import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
TOOL = pathlib.Path(os.environ.get("KSEG_BUILD", SOURCE / "build/release")) / "tests/protocol_tool"
KAFKAS = ("kafka", "kafka39")
# Tagged fields that Kafka 4 added to versions that Kafka 3.9 has: unknown tags to it.
NEWER_THAN_39 = {("OffsetCommitValue", "4"), ("TransactionLogValue", "1")}
SKIPPED = 77
TIMEOUT_S = 300


@functools.cache
def class_path(kafka):
    fetched = subprocess.run([HERE / kafka / "fetch"], capture_output=True, text=True, check=False)
    if fetched.returncode != 0 or not shutil.which("java"):
        print(f"skipped: no JVM or no jars of Kafka: {fetched.stderr.strip()[-400:]}", file=sys.stderr)
        sys.exit(SKIPPED)
    return fetched.stdout.strip() + "/*"


def tool(*arguments, lines=()):
    """Lines of protocol_tool."""
    done = subprocess.run([TOOL, *map(str, arguments)], input="".join(line + "\n" for line in lines), capture_output=True,
                          encoding="utf-8", timeout=TIMEOUT_S, check=True)
    return done.stdout.split("\n")[:-1]


def versions_of(line):
    """(name, version) that a line has to do with; two for one of a conversion."""
    words = line.split(" ")
    return {(words[0], words[1])} | ({(words[0], words[3])} if len(words) == 5 else set())


def kafka(kafka_name, lines, *arguments):
    """(lines that Kafka writes, faults that it finds, the (name, version) that it does not have)."""
    if kafka_name == "kafka39":
        lines = [line for line in lines if not versions_of(line) & NEWER_THAN_39]
    done = subprocess.run(["java", "-Xmx512m", "-Dfile.encoding=UTF-8", "-cp", class_path(kafka_name),
                           HERE / "kafka" / "Messages.java", *arguments], input="".join(line + "\n" for line in lines),
                          capture_output=True, encoding="utf-8", timeout=TIMEOUT_S, check=False)
    unknown = {tuple(line.split(" ")[1:]) for line in done.stderr.splitlines() if line.startswith("unknown ")}
    faults = [line for line in done.stderr.splitlines() if line.startswith(("wrong ", "    "))]
    if done.returncode != 0 and not faults:
        raise AssertionError(f"java: status {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout.split("\n")[:-1], faults, unknown


@functools.cache
def schemas(kafka_name):
    """{name: schema} of the JSON files that Kafka's jars carry, whose lines of comment are no JSON."""
    found = {}
    for jar in sorted(pathlib.Path(class_path(kafka_name)).parent.glob("kafka-*.jar")):
        with zipfile.ZipFile(jar) as archive:
            for entry in archive.namelist():
                if re.fullmatch(r"common/message/\w+\.json", entry):
                    text = re.sub(r"(?m)^\s*//.*$|(?<=[,{\[\]}])\s*//.*$", "", archive.read(entry).decode())
                    found[pathlib.PurePath(entry).stem] = json.loads(text)
    return found


def bounds(versions):
    """(first, last) of "3+", "3-5", "3" or "none"."""
    if versions in (None, "none"):
        return 1, 0
    first, _, last = versions.rstrip("+").partition("-")
    return int(first), 32767 if versions.endswith("+") else int(last or first)


def has(versions, version):
    first, last = bounds(versions)
    return first <= version <= last


def structs(schema):
    """(path, fields) of a schema's structs, as protocol_tool names them."""
    common = {struct["name"]: struct["fields"] for struct in schema.get("commonStructs", [])}

    def walk(path, fields):
        yield path, fields
        for field in fields:
            inner = field.get("fields") or common.get(field["type"].removeprefix("[]"))
            if inner:
                yield from walk(f"{path}.{camel(field['name'])}".removeprefix("-."), inner)

    yield from walk("-", schema["fields"])


def camel(name):
    return name[0].lower() + name[1:]


def default_of(field):
    """The default of a field that is no struct, as JSON."""
    kind, default = field["type"], field.get("default")
    if default == "null" or kind == "records":
        return None
    if kind.startswith("[]"):
        return []
    if kind == "bool":
        return str(default).lower() == "true"
    if kind.startswith("int"):
        return int(str(default or 0), 0)
    return {"uuid": "A" * 22}.get(kind, default or "")
