// SPDX-License-Identifier: Apache-2.0
#include "index/postings.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>

namespace kseg::index {
namespace {

constexpr std::size_t kFirstSlots = std::size_t{1} << 12;
constexpr std::size_t kLinkBytes = 4;  // at a slice's end: where the next one begins

/// Bytes of postings in a term's first slice, second and so on; the last size repeats. Most terms occur once.
constexpr std::array<std::uint32_t, 6> kSliceBytes{4, 12, 28, 60, 124, 252};
constexpr std::uint32_t slice_bytes(std::uint8_t slice) {
    return kSliceBytes[std::min<std::size_t>(slice, kSliceBytes.size() - 1)];
}

std::uint32_t hash_of(TermField field, std::string_view term) {
    constexpr std::uint64_t kMix = 0x9fb21c651e98df25U;  // odd, with its bits spread
    std::uint64_t hash = (term.size() * kMix) ^ static_cast<std::uint64_t>(field);
    const auto mix = [&hash](std::uint64_t word) {
        hash = (hash ^ word) * kMix;
        hash ^= hash >> 32;
    };
    while (term.size() >= sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, term.data(), sizeof word);
        mix(word);
        term.remove_prefix(sizeof word);
    }
    std::uint64_t rest = 0;
    std::memcpy(&rest, term.data(), term.size());
    mix(rest);
    return static_cast<std::uint32_t>(hash >> 32);
}

}  // namespace

/// Goes over a buffer's entries in the order of field and bytes.
class BufferRun final : public TermRun {
  public:
    explicit BufferRun(const PostingsBuffer& buffer) : buffer_(buffer) {
        order_.reserve(buffer.entries_.size());
        for (std::uint32_t i = 0; i < buffer.entries_.size(); ++i) {
            order_.push_back({head_of(i), i});
        }
        std::sort(order_.begin(), order_.end(), [this](const Key& a, const Key& b) {
            return a.head != b.head ? a.head < b.head : term_of(a.entry) < term_of(b.entry);
        });
    }

    Result<bool> next() override {
        if (at_ == order_.size()) {
            return false;
        }
        current_ = order_[at_++].entry;
        gather();
        return true;
    }
    [[nodiscard]] TermField field() const override { return buffer_.entries_[current_].field; }
    [[nodiscard]] std::string_view term() const override { return term_of(current_); }
    [[nodiscard]] PostingsView postings() const override { return {postings_.bytes(), buffer_.entries_[current_].count}; }

  private:
    /// Field and first bytes of a term as one number, so that few comparisons look at the terms.
    struct Key {
        std::uint64_t head;
        std::uint32_t entry;
    };

    [[nodiscard]] std::string_view term_of(std::uint32_t entry) const {
        const auto& e = buffer_.entries_[entry];
        return as_text(std::as_bytes(std::span(buffer_.arena_).subspan(e.term_at, e.size)));
    }

    [[nodiscard]] std::uint64_t head_of(std::uint32_t entry) const {
        const std::string_view term = term_of(entry);
        auto head = static_cast<std::uint64_t>(buffer_.entries_[entry].field);
        for (std::size_t i = 0; i < sizeof head - 1; ++i) {
            head = (head << 8) | (i < term.size() ? static_cast<unsigned char>(term[i]) : 0U);
        }
        return head;
    }

    /// Puts the slices of the current term behind one another.
    void gather() {
        const auto& e = buffer_.entries_[current_];
        postings_.clear();
        std::uint32_t at = e.term_at + e.size;
        for (std::uint8_t slice = 0;; ++slice) {
            const std::uint32_t end = at + slice_bytes(slice);
            const bool last = end == e.end;
            postings_.append(std::as_bytes(std::span(buffer_.arena_).subspan(at, (last ? e.at : end) - at)));
            if (last) {
                return;
            }
            std::memcpy(&at, &buffer_.arena_[end], kLinkBytes);
            slice = std::min<std::uint8_t>(slice, kSliceBytes.size() - 2);  // the last size repeats
        }
    }

    const PostingsBuffer& buffer_;
    std::vector<Key> order_;
    std::size_t at_ = 0;
    std::uint32_t current_ = 0;
    ByteBuffer postings_;
};

PostingsBuffer::PostingsBuffer() : table_(kFirstSlots) {}

void PostingsBuffer::term(TermField field, std::string_view term) {
    const std::uint32_t hash = hash_of(field, term);
    const std::size_t mask = table_.size() - 1;
    std::size_t slot = hash & mask;
    while (table_[slot] != 0) {
        Entry& entry = entries_[table_[slot] - 1];
        if (entry.hash == hash && entry.size == term.size() && entry.field == field &&
            std::memcmp(&arena_[entry.term_at], term.data(), term.size()) == 0) {
            if (entry.last != ordinal_) {
                add_posting(entry);
            }
            return;
        }
        slot = (slot + 1) & mask;
    }
    add_entry(hash, field, term, slot);
}

void PostingsBuffer::add_entry(std::uint32_t hash, TermField field, std::string_view term, std::size_t slot) {
    assert(term.size() <= UINT16_MAX);
    Entry entry{.hash = hash,
                .term_at = static_cast<std::uint32_t>(arena_.size()),
                .size = static_cast<std::uint16_t>(term.size()),
                .field = field};
    arena_.insert(arena_.end(), term.begin(), term.end());
    entry.at = static_cast<std::uint32_t>(arena_.size());
    entry.end = entry.at + slice_bytes(0);
    arena_.resize(arena_.size() + slice_bytes(0) + kLinkBytes);
    add_posting(entry);
    entries_.push_back(entry);
    table_[slot] = static_cast<std::uint32_t>(entries_.size());
    if (entries_.size() * 2 > table_.size()) {
        grow_table();
    }
}

void PostingsBuffer::add_posting(Entry& entry) {
    std::uint32_t gap = ordinal_ - entry.last;  // the first: the ordinal itself, since `last` is 0
    entry.last = ordinal_;
    ++entry.count;
    for (; gap > 0x7f; gap >>= 7) {
        put(entry, static_cast<std::uint8_t>((gap & 0x7fU) | 0x80U));
    }
    put(entry, static_cast<std::uint8_t>(gap));
}

void PostingsBuffer::put(Entry& entry, std::uint8_t byte) {
    if (entry.at == entry.end) {
        if (entry.slice < kSliceBytes.size() - 1) {
            ++entry.slice;
        }
        const auto next = static_cast<std::uint32_t>(arena_.size());
        arena_.resize(arena_.size() + slice_bytes(entry.slice) + kLinkBytes);
        std::memcpy(&arena_[entry.end], &next, kLinkBytes);
        entry.at = next;
        entry.end = next + slice_bytes(entry.slice);
    }
    arena_[entry.at++] = byte;
}

void PostingsBuffer::grow_table() {
    std::vector<std::uint32_t> grown(table_.size() * 2);
    const std::size_t mask = grown.size() - 1;
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
        std::size_t slot = entries_[i].hash & mask;
        while (grown[slot] != 0) {
            slot = (slot + 1) & mask;
        }
        grown[slot] = i + 1;
    }
    table_ = std::move(grown);
}

std::uint64_t PostingsBuffer::bytes() const {
    return arena_.size() + entries_.size() * sizeof(Entry) + table_.size() * sizeof(table_[0]);
}

std::unique_ptr<TermRun> PostingsBuffer::run() const {
    return std::make_unique<BufferRun>(*this);
}

void PostingsBuffer::clear() {
    arena_.clear();
    entries_.clear();
    std::fill(table_.begin(), table_.end(), 0);
}

}  // namespace kseg::index
