# SPDX-License-Identifier: Apache-2.0
"""Includes and link edges follow the layer graph of common/README.md."""

import pathlib
import re
import unittest

import project

# The graph: a layer's own edges. An include may follow any path of them.
EDGES = {
    "base": set(),
    "io": {"base"},
    "wire": {"base"},
    "codec": {"base"},
    "record": {"wire", "codec"},
    "archive": {"io", "codec"},
    "objects": {"io"},
    "protocol": {"wire"},
    "segment": {"record", "io"},
    "canonical": {"record"},
    "wal": {"segment", "canonical"},
    "index": {"segment", "canonical"},
    "store": {"wal", "index", "archive", "objects"},
    "broker": {"store", "protocol"},
}
BELOW_KAFKA = {"wire", "codec", "record", "segment", "protocol"}

# Headers that are not the standard's: pattern, and the layers in which it may be included.
EVERYWHERE = {*EDGES, "tools"}
LIBRARIES = [
    (r"fmt/.*", EVERYWHERE),
    (r"(zstd|zstd_errors|lz4|lz4frame|lz4hc|snappy|snappy-sinksource|snappy-c|zlib|libdeflate)\.h", {"codec"}),
    (r"isa-l(/.*)?(\.h)?|isa-l\.h", {"base"}),
    (r"CLI/.*", {"tools"}),
    (r"nlohmann/.*", EVERYWHERE - {"base", "wire", "codec", "record", "segment"}),
    (r"lucene\+\+/.*|utf8proc\.h", {"index"}),
    (r"archive(_entry)?\.h", {"archive"}),
    (r"curl/.*", {"objects"}),
    (r"openssl/.*", {"objects", "broker"}),
]
# Of these, headers too may include them; the others stay in the .cpp that adapts the library.
IN_HEADERS = re.compile(r"(fmt|CLI|nlohmann)/")
SYSTEM = re.compile(r"((sys|netinet|arpa|linux)/[\w/]+|[a-z]mmintrin|unistd|fcntl|poll|signal|termios|errno|time|dirent|pthread|netdb|fnmatch|dlfcn|malloc)\.h"
                    r"|[xinew]mmintrin\.h|immintrin\.h")
STANDARD = re.compile(r"[a-z_0-9]+")


def reachable(layer):
    if layer == "tools":
        return set(EDGES) | {"tools"}
    found, queue = {layer}, [layer]
    while queue:
        for below in EDGES[queue.pop()] - found:
            found.add(below)
            queue.append(below)
    return found


def layer_of(path):
    """The layer that a file belongs to, by its folder; None for an unknown one."""
    parts = pathlib.PurePosixPath(path).parts
    if parts[0] == "tools":
        return "tools"
    if len(parts) >= 3 and parts[0] == "common":
        if parts[1] == "kafka":
            return parts[2] if len(parts) >= 4 and parts[2] in BELOW_KAFKA else None
        return parts[1] if parts[1] in EDGES.keys() - BELOW_KAFKA else None
    return None


def includes(path):
    for number, line in enumerate(project.text(path).splitlines(), 1):
        if match := re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line):
            yield number, match[1], match[2]


class Layers(unittest.TestCase):
    def test_every_folder_is_a_layer(self):
        unknown = [str(f) for f in project.sources("common", "tools") if layer_of(f) is None]
        self.assertEqual(unknown, [], "not in the folder of a layer")

    def test_project_includes_follow_the_edges(self):
        wrong = []
        for path in project.sources("common", "tools"):
            layer = layer_of(path)
            for number, quote, name in includes(path):
                if quote != '"' or layer is None:
                    continue
                # Paths start at common/, or, inside tools, at tools/ or beside the file.
                target = f"common/{name}"
                if layer == "tools" and not (project.SOURCE / target).is_file():
                    beside = [p for p in (path.parent / name, pathlib.PurePosixPath("tools") / name,
                                          pathlib.PurePosixPath(name)) if (project.SOURCE / p).is_file()]
                    if beside and layer_of(beside[0]) == "tools":
                        continue
                if not (project.SOURCE / target).is_file():
                    wrong.append(f'{path}:{number}: "{name}" is not a path below common/')
                elif layer_of(target) not in reachable(layer):
                    wrong.append(f'{path}:{number}: "{name}": no edge from {layer} to {layer_of(target)}')
        self.assertEqual(wrong, [])

    def test_tables_of_messages_stay_behind_the_engine(self):
        wrong = []
        for path in project.sources("common", "tools"):
            inside = str(path).startswith("common/kafka/protocol/") and (path.suffix == ".cpp" or path.name == "fields.hpp")
            wrong += [f"{path}:{number}" for number, quote, name in includes(path)
                      if name in ("kafka/protocol/schema.hpp", "kafka/protocol/fields.hpp") and not inside]
        self.assertEqual(wrong, [])

    def test_library_headers_stay_in_their_layer(self):
        wrong = []
        for path in project.sources("common", "tools"):
            layer = layer_of(path)
            for number, quote, name in includes(path):
                if quote != "<" or STANDARD.fullmatch(name) or SYSTEM.fullmatch(name):
                    continue
                allowed = next((layers for pattern, layers in LIBRARIES if re.fullmatch(pattern, name)), None)
                if allowed is None:
                    wrong.append(f"{path}:{number}: <{name}> is in no list of {pathlib.Path(__file__).name}")
                elif layer not in allowed:
                    wrong.append(f"{path}:{number}: <{name}> may be included only in {', '.join(sorted(allowed))}")
                elif path.suffix == ".hpp" and layer != "tools" and not IN_HEADERS.match(name):
                    wrong.append(f"{path}:{number}: <{name}> belongs in the .cpp that adapts the library")
        self.assertEqual(wrong, [])

    def test_link_edges_are_the_graph(self):
        script = re.sub(r"#.*", "", project.text("common/CMakeLists.txt"))
        script = re.sub(r"function\(.*?endfunction\(\)", "", script, flags=re.S)
        seen = {}
        for call in re.findall(r"kseg_layer\(([^)]*)\)", script):
            words = call.split()
            groups, group = {}, None
            for word in words[1:]:
                if word in ("FROM", "EDGES", "PRIVATE"):
                    group = groups.setdefault(word, [])
                elif group is not None:
                    group.append(word)
            name = words[0]
            self.assertIn(name, EDGES, "a layer that the graph does not have")
            folder = f"kafka/{name}" if name in BELOW_KAFKA else name
            self.assertEqual(groups.get("FROM"), [folder], name)
            seen[name] = {edge.removeprefix("kseg_") for edge in groups.get("EDGES", [])}
            hidden = [word for word in groups.get("PRIVATE", []) if word.startswith("kseg_")]
            self.assertEqual(hidden, [], f"{name}: an edge is written under EDGES")
        self.assertTrue(seen, "no kseg_layer() found")
        # To a layer that is planned nothing can be linked yet.
        self.assertEqual(seen, {name: EDGES[name] & set(seen) for name in seen})
        used = {layer_of(f) for f in project.sources("common")} - {None}
        self.assertLessEqual(used, set(seen), "a folder with sources but no kseg_layer()")

    def test_the_graph_has_no_cycle(self):
        for layer in EDGES:
            for below in EDGES[layer]:
                self.assertNotIn(layer, reachable(below))


if __name__ == "__main__":
    unittest.main()
