# SPDX-License-Identifier: Apache-2.0
"""Each header compiles alone: it includes what it uses."""

import concurrent.futures
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


class Headers(unittest.TestCase):
    def test_each_header_compiles_alone(self):
        compiler, options = flags()

        def compile_alone(header):
            return header, subprocess.run(
                [compiler, *options, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-x", "c++", "-"],
                input=f'#include "{project.SOURCE / header}"\n#include "{project.SOURCE / header}"\n',
                capture_output=True, text=True, check=False)

        headers = project.sources("common", "tools", suffixes=(".hpp",))
        self.assertTrue(headers)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            failed = [f"{header}:\n{run.stderr}" for header, run in pool.map(compile_alone, headers) if run.returncode]
        self.assertEqual(failed, [], "\n".join(failed))


if __name__ == "__main__":
    unittest.main()
