// SPDX-License-Identifier: Apache-2.0
// Whether a batch whose CRC is wrong may be mended, and how. The rules are those of man/kseg-recrc.1, ACTIONS: a CRC is
// made right only where something vouches for the bytes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/record/crc_cause.hpp"
#include "kafka/record/record.hpp"

namespace kseg::segment {

enum class MendAction : std::uint8_t {
    recomputed,        ///< the CRC was made to match the bytes
    bit_flipped_back,  ///< a bit was made to match the CRC
    kept,              ///< nothing vouches for it: left as it was
    dropped,           ///< left out of the output
};

/// "recomputed" and so on.
std::string_view to_string(MendAction action);

struct Judgement {
    std::vector<record::CrcCause> causes;  ///< at least one; the first is the cause, the others fit as well
    MendAction action = MendAction::kept;
    bool body_parses = false;  ///< as the batch stands
};

class Judge {
  public:
    /// max_batch_bytes   most bytes that a compressed body may come to
    explicit Judge(std::size_t max_batch_bytes) : reader_(max_batch_bytes) {}

    /// Judges a batch whose stored CRC is not `crc_computed`. Where it is to be mended, `mended` is the whole batch
    /// afterwards; otherwise it is empty.
    /// recipes   what record::explain_by_recipe() says of it
    Judgement judge(const record::BatchView& batch, std::uint32_t crc_computed, std::vector<record::CrcCause> recipes,
                    ByteBuffer& mended);

    /// Makes `mended` the batch with its CRC as computed, whatever vouches for it.
    static void recompute(const record::BatchView& batch, std::uint32_t crc_computed, ByteBuffer& mended);

    /// Whether the body parses to its last byte and says what the header says.
    bool parses(const record::BatchView& batch);

  private:
    bool flip_back(const record::BatchView& batch, std::uint64_t bit, bool body_vouched, ByteBuffer& mended);

    record::RecordReader reader_;
};

/// Whether chance explains a CRC by one of so many bits seldom enough: bits / 2^32 is below 1e-3.
bool chance_is_small(std::uint64_t bits);

}  // namespace kseg::segment
