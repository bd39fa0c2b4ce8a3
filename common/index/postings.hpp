// SPDX-License-Identifier: Apache-2.0
// Collects the terms of records in memory, as many as a buffer holds, and hands them on in order.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "index/record_set.hpp"
#include "index/term_run.hpp"
#include "index/terms.hpp"

namespace kseg::index {

/// A hash table of terms, whose postings grow in slices of one arena: nothing is allocated for a term or a posting.
class PostingsBuffer final : public TermSink {
  public:
    PostingsBuffer();

    /// The record that terms belong to from now on. Ordinals must rise.
    void begin_record(Ordinal ordinal) { ordinal_ = ordinal; }
    /// The same term again in one record changes nothing.
    void term(TermField field, std::string_view term) override;

    [[nodiscard]] bool empty() const { return entries_.empty(); }
    /// Memory that the terms so far take, in bytes.
    [[nodiscard]] std::uint64_t bytes() const;
    /// No further term is to be added: the arena is addressed by 32 bits.
    [[nodiscard]] bool full() const { return arena_.size() > kMostArenaBytes; }

    /// All terms in order. Borrows; nothing may be added while it is used.
    [[nodiscard]] std::unique_ptr<TermRun> run() const;
    /// Forgets all terms and keeps the room.
    void clear();

  private:
    friend class BufferRun;
    static constexpr std::size_t kMostArenaBytes = std::size_t{1} << 30;

    struct Entry {
        std::uint32_t hash = 0;
        std::uint32_t term_at = 0;  // its bytes in the arena; the first slice is behind them
        std::uint32_t at = 0;       // where the next byte of postings goes
        std::uint32_t end = 0;      // of the slice
        std::uint32_t count = 0;
        Ordinal last = 0;
        std::uint16_t size = 0;  // of the term
        TermField field{};
        std::uint8_t slice = 0;  // which one it is
    };

    void add_entry(std::uint32_t hash, TermField field, std::string_view term, std::size_t slot);
    void add_posting(Entry& entry);
    void put(Entry& entry, std::uint8_t byte);
    void grow_table();

    std::vector<std::uint8_t> arena_;
    std::vector<Entry> entries_;
    std::vector<std::uint32_t> table_;  // number of an entry, + 1; 0 is free
    Ordinal ordinal_ = 0;
};

}  // namespace kseg::index
