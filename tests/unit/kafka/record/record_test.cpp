// SPDX-License-Identifier: Apache-2.0
#include "kafka/record/record.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "base/crc.hpp"
#include "kafka/wire/writer.hpp"
#include "support/hex.hpp"

using namespace kseg;
using record::Problem;
using test::from_hex;
using test::read_data;

namespace {

/// A magic 2 batch around records given as bytes; the header's fields are in the order of KIP-98.
struct RawBatch {
    std::int64_t base_offset = 0;
    std::uint16_t attributes = 0;
    std::int32_t last_offset_delta = 0;
    std::int64_t base_timestamp = 1000;
    std::int64_t max_timestamp = 5000;
    std::int32_t base_sequence = -1;
    std::int32_t count = 1;

    [[nodiscard]] ByteBuffer with(Bytes body) const {
        ByteBuffer out;
        wire::Writer to(out);
        to.i64(base_offset);
        to.i32(static_cast<std::int32_t>(49 + body.size()));
        to.i32(0);
        to.i8(2);
        to.u32(0);
        to.i16(static_cast<std::int16_t>(attributes));
        to.i32(last_offset_delta);
        to.i64(base_timestamp);
        to.i64(max_timestamp);
        to.i64(-1);
        to.i16(-1);
        to.i32(base_sequence);
        to.i32(count);
        to.bytes(body);
        return out;
    }
};

struct Walk {
    std::vector<std::int64_t> offsets;
    std::vector<std::int64_t> timestamps;
    std::vector<std::int32_t> sequences;
    std::vector<std::string> values;
    Problem problem = Problem::none;
    std::int64_t base_offset = 0;
};

Walk walk(Bytes whole, std::size_t limit = 1 << 20) {
    const auto view = record::BatchView::parse(whole, {});
    REQUIRE(view);
    record::RecordReader reader(limit);
    reader.open(*view);
    Walk walk;
    record::RecordView record;
    while (reader.next(record)) {
        walk.offsets.push_back(record.offset);
        walk.timestamps.push_back(record.timestamp);
        walk.sequences.push_back(record.sequence);
        walk.values.emplace_back(record.value ? as_text(*record.value) : "null");
    }
    walk.problem = reader.problem();
    walk.base_offset = reader.base_offset();
    CHECK((walk.problem == Problem::none) == reader.problem_text().empty());
    return walk;
}

// One record: length 7, attributes 0, timestamp delta 0, offset delta 0, key null, value "v", no headers.
const char* const kRecord = "0e 00 00 00 01 02 76 00";

ByteBuffer message(std::int8_t magic, std::uint8_t attributes, std::int64_t offset, std::int64_t timestamp,
                   std::string_view value) {
    ByteBuffer out;
    wire::Writer to(out);
    to.i64(offset);
    to.i32(static_cast<std::int32_t>((magic == 1 ? 22 : 14) + value.size()));
    to.u32(0);
    to.i8(magic);
    to.i8(static_cast<std::int8_t>(attributes));
    if (magic == 1) {
        to.i64(timestamp);
    }
    to.i32(-1);
    to.i32(static_cast<std::int32_t>(value.size()));
    to.bytes(as_bytes(value));
    wire::store_big(out.data() + 12, crc32_ieee(out.bytes().subspan(16)));
    return out;
}

/// A compressed message that holds others.
ByteBuffer wrapper(std::int8_t magic, std::uint8_t attributes, std::int64_t offset, const std::vector<ByteBuffer>& inner) {
    ByteBuffer set;
    for (const ByteBuffer& one : inner) {
        set.append(one.bytes());
    }
    ByteBuffer packed;
    REQUIRE(codec::compress(codec::Codec::gzip, set.bytes(), packed));
    return message(magic, static_cast<std::uint8_t>(attributes | 1U), offset, 777, packed.text());
}

}  // namespace

TEST_CASE("a record gives its fields, null apart from empty") {
    const ByteBuffer body = from_hex(
        "26"           // length 19
        "03"           // attributes
        "e8 07"        // timestamp delta 500
        "00"           // offset delta 0
        "00"           // key length 0: empty, not null
        "01"           // value length -1: null
        "06"           // three headers
        "02 61 02 31"  // a = 1
        "02 61 01"     // a = null
        "00 00");      // empty key, empty value: lengths 0 and 0
    const ByteBuffer whole = RawBatch{.base_offset = 42}.with(body.bytes());
    const auto view = record::BatchView::parse(whole.bytes(), {});
    REQUIRE(view);
    record::RecordReader reader;
    reader.open(*view);
    record::RecordView record;
    // The length above is of 16 bytes; 19 would run past the end.
    CHECK_FALSE(reader.next(record));
    CHECK(reader.problem() == Problem::bad_record);

    ByteBuffer right(body.bytes());
    right.data()[0] = std::byte{2 * 16};
    const ByteBuffer good = RawBatch{.base_offset = 42}.with(right.bytes());
    reader.open(*record::BatchView::parse(good.bytes(), {}));
    REQUIRE(reader.next(record));
    CHECK(record.attributes == 3);
    CHECK(record.timestamp == 1500);
    CHECK(record.offset == 42);
    REQUIRE(record.key);
    CHECK(record.key->empty());
    CHECK_FALSE(record.value);
    std::vector<std::string> headers;
    record.headers.for_each([&](const record::HeaderView& h) {
        headers.push_back(std::string(as_text(h.key)) + "=" + (h.value ? std::string(as_text(*h.value)) : "null"));
    });
    CHECK(headers == std::vector<std::string>{"a=1", "a=null", "="});
    CHECK_FALSE(reader.next(record));
    CHECK(reader.problem() == Problem::none);
}

