// SPDX-License-Identifier: Apache-2.0
// Messages of magic 0 and 1 with their inner message sets. The first byte chooses magic and codec; CRCs and sizes are made
// right, so that what is inside is reached.
#include <algorithm>

#include "base/crc.hpp"
#include "fuzz_support.hpp"
#include "kafka/codec/codec.hpp"
#include "kafka/record/record.hpp"
#include "kafka/wire/reader.hpp"
#include "kafka/wire/writer.hpp"

using namespace kseg;

namespace {

/// A message with this value.
ByteBuffer message_of(std::int8_t magic, std::uint8_t attributes, std::int64_t offset, Bytes value) {
    ByteBuffer out;
    wire::Writer to(out);
    to.i64(offset);
    to.i32(0);
    to.u32(0);
    to.i8(magic);
    to.i8(static_cast<std::int8_t>(attributes));
    if (magic == 1) {
        to.i64(1'700'000'000'000);
    }
    to.i32(-1);
    to.i32(static_cast<std::int32_t>(value.size()));
    to.bytes(value);
    wire::store_big(out.data() + 8, static_cast<std::int32_t>(out.size() - record::kLengthFieldEnd));
    wire::store_big(out.data() + 12, crc32_ieee(out.bytes().subspan(record::kMagicAt)));
    return out;
}

/// Makes the CRCs of messages that follow one another right, as far as their sizes lead.
void restamp(ByteBuffer& set) {
    for (std::size_t at = 0; at + record::kMessageV0Bytes <= set.size();) {
        const auto size = wire::load_big<std::int32_t>(set.data() + at + 8);
        const std::size_t left = set.size() - at - record::kLengthFieldEnd;
        if (size < 14 || static_cast<std::size_t>(size) > left) {
            return;
        }
        const Bytes covered = set.bytes().subspan(at + record::kMagicAt, static_cast<std::size_t>(size) - 4);
        wire::store_big(set.data() + at + 12, crc32_ieee(covered));
        at += record::kLengthFieldEnd + static_cast<std::size_t>(size);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const auto magic = static_cast<std::int8_t>(data[0] & 1);
    const auto codec = static_cast<codec::Codec>(data[0] >> 1 & 3);
    ByteBuffer inner(fuzz::bytes_of(data + 2, size - 2));
    if ((data[0] & 0x40) != 0) {
        restamp(inner);
    }
    ByteBuffer value;
    if (codec == codec::Codec::none || (data[0] & 0x20) != 0) {
        value.append(inner.bytes());  // as it is, also where it should be compressed
    } else if (!codec::compress(codec, inner.bytes(), value)) {
        return 0;
    }
    const std::uint8_t attributes = static_cast<std::uint8_t>(codec) | (data[0] >> 4 & 8);
    const ByteBuffer whole = message_of(magic, attributes, data[1] == 0 ? 0 : data[1] * 1000, value.bytes());
    const auto view = record::BatchView::parse(whole.bytes(), {});
    fuzz::require(view && view->compute_crc() == view->header().crc);
    record::RecordReader reader(std::size_t{1} << 20);
    reader.open(*view);
    record::RecordView record;
    std::int64_t last = -1;
    std::int64_t count = 0;
    bool rising = true;
    while (reader.next(record)) {
        static_cast<void>(fuzz::touch(record.key) + fuzz::touch(record.value));
        rising = rising && (count == 0 || record.offset > last);
        fuzz::require(count != 0 || record.offset == reader.base_offset());
        last = record.offset;
        ++count;
    }
    fuzz::require(count == reader.count());
    fuzz::require(rising || reader.problem() != record::Problem::none);
    return 0;
}
