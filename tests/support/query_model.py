# SPDX-License-Identifier: Apache-2.0
"""The query language of kseg-query(1) by brute force: a second reading of it, apart from the program.

parse(text) gives a query; query(record) says whether it is true of a record (record_model.Record). Nothing is indexed and
nothing is clever: each clause looks at all words of the text. Words, JSON and numbers come from words_model.
"""

import dataclasses
import datetime
import decimal
import functools
import re

import words_model as w


class QueryError(ValueError):
    """The text is no query."""


CONTENTS_KEPT = 1 << 16
canonical_number = functools.lru_cache(CONTENTS_KEPT)(w.canonical_number)


# ---- clauses ----------------------------------------------------------------------------------------------------------
# A text field gives a record's texts: the positions of each, and for a JSON path the canonical number that the scalar is,
# or None.

@dataclasses.dataclass(frozen=True)
class Field:
    kind: str       # key, value, header, path
    name: bytes = b""  # folded

    def texts(self, record):
        if self.kind == "header":
            named = record.derived("headers", header_words)
            return [(slots, None) for name, slots in named if name == self.name and slots is not None]
        if self.kind == "path":
            return [(slots, number) for path, slots, number in record.derived("paths", path_words) if path == self.name]
        slots = record.derived(self.kind, lambda r: content_words(getattr(r, self.kind)))
        return [] if slots is None else [(slots, None)]

    def exists(self, record):
        if self.kind == "header":
            return any(name == self.name for name, _ in record.derived("headers", header_words))
        if self.kind == "path":
            return any(path == self.name for path, _, _ in record.derived("paths", path_words))
        return getattr(record, self.kind) is not None


def slots_of(words):
    """The positions of a text: at each a part; and where a word begins, the whole and the number of its parts."""
    return [(part, whole if i == 0 else None, len(parts)) for whole, parts in words for i, part in enumerate(parts)]


@functools.lru_cache(CONTENTS_KEPT)
def content_words(content):
    return None if content is None else slots_of(w.words(w.readable_text(content)))


def header_words(record):
    return [(w.fold_name(name), content_words(value)) for name, value in record.headers]


def path_words(record):
    return [] if record.value is None else words_of_paths(record.value)


@functools.lru_cache(CONTENTS_KEPT)
def words_of_paths(value):
    found = []
    for path, kind, text in w.json_scalars(value) or []:
        number = canonical_number(text.decode()) if kind == "number" else None
        found.append((path, slots_of(w.scalar_words(kind, text)), number))
    return found


def follow(slots, tests):
    """Whether the tests hold of words that follow one another."""
    for start, (part, whole, _) in enumerate(slots):
        if not tests[0](part) and not (whole is not None and tests[0](whole)):
            continue
        at = {start}
        for test in tests:
            reached = set()
            for place in at:
                if place < len(slots):
                    part, whole, parts = slots[place]
                    if test(part):
                        reached.add(place + 1)
                    if whole is not None and test(whole):
                        reached.add(place + parts)
            at = reached
        if at:
            return True
    return False


def words_clause(field, tests, number):
    def match(record):
        return any(follow(slots, tests) or (number is not None and number == other) for slots, other in field.texts(record))
    return match


def range_clause(field, low, high, with_low, with_high):
    """low, high: as bounds_of gives them."""
    def inside(x):
        return ((low is None or low < x or (with_low and low == x)) and (high is None or x < high or (with_high and x == high)))

    by_number = isinstance(low, decimal.Decimal) or isinstance(high, decimal.Decimal)

    def taken(word):
        if not by_number:
            return inside(word)
        # The first character tells most of those that are none.
        number = canonical_number(word.decode()) if word[:1] in b"-0123456789" else None
        return number is not None and inside(decimal.Decimal(number))

    def match(record):
        return any(taken(part) or (whole is not None and taken(whole))
                   for slots, _ in field.texts(record) for part, whole, _ in slots)
    return match


# ---- numbers of batches and records --------------------------------------------------------------------------------------

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
BATCH_FIELDS = ("producer_id", "producer_epoch", "leader_epoch", "base_offset", "base_sequence", "transactional", "control",
                "codec", "timestamp_type")
RECORD_FIELDS = ("offset", "timestamp", "sequence", "attributes")
NAMED = {"transactional": {"true": True, "false": False}, "control": {"true": True, "false": False},
         "codec": {name: name for name in CODECS},
         "timestamp_type": {name: name for name in ("none", "create", "log_append")}}


