# SPDX-License-Identifier: Apache-2.0
"""Texts for made logs: few words in many shapes and writings, so that a query of one record is likely to find others; and
whatever is hard for whoever cuts text into words."""

import json
import sys

# Characters are those of Unicode 14 or before, which all tables at hand have.
WORDS = [
    # identifiers, which have parts
    "order", "id", "orderId", "order_id", "OrderID", "ORDER_ID", "orderid", "ids", "HTTPServer", "http", "server", "Http2Server",
    "utf8Decoder", "utf8", "decoder", "item42", "item", "42", "25T20", "_private", "__init__", "init", "_", "__", "a_b", "aB",
    "a_b_c_d_e_f_g_h_i_j_k_l_m_n_o_p", "a_b_c_d_e_f_g_h_i_j_k_l_m_n_o_p_q", "XMLHttpRequest", "userID2Name", "getX", "x",
    # numbers, and what is made of several words
    "0", "7", "007", "3.14", "-5", "1e3", "1000", "1E5", "2024-05-06T07:08:09Z", "2024-05-06", "10.0.0.1", "10.0.0.12",
    "550e8400-e29b-41d4-a716-446655440000", "550e8400-e29b-41d4-a716-446655440001", "https://example.com/a?b=c#d",
    "user@example.com", "a-b", "a.b.c", "x=1", "C++", "and", "or", "not", "to", "AND", "null", "true", "false",
    # case folding
    "straße", "STRASSE", "ẞ", "İstanbul", "istanbul", "ıI", "ﬁle", "file", "Σίσυφος", "ΣΊΣΥΦΟΣ", "ǅ", "ǆ", "Éa", "éa", "e\u0301a", "ŉ",
    "Ꮳ", "ꮳ", "µ", "μ", "Ⅷ", "ⅷ", "ﬀ", "K", "k", "Å", "å",
    # words without spaces between, symbols, marks and digits of other scripts
    "漢字", "漢", "東京tower", "ひらがな", "カタカナ", "ｶﾅ", "한국어", "ไทย", "ที่", "မြန်မာ", "ខ្មែរ", "ລາວ", "👍", "👍🏽", "☃\ufe0f", "a☃b", "©2024",
    "\u0301x", "e\u0301\u0302", "हिन्दी", "עברית", "مرحبا", "٣٤", "½", "x²", "１２", "a\u200bb", "a\u00adb", "l·l", "don't", "o’clock",
    "x\u0301_Y", "aB\u0301c", "漢\u0301", "𝐀𝐛", "𐐀𐐨", "\U0001F1E9\U0001F1EA",
]
SEPARATORS = [" ", " ", " ", ", ", "-", ".", "_", "/", "\n", "\t", "", "::", "\u3000", " — ", "\0", "\r\n", "=", "'"]
BAD = [b"\xff", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf5\x80\x80\x80", b"\x80", b"\xf0\x9f\x91"]
NAMES = ["a", "b", "a.b", "Id", "id", "orderId", "ORDERID", "straße", "STRASSE", "", "x y", "ключ", "КЛЮЧ", "n\0l", "naïve", "nested", "list",
         "x" * 254 + "é", "x" * 255 + "y", "x" * 255 + "z"]  # their terms are cut
NUMBERS = ["0", "-0", "1", "7", "42", "1.5", "1.50", "1e3", "1000", "1000.0", "0.10", "1E-2", "-5", "-1.5e1", "12345678901234567890",
           "0.1e400", "1e401", "1e-401", "9007199254740993", "3.14", "1e30", "0.000", "100e-2", "5", "25"]


def long_word(rng):
    """About as long as a term may be, in parts or not."""
    size = rng.choice([16, 100, 250, 254, 255, 256, 257, 300, 600])
    piece = rng.choice(["x", "longWord", "é", "漢", "ab_", "Zz"])
    return ((piece * size).encode()[:size]).decode("utf-8", "ignore") + rng.choice(["", "e", "_end", "End"])


def phrase(rng, most=8):
    out = []
    for _ in range(rng.randint(1, most)):
        word = rng.choice(WORDS)
        chance = rng.random()
        if chance < 0.1:
            word = word.swapcase()
        elif chance < 0.12:
            word = long_word(rng)
        out += [word, rng.choice(SEPARATORS)]
    return "".join(out if rng.random() < 0.2 else out[:-1])


def _json_string(rng, text):
    shown = json.dumps(text, ensure_ascii=rng.random() < 0.4)
    if rng.random() < 0.1:
        shown = shown[:-1] + rng.choice(["\\ud83d", "\\ud83d\\ude00", "\\u00e9", "\\/", "\\u0041", "\\u0000", "\\udc00x"]) + '"'
    return shown


def json_value(rng, depth=0):
    chance = rng.random()
    if depth > 3 or chance < 0.35:
        return _json_string(rng, phrase(rng, 3))
    if chance < 0.6:
        return rng.choice(NUMBERS)
    if chance < 0.7:
        return rng.choice(["true", "false", "null"])
    space = rng.choice(["", " ", "\n  "])
    if chance < 0.85:
        return "[" + f",{space}".join(json_value(rng, depth + 1) for _ in range(rng.randint(0, 3))) + "]"
    return json_object(rng, depth)


def json_object(rng, depth=0):
    space = rng.choice(["", " ", "\r\n\t"])
    members = [f"{_json_string(rng, rng.choice(NAMES))}:{space}{json_value(rng, depth + 1)}" for _ in range(rng.randint(0, 5))]
    return "{" + space + f",{space}".join(members) + space + "}"


def json_text(rng):
    """A JSON text; sometimes one that is just none."""
    chance = rng.random()
    if chance < 0.75:
        text = json_object(rng)
    elif chance < 0.85:
        text = "[" + ",".join(json_value(rng, 1) for _ in range(rng.randint(0, 4))) + "]"
    elif chance < 0.9:
        depth = rng.choice([63, 64, 65])
        text = "[" * depth + '"deep\\n' + rng.choice(WORDS[:20]) + '"' + "]" * depth
    else:
        text = json_value(rng)
    if rng.random() < 0.1:
        at = rng.randint(0, len(text))
        text = text[:at] + rng.choice(["", ",", "}", "x", "\x01", "\\", "\\n", '"']) + text[at + rng.randint(0, 1):]
    return (rng.choice(["", " ", "\n"]) + text + rng.choice(["", "", "\n", " "])).encode("utf-8", "surrogatepass")


def content(rng, json_share=0.4):
    """Bytes of a key, a value or a header's value."""
    chance = rng.random()
    if chance < json_share:
        text = json_text(rng)
    elif chance < 0.93:
        text = phrase(rng).encode()
    elif chance < 0.96:
        return rng.randbytes(rng.randint(1, 40))
    else:
        return b""
    if rng.random() < 0.06:
        at = rng.randint(0, len(text))
        text = text[:at] + rng.choice(BAD) + text[at:]
    return text


if __name__ == "__main__":
    sys.exit("helpers for tests/cli; run the tests there")
