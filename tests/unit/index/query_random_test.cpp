// SPDX-License-Identifier: Apache-2.0
// Random queries over random records: what the index finds, against asking each record.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "index/query.hpp"
#include "support/memory_segment.hpp"

using namespace kseg;
using namespace kseg::index;
using test::bits;
using test::MemorySegment;
using test::SampleRecord;

namespace {

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t end) {
    return random() % end;
}

bool one_in(Random& random, std::size_t n) {
    return below(random, n) == 0;
}

template <typename T>
const T& any_of(Random& random, const std::vector<T>& values) {
    return values[below(random, values.size())];
}

std::string repeated(const std::string& text, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) {
        out += text;
    }
    return out;
}

// Words with parts, numbers in many spellings, and some around the length at which terms are cut.
const std::vector<std::string>& vocabulary() {
    static const std::vector<std::string> words{"a",
                                                "b",
                                                "A",
                                                "ab",
                                                "aB",
                                                "a_b",
                                                "orderId",
                                                "order_id",
                                                "orderid",
                                                "order",
                                                "id",
                                                "p",
                                                "true",
                                                "null",
                                                "\xc3\xa9t\xc3\xa9",
                                                "\xc3\x89",
                                                "\xe6\x97\xa5\xe6\x9c\xac",
                                                "0",
                                                "1",
                                                "5",
                                                "12",
                                                "007",
                                                "1e2",
                                                "100",
                                                "1.5",
                                                "1.50",
                                                "-3",
                                                "15e-1",
                                                "1e999",
                                                repeated("q", 251),
                                                repeated("q", 252),
                                                repeated("q", 253),
                                                repeated("q", 255),
                                                repeated("q", 256),
                                                repeated("q", 300),
                                                repeated("q", 252) + "\xf0\x9d\x92\xb3",
                                                repeated("q", 254) + "\xc3\xa9",
                                                repeated("q", 300) + "z",
                                                "1" + repeated("0", 299),
                                                "9" + repeated("1", 260)};
    return words;
}

const std::vector<std::string>& names() {
    static const std::vector<std::string> all{
        "h", "H", "p", "orderId", "", "p.q", "a b", "\xc3\x89", repeated("n", 251), repeated("n", 252), repeated("n", 260)};
    return all;
}

std::string any_text(Random& random) {
    static const std::vector<std::string> kBetween{" ", " ", ",", "-", "_", "", "\xff", "\xf0\x9f\x98\x80", "/"};
    std::string text;
    for (std::size_t n = below(random, 5); n > 0; --n) {
        text += any_of(random, vocabulary()) + any_of(random, kBetween);
    }
    return text;
}

std::string any_json(Random& random, int depth) {
    static const std::vector<std::string> kScalars{"1",   "1.0",  "1.50", "-3",   "0",    "-0",    "1e2",   "100",  "10e1",
                                                   "0.5", "5e-1", "12",   "true", "null", "false", "1e999", "15E-1"};
    switch (depth == 0 ? 1 + below(random, 2) : below(random, 5)) {
        case 0:
        case 3: {
            std::string json = "{";
            for (std::size_t n = below(random, 4); n > 0; --n) {
                json += '"' + any_of(random, names()) + "\":" + any_json(random, depth - 1) + (n > 1 ? "," : "");
            }
            return json + "}";
        }
        case 1: return one_in(random, 9) ? "1" + repeated("0", 290) : any_of(random, kScalars);
        case 2:
            return '"' + any_of(random, vocabulary()) + (one_in(random, 3) ? " \\u0061 " : " ") +
                   any_of(random, vocabulary()) + '"';
        default: {
            std::string json = "[";
            for (std::size_t n = below(random, 4); n > 0; --n) {
                json += any_json(random, depth - 1) + (n > 1 ? "," : "");
            }
            return json + "]";
        }
    }
}

std::optional<std::string> any_bytes(Random& random) {
    switch (below(random, 6)) {
        case 0: return std::nullopt;
        case 1: return "";
        case 2: return any_json(random, 3);
        default: return any_text(random);
    }
}

SampleRecord any_record(Random& random) {
    SampleRecord record{.key = any_bytes(random), .value = any_bytes(random)};
    if (one_in(random, 2)) {
        record.value = any_json(random, 3);
    }
    for (std::size_t n = below(random, 4); n > 0; --n) {
        record.headers.emplace_back(any_of(random, names()), any_bytes(random));
    }
    return record;
}

