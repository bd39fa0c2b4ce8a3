// SPDX-License-Identifier: Apache-2.0
// A segment in memory, as records, as the rows of a batch table and as terms: what a query may be asked of.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/checked.hpp"
#include "index/batch_table.hpp"
#include "index/query.hpp"
#include "index/term_index.hpp"
#include "index/terms.hpp"
#include "support/memory_file.hpp"
#include "support/sample_records.hpp"

namespace kseg::test {

using index::Ordinal;
using index::RecordSet;
using index::TermField;

/// A mistake in a test, or in what it asks.
inline void expect(bool holds) {
    if (!holds) {
        throw std::logic_error("a segment in memory was misused");
    }
}

/// Terms and their records, in the order of the terms' bytes; counts what is asked.
class MapIndex final : public index::TermIndex, public index::TermSink {
  public:
    void begin_record(Ordinal ordinal) { ordinal_ = ordinal; }
    void term(TermField field, std::string_view text) override {
        terms_[static_cast<std::size_t>(field)][std::string(text)].insert(ordinal_);
    }

    Result<void> add_term(TermField field, std::string_view term, RecordSet& out) override {
        ++asked;
        if (field == TermField::key || field == TermField::value) {
            expect(term.size() <= index::kMaxTermBytes);
        }
        const auto& terms = terms_[static_cast<std::size_t>(field)];
        if (const auto found = terms.find(std::string(term)); found != terms.end()) {
            add(found->second, out);
        }
        return fails ? Result<void>(Error{.code = Errc::io, .what = "disk"}) : Result<void>();
    }

    Result<void> scan_terms(TermField field, std::string_view from,
                            const std::function<index::TermVerdict(std::string_view)>& judge, RecordSet& out) override {
        ++asked;
        const auto& terms = terms_[static_cast<std::size_t>(field)];
        for (auto at = terms.lower_bound(std::string(from)); at != terms.end(); ++at) {
            ++scanned;
            const index::TermVerdict verdict = judge(at->first);
            if (verdict == index::TermVerdict::stop) {
                break;
            }
            if (verdict == index::TermVerdict::take) {
                add(at->second, out);
            }
        }
        return fails ? Result<void>(Error{.code = Errc::io, .what = "disk"}) : Result<void>();
    }

    std::size_t asked = 0;
    std::size_t scanned = 0;
    bool fails = false;

  private:
    static void add(const std::set<Ordinal>& records, RecordSet& out) {
        std::for_each(records.begin(), records.end(), [&out](Ordinal ordinal) { out.add(ordinal); });
    }

    std::map<std::string, std::set<Ordinal>> terms_[index::kTermFields];
    Ordinal ordinal_ = 0;
};

/// A segment that is there as records, as rows of a batch table and as terms.
class MemorySegment {
  public:
    explicit MemorySegment(index::IndexedFields fields) : fields_(fields), reader_(fields) {}

    void begin_batch(const index::BatchRow& row) {
        row_ = row;
        row_.position = position_;
        row_.size = 100;
        row_.first_ordinal = static_cast<Ordinal>(records_.size());
        row_.records = 0;
        position_ += 100;
    }

    void add(const SampleRecord& sample, std::int64_t offset, TimestampMs timestamp, std::uint8_t attributes) {
        samples_.push_back(sample);
        record::RecordView view = views_.view(samples_.back());
        view.offset = offset;
        view.timestamp = timestamp;
        view.attributes = attributes;
        const auto delta = static_cast<std::int32_t>(wrapping_sub(offset, row_.base_offset));
        view.sequence = row_.magic < 2 ? -1 : record::sequence_at(row_.base_sequence, delta);
        row_.min_timestamp = row_.records == 0 ? timestamp : std::min(row_.min_timestamp, timestamp);
        row_.max_timestamp = row_.records == 0 ? timestamp : std::max(row_.max_timestamp, timestamp);
        terms_.begin_record(static_cast<Ordinal>(records_.size()));
        reader_.read(view, terms_);
        records_.push_back({.view = view, .batch = rows_});
        ++row_.records;
    }

    void end_batch() {
        expect(writer_.add(row_).has_value());
        headers_.push_back({.base_offset = row_.base_offset,
                            .partition_leader_epoch = row_.leader_epoch,
                            .magic = row_.magic,
                            .attributes = row_.attributes,
                            .producer_id = row_.producer_id,
                            .producer_epoch = row_.producer_epoch,
                            .base_sequence = row_.base_sequence});
        base_offsets_.push_back(row_.base_offset);
        ++rows_;
    }

    void finish() {
        auto table = index::BatchTable::open(memory_file(writer_.finish().bytes()), "batches");
        expect(table.has_value());
        table_.emplace(std::move(*table));
    }

    [[nodiscard]] Ordinal records() const { return static_cast<Ordinal>(records_.size()); }
    [[nodiscard]] Result<index::Found> ask(const index::Query& query) {
        return index::search(query, fields_, terms_, *table_);
    }
    [[nodiscard]] MapIndex& terms() { return terms_; }
    [[nodiscard]] const record::RecordView& record(Ordinal ordinal) const { return records_[ordinal].view; }

    [[nodiscard]] RecordSet truth(const index::Query& query) const {
        index::QueryMatcher matcher(query);
        RecordSet set(records());
        for (Ordinal i = 0; i < records(); ++i) {
            const std::size_t batch = records_[i].batch;
            if (matcher.matches(headers_[batch], base_offsets_[batch], records_[i].view)) {
                set.add(i);
            }
        }
        return set;
    }

  private:
    struct Record {
        record::RecordView view;
        std::size_t batch;
    };

    index::IndexedFields fields_;
    index::TermReader reader_;
    MapIndex terms_;
    index::BatchTableWriter writer_;
    std::optional<index::BatchTable> table_;
    index::BatchRow row_;
    std::uint64_t position_ = 0;
    std::size_t rows_ = 0;
    std::deque<SampleRecord> samples_;
    SampleViews views_;
    std::vector<Record> records_;
    std::vector<record::BatchHeader> headers_;
    std::vector<std::int64_t> base_offsets_;
};

/// One record a batch of magic 2, each at the next offset.
inline void add_simple(MemorySegment& segment, const std::vector<SampleRecord>& records) {
    std::int64_t offset = 0;
    for (const SampleRecord& sample : records) {
        segment.begin_batch({.base_offset = offset, .last_offset = offset});
        segment.add(sample, offset++, 0, 0);
        segment.end_batch();
    }
    segment.finish();
}

inline std::string bits(const RecordSet& set) {
    std::string out;
    for (Ordinal i = 0; i < set.records(); ++i) {
        out += set.has(i) ? '1' : '0';
    }
    return out;
}

}  // namespace kseg::test
