#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/data/words: texts, and what words_model.py makes of them. Lines of fields between spaces, bytes in hex.

Only characters are used that this Python's unicodedata knows, since its version of Unicode may be older than the program's.
words.txt       text|pattern TEXT WORD...         a word is WHOLE, or WHOLE:PART,PART where it has other parts than itself
names.txt       NAME FOLDED
json.txt        TEXT READABLE none|SCALAR...      readable is = where it is the text; a scalar is PATH:KIND:TEXT
numbers.txt     TEXT CANONICAL|none
order.txt       NUMBER NUMBER -1|0|1
terms.txt       HEADERS KEY VALUE TERM...         headers are NAME=VALUE,...; a term is FIELD:TERM; null is null, - is empty
characters.txt  kind KIND FIRST LAST; fold CHARACTER FOLDED
"""
import fractions
import pathlib
import random
import sys
import unicodedata

import words_model as model

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "data" / "words"

IDENTIFIERS = """orderId order_id ORDER_ID OrderID orderid HTTPServer parseHTTPResponse XMLHttpRequest utf8Decoder UTF8 utf8
item42 item42b Item42B 25T20 2025-01-02T03:04:05.678Z _id __init__ _ __ a_ _a_ a__b A_B aB AB ABc ABCd aBC aBc1D e2E iPhone15Pro
k8s x86_64 v1.2.3 10.0.0.1 550e8400-e29b-41d4-a716-446655440000 user@example.com https://a.example/p?q=1&r=%20 C++ don't
a1B2c3 1A 1a A1 A1b A1B Ab1C -1.5e3 3.14 $100 #tag @name foo/bar\\baz\tqux "quoted" (x) [y] {z} ~ ^ | < > = + * ?""".split(" ")
SCRIPTS = ["Straße GROẞ ŒUVRE ﬁn ǅungla ǄUNGLA ŉ İstanbul ΐ Σίσυφος ΣΊΣΥΦΟΣ ς", "Привет МИР ПриветМир ёлка Ёлка",
           "ქართული ᲥᲐᲠᲗᲣᲚᲘ Ꭰꭰ ᏸ", "हिन्दी देवनागरी १२३", "தமிழ் తెలుగు ಕನ್ನಡ മലയാളം বাংলা ਗੁਰਮੁਖੀ ગુજરાતી", "العربية ١٢٣ פרק עִבְרִית",
           "ภาษาไทย ๑๒๓ กำ เก้า", "ພາສາລາວ ខ្មែរ ១២ မြန်မာ ၁၂", "中文汉字 日本語カタカナひらがな ｶﾅ 々 〇 〡 ー が が 𠮷 豈", "한국어 조선말 각",
           "ⅧⅷⅧa Ⓐⓐ ①②x ½ x² ªº ʰ", "😀😃 👍🏽 👨\u200d👩\u200d👧 🇩🇪 ❤️ 1️⃣ a😀b ©®™ °C", "é é á́́ \u0301x _\u0301a a\u0301B A\u0301B́c",
           "aéB éB ÉB ÉÉé aÉ aÉé 1É É1 _É É_ ªB Bª中 中B _中 中_ 中́文 😀́😀", "𝐀𝐛 𐐀𐐨 𐒰𐓘 🄰 \U000e0100x", "a\u200bb a\u00adb a\u00a0b a\u2028b a\ufeffb a\ufffdb"]
# One bad byte and more: cut sequences, over-long forms, surrogates, beyond the last character.
BROKEN = [b"a\x80b", b"a\xffb", b"\xc3", b"a\xc3", b"\xc3a", b"\xc3\xc3\xa9", b"\xe2\x82", b"\xe2\x82x", b"a\xe2\x82\xac\xe2\x82",
          b"\xc0\xaf", b"\xc1\xbfx", b"\xe0\x80\xafa", b"\xe0\x9f\xbfa", b"\xed\xa0\x80a", b"\xed\xbf\xbfa", b"\xf0\x8f\xbf\xbfa",
          b"\xf0\x9f\x98", b"\xf0\x9f\x98a", b"\xf4\x90\x80\x80a", b"\xf5\x80\x80\x80a", b"\xf8\x88\x80\x80\x80", b"_\xff_a\xffB"]
