# SPDX-License-Identifier: Apache-2.0
"""The recipes of README.md for test suites, as they stand there, each with its language's client: the record arrives, and the
broker has ended cleanly."""

import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402

CLIENTS = pathlib.Path(__file__).resolve().parent.parent / "support" / "clients"
CACHE = pathlib.Path(os.environ.get("KSEG_CACHE") or pathlib.Path.home() / ".cache" / "kseg")
TIMEOUT_S = 120
BUILD_TIMEOUT_S = 800
JAVA = """import java.util.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.serialization.*;
class Recipe {{ public static void main(String[] args) throws Exception {{
{}
}} }}"""
GO = """package main
import ("bufio"; "context"; "fmt"; "os/exec"; "strings"; "syscall"; "github.com/twmb/franz-go/pkg/kgo")
func main() {{
{}
}}"""
RUST = """use rdkafka::{{config::ClientConfig, producer::{{BaseProducer, BaseRecord, Producer}}}};
use std::{{io::{{BufRead, BufReader}}, process::{{Command, Stdio}}, time::Duration}};
fn main() -> Result<(), Box<dyn std::error::Error>> {{
{}
    Ok(())
}}"""


def recipes():
    text = (pathlib.Path(__file__).resolve().parent.parent.parent / "README.md").read_text()
    section = text[text.index("### In a test suite"):]
    return dict(re.findall(r"^```(\w+)\n(.*?)^```$", section[:section.index("\n## ")], re.S | re.M))


class Recipes(k.ScratchCase):
    def run_recipe(self, command, printed="0", timeout=TIMEOUT_S):
        """Runs it with a `kseg` that keeps its directory and says which process it is."""
        kseg = self.dir / "bin" / "kseg"
        kseg.parent.mkdir()
        kseg.write_text(f"#!/bin/sh\necho $$ >'{self.dir}/pid'\nexec '{k.program()}' \"$@\" --data '{self.dir}/data'\n")
        kseg.chmod(kseg.stat().st_mode | stat.S_IXUSR)
        done = subprocess.run([str(word) for word in command], cwd=self.dir, capture_output=True, text=True, check=False,
                              timeout=timeout, env={**os.environ, "PATH": f"{kseg.parent}:{os.environ['PATH']}"})
        self.assertEqual((done.returncode, "".join(done.stdout.splitlines()[-1:])), (0, printed), done.stderr[-1000:])
        end, process = time.monotonic() + 10, pathlib.Path("/proc") / (self.dir / "pid").read_text().strip()
        while process.exists() and time.monotonic() < end:
            time.sleep(0.05)
        self.assertFalse(process.exists(), "the broker was not ended")
        self.assertTrue((self.dir / "data" / ".kafka_cleanshutdown").exists(), "the broker was not ended cleanly")
        found = k.decode("--json", self.dir / "data" / "greetings-0" / f"{0:020d}.log").lines()
        self.assertEqual([record["value"] for record in found], ["hello"])

    def write(self, name, text):
        (self.dir / name).write_text(text)
        return self.dir / name

    def client(self, name, tool):
        """The command of a client's driver; skipped where the toolchain is missing."""
        self.need(tool)
        done = subprocess.run([CLIENTS / "fetch", name], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.skipTest(f"no {name}: {done.stderr.strip()[-300:]}")
        return done.stdout.splitlines()

    def need(self, tool):
        if not shutil.which(tool):
            self.skipTest(f"no {tool}")

    def test_every_recipe_is_tested(self):
        self.assertEqual({f"test_{language}" for language in recipes()} - set(dir(self)), set())

    def test_sh(self):
        self.need("kcat")
        self.run_recipe(["sh", "-e", self.write("recipe.sh", recipes()["sh"])])

    def test_python(self):
        self.run_recipe([self.client("confluent", "python3")[0], self.write("recipe.py", recipes()["python"])])

    def test_java(self):
        command = self.client("java", "java")
        self.run_recipe([*command[:-1], self.write("Recipe.java", JAVA.format(recipes()["java"]))])

    def test_go(self):
        self.client("franz-go", "go")
        for name in ("go.mod", "go.sum"):
            shutil.copy(CLIENTS / "go" / name, self.dir)
        self.write("main.go", GO.format(recipes()["go"]))
        self.run_recipe(["go", "run", "."], "0 <nil>")

    def test_js(self):
        driver = self.client("kafkajs", "node")
        (self.dir / "node_modules").symlink_to(pathlib.Path(driver[-1]) / "node_modules")
        self.run_recipe(["node", self.write("recipe.mjs", recipes()["js"])])

    def test_rust(self):
        self.need("cargo")
        if not os.environ.get("KSEG_LARGE"):
            self.skipTest("rust is tested only with KSEG_LARGE, as tests/run --nightly does: it builds librdkafka")
        (self.dir / "src").mkdir()
        for name in ("Cargo.toml", "Cargo.lock"):
            shutil.copy(CLIENTS / "rust" / name, self.dir)
        self.write("src/main.rs", RUST.format(recipes()["rust"]))
        self.run_recipe(["cargo", "run", "--quiet", "--locked", "--target-dir", CACHE / "rust"], "", BUILD_TIMEOUT_S)


if __name__ == "__main__":
    k.main()
