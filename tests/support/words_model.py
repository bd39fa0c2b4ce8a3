# SPDX-License-Identifier: Apache-2.0
"""How text becomes words, said a second time and as plainly as possible: man/kseg-index.5, WORDS and JSON PATHS.

Built on Python's own tables (unicodedata, str.casefold) and its json module; shares nothing with the program. Slow.
"""
import json
import re
import unicodedata
from fractions import Fraction

MOST_FOLDED_BYTES = 255
MOST_PARTS = 16
MOST_DEPTH = 64
MOST_EXPONENT = 400
MOST_TERM_BYTES = 255
REPLACEMENT = "\ufffd"

# Written without spaces: each letter of these is a word.
ALONE = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # radicals
    (0x3005, 0x3005), (0x3007, 0x3007), (0x3021, 0x3029), (0x3038, 0x303B),
    (0x3041, 0x3096), (0x309D, 0x309F), (0x30A1, 0x30FA), (0x30FC, 0x30FF), (0x31F0, 0x31FF),  # kana
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FA1F), (0x30000, 0x323AF),  # ideographs
    (0xFF66, 0xFF9F),
)


def characters(data):
    """The text's characters; None for each byte that breaks UTF-8."""
    at = 0
    while at < len(data):
        for size in (1, 2, 3, 4):
            try:
                character = data[at:at + size].decode("utf-8")
            except UnicodeDecodeError:
                continue
            if len(character) == 1:
                yield character
                at += size
                break
        else:
            yield None
            at += 1


def kind(character):
    """One of: separator, underscore, alone, mark, upper, lower, digit, letter."""
    if character in (None, REPLACEMENT):
        return "separator"
    if character == "_":
        return "underscore"
    category = unicodedata.category(character)
    if category == "So":
        return "alone"
    if category[0] == "M":
        return "mark"
    if category[0] not in "LN":
        return "separator"
    if any(first <= ord(character) <= last for first, last in ALONE):
        return "alone"
    if category[0] == "N":
        return "digit"
    return {"Lu": "upper", "Lt": "upper", "Ll": "lower"}.get(category, "letter")


def fold(character):
    return character.casefold().encode()


def parts_of(run):
    """The parts of an ordinary word, a list of (character, kind)."""
    # A mark goes with what stands before it.
    letters = []
    for character, what in run:
        if what == "mark" and letters and letters[-1][1] != "underscore":
            letters[-1][0] += fold(character)
        else:
            letters.append([fold(character), "letter" if what == "mark" else what])
    whole = b"".join(folded for folded, _ in letters)
    if len(whole) > MOST_FOLDED_BYTES:
        return [whole]
    parts = [[]]
    for i, (folded, what) in enumerate(letters):
        before = letters[i - 1][1] if i > 0 else ""
        after = letters[i + 1][1] if i + 1 < len(letters) else ""
        if what == "underscore":
            parts.append([])
            continue
        if what == "upper" and (before in ("lower", "digit") or (before == "upper" and after == "lower")):
            parts.append([])
        parts[-1].append(folded)
    parts = [b"".join(part) for part in parts if part]
    return parts if len(parts) <= MOST_PARTS else [whole]


def pattern_kinds(text):
    """The characters of a pattern with their kinds: `*` and `?` are letters, unless there is a backslash before them."""
    text = list(text)
    at = 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text) and text[at + 1] in ("*", "?", "\\"):
            yield text[at + 1], "separator"
            at += 1
        else:
            yield text[at], "letter" if text[at] in ("*", "?") else kind(text[at])
        at += 1


def words(data, wildcards=False):
    """The words of a text: a list of (whole, parts), folded UTF-8. With wildcards the text is a pattern."""
    found = []
    run = []  # of an ordinary word
    alone = None  # a word of one character and its marks

    def end():
        nonlocal run, alone
        if alone is not None:
            found.append((alone, [alone]))
        elif any(what != "underscore" for _, what in run):
            found.append((b"".join(fold(character) for character, _ in run), parts_of(run)))
        run, alone = [], None

    kinds = pattern_kinds(characters(data)) if wildcards else ((c, kind(c)) for c in characters(data))
    for character, what in kinds:
        if what == "separator":
            end()
        elif what == "alone":
            end()
            alone = fold(character)
        elif what == "mark" and alone is not None:
            alone += fold(character)
        else:
            if alone is not None:
                end()
            run.append((character, what))
    end()
    return found


def fold_name(data):
    """The name of a header or of a JSON member, folded."""
    return "".join(REPLACEMENT if character in (None, "\0") else character.casefold()
                   for character in characters(data)).encode()


class _Number(str):
    pass


def _no_constant(_):
    raise ValueError("no JSON")