TEST_CASE("every cut of a record's bytes is a bad record, or a bad count where nothing is left") {
    const ByteBuffer body = from_hex(kRecord);
    for (std::size_t size = 0; size < body.size(); ++size) {
        CAPTURE(size);
        CHECK(walk(RawBatch{}.with(body.bytes().first(size)).bytes()).problem ==
              (size == 0 ? Problem::bad_count : Problem::bad_record));
    }
}

TEST_CASE("lengths and counts that lie are bad records") {
    for (const char* const bad : {"01 00 00 00 01 02 76 00",              // length -1
                                  "fe ff ff ff 0f 00 00 00 01 02 76 00",  // length 2^31-1
                                  "80 80 80 80 80 00",                    // varint without an end in five bytes
                                  "0e 00 00 00 03 02 76 00",              // key length -2
                                  "0e 00 00 00 01 7e 76 00",              // value length past the record
                                  "0e 00 00 00 01 02 76 02",              // one header, and no bytes for it
                                  "0e 00 00 00 01 02 76 01",              // header count -1
                                  "10 00 00 00 01 02 76 00 00",           // a byte left over
                                  "12 00 00 00 01 02 76 02 01 01"}) {     // a null header key
        CAPTURE(bad);
        const Walk found = walk(RawBatch{}.with(from_hex(bad).bytes()).bytes());
        CHECK(found.problem == Problem::bad_record);
        CHECK(found.offsets.empty());
    }
}

TEST_CASE("a count that lies is told, and all records that are there come out") {
    for (const std::int32_t count : {-1, 0, 2, std::numeric_limits<std::int32_t>::max()}) {
        const Walk found = walk(RawBatch{.count = count}.with(from_hex(kRecord).bytes()).bytes());
        CHECK(found.problem == Problem::bad_count);
        CHECK(found.values == std::vector<std::string>{"v"});
    }
}

TEST_CASE("offset deltas must rise, and stay within the last one; sparse ones are fine") {
    const auto two = [](const char* first, const char* second) {
        return std::string("0e 00 00 ") + first + " 01 02 76 00  0e 00 00 " + second + " 01 02 77 00";
    };
    const RawBatch batch{.base_offset = 100, .last_offset_delta = 9, .count = 2};
    CHECK(walk(batch.with(from_hex(two("04", "0e")).bytes()).bytes()).offsets == std::vector<std::int64_t>{102, 107});
    CHECK(walk(batch.with(from_hex(two("04", "0e")).bytes()).bytes()).problem == Problem::none);
    CHECK(walk(batch.with(from_hex(two("04", "04")).bytes()).bytes()).problem == Problem::bad_delta);
    CHECK(walk(batch.with(from_hex(two("04", "02")).bytes()).bytes()).problem == Problem::bad_delta);
    CHECK(walk(batch.with(from_hex(two("04", "14")).bytes()).bytes()).problem == Problem::bad_delta);
    CHECK(walk(batch.with(from_hex(two("01", "02")).bytes()).bytes()).problem == Problem::bad_delta);
    const RawBatch empty{.base_offset = 100, .last_offset_delta = 9, .count = 0};
    CHECK(walk(empty.with({}).bytes()).problem == Problem::none);
    const RawBatch negative{.last_offset_delta = -1, .count = 0};
    CHECK(walk(negative.with({}).bytes()).problem == Problem::bad_delta);
}

TEST_CASE("under log append time every record has the batch's time") {
    const RawBatch batch{.attributes = record::kLogAppendTimeBit};
    CHECK(walk(batch.with(from_hex(kRecord).bytes()).bytes()).timestamps == std::vector<std::int64_t>{5000});
}

TEST_CASE("a timestamp delta may pass 2^31, and wraps as Java's does") {
    // Delta 2^62 as a varlong: zigzag 2^63, ten bytes.
    const ByteBuffer body = from_hex("20 00 80 80 80 80 80 80 80 80 80 01 00 01 02 76 00");
    const RawBatch batch{.base_timestamp = std::numeric_limits<std::int64_t>::max() - 1};
    const Walk found = walk(batch.with(body.bytes()).bytes());
    CHECK(found.problem == Problem::none);
    CHECK(found.timestamps.at(0) == std::numeric_limits<std::int64_t>::min() + (std::int64_t{1} << 62) - 2);
}

