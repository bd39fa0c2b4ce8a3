// SPDX-License-Identifier: Apache-2.0
#include "print/summary.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/checked.hpp"
#include "base/text.hpp"
#include "print/printer.hpp"

namespace kseg::tools {
namespace {

template <typename T>
void take_least(std::optional<T>& mine, const std::optional<T>& other) {
    if (other && (!mine || *other < *mine)) {
        mine = other;
    }
}

template <typename T>
void take_largest(std::optional<T>& mine, const std::optional<T>& other) {
    if (other && (!mine || *other > *mine)) {
        mine = other;
    }
}

template <typename T>
void append_limited(std::vector<T>& mine, const std::vector<T>& other, std::size_t most) {
    for (std::size_t i = 0; i < other.size() && mine.size() < most; ++i) {
        mine.push_back(other[i]);
    }
}

std::string number_or_null(const std::optional<std::int64_t>& value) {
    return value ? fmt::format("{}", *value) : "null";
}

std::string time_text(TimestampMs time) {
    ByteBuffer text;
    append_time(text, time);
    return std::string(text.text());
}

/// Joins what `each(i)` gives for the counts that are not zero.
template <typename Counts, typename Each>
std::string join_counts(const Counts& counts, std::string_view separator, Each&& each) {
    std::string all;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] != 0) {
            all += all.empty() ? each(i) : std::string(separator) + each(i);
        }
    }
    return all;
}

}  // namespace

void Summary::note_offsets(std::int64_t expected, std::int64_t found) {
    if (found < expected) {
        ++backwards_;
    } else if (found > expected) {
        ++offset_gap_count_;
        missing_offsets_ = saturating_add(missing_offsets_, found - expected);
        if (offset_gaps_.size() < kListed) {
            offset_gaps_.push_back({.first = expected, .last = found - 1});
        }
    }
}

void Summary::add_batch(const segment::Item& item, const Batch& batch) {
    const record::BatchHeader& header = item.batch.header();
    ++batches_;
    bytes_ += item.size;
    magics_[static_cast<std::uint8_t>(header.magic)] += 1;
    if (!item.crc_valid) {
        // Nothing that a wrong CRC covers is counted as if it were so.
        ++invalid_;
        return;
    }
    records_ = saturating_add(records_, batch.records);
    empty_ += batch.records == 0 ? 1U : 0U;
    control_ += header.is_control() ? 1U : 0U;
    transactional_ += header.is_transactional() ? 1U : 0U;
    problems_ += batch.problem ? 1U : 0U;
    codecs_[header.codec_id()] += 1;
    if (last_offset_) {
        note_offsets(saturating_add(*last_offset_, 1), batch.base_offset);
    }
    first_offset_ = first_offset_ ? first_offset_ : batch.base_offset;
    last_offset_ = batch.last_offset;
    take_least(least_time_, batch.least_time);
    take_largest(largest_time_, batch.largest_time);
}

void Summary::add_gap(const segment::Item& item) {
    ++gap_count_;
    bytes_ += item.size;
    if (gaps_.size() < kListed) {
        gaps_.push_back({.position = item.position.value, .size = item.size, .reason = item.reason});
    }
}

void Summary::append(const Summary& next, bool same_log) {
    segments_ += next.segments_;
    bytes_ += next.bytes_;
    batches_ += next.batches_;
    records_ = saturating_add(records_, next.records_);
    empty_ += next.empty_;
    control_ += next.control_;
    transactional_ += next.transactional_;
    invalid_ += next.invalid_;
    problems_ += next.problems_;
    for (std::size_t i = 0; i < codecs_.size(); ++i) {
        codecs_[i] += next.codecs_[i];
    }
    for (std::size_t i = 0; i < magics_.size(); ++i) {
        magics_[i] += next.magics_[i];
    }
    if (same_log && last_offset_ && next.first_offset_) {
        note_offsets(saturating_add(*last_offset_, 1), *next.first_offset_);
    }
    first_offset_ = first_offset_ ? first_offset_ : next.first_offset_;
    last_offset_ = next.last_offset_ ? next.last_offset_ : last_offset_;
    take_least(least_time_, next.least_time_);
    take_largest(largest_time_, next.largest_time_);
    append_limited(offset_gaps_, next.offset_gaps_, kListed);
    offset_gap_count_ += next.offset_gap_count_;
    missing_offsets_ = saturating_add(missing_offsets_, next.missing_offsets_);
    backwards_ += next.backwards_;
    append_limited(gaps_, next.gaps_, kListed);
    gap_count_ += next.gap_count_;
}

