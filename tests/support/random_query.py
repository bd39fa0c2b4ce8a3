# SPDX-License-Identifier: Apache-2.0
"""Queries of every kind the language has, made of what is in the records that they will be asked of."""

import datetime
import sys

import random_text as t
import words_model as w

SPECIAL = set(' \t\r\n\v\f()"[]{}:^~\\*?&|')
AT_BEGIN = set("+-!")
OPERATORS = {"AND", "OR", "NOT", "TO"}
FILTERS = ("offset", "timestamp", "producer_id", "producer_epoch", "sequence", "leader_epoch", "base_offset", "base_sequence",
           "attributes", "transactional", "control", "codec", "timestamp_type")
ENUMERATED = {"transactional": ("true", "false"), "control": ("true", "false"), "codec": ("none", "gzip", "snappy", "lz4", "zstd"),
              "timestamp_type": ("none", "create", "log_append")}


def escaped(text, wildcards=False):
    """Unquoted; what is special is escaped, but for wildcards where they are wanted."""
    out = []
    for i, c in enumerate(text):
        bare = wildcards and c in "*?"
        out.append("\\" + c if not bare and (c in SPECIAL or (i == 0 and c in AT_BEGIN)) else c)
    shown = "".join(out)
    return "\\" + shown if shown in OPERATORS else shown


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def as_text(data):
    """What a command line can hold of it."""
    return data.replace(b"\0", b" ").decode("utf-8", "surrogateescape")


