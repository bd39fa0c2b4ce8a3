// SPDX-License-Identifier: Apache-2.0
#include "store/batch_filter.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kseg::store {

bool overlaps(const segment::RecordRange& range, std::int64_t first, std::int64_t last) {
    return (!range.first_offset || last >= *range.first_offset) && (!range.end_offset || first < *range.end_offset);
}

BatchFilter::BatchFilter(const Request& request, AnswerSink& sink)
    : request_(request), sink_(sink), reader_(request.max_batch_bytes) {
    if (request.match != nullptr) {
        matcher_.emplace(*request.match);
    }
}

void BatchFilter::begin(const segment::RecordRange& range, std::string file) {
    range_ = range;
    file_ = std::move(file);
}

void BatchFilter::take(const record::BatchView& batch, const index::Candidate* candidate) {
    const record::BatchHeader& header = batch.header();
    if (full() || (header.is_control() && !request_.control)) {
        return;
    }
    // A row knows its records. What offset a message of magic 0 or 1 begins with only its body tells.
    const bool in_range =
        candidate != nullptr
            ? overlaps(range_, candidate->row.base_offset, candidate->row.last_offset)
            : overlaps(range_, header.is_legacy() ? std::numeric_limits<std::int64_t>::min() : header.base_offset,
                       header.last_offset());
    if (!in_range) {
        return;
    }
    if (request_.take == Take::batches) {
        take_batch(batch, candidate);
    } else {
        take_records(batch, candidate);
    }
}

void BatchFilter::take_records(const record::BatchView& batch, const index::Candidate* candidate) {
    const record::BatchHeader& header = batch.header();
    reader_.open(batch);
    bool begun = false;
    record::RecordView record;
    while (reader_.next(record)) {
        if (!wants(header, record, candidate)) {
            continue;
        }
        if (full()) {
            return;
        }
        ++given_;
        if (request_.count_only) {
            continue;
        }
        if (!begun) {
            sink_.begin_batch(header);
            begun = true;
        }
        sink_.record(header, record);
    }
    note_problem(batch);
}

void BatchFilter::take_batch(const record::BatchView& batch, const index::Candidate* candidate) {
    if (!wants_batch(batch, candidate)) {
        return;
    }
    ++given_;
    if (!request_.count_only) {
        sink_.batch(batch);
    }
}

bool BatchFilter::wants_batch(const record::BatchView& batch, const index::Candidate* candidate) {
    const record::BatchHeader& header = batch.header();
    if (request_.match == nullptr && !range_.by_time()) {
        // By its offsets alone, so that batches that compaction has emptied are there too.
        if (!header.is_legacy()) {
            return true;
        }
        if (!range_.end_offset) {
            return true;
        }
        reader_.open(batch);
        return overlaps(range_, reader_.base_offset(), header.last_offset());
    }
    if (const auto known = candidate != nullptr ? known_count(*candidate) : std::nullopt) {
        return *known != 0;
    }
    reader_.open(batch);
    record::RecordView record;
    while (reader_.next(record)) {
        if (wants(header, record, candidate)) {
            return true;
        }
    }
    note_problem(batch);
    return false;
}

bool BatchFilter::wants(const record::BatchHeader& header, const record::RecordView& record,
                        const index::Candidate* candidate) {
    if (!range_.has_offset(record.offset) || !range_.has_time(record.timestamp)) {
        return false;
    }
    if (!matcher_) {
        return true;
    }
    if (candidate != nullptr && candidate->found != nullptr) {
        const auto ordinal = candidate->row.first_ordinal + static_cast<index::Ordinal>(reader_.count() - 1);
        if (ordinal < candidate->found->maybe.records()) {
            if (!candidate->found->maybe.has(ordinal)) {
                return false;
            }
            if (candidate->found->surely.has(ordinal)) {
                return true;
            }
        }
    }
    return matcher_->matches(header, reader_.base_offset(), record);
}

/// How many records of the row are wanted, if the index can tell without them.
std::optional<std::uint64_t> BatchFilter::known_count(const index::Candidate& candidate) const {
    const index::BatchRow& row = candidate.row;
    if (row.kind != index::RowKind::batch || row.body_problem) {
        return std::nullopt;
    }
    if (row.records == 0) {
        return 0;
    }
    const bool all_offsets = range_.has_offset(row.base_offset) && range_.has_offset(row.last_offset);
    if (!all_offsets || !range_.has_time(row.min_timestamp) || !range_.has_time(row.max_timestamp)) {
        return std::nullopt;
    }
    if (candidate.found == nullptr) {
        return request_.match == nullptr ? std::optional<std::uint64_t>(row.records) : std::nullopt;
    }
    const index::Ordinal end = row.first_ordinal + row.records;
    const std::uint64_t surely = candidate.found->surely.count(row.first_ordinal, end);
    return surely == candidate.found->maybe.count(row.first_ordinal, end) ? std::optional(surely) : std::nullopt;
}

bool BatchFilter::count(const index::Candidate& candidate) {
    const index::BatchRow& row = candidate.row;
    if (!request_.count_only || row.kind != index::RowKind::batch || row.body_problem) {
        return false;
    }
    if (row.magic >= 2 && (row.attributes & record::kControlBit) != 0 && !request_.control) {
        return true;
    }
    const bool by_offsets = request_.take == Take::batches && request_.match == nullptr && !range_.by_time();
    const auto known = by_offsets ? std::optional<std::uint64_t>(overlaps(range_, row.base_offset, row.last_offset) ? 1 : 0)
                                  : known_count(candidate);
    if (!known) {
        return false;
    }
    const std::uint64_t more = request_.take == Take::batches ? std::min<std::uint64_t>(*known, 1) : *known;
    given_ += std::min(more, request_.limit - std::min(given_, request_.limit));
    return true;
}

void BatchFilter::note_problem(const record::BatchView& batch) {
    if (reader_.problem() != record::Problem::none) {
        sink_.damage({.code = Errc::corrupt,
                      .what = fmt::format("{}: {}", to_string(reader_.problem()), reader_.problem_text()),
                      .file = file_,
                      .at = batch.position().value});
    }
}

}  // namespace kseg::store
