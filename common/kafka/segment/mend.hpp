// SPDX-License-Identifier: Apache-2.0
// Mends a segment: walks it in one pass, makes right what something vouches for, and writes every byte of the input again
// or says which it left out. What is done and why: man/kseg-recrc.1.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "io/file.hpp"
#include "io/sink.hpp"
#include "kafka/record/batch_editor.hpp"
#include "kafka/segment/cursor.hpp"
#include "kafka/segment/judge.hpp"

namespace kseg::segment {

struct MendOptions {
    bool trust_body = false;
    bool force = false;
    bool salvage = false;  ///< what would be kept is left out
    record::BatchEdits edits{};
    std::optional<std::int64_t> base_offset{};  ///< of the first batch; the others keep their distance
    /// What is added to offsets in place of what base_offset comes to: for the inputs behind the first.
    std::optional<std::int64_t> offset_shift{};
    std::uint64_t max_batch_bytes = std::uint64_t{1} << 30;

    [[nodiscard]] bool changes_good_batches() const { return edits.any() || base_offset || offset_shift; }
};

/// Something wrong, and what was done about it. Borrows; valid during the call that hands it out.
struct Finding {
    Item item;  ///< as it was found; a batch whose length or magic was mended, as it is now
    MendAction action = MendAction::kept;
    std::vector<record::CrcCause> causes{};  ///< of a batch: the cause first; empty where only its body is bad
    std::string why{};                       ///< of a batch that could not be edited: the reason
};

struct MendTotals {
    std::uint64_t batches = 0;  ///< in the input, damaged ones too
    std::uint64_t recomputed = 0;
    std::uint64_t bits_flipped_back = 0;
    std::uint64_t kept = 0;
    std::uint64_t dropped = 0;
    std::uint64_t gaps = 0;
    std::uint64_t edited = 0;    ///< batches that options changed
    std::uint64_t unedited = 0;  ///< batches that options could not change
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t bad_bytes_out = 0;  ///< of batches and gaps that were kept as they are
    std::uint32_t crc_out = 0;        ///< CRC-32C of all that was written
    std::uint64_t good_out = 0;       ///< batches in the output whose CRC is right
    /// What was added to offsets; nothing where there was no batch to begin with.
    std::optional<std::int64_t> offset_shift{};
    /// Positions, offsets or times are no longer those that an index beside the input holds.
    bool indexes_stale = false;

    [[nodiscard]] std::uint64_t mended() const { return recomputed + bits_flipped_back; }
    [[nodiscard]] std::uint64_t left_over() const { return kept + dropped + gaps + unedited; }
    [[nodiscard]] bool changed() const { return mended() + edited != 0 || bytes_out != bytes_in; }

    void add(const MendTotals& other);
};

struct MendOutputs {
    io::Sink* mended = nullptr;   ///< nothing where only a report is wanted
    io::Sink* rejects = nullptr;  ///< gets what is left out
    std::function<void(const Finding&)> finding{};
    std::function<void(std::uint64_t position)> progress{};
    /// Called by mend_in_place() and mend_to_file() before the first change to what is there: whatever was left out has to
    /// be safe by then.
    std::function<Result<void>()> before_replace{};
};

/// Mends what `source` has, from its beginning to its end. Memory: some pieces of 1 MiB, or some times the largest batch;
/// behind damage that nothing explains, up to 48 MiB more.
/// errors   io, cancelled   those of the source and of the outputs
///          invalid         --base-offset moves offsets out of their range
///          corrupt         there is no batch, nor what is left of one; or what was mended does not verify, a fault of this
///                          program
Result<MendTotals> mend(io::ByteSource& source, const MendOptions& options, const MendOutputs& outputs);

/// Reads back what was written: the same bytes, and, where nothing bad was kept, as many good batches. Beside bad bytes a
/// walk may see other batches than before, since a length that lies reaches elsewhere once batches have moved.
/// visit    called for each good batch, may be empty
/// errors   corrupt   it is not what was written;   io
Result<void> verify_mended(const io::ReadAt& written, const MendTotals& totals,
                           const std::function<Result<void>(const Item&)>& visit = {});

}  // namespace kseg::segment
