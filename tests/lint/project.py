# SPDX-License-Identifier: Apache-2.0
"""What the lint tests share: where things are, which files there are, and what the program says of itself."""

import functools
import json
import os
import pathlib
import re
import shlex
import subprocess

SOURCE = pathlib.Path(os.environ.get("KSEG_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("KSEG_BUILD", SOURCE / "build/release"))
KSEG = os.environ.get("KSEG", str(BUILD / "kseg"))


@functools.cache
def files():
    """Every file of the project, tracked or new but not ignored, relative to SOURCE."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={SOURCE}", "-C", SOURCE, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, check=False)
    if listed.returncode == 0:
        names = {os.fsdecode(name) for name in listed.stdout.split(b"\0") if name}
        return sorted(pathlib.PurePosixPath(name) for name in names if (SOURCE / name).exists())
    # Not a checkout, as in an unpacked release.
    found = []
    for folder, folders, names in os.walk(SOURCE):
        here = pathlib.Path(folder).relative_to(SOURCE)
        folders[:] = [f for f in folders if f not in ("build", ".git", "__pycache__")]
        found += [pathlib.PurePosixPath(here / name) for name in names if not name.endswith(".pyc")]
    return sorted(found)


def sources(*folders, suffixes=(".cpp", ".hpp")):
    """Files below `folders` with one of the suffixes."""
    return [f for f in files() if f.parts[0] in folders and f.suffix in suffixes]


def text(path):
    return (SOURCE / path).read_text(encoding="utf-8")


@functools.cache
def compile_commands():
    """The compiler's entries of the build under test, or of any other build when that one has none."""
    for folder in [BUILD, *sorted(SOURCE.glob("build/*"))]:
        if (folder / "compile_commands.json").is_file():
            return json.loads((folder / "compile_commands.json").read_text())
    return []


def compiler_flags(entry):
    """(compiler, flags) of one entry, without a launcher, the input and the output."""
    words = shlex.split(entry["command"])
    while words and not re.search(r"(c\+\+|g\+\+|clang\+\+)(-\d+)?$", words[0]):
        words.pop(0)
    flags, skip = [], False
    for word in words[1:]:
        if skip:
            skip = False
        elif word in ("-o", "-MF", "-MT", "-MQ"):
            skip = True
        elif word not in ("-c", "-MD", "-MMD") and word != entry["file"]:
            flags.append(word)
    return words[0], flags


@functools.cache
def help_text(*command):
    return subprocess.run([KSEG, *command, "--help"], capture_output=True, text=True, check=True,
                          stdin=subprocess.DEVNULL, timeout=60).stdout


@functools.cache
def commands():
    """The commands that `kseg --help` names."""
    found, inside = [], False
    for line in help_text().splitlines():
        if re.match(r"(sub)?commands:\s*$", line, re.I):
            inside = True
        elif inside and (match := re.match(r"\s+([a-z][a-z-]*)(\s|$)", line)):
            if len(line) - len(line.lstrip()) <= 4:
                found.append(match[1])
        elif inside and line.strip() and not line[0].isspace():
            inside = False
    return found