def _parse(data):
    """What the json module makes of a text: objects are lists of pairs in a tuple; the second value turns strings into
    bytes. Raises ValueError.

    Each byte from 0x80 on goes in as a character of a private plane, since it may break UTF-8.
    """
    plane = 0x10FF00 if b"\\udbff" not in data.lower() else 0xF0000
    text = "".join(chr(byte) if byte < 0x80 else chr(plane + byte) for byte in data)
    try:
        value = json.loads(text, object_pairs_hook=tuple, parse_int=_Number, parse_float=_Number,
                           parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("too deep") from error

    def to_bytes(string):
        out = b""
        for character in string:
            code = ord(character)
            if plane + 0x80 <= code <= plane + 0xFF:
                out += bytes([code - plane])
            else:
                out += (REPLACEMENT if 0xD800 <= code <= 0xDFFF else character).encode()
        return out

    if _depth(data) > MOST_DEPTH:
        raise ValueError("too deep")
    return value, to_bytes


_STRING = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)


def _depth(data):
    """How deep a valid JSON text is nested."""
    deepest = depth = 0
    for byte in _STRING.sub(b"", data):
        depth += (byte in b"{[") - (byte in b"}]")
        deepest = max(deepest, depth)
    return deepest


def readable_text(data):
    """The text with the escapes in its strings resolved, if it is JSON."""
    if b"\\" not in data or data.strip(b" \t\n\r")[:1] not in (b"{", b"[", b'"'):
        return data
    try:
        _parse(data)
    except ValueError:
        return data

    def resolve(match):
        string, to_bytes = _parse(match.group(0))
        return b'"' + to_bytes(string) + b'"'

    return _STRING.sub(resolve, data)


def json_scalars(data):
    """The scalars of a JSON object or array: a list of (path, kind, text), kind is string, number or literal.
    None where the text is no such JSON."""
    if data.strip(b" \t\n\r")[:1] not in (b"{", b"["):
        return None
    try:
        value, to_bytes = _parse(data)
    except ValueError:
        return None
    found = []

    def walk(value, names):
        if isinstance(value, tuple):
            for name, member in value:
                walk(member, names + [fold_name(to_bytes(name))])
        elif isinstance(value, list):
            for element in value:
                walk(element, names)
        else:
            path = b".".join(names)
            if isinstance(value, _Number):
                found.append((path, "number", str(value).encode()))
            elif isinstance(value, str):
                found.append((path, "string", to_bytes(value)))
            else:
                found.append((path, "literal", {True: b"true", False: b"false", None: b"null"}[value]))

    walk(value, [])
    return found


_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE]([-+]?[0-9]+))?")


def canonical_number(text):
    """The one form of a JSON number; None where `text` is none, or its exponent is too large."""
    match = _NUMBER.fullmatch(text)
    if not match:
        return None
    exponent = match.group(4) or "0"
    digits = exponent.lstrip("+-").lstrip("0") or "0"
    if len(digits) > 3 or int(digits) > MOST_EXPONENT:
        return None
    mantissa, places = text.split("e")[0].split("E")[0], 0
    if "." in mantissa:
        whole, fraction = mantissa.split(".")
        mantissa, places = whole + fraction, len(fraction)
    value = Fraction(_int(mantissa)) * Fraction(10) ** (int(exponent) - places)
    places = max(0, places - int(exponent))
    scaled = str_of(abs(value) * 10 ** places).rjust(places + 1, "0")
    if places:
        scaled = (scaled[:-places] + "." + scaled[-places:]).rstrip("0").rstrip(".")
    return ("-" if value < 0 else "") + scaled


def _int(digits):
    """int() without its limit on digits."""
    sign = -1 if digits.startswith("-") else 1
    value = 0
    digits = digits.lstrip("-")
    for at in range(0, len(digits), 4000):
        piece = digits[at:at + 4000]
        value = value * 10 ** len(piece) + int(piece)
    return sign * value


def str_of(value):
    """str() of a whole number without its limit on digits."""
    value = int(value)
    pieces = []
    while value >= 10 ** 4000:
        value, piece = divmod(value, 10 ** 4000)
        pieces.append(str(piece).rjust(4000, "0"))
    return str(value) + "".join(reversed(pieces))


def number_word(text):
    """The word of a number in a JSON text, as bytes."""
    canonical = canonical_number(text)
    return (text.casefold() if canonical is None else canonical).encode()


def scalar_words(what, text):
    """The words below a path of a scalar that json_scalars has found: as words()."""
    if what == "string":
        return words(text)
    word = number_word(text.decode()) if what == "number" else text
    return [(word, [word])]


def cut_term(text):
    """As much of a folded text as a term holds."""
    return text[:MOST_TERM_BYTES].decode(errors="ignore").encode()


def record_terms(headers, key, value):
    """What the index holds of a record: a set of (field, term). headers is a list of (name, value or None)."""
    found = set()

    def add(field, prefix, text_words):
        for whole, parts in text_words:
            found.update((field, prefix + cut_term(word)) for word in [whole] + parts)

    for name, header in headers:
        prefix = cut_term(fold_name(name)) + b"\0"
        found.add(("headers", prefix))
        if header is not None:
            add("headers", prefix, words(readable_text(header)))
    if key is not None:
        add("key", b"", words(readable_text(key)))
    if value is not None:
        add("value", b"", words(readable_text(value)))
        for path, what, text in json_scalars(value) or []:
            prefix = cut_term(path) + b"\0"
            found.add(("paths", prefix))
            add("paths", prefix, scalar_words(what, text))
    return found