BatchRow any_row(Random& random, std::int64_t base_offset) {
    BatchRow row{.body_problem = one_in(random, 8),
                 .magic = static_cast<std::int8_t>(one_in(random, 5) ? below(random, 2) : 2),
                 .attributes = static_cast<std::uint16_t>(below(random, 128)),
                 .base_offset = base_offset,
                 .leader_epoch = static_cast<std::int32_t>(below(random, 3)) - 1,
                 .producer_id = static_cast<std::int64_t>(below(random, 3)) - 1,
                 .producer_epoch = static_cast<std::int16_t>(static_cast<int>(below(random, 3)) - 1),
                 .base_sequence = one_in(random, 3) ? -1 : static_cast<std::int32_t>(below(random, 20))};
    if (one_in(random, 3)) {
        row.base_sequence = INT32_MAX - static_cast<std::int32_t>(below(random, 4));
    }
    if (row.magic < 2) {
        row.leader_epoch = row.base_sequence = -1;
        row.producer_id = row.producer_epoch = -1;
    }
    return row;
}

void fill(MemorySegment& segment, Random& random, std::size_t batches) {
    std::int64_t offset = static_cast<std::int64_t>(below(random, 5));
    for (; batches > 0; --batches) {
        BatchRow row = any_row(random, offset);
        const auto kind = below(random, 12);
        row.kind = kind == 0 ? RowKind::gap : (kind == 1 ? RowKind::bad_crc : RowKind::batch);
        const std::size_t records = row.kind == RowKind::batch ? below(random, 7) : 0;
        const bool sparse = one_in(random, 2);
        std::vector<std::int64_t> deltas;
        // A base offset of magic 0 and 1 is that of the first record.
        std::int64_t delta = sparse && row.magic == 2 ? static_cast<std::int64_t>(below(random, 3)) : 0;
        for (std::size_t i = 0; i < records; ++i) {
            deltas.push_back(delta);
            delta += 1 + static_cast<std::int64_t>(sparse ? below(random, 3) : 0);
        }
        row.last_offset =
            offset + std::max<std::int64_t>(delta - 1, 0) + static_cast<std::int64_t>(sparse ? below(random, 3) : 0);
        if (row.body_problem && !deltas.empty() && one_in(random, 2)) {
            deltas.back() = static_cast<std::int64_t>(below(random, 30)) - 10;  // does not rise, or leads out of the batch
        }
        if (row.magic < 2 && one_in(random, 2)) {
            row.last_offset = offset;  // a compressed message whose own offset does not fit those inside
        }
        const bool same_time = one_in(random, 3);
        segment.begin_batch(row);
        for (const std::int64_t at : deltas) {
            const TimestampMs time = same_time ? 3 : static_cast<TimestampMs>(below(random, 8)) - 1;
            segment.add(any_record(random), offset + at, time,
                        static_cast<std::uint8_t>(row.magic == 2 ? below(random, 2) : 0));
        }
        segment.end_batch();
        offset = row.last_offset + 1 + static_cast<std::int64_t>(below(random, 2));
    }
    segment.finish();
}

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (std::string_view("\\\"()[]{}:^~*?.& |!+- ").find(c) != std::string_view::npos) {
            out.push_back('\\');
        }
        out.push_back(c);
    }
    return out;
}

std::string any_pattern(Random& random) {
    std::string word = any_of(random, vocabulary());
    const std::size_t at = below(random, word.size() + 1);
    switch (below(random, 5)) {
        case 0: return escaped(word.substr(0, at)) + "*";
        case 1: return "*" + escaped(word.substr(at));
        case 2: return escaped(word.substr(0, at)) + "?" + escaped(word.substr(std::min(at + 1, word.size())));
        case 3: return escaped(word.substr(0, at / 2)) + "*" + escaped(word.substr(at));
        default: return one_in(random, 2) ? "?" : "**";
    }
}

std::string any_range(Random& random, const std::vector<std::string>& bounds) {
    std::string low = one_in(random, 4) ? "*" : any_of(random, bounds);
    std::string high = one_in(random, 4) ? "*" : any_of(random, bounds);
    return fmt::format("{}{} TO {}{}", one_in(random, 2) ? '[' : '{', low, high, one_in(random, 2) ? ']' : '}');
}

