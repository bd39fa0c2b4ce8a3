# SPDX-License-Identifier: Apache-2.0
"""Each header compiles alone: it includes what it uses. The build shows that of a header that its own source file includes
before anything else; the others are compiled here."""

import concurrent.futures
import re
import subprocess
import unittest

import project


def flags():
    """The compiler of the build, and of its flags those that a header's meaning depends on."""
    compiler, kept = "c++", ["-std=c++20"]
    for entry in project.compile_commands():
        if "/common/" in entry["file"] or "/tools/" in entry["file"]:
            compiler, words = project.compiler_flags(entry)
            expect_path = False
            for word in words:
                if expect_path or word.startswith(("-I", "-D", "-m", "-isystem")):
                    if word not in kept or expect_path:
                        kept.append(word)
                    expect_path = word in ("-isystem", "-I")
    for folder in ("common", "common/kafka", "tools"):
        kept.append(f"-I{project.SOURCE / folder}")
    return compiler, kept


def is_first_in_its_source(header):
    """Whether X.cpp beside X.hpp begins with it."""
    source = (project.SOURCE / header).with_suffix(".cpp")
    if not source.exists():
        return False
    first = re.search(r'^#\s*include\s+(?:"([^"]*)"|<)', source.read_text(), re.MULTILINE)
    return bool(first and first[1] and f"/{header}".endswith(f"/{first[1]}"))


class Headers(unittest.TestCase):
    def test_each_header_compiles_alone(self):
        compiler, options = flags()

        def compile_alone(header):
            return header, subprocess.run(
                [compiler, *options, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-x", "c++", "-"],
                input=f'#include "{project.SOURCE / header}"\n#include "{project.SOURCE / header}"\n',
                capture_output=True, text=True, check=False)

        headers = project.sources("common", "tools", suffixes=(".hpp",))
        built = [header for header in headers if is_first_in_its_source(header)]
        headers = [header for header in headers if header not in built]
        self.assertGreater(len(built), len(headers))
        self.assertTrue(headers)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            failed = [f"{header}:\n{run.stderr}" for header, run in pool.map(compile_alone, headers) if run.returncode]
        self.assertEqual(failed, [], "\n".join(failed))


if __name__ == "__main__":
    unittest.main()
