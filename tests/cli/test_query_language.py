# SPDX-License-Identifier: Apache-2.0
"""The query language by examples, each with its answer worked out by hand from man/kseg-query.1 and man/kseg-index.5: by a
scan, by an index with JSON paths and by one without. The model of the language, which other tests rely on, is held to them too."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import kseg_cli as k  # noqa: E402
import query_model as q  # noqa: E402
import record_model as m  # noqa: E402

RECORDS = [  # key, value, headers
    ("apple", "The orderId is 42", [("Trace-Id", "ABC-1"), ("trace-id", "def"), ("X", None)]),           # 0
    ("banana", "the ORDER_ID was order-id", [("x", "value one"), ("sp ace", "v"), ("", "nameless")]),     # 1
    ("cherry", "orderid only", [("ÄB", '{"k":"a\\nb"}')]),                                                # 2
    ("10", "HTTPServer utf8Decoder item42 25T20", []),                                                    # 3
    ("9", "from 10.0.0.1 to 10.0.0.12", []),                                                              # 4
    ("9.5", "550e8400-e29b-41d4-a716-446655440000", []),                                                  # 5
    ("007", "Straße STRASSE", []),                                                                        # 6
    ("Key Case", "漢字かな 東京tower", []),                                                                # 7
    (None, "thumbs👍up ok", []),                                                                          # 8
    ("", '{"a":{"b":1.50},"list":[{"b":1},{"b":"two words"}],"Id":"X\\ny"}', []),                         # 9
    (None, '{"a.b":"1.5","n":1e3,"t":true,"z":null,"neg":-7,"big":1e500}', []),                           # 10
    ("zürich", '"just\\tstring"', []),                                                                    # 11
    (None, "007 7 8.5", []),                                                                              # 12
    (None, "", []),                                                                                       # 13
    (None, None, []),                                                                                     # 14
    (None, 'say "AND" or NOT, C++ a*b? back\\slash', []),                                                 # 15
    (None, '{"broken":"x\\ny"', []),                                                                      # 16
    (None, "order then id, id order", []),                                                                # 17
    (None, "_ __ _x_ x__y", []),                                                                          # 18
]
ALL = set(range(len(RECORDS)))

EXAMPLES = {
    # words, their parts, and case
    "orderId": {0, 2}, "order_id": {1}, "ORDERID": {0, 2}, "order": {0, 1, 17}, "id": {0, 1, 9, 17}, "http": {3}, "server": {3},
    "utf8": {3}, "decoder": {3}, "item42": {3}, "item": set(), "42": {0}, "25": {3}, "t20": {3}, "25t20": {3}, "20": set(),
    "straße": {6}, "STRASSE": {6}, "漢": {7}, "東京": {7}, "tower": {7}, "京tower": {7}, "東tower": set(), "👍": {8}, "thumbs": {8},
    "the": {0, 1}, "x": {9, 16, 18}, "_x_": {18}, "y": {9, 18}, "ny": {16}, "x__y": {18}, "string": {11}, "tstring": set(),
    # words that follow one another
    '"order id"': {0, 1}, "order-id": {0, 1}, "order.id": {0, 1}, '"id order"': {17}, '"id was"': {1}, '"orderid is"': {0},
    '"order id is 42"': {0}, '"order is"': set(), "10.0.0.1": {4}, "10.0.0.12": {4}, "10.0.0.2": set(), '"0 1 to 10"': {4},
    "550e8400-e29b-41d4-a716-446655440000": {5}, "550e8400-e29b*": {5}, "e29b-41d4": {5}, "e29b-a716": set(), '"then id id"': {17},
    "thumbs-👍-up": {8}, '"x y"': {9, 18}, '"order id was order id"': {1}, '"order_id was order id"': {1},
    '"order_id was order_id"': set(), 'order\\ id': {0, 1}, '"the order"': {0, 1},
    # wildcards
    "order*": {0, 1, 2, 17}, "*id": {0, 1, 2, 9, 17}, "?d": {0, 1, 9, 17}, "o*d": {0, 1, 2}, "stra??e": {6}, "stra?e": set(),
    "ut*er": {3}, "*": ALL, "*:*": ALL, "value:*": ALL - {14}, "?*": ALL - {13, 14}, "order-i*": {0, 1}, '"order*"': {0, 1, 17},
    "a\\*b\\?": {9, 10, 15}, "or?er?d": {0, 2}, "*_*": {1, 18}, "*ORDER*": {0, 1, 2, 17}, "漢-?": {7}, "b*-s*": {15},
    # operators
    "order AND id": {0, 1, 17}, "order id": {0, 1, 17}, "order && 42": {0}, "http OR 42": {0, 3}, "http || 42": {0, 3},
    "order -42": {1, 17}, "order !42": {1, 17}, "order NOT 42": {1, 17}, "NOT NOT http": {3}, "+order +then": {17}, "NOT value:*": {14},
    "-value:*": {14}, "http OR order AND 42": {0, 3}, "(http OR order) 42": {0}, "NOT http AND NOT *er": ALL - {0, 1, 3, 7, 17},
    "NOT (http OR 42)": ALL - {0, 3}, "NOT order id": {9}, "http^2 OR 42^0.5": {0, 3}, "value:(http OR 42)": {0, 3},
    "value:(http OR key:banana)": {1, 3}, '"AND"': {15}, "\\AND": {15}, "-*:*": set(), "C++": {15}, "back\\\\slash": {15}, "(((42)))": {0},
    "( order\t-42\n)": {1, 17}, "a AND b OR http": {3, 9, 10, 15}, "http OR a b": {3, 9, 10, 15},
    # keys
    'key:"apple"': {0}, 'key:"Apple"': set(), "key:apple": {0}, "key:APPLE": {0}, 'key:""': {9}, 'key:"Key Case"': {7},
    'key:"key case"': set(), "key:key\\ case": {7}, "key:key-case": {7}, "key:case": {7}, "key:*": {0, 1, 2, 3, 4, 5, 6, 7, 9, 11},
    "key:ZÜRICH": {11}, 'key:(apple OR "banana")': {0, 1}, "key:?a*": {1, 7}, 'key:"Key\\ Case"': {7},
    # headers
    "headers.trace-id:abc": {0}, 'headers.TRACE-ID:"abc 1"': {0}, "headers.trace-id:def": {0}, 'headers.trace-id:"1 def"': set(),
    "headers.x:*": {0, 1}, "headers.X:value": {1}, "headers.x:?*": {1}, "NOT headers.x:*": ALL - {0, 1}, "headers.sp\\ ace:v": {1},
    "headers.äb:a": {2}, "headers.Äb:na": set(), "headers.äb:k-a-b": {2}, "headers.nothing:*": set(), "headers.x:[value TO value]": {1},
    # ranges by bytes
    "key:[b TO c]": {1}, "key:[apple TO banana}": {0}, "key:{apple TO banana]": {1}, "key:[APPLE TO BANANA]": {0, 1},
    "key:[cherry TO *]": {2, 7, 11}, "key:[* TO apple]": {0, 3, 4, 5, 6}, "key:{* TO apple}": {3, 4, 5, 6}, 'key:["9" TO apple]': {0, 4, 5},
    "[漢 TO 漢]": {7}, "[httpserver TO item42]": {0, 1, 3, 9, 17}, "key:[banana TO apple]": set(), "key:{cherry TO z}": {7},
    # ranges by number
    "key:[9 TO 10]": {3, 4, 5}, "key:{9 TO 10]": {3}, "key:[* TO 6]": {5}, "key:[9.5 TO *]": {3}, "key:[7 TO 7]": set(), "[7 TO 7]": {10, 12},
    "[5 TO 8]": {10, 12}, 'key:["9" TO "10"]': {3, 4, 5}, "key:{-1e1 TO 1e1}": {4, 5},
    # JSON paths
    "value.a.b:1.5": {9, 10}, "value.a.b:1.50": {9}, "value.a.b:15e-1": {9}, "value.list.b:1": {9}, "value.list.b:words": {9},
    'value.list.b:"two words"': {9}, 'value.list.b:"1 two"': set(), "value.ID:x": {9}, 'value.id:"x y"': {9}, "value.id:xny": set(),
    "value.n:1000": {10}, "value.n:1e3": {10}, "value.N:1*": {10}, "value.t:true": {10}, "value.t:TRUE": {10}, "value.z:null": {10},
    "value.z:*": {10}, "value.a:*": set(), "value.list.b:*": {9}, 'value.neg:"-7"': {10}, 'value.neg:["-10" TO "-5"]': {10},
    "value.neg:[-10 TO -5]": {10}, "value.a.b:[1 TO 2]": {9, 10}, "value.a.b:{1.5 TO 2]": set(), "value.a.b:[1.5 TO 2]": {9},
    "value.big:1e500": {10}, "value.big:[0 TO *]": set(), "value.broken:x": set(), "value.a.b:(1.5 OR two)": {9, 10},
    "value.t:[t TO u]": {10},
    # filters
    "offset:3": {3}, "offset:[3 TO 5}": {3, 4}, "-offset:[2 TO *]": {0, 1}, "offset:(1 OR 2)": {1, 2}, "transactional:false": ALL,
    "control:true": set(), "codec:none": ALL, "codec:zstd": set(), "timestamp_type:create": ALL, "timestamp:1700000000004": {4},
    'timestamp:["2023-11-14T22:13:20.005Z" TO 1700000000006]': {5, 6}, 'timestamp:{* TO "2023-11-14T23:13:20.001+01:00"]': {0, 1},
    'producer_id:"-1"': ALL, 'sequence:"-1"': ALL, "leader_epoch:0": ALL, "base_offset:0": ALL, "attributes:0": ALL, "timestamp:[-1h TO *]": set(),
    'timestamp:{"-1h" TO *}': set(), 'timestamp:[* TO "-1h"]': ALL,
}

NO_QUERIES = [
    "", " ", "(", ")", "(a", "a)", "()", "a AND", "OR a", "AND a", "NOT", "-", "a OR OR b", "key:", "value:", "nothing:x", "http://example.com",
    "a~", 'a~2', '"x y"~2', "[a TO", "[a TO b", "[a b]", "[TO b]", "a TO b]", "...", "value:...", '"..."', 'value:""', '"open', "a\\", "a^x",
    "[x-y TO z]", '["" TO z]', "offset:abc", "offset:", "offset:[a TO 5]", "codec:brotli", "transactional:maybe", "headers:x", "value.a:...",
    "Value:x", "OFFSET:1", "{a TO b", "timestamp:yesterday", '"a"b"',
    "(" * 65 + "a" + ")" * 65, " OR ".join(f"a{i}" for i in range(1025)), "x" * (64 * 1024 + 1),
]
LARGEST = {"(" * 60 + "42" + ")" * 60: {0}, " OR ".join(f"a{i}" for i in range(700)) + " OR 42": {0}, "42 OR " + "x" * 60000: {0},
           " OR ".join(["nothing"] * 1023) + " OR 42": {0}}


def encoded(x):
    return None if x is None else x.encode()


class Language(k.ScratchCase):
    def setUp(self):
        super().setUp()
        records = [(encoded(key), encoded(value), [(encoded(n), encoded(v)) for n, v in headers]) for key, value, headers in RECORDS]
        batch = m.Batch(0, len(records) - 1, leader_epoch=0)
        batch.records = [m.Record(batch, 0, i, 1700000000000 + i, *r) for i, r in enumerate(records)]
        self.records = batch.records
        file = self.dir / "wal" / "t-0" / f"{0:020d}.log"
        file.parent.mkdir(parents=True)
        file.write_bytes(k.build_batch(0, records))
        self.ways = {"scan": ["--wal", self.dir / "wal"]}
        for name, options in (("index with paths", ["--json-values"]), ("index", []), ("index of keys", ["--fields", "key"])):
            store = self.dir / name
            run = k.run("index", "-o", store, *options, file)
            self.assertEqual((run.status, run.err), (0, ""), run)
            self.ways[name] = ["--store", store]

    def query(self, way, match, *options):
        return k.run("query", *self.ways[way], "--topic", "t", f"--match={match}", *options)

    def assert_answers(self, examples):
        for match, expected in examples.items():
            for way in self.ways:
                with self.subTest(match=match[:200], way=way):
                    run = self.query(way, match, "--json")
                    self.assertEqual((run.status, run.err), (0, ""), run)
                    self.assertEqual({line["offset"] for line in run.lines()}, expected)

    def test_examples(self):
        self.assert_answers(EXAMPLES)

    def test_largest_queries(self):
        self.assert_answers(LARGEST)

    def test_what_is_no_query(self):
        for match in NO_QUERIES:
            for way in ("scan", "index"):
                with self.subTest(match=match[:200], way=way):
                    run = self.query(way, match)
                    self.assertEqual((run.status, run.out), (2, b""), run)
                    self.assertRegex(run.err, r"^error: [^\n]+\n$")

    def test_an_unknown_field_says_what_to_do(self):
        for match in ("http://example.com", "12:30", "nothing:x"):
            with self.subTest(match=match):
                self.assertRegex(self.query("scan", match).err, "quote|escape")


class Model(k.unittest.TestCase):
    """Needs no program."""

    def test_examples(self):
        batch = m.Batch(0, len(RECORDS) - 1, leader_epoch=0)
        records = [m.Record(batch, 0, i, 1700000000000 + i, encoded(key), encoded(value), [(encoded(n), encoded(v)) for n, v in headers])
                   for i, (key, value, headers) in enumerate(RECORDS)]
        for match, expected in {**EXAMPLES, **LARGEST}.items():
            with self.subTest(match=match[:200]):
                query = q.parse(match, now=1800000000000)
                self.assertEqual({r.offset for r in records if query(r)}, expected)

    def test_what_is_no_query(self):
        for match in NO_QUERIES[:-3]:
            with self.subTest(match=match):
                self.assertRaises(q.QueryError, q.parse, match)


if __name__ == "__main__":
    k.main()
