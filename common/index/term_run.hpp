// SPDX-License-Identifier: Apache-2.0
// Terms in order, each with the ordinals of the records it occurs in: what an index is merged from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "index/record_set.hpp"
#include "index/terms.hpp"
#include "io/file.hpp"
#include "io/fs.hpp"

namespace kseg::index {

/// A term's postings: rising ordinals as varints of 7 bits, low bits first, each the difference to the one before, of the
/// first to 0. Borrows.
class PostingsView {
  public:
    PostingsView() = default;
    PostingsView(Bytes encoded, std::uint32_t count) : encoded_(encoded), count_(count) {}

    [[nodiscard]] std::uint32_t count() const { return count_; }
    [[nodiscard]] Bytes encoded() const { return encoded_; }

    /// Reads the next ordinal; false at the end.
    bool next(Ordinal& ordinal) {
        if (done_ == count_) {
            return false;
        }
        ++done_;
        std::uint32_t gap = 0;
        for (unsigned shift = 0; at_ < encoded_.size(); shift += 7) {
            const std::uint32_t byte = to_u8(encoded_[at_++]);
            gap |= (byte & 0x7fU) << shift;
            if ((byte & 0x80U) == 0) {
                break;
            }
        }
        last_ += gap;
        ordinal = last_;
        return true;
    }

  private:
    Bytes encoded_;
    std::uint32_t count_ = 0;
    std::uint32_t done_ = 0;
    std::size_t at_ = 0;
    Ordinal last_ = 0;
};

/// Appends the difference between two ordinals as a posting.
void append_posting(ByteBuffer& out, std::uint32_t gap);

/// Walks terms by field, then by bytes. What it gives out is valid until the next step.
class TermRun {
  public:
    virtual ~TermRun() = default;
    /// Goes to the next term, at first to the first; false at the end.
    /// errors   io, corrupt
    virtual Result<bool> next() = 0;
    [[nodiscard]] virtual TermField field() const = 0;
    [[nodiscard]] virtual std::string_view term() const = 0;
    [[nodiscard]] virtual PostingsView postings() const = 0;
};

/// Several runs as one; of a term that more than one has, the postings follow in the order of the runs, whose ordinals must
/// not fall from run to run.
std::unique_ptr<TermRun> merge_runs(std::vector<std::unique_ptr<TermRun>> runs);

/// Writes a run to a new file, which is for this process alone: nothing is synced, and its form may change.
Result<void> write_run(io::Fs& fs, const std::string& path, TermRun& run);

/// Reads what write_run() wrote.
Result<std::unique_ptr<TermRun>> read_run(io::Fs& fs, const std::string& path);

}  // namespace kseg::index
