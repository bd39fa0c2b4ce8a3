// SPDX-License-Identifier: Apache-2.0
// A set of records of one segment, by ordinal: the number of a record among those that an index holds, from 0. A bit each.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kseg::index {

using Ordinal = std::uint32_t;

class RecordSet {
  public:
    RecordSet() = default;
    /// An empty set for ordinals below `records`, or the set of all of them.
    explicit RecordSet(Ordinal records, bool full = false) : records_(records), words_((std::size_t{records} + 63) / 64) {
        if (full) {
            add_range(0, records);
        }
    }

    /// Ordinals are below this.
    [[nodiscard]] Ordinal records() const { return records_; }

    void add(Ordinal ordinal) { words_[ordinal / 64] |= std::uint64_t{1} << (ordinal % 64); }
    [[nodiscard]] bool has(Ordinal ordinal) const { return ((words_[ordinal / 64] >> (ordinal % 64)) & 1U) != 0; }

    /// Adds [first, end).
    void add_range(Ordinal first, Ordinal end);

    // The other set must be of as many records.
    RecordSet& operator&=(const RecordSet& other);
    RecordSet& operator|=(const RecordSet& other);
    /// Becomes what was not in it.
    void complement();

    [[nodiscard]] bool empty() const;
    [[nodiscard]] std::uint64_t count() const;
    /// How many of [first, end) are in it.
    [[nodiscard]] std::uint64_t count(Ordinal first, Ordinal end) const;
    /// The first ordinal of it that is not below `from`, or records() where there is none.
    [[nodiscard]] Ordinal next(Ordinal from) const;

    friend bool operator==(const RecordSet&, const RecordSet&) = default;

  private:
    Ordinal records_ = 0;
    std::vector<std::uint64_t> words_;  // bits from records_ on are 0
};

}  // namespace kseg::index