NUMBERS = """0 -0 1 -1 10 100 1.0 1.50 -1.50 0.10 0.0 -0.00 0e0 0e5 -0e-5 1e3 1E3 1e+3 1E-3 12e-2 120e-1 1.25e1 1.25e2 1.25e3 0.001e2
0.001e3 0.001e4 100e-2 100e-3 1e400 1e-400 1e401 1e-401 1E999 -2.5E-1000 0e401 1e0400 1e00000000000000000000000003 3.14
12345678901234567890123456789 0.00000000000000000000000001 9007199254740993 1.7976931348623157e308 5e-324 1e99999999999999999999
01 -01 00 1. .5 +1 -  -a 1e 1e+ e1 1.e1 1e1.0 0x1 1_0 NaN Infinity ١ 1a 1,0 --1 1e--1""".split(" ")
JSON_PIECES = ["a", "B", "_", "é", "中", "😀", " ", "/", "x1", "orderId", ".", "\\n", '\\"', "\\\\", "\\/", "\\b\\f\\r\\t", "\\u00e9", "\\u00C9",
               "\\ud83d\\ude00", "\\uD83D\\uDE00", "\\ud800", "\\udc00", "\\ud800\\ud800\\udc00", "\\udc00\\ud800", "\\ud800x", "\\ud800\\n",
               "\\ud800\\udc00", "\\udbff\\udfff", "\\u0000", "\\u005f", "\\uffff", "\\ufb03", "\x7f"]
JSON = ['{}', '[]', '""', ' { } ', '[[[]]]', '{"a":1}', '42', 'true', 'null', '"a"', '"a\\n"', '"\\u0041"x', '{"a":1}x', '{"a":1,}', '[1,]', '[,1]',
        '{"a"}', '{"a":}', '{a:1}', "{'a':1}", '{"a":1 "b":2}', '[1 2]', '{"a":1]', '[1}', '[', '{', '{"a', '{"a"', '{"a":', '"a', '"a\\', '"\\u12"',
        '"\\u123g\\n"', '"\\x41"', '"\\U0041"', '["\t\\n"]', '["\\n\x00"]', '["a\\nb", "c\\td"]', '[nul]', '[nullx]', '[True]', '[NaN]', '[-]', '[01]', '[1.]', '[.1]',
        '[+1]', '[1e]', '[0x1]', '[1e5,-0,1.50,1e999,-2E-500]', '\ufeff{"a\\n":1}', '\u00a0{"a\\n":1}', '\v["\\n"]', '{"a":{"b":{"c":[1,[2,{"d":3}],4]}},"e":5}',
        '{"":1,"x":{"":2}}', '{"":{"a":1,"":{"":3}}}', '[1,"two",[3,{"a":4}],5]', '{"a":1,"a":2,"A":3}', '{"a.b":1,"a":{"b":2}}', '{"\\u0000N\\n":1}',
        '{"orderId":"orderId","Größe":"GROẞ"}', '{"s":"1.50","n":1.50,"t":"true","b":true}', '{"path\\\\to":"C:\\\\new\\\\u0041"}',
        '"{\\"a\\":1}"', '{"a":"{\\"b\\":\\"c\\\\n\\"}"}', '  \r\n\t["\\n"]\r\n ', '{"a" : [ 1 , 2 ] , "b" : { } }', '{"a":[],"b":{},"c":[{}],"d":1}']


def assigned(data):
    return all(c is None or unicodedata.category(c) != "Cn" for c in model.characters(data))


