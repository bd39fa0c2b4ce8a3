// SPDX-License-Identifier: Apache-2.0
// The start of a batch of any magic: enough to hop from batch to batch, and to tell whether bytes look like one.
// Layout: man/kseg-segment.5, RECORD BATCH and MESSAGE SET.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/wire/reader.hpp"

namespace kseg::segment {

/// Bytes of the smallest batch of a magic, or of any where it is not known.
constexpr std::int64_t least_size(std::int8_t magic) {
    return static_cast<std::int64_t>(magic >= 0 && magic <= 2 ? record::header_bytes(magic) : record::kMessageV0Bytes);
}

/// What every magic has in the same place: enough to hop from batch to batch.
struct Frame {
    std::int64_t offset;
    std::int64_t size;  // of the whole batch; negative where the length is
    std::int8_t magic;

    /// in   at least kFrameBytes bytes
    static Frame of(const std::byte* in) {
        return {
            .offset = wire::load_big<std::int64_t>(in),
            .size = std::int64_t{wire::load_big<std::int32_t>(in + 8)} + static_cast<std::int64_t>(record::kLengthFieldEnd),
            .magic = wire::load_big<std::int8_t>(in + record::kMagicAt)};
    }
    [[nodiscard]] bool known_magic() const { return magic >= 0 && magic <= 2; }
    /// Whether a header of its magic, if that is known, fits the length.
    [[nodiscard]] bool length_can_be() const { return size >= least_size(magic); }
};

/// Whether key and value fill a message of magic 0 or 1 to its last byte: then its length can be trusted, whatever the CRC.
bool message_adds_up(const record::BatchView& batch);

/// Whether a header reads like one of a real batch, though nothing has been checked by CRC.
/// head         what there is of it, at least kFrameBytes
/// most_bytes   a batch that claims more is not believed
bool plausible(Bytes head, std::uint64_t most_bytes);

}  // namespace kseg::segment
