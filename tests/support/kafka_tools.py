# SPDX-License-Identifier: Apache-2.0
"""Kafka's own readers, for tests/e2e: its tools and classes over files that kseg wrote.

Without a JVM or the jars the test ends with status 77, which ctest calls skipped."""

import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
TIMEOUT_S = 300


@functools.cache
def class_path():
    fetched = subprocess.run([HERE / "kafka" / "fetch"], capture_output=True, text=True, check=False)
    if fetched.returncode != 0 or not shutil.which("java"):
        print(f"skipped: no JVM or no jars of Kafka: {fetched.stderr.strip()[-400:]}", file=sys.stderr)
        sys.exit(SKIPPED)
    return fetched.stdout.strip() + "/*"


def java(*arguments):
    """Runs a class; returns (status, stdout)."""
    done = subprocess.run(["java", "-Xmx512m", "-cp", class_path(), *[os.fspath(a) for a in arguments]], capture_output=True,
                          text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode not in (0, 3):
        raise AssertionError(f"java {arguments[0]}: status {done.returncode}: {done.stderr[-2000:]}")
    return done.returncode, done.stdout


def read_segments(*files):
    """{file: lines} of Kafka's FileRecords over each file: batches, records and errors as ReadSegment.java prints them."""
    files = [os.fspath(f) for f in files]
    _, out = java(HERE / "kafka" / "ReadSegment.java", *files)
    result, lines = {}, []
    if len(files) == 1:
        result[files[0]] = lines
    for line in map(json.loads, out.splitlines()):
        if line["type"] == "file":
            lines = result.setdefault(line["file"], [])
        else:
            lines.append(line)
    return result


def dump_log(*files, options=()):
    """stdout of kafka-dump-log over the files."""
    status, out = java("org.apache.kafka.tools.DumpLogSegments", *options, "--files", ",".join(map(os.fspath, files)))
    if status != 0:
        raise AssertionError(f"kafka-dump-log: status {status}: {out[-2000:]}")
    return out


def index_faults(*index_files):
    """What kafka-dump-log finds wrong in index files beside their segments; empty when it finds nothing."""
    out = dump_log(*index_files, options=["--verify-index-only"])
    return [line for line in out.splitlines()
            if any(word in line.lower() for word in ("mismatch", "not found", "out of order", "corrupt", "failed", "exception"))]