TEST_CASE("sequences wrap from 2^31-1 to 0") {
    constexpr std::int32_t kLast = std::numeric_limits<std::int32_t>::max();
    CHECK(record::sequence_at(kLast - 1, 1) == kLast);
    CHECK(record::sequence_at(kLast, 1) == 0);
    CHECK(record::sequence_at(kLast - 1, 5) == 3);
    CHECK(record::sequence_at(-1, 5) == -1);
}

TEST_CASE("codecs 5 to 7 and bodies that do not decompress are bad codecs") {
    for (const auto codec : {std::uint16_t{5}, std::uint16_t{6}, std::uint16_t{7}, std::uint16_t{1}, std::uint16_t{2},
                             std::uint16_t{3}, std::uint16_t{4}}) {
        CAPTURE(codec);
        CHECK(walk(RawBatch{.attributes = codec}.with(from_hex(kRecord).bytes()).bytes()).problem == Problem::bad_codec);
    }
}

TEST_CASE("an emptied batch that names a codec needs no stream") {
    for (const std::uint16_t codec : {std::uint16_t{1}, std::uint16_t{2}, std::uint16_t{3}, std::uint16_t{4}}) {
        CHECK(walk(RawBatch{.attributes = codec, .count = 0}.with({}).bytes()).problem == Problem::none);
        CHECK(walk(RawBatch{.attributes = codec, .count = 1}.with({}).bytes()).problem == Problem::bad_codec);
    }
}

TEST_CASE("a body over the limit is a bad codec and gives no records") {
    ByteBuffer packed;
    ByteBuffer zeros;
    zeros.resize(1 << 20);
    std::fill_n(zeros.data(), zeros.size(), std::byte{0});
    REQUIRE(codec::compress(codec::Codec::zstd, zeros.bytes(), packed));
    const Walk found = walk(RawBatch{.attributes = 4}.with(packed.bytes()).bytes(), 4096);
    CHECK(found.problem == Problem::bad_codec);
    CHECK(found.offsets.empty());
}

TEST_CASE("inner offsets are absolute in magic 0 and relative to the last in magic 1") {
    const auto inner = [](std::int8_t magic, std::int64_t first) {
        std::vector<ByteBuffer> messages;
        messages.push_back(message(magic, 0, first, 10, "a"));
        messages.push_back(message(magic, 0, first + 3, 11, "b"));
        return messages;
    };
    CHECK(walk(wrapper(0, 0, 53, inner(0, 50)).bytes()).offsets == std::vector<std::int64_t>{50, 53});
    CHECK(walk(wrapper(1, 0, 53, inner(1, 0)).bytes()).offsets == std::vector<std::int64_t>{50, 53});
    CHECK(walk(wrapper(1, 0, 53, inner(1, 0)).bytes()).base_offset == 50);
    // A wrapper offset of 0 is what a producer sends: its base is 0.
    CHECK(walk(wrapper(1, 0, 0, inner(1, 0)).bytes()).offsets == std::vector<std::int64_t>{0, 3});
}

TEST_CASE("a log append time wrapper overrides the times inside, a create time one does not") {
    std::vector<ByteBuffer> one;
    one.push_back(message(1, 0, 0, 10, "a"));
    CHECK(walk(wrapper(1, 8, 5, one).bytes()).timestamps == std::vector<std::int64_t>{777});
    CHECK(walk(wrapper(1, 0, 5, one).bytes()).timestamps == std::vector<std::int64_t>{10});
    CHECK(walk(message(0, 0, 5, 0, "a").bytes()).timestamps == std::vector<std::int64_t>{-1});
}

TEST_CASE("what must not stand inside a compressed message is a bad record") {
    std::vector<ByteBuffer> nested;
    nested.push_back(wrapper(1, 0, 0, {}));
    CHECK(walk(wrapper(1, 0, 0, nested).bytes()).problem == Problem::bad_record);
    std::vector<ByteBuffer> other_magic;
    other_magic.push_back(message(0, 0, 0, 0, "a"));
    CHECK(walk(wrapper(1, 0, 0, other_magic).bytes()).problem == Problem::bad_record);
    std::vector<ByteBuffer> bad_crc;
    bad_crc.push_back(message(1, 0, 0, 0, "a"));
    bad_crc[0].data()[12] ^= std::byte{1};
    CHECK(walk(wrapper(1, 0, 0, bad_crc).bytes()).problem == Problem::bad_record);
    CHECK(walk(wrapper(1, 0, 0, {}).bytes()).problem == Problem::bad_count);
}

TEST_CASE("records that Kafka compacted keep their offsets") {
    // truth.jsonl of v2-compacted-lz4: base offset 500, 13 records, the first at 503 with sequence 3 and a null value.
    const ByteBuffer all = read_data("corpus/v2-compacted-lz4/00000000000000000500.log");
    const Walk found = walk(all.bytes().first(284));
    CHECK(found.problem == Problem::none);
    REQUIRE(found.offsets.size() == 13);
    CHECK(found.offsets[0] == 503);
    CHECK(found.sequences[0] == 3);
    CHECK(found.values[0] == "null");
    CHECK(found.timestamps[0] == 1700000000003);
}
