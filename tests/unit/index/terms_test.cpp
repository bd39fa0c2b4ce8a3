// SPDX-License-Identifier: Apache-2.0
#include "index/terms.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "unit/index/fixture.hpp"

using namespace kseg;
using namespace kseg::index;

namespace {

using Terms = std::set<std::string>;

/// Keeps terms as the fixture has them: FIELD:HEX.
class Collect final : public TermSink {
  public:
    void term(TermField field, std::string_view term) override {
        CHECK(is_utf8(as_bytes(term)));
        terms.insert(std::string(kTermFieldNames.at(static_cast<std::size_t>(field))) + ":" + test::hex(term));
    }
    Terms terms;
};

void append_varint(ByteBuffer& out, std::int64_t value) {
    auto zigzag = static_cast<std::uint64_t>(value) << 1U ^ static_cast<std::uint64_t>(value >> 63);
    for (; zigzag >= 0x80; zigzag >>= 7U) {
        out.push_back(static_cast<std::byte>((zigzag & 0x7fU) | 0x80U));
    }
    out.push_back(static_cast<std::byte>(zigzag));
}

void append_field(ByteBuffer& out, const std::string& field) {
    const std::string bytes = test::unhex(field);
    append_varint(out, field == "null" ? -1 : static_cast<std::int64_t>(bytes.size()));
    out.append(bytes);
}

/// A record of the fixture's fields: headers, key, value.
struct Record {
    explicit Record(const std::vector<std::string>& line) : key(test::unhex(line.at(1))), value(test::unhex(line.at(2))) {
        std::int32_t count = 0;
        for (const std::string& header : line.at(0) == "-" ? std::vector<std::string>{} : test::split(line.at(0), ',')) {
            const auto fields = test::split(header, '=');
            append_field(headers, fields.at(0));
            append_field(headers, fields.at(1));
            ++count;
        }
        view.headers = record::HeadersView(headers.bytes(), count);
        if (line.at(1) != "null") {
            view.key = as_bytes(key);
        }
        if (line.at(2) != "null") {
            view.value = as_bytes(value);
        }
    }

    ByteBuffer headers;
    std::string key;
    std::string value;
    record::RecordView view;
};

constexpr IndexedFields kEverything{true, true, true, true};

}  // namespace

TEST_CASE("records have the terms that the model gives them") {
    TermReader reader(kEverything);
    for (const auto& line : test::fixture("terms.txt")) {
        const std::vector<std::string> fields{line.at(0), line.at(1), line.at(2)};
        CAPTURE(line.at(0));
        CAPTURE(line.at(1));
        CAPTURE(line.at(2));
        Collect collect;
        reader.read(Record(fields).view, collect);
        CHECK(collect.terms == Terms(line.begin() + 3, line.end()));
    }
}

TEST_CASE("only the fields that are wanted are read") {
    for (std::size_t only = 0; only < kTermFields; ++only) {
        IndexedFields fields{only == 1, only == 3, only == 0, only == 2};
        CHECK(fields.has(static_cast<TermField>(only)));
        TermReader some(fields);
        TermReader all(kEverything);
        const std::string prefix = std::string(kTermFieldNames.at(only)) + ":";
        for (const auto& line : test::fixture("terms.txt")) {
            const std::vector<std::string> record_fields{line.at(0), line.at(1), line.at(2)};
            Collect collect;
            some.read(Record(record_fields).view, collect);
            Terms expected;
            std::copy_if(line.begin() + 3, line.end(), std::inserter(expected, expected.end()),
                         [&](const std::string& term) { return term.starts_with(prefix); });
            CHECK(collect.terms == expected);
        }
    }
}

TEST_CASE("a term is cut before a character") {
    CHECK(cut_term(std::string(255, 'a')).size() == 255);
    CHECK(cut_term(std::string(256, 'a')).size() == 255);
    CHECK(cut_term(std::string(254, 'a') + "\xc3\xa9").size() == 254);
    CHECK(cut_term(std::string(253, 'a') + "\xc3\xa9").size() == 255);
    CHECK(cut_term(std::string(252, 'a') + "\xf0\x9f\x98\x80").size() == 252);
    CHECK(cut_term(std::string(251, 'a') + "\xf0\x9f\x98\x80").size() == 255);
}

TEST_CASE("a name and a word are cut each for itself") {
    std::string term = "x";
    append_named_term(term, std::string(300, 'n'), std::string(300, 'w'));
    CHECK(term == "x" + std::string(255, 'n') + std::string(1, '\0') + std::string(255, 'w'));
    term.clear();
    append_named_term(term, "name", "");
    CHECK(term == std::string("name\0", 5));
}