void Summary::write_json(ByteBuffer& out) const {
    out.append(fmt::format(R"({{"segments":{},"bytes":{},"batches":{},"records":{},"first_offset":{},"last_offset":{},)",
                           segments_, bytes_, batches_, records_, number_or_null(first_offset_),
                           number_or_null(last_offset_)));
    out.append(fmt::format(R"("min_timestamp":{},"max_timestamp":{},)", number_or_null(least_time_),
                           number_or_null(largest_time_)));
    out.append(fmt::format(R"("codecs":{{{}}},)", join_counts(codecs_, ",", [this](std::size_t i) {
                               return fmt::format(R"("{}":{})", codec_name(static_cast<std::uint8_t>(i)), codecs_[i]);
                           })));
    out.append(fmt::format(R"("magics":{{{}}},)", join_counts(magics_, ",", [this](std::size_t i) {
                               return fmt::format(R"("{}":{})", i, magics_[i]);
                           })));
    out.append(fmt::format(R"("control_batches":{},"transactional_batches":{},"empty_batches":{},)", control_,
                           transactional_, empty_));
    out.append(fmt::format(R"("invalid_batches":{},"problem_batches":{},"backward_batches":{},)", invalid_, problems_,
                           backwards_));
    out.append(
        fmt::format(R"("offset_gap_count":{},"missing_offsets":{},"offset_gaps":[)", offset_gap_count_, missing_offsets_));
    for (std::size_t i = 0; i < offset_gaps_.size(); ++i) {
        out.append(
            fmt::format(R"({}{{"first":{},"last":{}}})", i == 0 ? "" : ",", offset_gaps_[i].first, offset_gaps_[i].last));
    }
    out.append(fmt::format(R"(],"gap_count":{},"gaps":[)", gap_count_));
    for (std::size_t i = 0; i < gaps_.size(); ++i) {
        out.append(fmt::format(R"({}{{"position":{},"size":{},"reason":"{}"}})", i == 0 ? "" : ",", gaps_[i].position,
                               gaps_[i].size, to_string(gaps_[i].reason)));
    }
    out.append("]}\n");
}

void Summary::write_text(ByteBuffer& out) const {
    const auto line = [&out](std::string_view name, const std::string& value) {
        out.append(fmt::format("{:<16}{}\n", name, value));
    };
    line("segments", fmt::format("{}", segments_));
    line("bytes", fmt::format("{}", bytes_));
    line("batches", fmt::format("{} ({} control, {} transactional, {} empty)", batches_, control_, transactional_, empty_));
    line("records", fmt::format("{}", records_));
    if (first_offset_ && last_offset_) {
        line("offsets", fmt::format("{} to {}", *first_offset_, *last_offset_));
    }
    if (least_time_ && largest_time_) {
        line("times", fmt::format("{} to {}", time_text(*least_time_), time_text(*largest_time_)));
    }
    line("codecs", join_counts(codecs_, ", ", [this](std::size_t i) {
             return fmt::format("{} {}", codec_name(static_cast<std::uint8_t>(i)), codecs_[i]);
         }));
    line("magics", join_counts(magics_, ", ", [this](std::size_t i) { return fmt::format("{}: {}", i, magics_[i]); }));
    if (offset_gap_count_ != 0) {
        line("missing offsets", fmt::format("{} in {} gaps", missing_offsets_, offset_gap_count_));
        for (const OffsetGap& gap : offset_gaps_) {
            line("", fmt::format("{} to {}", gap.first, gap.last));
        }
    }
    if (backwards_ != 0) {
        line("out of order", fmt::format("{} batches begin before the one before them ends", backwards_));
    }
    if (invalid_ == 0 && problems_ == 0 && gap_count_ == 0) {
        line("damage", "none");
        return;
    }
    line("damage",
         fmt::format("{} batches with a wrong crc, {} with a bad body, {} gaps", invalid_, problems_, gap_count_));
    for (const ByteGap& gap : gaps_) {
        line("", fmt::format("offset {}: {}, {} bytes", gap.position, to_string(gap.reason), gap.size));
    }
}

}  // namespace kseg::tools
