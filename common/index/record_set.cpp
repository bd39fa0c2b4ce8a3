// SPDX-License-Identifier: Apache-2.0
#include "index/record_set.hpp"

#include <algorithm>
#include <cassert>

namespace kseg::index {
namespace {

constexpr Ordinal kWordBits = 64;

/// Bits [first, end) of a word; end may be 64.
std::uint64_t mask(Ordinal first, Ordinal end) {
    const std::uint64_t below_end = end == kWordBits ? ~std::uint64_t{0} : (std::uint64_t{1} << end) - 1;
    return below_end & ~((std::uint64_t{1} << first) - 1);
}

}  // namespace

void RecordSet::add_range(Ordinal first, Ordinal end) {
    assert(end <= records_);
    while (first < end) {
        const Ordinal stop = std::min(end, (first / kWordBits + 1) * kWordBits);
        words_[first / kWordBits] |= mask(first % kWordBits, stop - first / kWordBits * kWordBits);
        first = stop;
    }
}

RecordSet& RecordSet::operator&=(const RecordSet& other) {
    assert(other.records_ == records_);
    for (std::size_t i = 0; i < words_.size(); ++i) {
        words_[i] &= other.words_[i];
    }
    return *this;
}

RecordSet& RecordSet::operator|=(const RecordSet& other) {
    assert(other.records_ == records_);
    for (std::size_t i = 0; i < words_.size(); ++i) {
        words_[i] |= other.words_[i];
    }
    return *this;
}

void RecordSet::complement() {
    for (std::uint64_t& word : words_) {
        word = ~word;
    }
    if (records_ % kWordBits != 0) {
        words_.back() &= mask(0, records_ % kWordBits);
    }
}

bool RecordSet::empty() const {
    return std::all_of(words_.begin(), words_.end(), [](std::uint64_t word) { return word == 0; });
}

std::uint64_t RecordSet::count() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t word : words_) {
        sum += static_cast<std::uint64_t>(std::popcount(word));
    }
    return sum;
}

std::uint64_t RecordSet::count(Ordinal first, Ordinal end) const {
    assert(end <= records_);
    std::uint64_t sum = 0;
    while (first < end) {
        const Ordinal stop = std::min(end, (first / kWordBits + 1) * kWordBits);
        const std::uint64_t bits =
            words_[first / kWordBits] & mask(first % kWordBits, stop - first / kWordBits * kWordBits);
        sum += static_cast<std::uint64_t>(std::popcount(bits));
        first = stop;
    }
    return sum;
}

Ordinal RecordSet::next(Ordinal from) const {
    if (from >= records_) {
        return records_;
    }
    std::size_t word = from / kWordBits;
    std::uint64_t bits = words_[word] & mask(from % kWordBits, kWordBits);
    while (bits == 0) {
        if (++word == words_.size()) {
            return records_;
        }
        bits = words_[word];
    }
    return static_cast<Ordinal>(word * kWordBits) + static_cast<Ordinal>(std::countr_zero(bits));
}

}  // namespace kseg::index
