// SPDX-License-Identifier: Apache-2.0
// One record batch as it stands in a segment: header fields, CRC, and the bytes themselves.
// Layout: man/kseg-segment.5, RECORD BATCH and MESSAGE SET. Source: KIP-98, KIP-31, KIP-32, Kafka 4.1.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/crc.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "kafka/codec/codec.hpp"

namespace kseg::record {

inline constexpr std::size_t kLengthFieldEnd = 8 + 4;         // base_offset, batch_length
inline constexpr std::size_t kMagicAt = kLengthFieldEnd + 4;  // leader epoch, or the CRC of magic 0 and 1
inline constexpr std::size_t kFrameBytes = kMagicAt + 1;      // what tells magic and length
inline constexpr std::size_t kCrcAt = kMagicAt + 1;           // magic 2
inline constexpr std::size_t kCrcCoverAt = kCrcAt + 4;        // magic 2: CRC-32C from here to the end
inline constexpr std::size_t kLegacyCrcAt = kLengthFieldEnd;  // magic 0 and 1
inline constexpr std::size_t kLegacyCrcCoverAt = kMagicAt;    // magic 0 and 1: CRC-32 IEEE from here to the end
inline constexpr std::size_t kBatchHeaderBytes = 61;          // magic 2: kCrcCoverAt + 2 + 4 + 8 + 8 + 8 + 2 + 4 + 4
inline constexpr std::size_t kMessageV0Bytes = kMagicAt + 2 + 4 + 4;  // magic, attributes, key length, value length
inline constexpr std::size_t kMessageV1Bytes = kMessageV0Bytes + 8;   // and the timestamp

/// Bits of a batch's attributes. Those above are kept and mean nothing yet.
inline constexpr std::uint16_t kCodecMask = 0x07;
inline constexpr std::uint16_t kLogAppendTimeBit = 0x08;
inline constexpr std::uint16_t kTransactionalBit = 0x10;
inline constexpr std::uint16_t kControlBit = 0x20;
inline constexpr std::uint16_t kDeleteHorizonBit = 0x40;

enum class TimestampType : std::uint8_t { none, create, log_append };

/// "none", "create", "log_append".
std::string_view to_string(TimestampType type);

/// The fields of a batch header as they are stored. For magic 0 and 1 base_offset is the message's offset field (that of
/// the last inner message when compressed), batch_length its size field, max_timestamp its timestamp (-1 in magic 0), and
/// what the format lacks keeps the value given here.
struct BatchHeader {
    std::int64_t base_offset = 0;
    std::int32_t batch_length = 0;
    std::int32_t partition_leader_epoch = -1;
    std::int8_t magic = 2;
    std::uint32_t crc = 0;
    std::uint16_t attributes = 0;
    std::int32_t last_offset_delta = 0;
    std::int64_t base_timestamp = -1;
    std::int64_t max_timestamp = -1;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
    std::int32_t records_count = 0;

    [[nodiscard]] bool is_legacy() const { return magic < 2; }
    /// Bits 0-2 of the attributes; 5 to 7 name no codec.
    [[nodiscard]] std::uint8_t codec_id() const { return static_cast<std::uint8_t>(attributes & kCodecMask); }
    [[nodiscard]] bool has_known_codec() const { return codec_id() <= codec::kLastCodec; }
    /// Only where has_known_codec().
    [[nodiscard]] codec::Codec codec() const { return static_cast<codec::Codec>(codec_id()); }
    [[nodiscard]] TimestampType timestamp_type() const;
    [[nodiscard]] bool is_transactional() const { return !is_legacy() && (attributes & kTransactionalBit) != 0; }
    [[nodiscard]] bool is_control() const { return !is_legacy() && (attributes & kControlBit) != 0; }
    [[nodiscard]] bool has_delete_horizon() const { return !is_legacy() && (attributes & kDeleteHorizonBit) != 0; }
    /// base_offset + last_offset_delta as stored, kept within the range of offsets.
    [[nodiscard]] std::int64_t last_offset() const;
};

/// One whole batch. Borrows its bytes.
class BatchView {
  public:
    BatchView() = default;

    /// Reads the header of a batch and leaves CRC and records alone.
    /// whole    from base_offset to the batch's end
    /// at       file offset of whole[0]
    /// errors   truncated    whole is shorter than a header of its magic
    ///          unsupported  magic is not 0, 1 or 2
    ///          corrupt      the length field does not say whole.size()
    static Result<BatchView> parse(Bytes whole, FileOffset at);

    [[nodiscard]] Bytes bytes() const { return bytes_; }
    [[nodiscard]] FileOffset position() const { return at_; }
    [[nodiscard]] const BatchHeader& header() const { return header_; }

    /// CRC of the bytes that the CRC field covers, by the algorithm of the magic.
    [[nodiscard]] std::uint32_t compute_crc() const;

    /// What follows the fixed header: records (magic 2) or key and value with their lengths (magic 0 and 1).
    [[nodiscard]] Bytes body() const;

  private:
    Bytes bytes_;
    FileOffset at_;
    BatchHeader header_;
};

/// Fixed header bytes of a magic: 61, or those of a message with null key and value.
constexpr std::size_t header_bytes(std::int8_t magic) {
    return magic >= 2 ? kBatchHeaderBytes : (magic == 1 ? kMessageV1Bytes : kMessageV0Bytes);
}

/// Where the CRC field is, where the CRC's cover begins, and which CRC it is.
constexpr std::size_t crc_at(std::int8_t magic) {
    return magic >= 2 ? kCrcAt : kLegacyCrcAt;
}
constexpr std::size_t crc_cover_at(std::int8_t magic) {
    return magic >= 2 ? kCrcCoverAt : kLegacyCrcCoverAt;
}
constexpr CrcKind crc_kind(std::int8_t magic) {
    return magic >= 2 ? CrcKind::crc32c : CrcKind::crc32_ieee;
}

}  // namespace kseg::record
