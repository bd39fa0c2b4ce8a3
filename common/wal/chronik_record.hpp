// SPDX-License-Identifier: Apache-2.0
// One record of a Chronik WAL file, version 1 or 2: its frame, its fields, and the entries (Kafka records) in it.
// Layout: man/kseg-segment.5, CHRONIK WAL.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/record/record.hpp"
#include "wal/little_reader.hpp"

namespace kseg::wal {

inline constexpr int kChronikFirstByte = 0x7e;
inline constexpr std::size_t kChronikMagicBytes = 2;                             // 7e ca
inline constexpr std::size_t kChronikV1HeaderBytes = 2 + 1 + 1 + 4;              // magic, version, flags, length
inline constexpr std::size_t kChronikV2HeaderBytes = kChronikV1HeaderBytes + 4;  // and the crc32
inline constexpr std::size_t kChronikTopicBytes = 249;                           // Kafka's longest topic name
/// What check_chronik_frame() can make use of: up to the data's length of a version 2 record with the longest topic.
inline constexpr std::size_t kChronikFrameBytes = kChronikV2HeaderBytes + 2 + kChronikTopicBytes + 4 + 4;

/// What the first bytes of a record say.
struct ChronikFrame {
    enum class State : std::uint8_t {
        none,         ///< no record begins so
        bad_version,  ///< the magic is there, behind it a version that is not known
        bad_length,   ///< magic and version are there; the lengths contradict each other
        too_short,    ///< a record may begin so, and too little is there to know its size
        plausible,    ///< magic, version and all lengths that are there agree
    };
    State state = State::none;
    std::uint8_t version = 0;
    std::uint32_t length = 0;  ///< as stored, from bad_length on
    std::uint64_t size = 0;    ///< of the whole record, where it is plausible
};

/// Looks at the first bytes of what may be a record.
/// head   up to kChronikFrameBytes of them; more are not read
ChronikFrame check_chronik_frame(Bytes head);

/// Whether a file that begins so is a Chronik WAL.
/// head   its first kChronikFrameBytes bytes, or all of it
bool looks_like_chronik(Bytes head);

/// What newer writers put behind the data of a version 2 record.
struct ChronikTrailer {
    std::int64_t base_offset = 0;
    std::int64_t last_offset = 0;
    std::int32_t record_count = 0;
};

/// The fields of one record. Borrows the bytes that it was parsed from.
struct ChronikRecord {
    std::uint8_t version = 0;
    std::uint8_t flags = 0;
    std::uint32_t crc = 0;           ///< as stored
    std::uint32_t crc_computed = 0;  ///< with the length as it is stored
    bool crc_holds = false;          ///< the stored one is that, or follows one of the other rules
    std::string_view topic{};        ///< version 2
    std::int32_t partition = -1;     ///< version 2
    std::optional<ChronikTrailer> trailer{};
    /// Offset, leader epoch, attributes (codec, timestamp type, flags), times and producer fields as a batch has them. Of
    /// version 1 the offset; what it lacks keeps its default.
    record::BatchHeader header;
    std::uint64_t entry_count = 0;
    Bytes entries{};              ///< in their encoded form: see ChronikEntries
    std::int64_t timestamp = -1;  ///< version 1: that of its one entry
    NullableBytes compressed_records{};
    NullableBytes original_v1{};
    NullableBytes original_v2{};

    /// The offset that was assigned to the first entry.
    [[nodiscard]] std::int64_t assigned_offset() const { return trailer ? trailer->base_offset : header.base_offset; }
};

/// Parses a whole record, entries included. Nothing where a field does not fit, or bytes are left.
/// whole   as many bytes as its frame says
/// work    is raised by the number of entries and headers that were read
std::optional<ChronikRecord> parse_chronik_record(Bytes whole, std::uint64_t& work);

/// Walks the entries of a record that was parsed.
class ChronikEntries {
  public:
    explicit ChronikEntries(const ChronikRecord& record);

    /// Reads the next entry: offset, stored_timestamp, attributes, key and value, and its headers into `headers`. False at
    /// the end.
    bool next(record::RecordView& out, std::vector<record::HeaderView>& headers);

  private:
    const ChronikRecord& record_;
    LittleReader in_;
    std::uint64_t left_;
};

}  // namespace kseg::wal
