// SPDX-License-Identifier: Apache-2.0
#include "index/batch_rows.hpp"

#include <algorithm>
#include <utility>

#include "base/checked.hpp"
#include "kafka/wire/writer.hpp"

namespace kseg::index {
namespace {

// Which fields follow, because they are not what the rows before let expect.
using Field = std::uint16_t;
constexpr Field kMaxTimestamp = 1U << 0;
constexpr Field kBaseOffset = 1U << 1;
constexpr Field kLastOffset = 1U << 2;
constexpr Field kBaseSequence = 1U << 3;
constexpr Field kProducerRow = 1U << 4;
constexpr Field kProducerId = 1U << 5;
constexpr Field kAttributes = 1U << 6;
constexpr Field kSecondByte = 1U << 7;
constexpr Field kLeaderEpoch = 1U << 8;
constexpr Field kMagic = 1U << 9;
constexpr Field kKind = 1U << 10;
constexpr Field kPosition = 1U << 11;
constexpr Field kProducerEpoch = 1U << 12;
constexpr Field kAlways = 0;
constexpr std::uint16_t kKnownFields = (1U << 13) - 1;
constexpr std::uint8_t kBodyProblem = 0x04;  // behind the two bits of the kind

std::uint64_t bits_of(std::int64_t value) {
    return static_cast<std::uint64_t>(value);
}

/// The sequence behind those of a row, as a producer counts.
std::int64_t next_sequence(const BatchRow& row) {
    if (row.base_sequence < 0) {
        return row.base_sequence;
    }
    const std::uint64_t span = bits_of(row.last_offset) - bits_of(row.base_offset) + 1;
    return static_cast<std::int64_t>((static_cast<std::uint64_t>(row.base_sequence) + span) & 0x7fffffffU);
}

/// Every field of a row but CRC and producer row, in the order of the format, with what is expected of it: the difference
/// is what is stored.
/// before     the row before
/// producer   the row that the producer's fields are compared with
template <typename Coder, typename Row>
void code_fields(Coder& coder, const BatchRow& before, const BatchRow& producer, Row& row, std::uint8_t& kind) {
    coder.field(kPosition, row.position, before.position + before.size);
    coder.field(kAlways, row.size, before.size);
    coder.field(kAlways, row.records, std::uint64_t{before.records});
    coder.field(kKind, kind, std::uint64_t{0});
    coder.field(kMagic, row.magic, bits_of(std::int64_t{before.magic}));
    coder.field(kAttributes, row.attributes, std::uint64_t{before.attributes});
    coder.field(kLeaderEpoch, row.leader_epoch, bits_of(std::int64_t{before.leader_epoch}));
    coder.field(kBaseOffset, row.base_offset, bits_of(before.last_offset) + 1);
    coder.field(kLastOffset, row.last_offset, bits_of(row.base_offset) + row.records - 1);
    coder.field(kAlways, row.min_timestamp, bits_of(before.max_timestamp));
    coder.field(kMaxTimestamp, row.max_timestamp, bits_of(row.min_timestamp));
    coder.field(kProducerId, row.producer_id, bits_of(producer.producer_id));
    coder.field(kProducerEpoch, row.producer_epoch, bits_of(std::int64_t{producer.producer_epoch}));
    coder.field(kBaseSequence, row.base_sequence, bits_of(next_sequence(producer)));
}

class Encoder {
  public:
    template <typename T>
    void field(Field bit, const T& value, std::uint64_t expected) {
        const std::uint64_t difference = static_cast<std::uint64_t>(static_cast<std::int64_t>(value)) - expected;
        if (bit == kAlways || difference != 0) {
            mask_ |= bit;
            wire::Writer(fields_).varint(static_cast<std::int64_t>(difference));
        }
    }

    /// back   how many rows back the producer's row is
    void row(ByteBuffer& out, const BatchRow& before, const BatchRow& producer, std::size_t back, const BatchRow& row) {
        mask_ = 0;
        fields_.clear();
        auto kind = static_cast<std::uint8_t>(row.kind);
        if (row.body_problem) {
            kind |= kBodyProblem;
        }
        code_fields(*this, before, producer, row, kind);
        if (back != 1) {
            mask_ |= kProducerRow;
        }
        if ((mask_ >> 8) != 0) {
            mask_ |= kSecondByte;
        }
        wire::Writer write(out);
        write.i8(static_cast<std::int8_t>(mask_ & 0xffU));
        if ((mask_ & kSecondByte) != 0) {
            write.i8(static_cast<std::int8_t>(mask_ >> 8));
        }
        write.u32(row.crc);
        if (back != 1) {
            write.i8(static_cast<std::int8_t>(back - 1));
        }
        write.bytes(fields_.bytes());
    }

  private:
    std::uint16_t mask_ = 0;
    ByteBuffer fields_;
};

class Decoder {
  public:
    Decoder(Bytes in, FileOffset at) : in_(in, at) {}