class QueryMaker:
    def __init__(self, rng, records, deepest=3):
        self.rng, self.records, self.deepest = rng, records, deepest

    def query(self):
        return self.group(0, None)

    # ---- structure --------------------------------------------------------------------------------------------------

    def group(self, depth, field):
        """field: inside parentheses that have one."""
        rng = self.rng
        if depth >= self.deepest or rng.random() < 0.4:
            return self.unary(depth, field)
        operator = rng.choice([" ", " AND ", " && ", " OR ", " OR ", " || ", "  "])
        return operator.join(self.unary(depth, field) for _ in range(rng.randint(2, 4)))

    def unary(self, depth, field):
        rng, chance = self.rng, self.rng.random()
        before = rng.choice(["NOT ", "-", "!", "NOT NOT ", "- "]) if chance < 0.2 else "+" if chance < 0.24 else ""
        return before + self.primary(depth, field) + ("^2" if rng.random() < 0.02 else "^0.5" if rng.random() < 0.02 else "")

    def primary(self, depth, field):
        rng = self.rng
        if depth < self.deepest and rng.random() < 0.3:
            if field is None and rng.random() < 0.4:
                inside = self.field(rng.choice(self.records))
                return f"{inside[0]}({self.group(depth + 1, inside)})"
            space = rng.choice(["", " "])
            return f"({space}{self.group(depth + 1, field)}{space})"
        if field is not None:
            return self.text_clause(*field)
        chance = rng.random()
        if chance < 0.02:
            return rng.choice(["*", "*:*"])
        if chance < 0.2:
            return self.filter()
        prefix, texts = self.field(rng.choice(self.records))
        if rng.random() < 0.06 and prefix:
            return prefix + "*"
        return prefix + self.text_clause(prefix, texts)

    # ---- fields ---------------------------------------------------------------------------------------------------------

    def field(self, record):
        """(the field as a query has it, with its colon; texts that are likely to be found there)."""
        rng, chance = self.rng, self.rng.random()
        if chance < 0.45:
            return rng.choice(["", "value:"]), [record.value]
        if chance < 0.6:
            return "key:", [record.key]
        if chance < 0.75 and record.headers:
            name, value = rng.choice(record.headers)
            return "headers." + self.name(w.fold_name(name)) + ":", [value, rng.choice(record.headers)[1]]
        scalars = w.json_scalars(record.value) if record.value is not None else None
        if scalars:
            path, _, text = rng.choice(scalars)
            return "value." + self.name(path) + ":", [text, text, rng.choice(scalars)[2]]
        return rng.choice(["value.", "headers."]) + self.name(rng.choice(t.NAMES).encode()) + ":", [record.value]

    def name(self, name):
        text = as_text(name)
        if self.rng.random() < 0.3:
            text = text.swapcase() if text.swapcase().casefold() == text.casefold() else text
        return "".join("\\" + c if c in SPECIAL else c for c in text)

    # ---- text clauses -----------------------------------------------------------------------------------------------------

    def text_clause(self, prefix, texts):
        rng, chance = self.rng, self.rng.random()
        if chance < 0.12:
            return self.range(texts)
        fragment = self.fragment(texts)
        if prefix == "key:" and chance < 0.4:
            return quoted(as_text(texts[0]) if texts[0] is not None and rng.random() < 0.8 else fragment)
        if chance < 0.35:
            return quoted(fragment)
        if chance < 0.6:
            return escaped(self.with_wildcards(fragment), wildcards=True)
        return escaped(fragment)

    def fragment(self, texts):
        """A word, or some, of one of the texts, sometimes in another case or with something else in it."""
        rng, content = self.rng, self.rng.choice(texts)
        if not content or rng.random() < 0.15:
            return rng.choice(t.WORDS + t.NUMBERS)
        readable = w.readable_text(content[:2000]) if rng.random() < 0.9 else content[:2000]
        chance = rng.random()
        if chance < 0.5 and (words := w.words(readable)):
            first = rng.randrange(len(words))
            some = [rng.choice([whole, rng.choice(parts)]) for whole, parts in words[first:first + rng.choice([1, 1, 2, 3])]]
            text = rng.choice([" ", "-", "_", "", "."]).join(map(as_text, some))
        else:
            shown = as_text(readable)
            first = rng.randrange(len(shown))
            text = shown[first:first + rng.choice([1, 3, 8, 20, 60])]
            if chance > 0.95:
                text = shown if len(shown) < 300 else text
        if rng.random() < 0.15:
            text = rng.choice([text.upper, text.lower, text.swapcase])()
        return text or "order"

    def with_wildcards(self, text):
        rng, kind = self.rng, self.rng.random()
        at = rng.randint(0, len(text))
        if kind < 0.4:
            return text[:at] + "*"
        if kind < 0.5:
            return "*" + text[at:]
        if kind < 0.65:
            return text[:at] + "?" + text[at + 1:]
        if kind < 0.8:
            end = rng.randint(at, len(text))
            return text[:at] + "*" + text[end:]
        return text[:at] + rng.choice(["?*", "**", "??", "*_*"]) + text[at + rng.randint(0, 2):]

    def range(self, texts):
        rng = self.rng

        def bound(numeric):
            if rng.random() < 0.15:
                return "*"
            if numeric:
                text = rng.choice(t.NUMBERS + ["2", "50", "-1000000", "1e9", "0.5"])
            else:
                words = w.words((rng.choice(texts) or b"")[:500])
                other = rng.choice(["order", "a", "m", "z", "é", "漢", "item42", "5", "1"])
                text = (as_text(rng.choice(words)[0]) if words else other)[:rng.choice([1, 2, 100])]
            return quoted(text) if rng.random() < 0.3 or text in OPERATORS else escaped(text)

        numeric = rng.random() < 0.5
        return f"{rng.choice('[{')}{bound(numeric)} TO {bound(numeric)}{rng.choice(']}')}"

    # ---- filters ------------------------------------------------------------------------------------------------------------

    def filter(self):
        rng = self.rng
        field = rng.choice(FILTERS)
        if field in ENUMERATED:
            return f"{field}:{rng.choice(ENUMERATED[field])}"
        values = [self.number(field) for _ in range(2)]
        if rng.random() < 0.4:
            return f"{field}:{self.shown_number(field, values[0])}"
        if rng.random() < 0.7:
            values.sort()
        low, high = ("*" if rng.random() < 0.15 else self.shown_number(field, value) for value in values)
        return f"{field}:{rng.choice('[{')}{low} TO {high}{rng.choice(']}')}"

    def number(self, field):
        record = self.rng.choice(self.records)
        owner = record if hasattr(record, field) else record.batch
        return getattr(owner, field) + self.rng.choice([0, 0, 0, 1, -1])

    def shown_number(self, field, value):
        if field == "timestamp" and value > 0 and self.rng.random() < 0.3:
            minutes = self.rng.choice([0, 90, -480])
            zone = datetime.timezone(datetime.timedelta(minutes=minutes))
            when = datetime.datetime.fromtimestamp(0, zone) + datetime.timedelta(milliseconds=value)
            return quoted(when.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
        return quoted(str(value)) if value < 0 or self.rng.random() < 0.1 else str(value)


if __name__ == "__main__":
    sys.exit("helpers for tests/cli; run the tests there")