std::string any_text_clause(Random& random, bool key) {
    static const std::vector<std::string> kWords{"a",
                                                 "b",
                                                 "order",
                                                 "orderid",
                                                 "qq",
                                                 "\xc3\xa9",
                                                 "zz",
                                                 "1",
                                                 "007",
                                                 "true",
                                                 repeated("q", 252),
                                                 repeated("q", 254) + "r",
                                                 repeated("q", 252) + "\xc3\xa9",
                                                 repeated("q", 400)};
    static const std::vector<std::string> kNumbers{
        "0", "1", "-3", "1.5", "5", "12", "1e2", "99.9", "1" + repeated("0", 298)};
    switch (below(random, 9)) {
        case 0: return "*";
        case 1: return any_range(random, kWords);
        case 2: return any_range(random, kNumbers);
        case 3: return any_pattern(random);
        case 4: return '"' + any_of(random, vocabulary()) + ' ' + any_of(random, vocabulary()) + '"';
        case 5: return any_pattern(random) + "-" + escaped(any_of(random, vocabulary()));
        case 6: return key ? "\"" + any_of(random, vocabulary()) + "\"" : escaped(any_of(random, vocabulary()));
        default: return escaped(any_of(random, vocabulary()));
    }
}

std::string any_clause(Random& random) {
    static const std::vector<std::string> kNumbers{"offset",         "timestamp",     "producer_id",
                                                   "producer_epoch", "sequence",      "leader_epoch",
                                                   "base_offset",    "base_sequence", "attributes"};
    static const std::vector<std::string> kNames{
        "transactional:true", "transactional:false", "control:true",          "codec:none",
        "codec:zstd",         "timestamp_type:none", "timestamp_type:create", "timestamp_type:log_append"};
    static const std::vector<std::string> kBounds{"-1", "0",  "1",  "2",          "3",         "5",
                                                  "10", "20", "40", "2147483646", "2147483647"};
    switch (below(random, 8)) {
        case 0:
        case 1: return any_text_clause(random, false);
        case 2: return "key:" + any_text_clause(random, true);
        case 3: return "headers." + escaped(any_of(random, names())) + ":" + any_text_clause(random, false);
        case 4: return "value." + escaped(any_of(random, names())) + ":" + any_text_clause(random, false);
        case 5: {
            std::string path = escaped(any_of(random, names()));
            path += "." + escaped(any_of(random, names()));
            return "value." + path + ":" + any_text_clause(random, false);
        }
        case 6:
            return any_of(random, kNumbers) + ":" +
                   (one_in(random, 2) ? "\"" + any_of(random, kBounds) + "\"" : any_range(random, kBounds));
        default: return any_of(random, kNames);
    }
}

std::string any_query(Random& random, int depth) {
    if (depth == 0 || one_in(random, 3)) {
        return any_clause(random);
    }
    const std::string first = any_query(random, depth - 1);
    switch (below(random, 4)) {
        case 0: return "NOT (" + first + ")";
        case 1: return "(" + first + " OR " + any_query(random, depth - 1) + ")";
        default: return "(" + first + " " + any_query(random, depth - 1) + ")";
    }
}

bool holds(const RecordSet& larger, const RecordSet& smaller) {
    RecordSet both = larger;
    both &= smaller;
    return both == smaller;
}

}  // namespace

TEST_CASE("what is surely found is true, and nothing else than what may be found is") {
    Random random(20261125);
    std::size_t hits = 0;
    std::size_t exact = 0;
    std::size_t queries = 0;
    for (int round = 0; round < 60; ++round) {
        const IndexedFields fields{.key = !one_in(random, 4),
                                   .value = !one_in(random, 4),
                                   .headers = !one_in(random, 4),
                                   .json_paths = !one_in(random, 3)};
        MemorySegment segment(fields);
        fill(segment, random, round == 0 ? 0 : 1 + below(random, 40));
        for (int i = 0; i < 250; ++i) {
            const std::string text = any_query(random, static_cast<int>(below(random, 4)));
            const auto query = Query::parse(text, 0);
            REQUIRE_MESSAGE(query.has_value(), text, ": ", query.error().message());
            const auto both = segment.ask(*query);
            REQUIRE(both);
            const RecordSet truth = segment.truth(*query);
            CHECK_MESSAGE(holds(both->maybe, truth), text, "\nmaybe ", bits(both->maybe), "\ntruth ", bits(truth));
            CHECK_MESSAGE(holds(truth, both->surely), text, "\nsurely ", bits(both->surely), "\ntruth  ", bits(truth));
            ++queries;
            hits += truth.empty() || truth.count() == segment.records() ? 0U : 1U;
            exact += both->maybe == both->surely ? 1U : 0U;
        }
    }
    // The test asks for something only where some records match and others do not, and where the index decides it.
    CHECK(queries > 12'000);
    CHECK(hits > queries / 3);
    CHECK(exact > queries / 4);
}
