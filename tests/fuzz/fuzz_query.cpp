// SPDX-License-Identifier: Apache-2.0
// Queries: an arbitrary text as a query, asked of a few records that the rest of the input makes, one by one and by way of
// an index. Input: a byte that says which fields are indexed, the query up to the first line feed, then keys, values, names
// and values of headers, a line each.
#include <algorithm>
#include <string>
#include <vector>

#include "fuzz_support.hpp"
#include "index/query.hpp"
#include "support/memory_segment.hpp"

using namespace kseg;
using index::Query;

namespace {

constexpr TimestampMs kNow = 1'700'000'000'000;

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty() && lines.size() < 16) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

/// A line that may be null: what begins with a 0 byte.
std::optional<std::string> nullable(const std::vector<std::string>& lines, std::size_t i) {
    const bool there = i < lines.size() && !lines[i].starts_with('\0');
    return there ? std::optional(lines[i]) : std::nullopt;
}

void fill(test::MemorySegment& segment, const std::vector<std::string>& lines) {
    std::int64_t offset = 3;
    for (std::size_t i = 0; i < std::max<std::size_t>(lines.size(), 1); i += 4) {
        segment.begin_batch({.attributes = static_cast<std::uint16_t>(i * 5),
                             .base_offset = offset,
                             .last_offset = offset + 2,
                             .producer_id = static_cast<std::int64_t>(i),
                             .base_sequence = 7});
        test::SampleRecord record{.key = nullable(lines, i), .value = nullable(lines, i + 1)};
        segment.add(record, offset, offset, 0);
        if (i + 2 < lines.size()) {
            record.headers.emplace_back(lines[i + 2], nullable(lines, i + 3));
            record.headers.emplace_back("h", nullable(lines, i + 1));
            std::swap(record.key, record.value);
            segment.add(record, offset + 1, offset, 1);
        }
        segment.end_batch();
        offset += 3;
    }
    segment.finish();
}

bool holds(const index::RecordSet& larger, const index::RecordSet& smaller) {
    index::RecordSet both = larger;
    both &= smaller;
    return both == smaller;
}

/// What has to be right of every query's steps: operators find their operands, and one set is left.
void check_steps(const Query& query) {
    std::size_t clauses = 0;
    std::size_t operands = 0;
    for (const index::QueryStep& step : query.steps()) {
        const bool clause = step.kind == index::QueryStep::Kind::clause;
        clauses += clause ? 1U : 0U;
        fuzz::require(operands >= (clause ? 0U : (step.kind == index::QueryStep::Kind::negate ? 1U : 2U)));
        operands += clause ? 1U : 0U;
        operands -= clause || step.kind == index::QueryStep::Kind::negate ? 0U : 1U;
    }
    fuzz::require(operands == 1 && clauses <= Query::kMaxClauses);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view all = as_text(fuzz::bytes_of(data, size)).substr(1);
    const std::size_t end = std::min(all.find('\n'), all.size());
    const std::string_view text = all.substr(0, end);
    const auto query = Query::parse(text, kNow);
    if (!query) {
        fuzz::require(query.error().code == Errc::invalid && query.error().at && *query.error().at <= text.size());
        return 0;
    }
    check_steps(*query);
    test::MemorySegment segment({.key = (data[0] & 1U) == 0,
                                 .value = (data[0] & 2U) == 0,
                                 .headers = (data[0] & 4U) == 0,
                                 .json_paths = (data[0] & 8U) == 0});
    fill(segment, lines_of(all.substr(std::min(end + 1, all.size()))));
    const index::RecordSet truth = segment.truth(*query);
    const auto found = segment.ask(*query);
    fuzz::require(found && holds(found->maybe, truth) && holds(truth, found->surely));
    // What it is not true of, its opposite is.
    const auto opposite = Query::parse("NOT (" + std::string(text) + ")", kNow);
    if (opposite) {
        index::RecordSet rest = segment.truth(*opposite);
        rest.complement();
        fuzz::require(rest == truth);
    }
    return 0;
}