    template <typename T>
    void field(Field bit, T& value, std::uint64_t expected) {
        if (bit == kAlways || (mask_ & bit) != 0) {
            expected += bits_of(in_.varlong());
        }
        if constexpr (sizeof(T) < sizeof expected) {
            if (!std::in_range<T>(static_cast<std::int64_t>(expected))) {
                in_.fail();
            }
        }
        value = static_cast<T>(expected);
    }

    /// Reads what is ahead of the fields; the answer is how many rows back the producer's row is.
    std::size_t begin(BatchRow& row) {
        mask_ = static_cast<std::uint8_t>(in_.i8());
        if ((mask_ & kSecondByte) != 0) {
            mask_ = static_cast<std::uint16_t>(mask_ | static_cast<std::uint8_t>(in_.i8()) << 8);
        }
        if ((mask_ & ~kKnownFields) != 0) {
            in_.fail();
        }
        row.crc = in_.u32();
        return (mask_ & kProducerRow) != 0 ? std::size_t{static_cast<std::uint8_t>(in_.i8())} + 1 : 1;
    }

    wire::Reader& in() { return in_; }

  private:
    std::uint16_t mask_ = 0;
    wire::Reader in_;
};

/// How many rows back, of those before `at`, is the one that lets expect most of the producer's fields; the row ahead of
/// the first is BatchRow{}.
std::size_t find_producer(std::span<const BatchRow> rows, std::size_t at) {
    const BatchRow& row = rows[at];
    const BatchRow none;
    std::size_t best = 1;
    bool same = false;
    for (std::size_t back = 1; back <= at + 1; ++back) {
        const BatchRow& other = back <= at ? rows[at - back] : none;
        if (other.producer_id != row.producer_id || other.producer_epoch != row.producer_epoch) {
            continue;
        }
        if (next_sequence(other) == row.base_sequence) {
            return back;
        }
        if (!same) {
            best = back;
            same = true;
        }
    }
    return best;
}

/// What is no good batch has no records here.
bool kind_fits(std::uint8_t kind, std::uint32_t records) {
    const unsigned low = kind & 3U;
    return kind <= (kBodyProblem | 3U) && low <= static_cast<unsigned>(RowKind::gap) && (low == 0 || records == 0);
}

bool positions_follow(const BatchRow& before, const BatchRow& row) {
    return row.position >= before.position + before.size && row.position + row.size >= row.position;
}

Error bad_block(std::string what, std::uint64_t at) {
    return Error{.code = Errc::corrupt, .what = std::move(what), .at = at};
}

}  // namespace

void append_rows(ByteBuffer& out, std::span<const BatchRow> rows) {
    const BatchRow none;
    Encoder encoder;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::size_t back = find_producer(rows, i);
        encoder.row(out, i == 0 ? none : rows[i - 1], back <= i ? rows[i - back] : none, back, rows[i]);
    }
}

Result<void> read_rows(Bytes in, FileOffset at, std::size_t count, Ordinal first_ordinal, std::vector<BatchRow>& rows) {
    const BatchRow none;
    Decoder decoder(in, at);
    rows.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t row_at = decoder.in().position().value;
        const BatchRow& before = i == 0 ? none : rows[i - 1];
        BatchRow& row = rows[i];
        const std::size_t back = decoder.begin(row);
        if (back > i + 1) {
            decoder.in().fail();
        }
        std::uint8_t kind = 0;
        if (decoder.in().ok()) {
            code_fields(decoder, before, back <= i ? rows[i - back] : none, row, kind);
        }
        row.kind = static_cast<RowKind>(kind & 3U);
        row.body_problem = (kind & kBodyProblem) != 0;
        row.first_ordinal = first_ordinal;
        if (!decoder.in().ok() || !kind_fits(kind, row.records) || row.records > kMostRecords - first_ordinal ||
            !positions_follow(before, row)) {
            return bad_block("row of a batch table", row_at);
        }
        first_ordinal += row.records;
    }
    if (decoder.in().left() != 0) {
        return bad_block("bytes behind the last row of a block", decoder.in().position().value);
    }
    return {};
}

BlockBounds bounds_of(std::span<const BatchRow> rows) {
    BlockBounds bounds;
    for (const BatchRow& row : rows) {
        bounds.records += row.records;
        bounds.min_offset = std::min(bounds.min_offset, row.base_offset);
        bounds.max_offset = std::max(bounds.max_offset, row.last_offset);
        if (row.is_damage()) {
            bounds.has_damage = true;
        } else {
            bounds.min_timestamp = std::min(bounds.min_timestamp, row.min_timestamp);
            bounds.max_timestamp = std::max(bounds.max_timestamp, row.max_timestamp);
        }
    }
    return bounds;
}

}  // namespace kseg::index
