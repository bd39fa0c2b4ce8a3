// SPDX-License-Identifier: Apache-2.0
#include "wal/chronik_record.hpp"

#include <array>

#include "base/crc.hpp"

namespace kseg::wal {
namespace {

constexpr std::array kMagic{std::byte{kChronikFirstByte}, std::byte{0xca}};
static_assert(kMagic.size() == kChronikMagicBytes);

constexpr std::size_t kLengthAt = 4;  // magic, version, flags
constexpr std::size_t kV1CrcAt = 24;  // header, offset, timestamp
constexpr std::size_t kV1KeyAt = kV1CrcAt + 4;
constexpr std::size_t kV2CrcAt = kChronikV1HeaderBytes;
constexpr std::uint64_t kV1LeastBytes = kV1KeyAt + 4 + 4 + 4;  // lengths of key and value, count of headers
constexpr std::uint64_t kV2FixedBytes = 2 + 4 + 4;             // lengths of topic and data, partition
constexpr std::uint64_t kTrailerBytes = 8 + 8 + 4;
// The data of a record without entries that ends with compressed_records: base offset to is_control, two enums, two times,
// the number of entries, an absent Option.
constexpr std::uint64_t kLeastDataBytes = 8 + 4 + 8 + 2 + 4 + 1 + 1 + 4 + 4 + 8 + 8 + 8 + 1;
constexpr std::uint64_t kLeastEntryBytes = 8 + 8 + 1 + 1 + 8 + 1;  // offset, time, two absent Options, count, attributes
constexpr std::uint64_t kLeastHeaderBytes = 8 + 1;
constexpr std::uint64_t kLeastV1HeaderBytes = 2 + 4;

/// A byte string behind an i32 length; -1 is null, less fails.
NullableBytes i32_bytes(LittleReader& in) {
    const auto length = in.number<std::int32_t>();
    if (length < -1) {
        in.fail();
    }
    if (length < 0) {
        return std::nullopt;
    }
    return in.bytes(static_cast<std::uint32_t>(length));
}

ChronikFrame check_v1(Bytes head, ChronikFrame frame) {
    frame.size = frame.length;
    bool fits = frame.size >= kV1LeastBytes;
    if (fits && head.size() >= kV1KeyAt + 4) {
        LittleReader in(head.subspan(kV1KeyAt));
        const auto key_length = in.number<std::int32_t>();
        fits = key_length >= -1 && (key_length < 0 || frame.size - kV1LeastBytes >= static_cast<std::uint32_t>(key_length));
    }
    frame.state = fits ? ChronikFrame::State::plausible : ChronikFrame::State::bad_length;
    return frame;
}

ChronikFrame check_v2(Bytes head, ChronikFrame frame) {
    frame.size = kChronikV2HeaderBytes + std::uint64_t{frame.length};
    bool fits = frame.length >= kV2FixedBytes + kLeastDataBytes;
    if (fits && head.size() >= kChronikV2HeaderBytes + 2) {
        LittleReader in(head.subspan(kChronikV2HeaderBytes));
        const auto topic_length = in.number<std::uint16_t>();
        fits = topic_length <= kChronikTopicBytes;
        in.bytes(topic_length);
        in.number<std::int32_t>();  // partition
        const std::uint64_t data_length = in.number<std::uint32_t>();
        if (fits && in.ok()) {
            const std::uint64_t without_trailer = kV2FixedBytes + topic_length + data_length;
            fits = data_length >= kLeastDataBytes &&
                   (frame.length == without_trailer || frame.length == without_trailer + kTrailerBytes);
        }
    }
    frame.state = fits ? ChronikFrame::State::plausible : ChronikFrame::State::bad_length;
    return frame;
}

/// CRC-32 of A followed by B.
std::uint32_t crc_of(Bytes a, Bytes b) {
    return crc32_ieee(b, crc32_ieee(a));
}

/// Checks the stored CRC. It is taken over the record without the field itself, with the length as it is or, by writers
/// that set it later, zero. As no writer's rule is known to be the only one, those that are usual elsewhere are tried too:
/// the field as zeros, and what is behind it alone. crc_at   where the field stands, at or behind the end of the length
void check_crc(ChronikRecord& record, Bytes whole, std::size_t crc_at) {
    constexpr std::array<std::byte, 4> kZeros{};
    const Bytes rest = whole.subspan(crc_at + kZeros.size());
    const std::uint32_t tail = crc32_ieee(rest);
    const auto with_tail = [&](std::uint32_t head) { return crc_join(CrcKind::crc32_ieee, head, tail, rest.size()); };
    const std::uint32_t head = crc32_ieee(whole.first(crc_at));
    record.crc_computed = with_tail(head);
    record.crc_holds = record.crc == record.crc_computed;
    if (!record.crc_holds) {
        const std::size_t behind = kLengthAt + kZeros.size();
        const std::uint32_t unset =
            crc32_ieee(whole.subspan(behind, crc_at - behind), crc_of(whole.first(kLengthAt), kZeros));
        record.crc_holds = record.crc == with_tail(unset) || record.crc == tail ||
                           record.crc == with_tail(crc32_ieee(kZeros, head)) ||
                           record.crc == with_tail(crc32_ieee(kZeros, unset));
    }
}

void read_v1_entry(LittleReader& in, record::RecordView& out, std::vector<record::HeaderView>* headers,
                   std::uint64_t& work) {
    out.key = i32_bytes(in);
    out.value = i32_bytes(in);
    const auto count = in.number<std::int32_t>();
    if (count < 0 || static_cast<std::uint64_t>(count) > in.left() / kLeastV1HeaderBytes) {
        in.fail();
    }
    for (std::int32_t i = 0; i < count && in.ok(); ++i, ++work) {
        record::HeaderView header;
        header.key = in.bytes(in.number<std::uint16_t>());
        header.value = in.bytes(in.number<std::uint32_t>());
        if (headers != nullptr) {
            headers->push_back(header);
        }
    }
}

void read_v2_entry(LittleReader& in, record::RecordView& out, std::vector<record::HeaderView>* headers,
                   std::uint64_t& work) {
    out.offset = in.number<std::int64_t>();
    out.stored_timestamp = in.number<std::int64_t>();
    out.key = in.option();
    out.value = in.option();
    const std::uint64_t count = in.count(kLeastHeaderBytes);
    for (std::uint64_t i = 0; i < count && in.ok(); ++i, ++work) {
        record::HeaderView header;
        header.key = in.vector();
        header.value = in.option();
        if (headers != nullptr) {
            headers->push_back(header);
        }
    }
    out.attributes = in.number<std::uint8_t>();
}

std::optional<ChronikRecord> parse_v1(Bytes whole, std::uint64_t& work) {
    ChronikRecord record;
    LittleReader in(whole.subspan(kChronikV1HeaderBytes));
    record.header.base_offset = in.number<std::int64_t>();
    record.timestamp = in.number<std::int64_t>();
    record.crc = in.number<std::uint32_t>();
    record.entry_count = 1;
    record.entries = whole.subspan(kV1KeyAt);
    record::RecordView entry;
    read_v1_entry(in, entry, nullptr, work);
    if (!in.ok() || in.left() != 0) {
        return std::nullopt;
    }
    check_crc(record, whole, kV1CrcAt);
    return record;
}

/// Reads the data of a version 2 record, which is a struct in bincode's form.
bool parse_data(Bytes data, ChronikRecord& record, std::uint64_t& work) {
    record::BatchHeader& header = record.header;
    LittleReader in(data);
    header.base_offset = in.number<std::int64_t>();
    header.partition_leader_epoch = in.number<std::int32_t>();
    header.producer_id = in.number<std::int64_t>();
    header.producer_epoch = in.number<std::int16_t>();
    header.base_sequence = in.number<std::int32_t>();
    const bool transactional = in.flag();
    const bool control = in.flag();
    const auto codec = in.number<std::uint32_t>();
    const auto timestamp_type = in.number<std::uint32_t>();
    header.base_timestamp = in.number<std::int64_t>();
    header.max_timestamp = in.number<std::int64_t>();
    if (!in.ok() || codec > codec::kLastCodec || timestamp_type > 1) {
        return false;
    }
    header.attributes =
        static_cast<std::uint16_t>(codec | (timestamp_type != 0 ? record::kLogAppendTimeBit : 0) |
                                   (transactional ? record::kTransactionalBit : 0) | (control ? record::kControlBit : 0));
    record.entry_count = in.count(kLeastEntryBytes);
    const std::size_t entries_at = in.consumed();
    for (std::uint64_t i = 0; i < record.entry_count && in.ok(); ++i, ++work) {
        record::RecordView entry;
        read_v2_entry(in, entry, nullptr, work);
    }
    record.entries = data.subspan(entries_at, in.consumed() - entries_at);
    record.compressed_records = in.option();
    // The fields that came later.
    if (in.left() != 0) {
        record.original_v1 = in.option();
    }
    if (in.left() != 0) {
        record.original_v2 = in.option();
    }
    return in.ok() && in.left() == 0;
}

std::optional<ChronikRecord> parse_v2(Bytes whole, std::uint64_t& work) {
    ChronikRecord record;
    LittleReader in(whole.subspan(kV2CrcAt));
    record.crc = in.number<std::uint32_t>();
    record.topic = as_text(in.bytes(in.number<std::uint16_t>()));
    record.partition = in.number<std::int32_t>();
    const Bytes data = in.bytes(in.number<std::uint32_t>());
    if (in.left() == kTrailerBytes) {
        ChronikTrailer trailer;
        trailer.base_offset = in.number<std::int64_t>();
        trailer.last_offset = in.number<std::int64_t>();
        trailer.record_count = in.number<std::int32_t>();
        record.trailer = trailer;
    }
    if (!in.ok() || in.left() != 0 || !parse_data(data, record, work)) {
        return std::nullopt;
    }
    check_crc(record, whole, kV2CrcAt);
    return record;
}

}  // namespace

ChronikFrame check_chronik_frame(Bytes head) {
    ChronikFrame frame;
    for (std::size_t i = 0; i < kMagic.size() && i < head.size(); ++i) {
        if (head[i] != kMagic[i]) {
            return frame;
        }
    }
    frame.state = ChronikFrame::State::too_short;
    if (head.size() <= kMagic.size()) {
        return frame;
    }
    frame.version = to_u8(head[kMagic.size()]);
    if (frame.version != 1 && frame.version != 2) {
        frame.state = ChronikFrame::State::bad_version;
        return frame;
    }
    if (head.size() < kChronikV1HeaderBytes) {
        return frame;
    }
    frame.length = LittleReader(head.subspan(kLengthAt)).number<std::uint32_t>();
    return frame.version == 1 ? check_v1(head, frame) : check_v2(head, frame);
}

bool looks_like_chronik(Bytes head) {
    return head.size() >= kChronikV1HeaderBytes && check_chronik_frame(head).state == ChronikFrame::State::plausible;
}

std::optional<ChronikRecord> parse_chronik_record(Bytes whole, std::uint64_t& work) {
    const ChronikFrame frame = check_chronik_frame(whole);
    if (frame.state != ChronikFrame::State::plausible || frame.size != whole.size()) {
        return std::nullopt;
    }
    auto record = frame.version == 1 ? parse_v1(whole, work) : parse_v2(whole, work);
    if (record) {
        record->version = frame.version;
        record->flags = to_u8(whole[kMagic.size() + 1]);
    }
    return record;
}

ChronikEntries::ChronikEntries(const ChronikRecord& record)
    : record_(record), in_(record.entries), left_(record.entry_count) {}

bool ChronikEntries::next(record::RecordView& out, std::vector<record::HeaderView>& headers) {
    if (left_ == 0) {
        return false;
    }
    --left_;
    out = {};
    headers.clear();
    std::uint64_t work = 0;
    if (record_.version == 1) {
        out.offset = record_.header.base_offset;
        out.stored_timestamp = record_.timestamp;
        read_v1_entry(in_, out, &headers, work);
    } else {
        read_v2_entry(in_, out, &headers, work);
    }
    out.timestamp = out.stored_timestamp;
    return in_.ok();
}

}  // namespace kseg::wal