def texts(rnd):
    yield b""
    yield b" "
    for word in IDENTIFIERS:
        yield word.encode()
    yield " ".join(IDENTIFIERS).encode()
    for line in SCRIPTS:
        yield line.encode()
        for word in line.split(" "):
            yield word.encode()
    yield from BROKEN
    # Lengths about those where rules change: 255 folded bytes, 16 parts, and 64 bytes that are read at once.
    for size in (63, 64, 65, 127, 128, 129, 254, 255, 256, 300):
        yield b"a" * size
        yield b"aB" * (size // 2) + b"c" * (size % 2)
        yield b"A" * (size - 1) + b"b"
        yield b"x_" + b"a" * (size - 2)
        yield b"_" * size + b"a"
        yield b"ab " * (size // 3) + b"Cd_Ef"
        yield b"a" * (size - 2) + "É".encode()
        yield "İ".encode() * (size // 3)  # three bytes for two
        yield "中".encode() + "\u0301".encode() * (size // 2)
    for parts in (15, 16, 17, 18):
        yield b"_".join([b"a"] * parts)
        yield b"aB" + b"cD" * (parts - 2)
        yield "É".encode() + b"_b" * (parts - 1)
    for size in range(55, 70):
        yield b"." * size + b"orderId HTTPServer order_id"
        yield b"a" * size + b" " + "straßeÄb".encode()
    letters = [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]
    for at in range(0, len(letters), 400):  # a little of every script
        yield "".join(letters[at:at + 400:13]).encode()
    pieces = list("aAbB01__ -.ßİŉǅÀàªʰ\u0301\u0903中あกๆ😀©Ⓐ①Ⅷⅷ\u0300ΐﬃ") + ["order", "ID", "Http"]
    for _ in range(250):
        yield "".join(rnd.choice(pieces) if rnd.random() < 0.9 else rnd.choice(letters)
                      for _ in range(rnd.randrange(1, 30))).encode()
    for _ in range(100):
        yield bytes(rnd.choice(rnd.choice([b"aAZ_0 ", bytes(range(256)), b"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"]))
                    for _ in range(rnd.randrange(1, 40)))


def patterns(rnd):
    for text in ("*", "?", "**", "_*", "*_", "a*", "*a", "a?b", "order*Id", "Order_*", "*.log", r"\*", r"a\*b", r"a\?b", r"\\*", r"\\\*", r"a\b", "\\",
                 "a\\", "中*", "*中", "é*É", "*\u0301", r"\_*", "550e8400-e29b*", "a" * 300 + "*", "*" * 300, "a*" * 40):
        yield text.encode()
    for _ in range(60):
        yield "".join(rnd.choice("aBÉ_中*? -\\\\") for _ in range(rnd.randrange(1, 12))).encode()


def some_json(rnd, depth=0):
    space = lambda: rnd.choice(["", "", "", "", " ", "\n\t", "\r "])  # noqa: E731
    string = lambda: '"' + "".join(rnd.choice(JSON_PIECES) for _ in range(rnd.randrange(6))) + '"'  # noqa: E731
    choice = rnd.random() * (0.5 if depth == 0 else 1)
    if choice < 0.25:
        members = (space() + string() + space() + ":" + space() + some_json(rnd, depth + 1) for _ in range(rnd.randrange(5)))
        return "{" + ",".join(members) + space() + "}"
    if choice < 0.45:
        return "[" + ",".join(space() + some_json(rnd, depth + 1) for _ in range(rnd.randrange(5))) + space() + "]"
    if choice < 0.7:
        return string()
    if choice < 0.9:
        return rnd.choice(["0", "-0", "7", "1.50", "-1e3", "1E+2", "0.0", "12345678901234567890", "1e999", "-2.5E-401"])
    return rnd.choice(["true", "false", "null"])


def short_json(rnd):
    text = some_json(rnd).encode()
    return text if len(text) < 500 else short_json(rnd)


def json_texts(rnd):
    for text in JSON:
        yield text.encode()
    for depth in (63, 64, 65):
        yield b"[" * depth + b'"\\n"' + b"]" * depth
        yield b'{"a":' * depth + b"[1]" + b"}" * depth
        yield b'{"a":' * depth + b'"\\n"' + b"}" * depth
        yield b"[" * depth + b"]" * depth
    # What may stand in a string, close to the text's end and not; and what may stand behind a backslash.
    for byte in range(0x22):
        yield b'["\\n' + bytes([byte]) + b'"]'
        yield b'{"\\n":"' + bytes([byte]) + b' and sixteen bytes"}'
    for byte in range(256):
        yield b'"\\' + bytes([byte]) + b'0041"'
    yield b'{"\xff\xc3":"\xff\\n\xe2\x82","\xc3\\u00e9":"\xc3\xa9"}'
    yield b'"\xff\\u00e9"'
    yield b'{"a":1}\xff'
    for _ in range(150):
        yield short_json(rnd)
    for _ in range(150):
        text = bytearray(short_json(rnd))
        at = rnd.randrange(len(text))
        change = rnd.randrange(3)
        if change == 0:
            text[at] = rnd.randrange(256)
        elif change == 1:
            del text[at]
        else:
            text.insert(at, rnd.choice(b'"\\{}[]:,u0\xff\xe2\x80'))
        yield bytes(text)


def number_texts(rnd):
    yield from NUMBERS
    yield "1" * 500 + "." + "0" * 500 + "1e400"
    for _ in range(200):
        digits = "".join(rnd.choice("000123459") for _ in range(rnd.randrange(6)))
        fraction = "." + "".join(rnd.choice("00012") for _ in range(rnd.randrange(5)))
        yield rnd.choice(["", "-"]) + digits + rnd.choice(["", fraction]) + rnd.choice(["", "", "e3", "E-2", "e+10", "e400", "E-401"])


def pairs(rnd, numbers):
    canonical = sorted({c for c in map(model.canonical_number, numbers) if c is not None and len(c) < 60})
    for _ in range(300):
        a, b = rnd.choice(canonical), rnd.choice(canonical)
        difference = fractions.Fraction(a) - fractions.Fraction(b)
        yield f"{a} {b} {(difference > 0) - (difference < 0)}"


def records(rnd):
    some = [t for t in texts(random.Random(2)) if assigned(t)]
    json = [t for t in json_texts(random.Random(3)) if assigned(t)]
    some += ["é".encode() * 200, b"a" + "é".encode() * 200, b"word " * 3, "中".encode() + "\u0301".encode() * 200]
    json += [b'{"' + b"n" * 300 + b'":"' + b"w" * 300 + b'"}', b'{"' + "é".encode() * 200 + b'":{"' + "é".encode() * 200 + b'":1}}']
    yield [], None, None
    yield [(b"", None), (b"", b""), (b"Name", b"A b_C"), (b"name", None), (b"a\0B\xff", b"x")], b"", b""
    for _ in range(120):
        headers = [(rnd.choice([b"trace-Id", b"H", rnd.choice(some)]), rnd.choice([None, b"", rnd.choice(some), rnd.choice(json)]))
                   for _ in range(rnd.choice([0, 0, 1, 2]))]
        yield headers, rnd.choice([None, b"key_1", rnd.choice(some), rnd.choice(json)]), rnd.choice([None] + [rnd.choice(json)] * 5 + [rnd.choice(some)])


def hexed(data):
    return "null" if data is None else data.hex() or "-"


def word_field(word):
    whole, parts = word
    return hexed(whole) + ("" if parts == [whole] else ":" + ",".join(map(hexed, parts)))


def words_line(what, text):
    return " ".join([what, hexed(text)] + [word_field(word) for word in model.words(text, what == "pattern")])


def json_line(text):
    readable, scalars = model.readable_text(text), model.json_scalars(text)
    found = ["none"] if scalars is None else [f"{hexed(path)}:{what}:{hexed(scalar)}" for path, what, scalar in scalars]
    return " ".join([hexed(text), "=" if readable == text else hexed(readable)] + found)


def terms_line(headers, key, value):
    fields = [",".join(f"{hexed(name)}={hexed(header)}" for name, header in headers) or "-", hexed(key), hexed(value)]
    return " ".join(fields + [f"{field}:{hexed(term)}" for field, term in sorted(model.record_terms(headers, key, value))])


def character_lines():
    points = [p for p in range(0x110000) if unicodedata.category(chr(p)) not in ("Cn", "Cs")]
    first = points[0]
    for point, after in zip(points, points[1:] + [None]):
        if after != point + 1 or model.kind(chr(after)) != model.kind(chr(point)):
            yield f"kind {model.kind(chr(point))} {first:x} {point:x}"
            first = after
    for point in points:
        if model.fold(chr(point)) != chr(point).encode():
            yield f"fold {chr(point).encode().hex()} {model.fold(chr(point)).hex()}"


def files():
    rnd = random.Random(1)
    some = [t for t in texts(rnd) if assigned(t)]
    numbers = list(number_texts(rnd))
    yield "words.txt", [words_line("text", t) for t in some] + [words_line("pattern", t) for t in patterns(rnd)]
    yield "names.txt", [f"{hexed(t)} {hexed(model.fold_name(t))}" for t in some + [b"\0", b"a\0B\0"] if len(t) < 100]
    yield "json.txt", [json_line(t) for t in json_texts(rnd) if assigned(t)]
    yield "numbers.txt", [f"{hexed(t.encode())} {model.canonical_number(t) or 'none'}" for t in numbers]
    yield "order.txt", list(pairs(rnd, numbers))
    yield "terms.txt", [terms_line(*record) for record in records(rnd)]
    yield "characters.txt", list(character_lines())


def main():
    FOLDER.mkdir(exist_ok=True)
    for name, lines in files():
        (FOLDER / name).write_text(f"# Unicode {unicodedata.unidata_version}\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