def number_value(field, text, now):
    if field in NAMED:
        if text not in NAMED[field]:
            raise QueryError(f"{field}: no value {text}")
        return NAMED[field][text]
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if field == "timestamp":
        if found := re.fullmatch(r"-(\d+)(ms|s|m|h|d|w)", text):
            return now - int(found[1]) * {"ms": 1, "s": 1000, "m": 60000, "h": 3600000, "d": 86400000, "w": 604800000}[found[2]]
        try:
            when = datetime.datetime.fromisoformat(text)
        except ValueError as error:
            raise QueryError(f"no time: {text}") from error
        return (when - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(milliseconds=1)
    raise QueryError(f"{field}: no number: {text}")


def number_clause(field, low, high, with_low=True, with_high=True):
    def match(record):
        value = getattr(record.batch if field in BATCH_FIELDS else record, field)
        return ((low is None or value > low or (with_low and value == low)) and
                (high is None or value < high or (with_high and value == high)))
    return match


# ---- the parser ---------------------------------------------------------------------------------------------------------

SPACE = " \t\r\n\v\f"
ENDS_WORD = SPACE + '()"[]{}:^~'
OPERATORS = ("AND", "OR", "NOT", "TO")
# Stand for unescaped * and ? while a pattern is cut into words: letters without case or script of their own.
ANY, ONE = "\U00016A4F", "\U00016A50"


@dataclasses.dataclass
class Text:
    """A run of a query: its characters, and for each whether a backslash or quotes took its meaning away."""
    characters: str
    plain: list
    quoted: bool = False

    def is_star(self):
        return self.characters == "*" and not self.plain[0]

    def as_pattern(self):
        meaning = {"*": ANY, "?": ONE}
        return "".join(c if p else meaning.get(c, c) for c, p in zip(self.characters, self.plain))


def word_tests(text):
    """What each word of the clause has to be like, as tests of a folded word."""
    tests = []
    for whole, _ in w.words(encode(text.as_pattern())):
        shown = whole.decode()
        if ANY in shown or ONE in shown:
            pattern = "".join({ANY: ".*", ONE: "."}.get(c) or re.escape(c) for c in shown)
            tests.append(lambda x, compiled=re.compile(pattern, re.DOTALL): compiled.fullmatch(x.decode()) is not None)
        else:
            tests.append(lambda x, whole=whole: x == whole)
    return tests


def encode(text):
    return text.encode("utf-8", "surrogateescape")


class Parser:
    def __init__(self, text, now):
        self.text, self.at, self.now = text, 0, now

    def fail(self, what):
        raise QueryError(f"at {self.at}: {what}")

    def skip_space(self):
        while self.at < len(self.text) and self.text[self.at] in SPACE:
            self.at += 1

    def looks_at(self, token):
        self.skip_space()
        return self.text.startswith(token, self.at)

    def takes(self, token):
        """Steps over the token if it is next; a word only where it is a word of its own."""
        if not self.looks_at(token):
            return False
        end = self.at + len(token)
        if token.isalpha() and end < len(self.text) and self.text[end] not in ENDS_WORD.replace(":", ""):
            return False
        self.at = end
        return True

    def at_end(self):
        self.skip_space()
        return self.at == len(self.text)

    def either(self, field):
        terms = [self.all_of(field)]
        while self.takes("OR") or self.takes("||"):
            terms.append(self.all_of(field))
        return terms[0] if len(terms) == 1 else lambda record: any(term(record) for term in terms)

    def all_of(self, field):
        terms = [self.unary(field)]
        while not self.at_end() and not self.looks_at(")") and not self.is_or():
            if not self.takes("AND"):
                self.takes("&&")
            terms.append(self.unary(field))
        return terms[0] if len(terms) == 1 else lambda record: all(term(record) for term in terms)

    def is_or(self):
        at = self.at
        found = self.takes("OR") or self.takes("||")
        self.at = at
        return found

    def unary(self, field):
        if self.takes("NOT") or self.takes("!") or self.takes("-"):
            inner = self.unary(field)
            return lambda record: not inner(record)
        if self.takes("+"):
            return self.unary(field)
        return self.primary(field)

    def primary(self, field):
        named = False
        if not any(self.looks_at(c) for c in '("[{'):
            at = self.at
            name = self.word()
            if self.at < len(self.text) and self.text[self.at] == ":":
                self.at += 1
                field, named = name, True
                if name.is_star() and self.takes("*"):
                    return self.boosted(lambda record: True)
            else:
                self.at = at
        if self.takes("("):
            inner = self.either(field)
            if not self.takes(")"):
                self.fail("no )")
            return self.boosted(inner)
        return self.boosted(self.clause(field, named))

    def boosted(self, clause):
        if self.at < len(self.text) and self.text[self.at] == "~":
            self.fail("fuzzy")
        if found := re.compile(r"\^\d+(\.\d+)?").match(self.text, self.at):
            self.at = found.end()
        return clause

    def word(self):
        self.skip_space()
        characters, plain = [], []
        while self.at < len(self.text) and self.text[self.at] not in ENDS_WORD:
            escaped = self.text[self.at] == "\\"
            self.at += escaped
            if self.at == len(self.text):
                self.fail("a backslash at the end")
            characters.append(self.text[self.at])
            plain.append(escaped)
            self.at += 1
        if not characters:
            self.fail("nothing here")
        return Text("".join(characters), plain)

    def phrase(self):
        self.at += 1
        characters = []
        while self.at < len(self.text) and self.text[self.at] != '"':
            self.at += self.text[self.at] == "\\"
            characters.append(self.text[self.at:self.at + 1])
            self.at += 1
        if self.at >= len(self.text):
            self.fail("no closing quote")
        self.at += 1
        return Text("".join(characters), [True] * len(characters), quoted=True)

    def text_here(self):
        return self.phrase() if self.looks_at('"') else self.word()

    def clause(self, field, named):
        if self.looks_at("[") or self.looks_at("{"):
            return self.range(field)
        text = self.text_here()
        if not text.quoted and text.characters in OPERATORS and not any(text.plain):
            self.fail("an operator")
        name = "value" if field is None else field.characters
        if name in BATCH_FIELDS + RECORD_FIELDS:
            if text.is_star():
                return lambda record: True
            value = number_value(name, text.characters, self.now)
            return number_clause(name, value, value)
        place = text_field(name)
        if text.is_star():
            return place.exists if named or field is not None else lambda record: True
        if place.kind == "key" and text.quoted:
            return lambda record: record.key == encode(text.characters)
        tests = word_tests(text)
        if not tests:
            self.fail("no word")
        number = canonical_number(text.characters) if place.kind == "path" else None
        return words_clause(place, tests, number)

    def range(self, field):
        with_low = self.text[self.at] == "["
        self.at += 1
        low = self.text_here()
        if not self.takes("TO"):
            self.fail("no TO")
        high = self.text_here()
        if not self.looks_at("]") and not self.looks_at("}"):
            self.fail("no end of the range")
        with_high = self.text[self.at] == "]"
        self.at += 1
        name = "value" if field is None else field.characters
        if name in BATCH_FIELDS + RECORD_FIELDS:
            bounds = [None if x.is_star() else number_value(name, x.characters, self.now) for x in (low, high)]
            return number_clause(name, *bounds, with_low, with_high)
        return range_clause(text_field(name), *self.bounds_of(low, high), with_low, with_high)

    def bounds_of(self, low, high):
        """Decimals, or bytes; None for an open one."""
        given = [x for x in (low, high) if not x.is_star()]
        numbers = [canonical_number(x.characters) for x in given]
        if given and None not in numbers:
            return [None if x.is_star() else decimal.Decimal(canonical_number(x.characters)) for x in (low, high)]
        bounds = []
        for x in (low, high):
            words = [] if x.is_star() else w.words(encode(x.characters))
            if not x.is_star() and len(words) != 1:
                self.fail("a bound is one word")
            bounds.append(words[0][0] if words else None)
        return bounds


def text_field(name):
    if name in ("key", "value"):
        return Field(name)
    for prefix, kind in (("value.", "path"), ("headers.", "header")):
        if name.startswith(prefix):
            return Field(kind, w.fold_name(encode(name[len(prefix):])))
    raise QueryError(f"no field {name}")


def parse(text, now=0):
    """text: str, bytes that are no UTF-8 as surrogateescape has them. now: ms, what relative times are before."""
    parser = Parser(text, now)
    query = parser.either(None)
    if not parser.at_end():
        parser.fail("something is left")
    return query
