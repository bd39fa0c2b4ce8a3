// SPDX-License-Identifier: Apache-2.0
#include "wal/chronik_record.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "unit/wal/chronik_bytes.hpp"

using namespace kseg;
using test::from_hex;
using test::joined;
using wal::ChronikFrame;

namespace {

std::optional<wal::ChronikRecord> parse(const ByteBuffer& whole) {
    std::uint64_t work = 0;
    return wal::parse_chronik_record(whole.bytes(), work);
}

/// A version 2 record around `data`, its lengths made right and its CRC not.
ByteBuffer around(const ByteBuffer& data, bool trailer) {
    ByteBuffer all = test::record_of(data.bytes(), 7, 9, 2);
    if (!trailer) {
        ByteBuffer shorter(all.bytes().first(all.size() - 20));
        shorter.data()[4] = static_cast<std::byte>(to_u8(shorter.data()[4]) - 20);
        return shorter;
    }
    return all;
}

std::string text(const NullableBytes& bytes) {
    return bytes ? std::string(as_text(*bytes)) : "null";
}

}  // namespace

TEST_CASE("a record of version 1 holds one entry with its headers") {
    const ByteBuffer bytes = test::version1();
    const auto record = parse(bytes);
    REQUIRE(record);
    CHECK(record->version == 1);
    CHECK(record->crc == 0x34077ed9);
    CHECK(record->crc_holds);
    CHECK(record->assigned_offset() == 5);
    wal::ChronikEntries entries(*record);
    record::RecordView entry;
    std::vector<record::HeaderView> headers;
    REQUIRE(entries.next(entry, headers));
    CHECK(entry.offset == 5);
    CHECK(entry.stored_timestamp == 1700000000000);
    CHECK(text(entry.key) == "k1");
    CHECK(text(entry.value) ==
          "v\xff"
          "1");
    REQUIRE(headers.size() == 2);
    CHECK(text(headers[0].key) == "h");
    CHECK(text(headers[0].value) == "A");
    CHECK(headers[1].key.empty());
    CHECK(text(headers[1].value).empty());
    CHECK_FALSE(entries.next(entry, headers));
}

TEST_CASE("a record of version 2 holds a batch's fields and its entries") {
    const ByteBuffer bytes = test::version2();
    const auto record = parse(bytes);
    REQUIRE(record);
    CHECK(record->version == 2);
    CHECK(record->crc_holds);
    CHECK(record->topic == "t");
    CHECK(record->partition == 3);
    REQUIRE(record->trailer);
    CHECK(record->trailer->last_offset == 9);
    CHECK(record->trailer->record_count == 2);
    CHECK(record->header.partition_leader_epoch == 3);
    CHECK(record->header.producer_id == 1001);
    CHECK(record->header.producer_epoch == 2);
    CHECK(record->header.base_sequence == 5);
    CHECK(record->header.is_transactional());
    CHECK_FALSE(record->header.is_control());
    CHECK(record->header.max_timestamp == 1700000000001);
    CHECK_FALSE(record->compressed_records);
    CHECK_FALSE(record->original_v2);
    wal::ChronikEntries entries(*record);
    record::RecordView entry;
    std::vector<record::HeaderView> headers;
    REQUIRE(entries.next(entry, headers));
    CHECK(entry.offset == 7);
    CHECK(text(entry.key) == "a");
    CHECK(text(entry.value).empty());
    REQUIRE(entries.next(entry, headers));
    CHECK(entry.offset == 9);
    CHECK(text(entry.key) == "null");
    CHECK(text(entry.value) == "null");
    CHECK(entry.attributes == 0x80);
    REQUIRE(headers.size() == 1);
    CHECK(text(headers[0].value) == "null");
    CHECK_FALSE(entries.next(entry, headers));
}

TEST_CASE("a CRC taken before the length was set holds, any other does not") {
    ByteBuffer early = test::version1();
    const ByteBuffer crc1 = from_hex("fd ed 6b 68");
    std::copy_n(crc1.data(), 4, early.data() + 24);
    CHECK(parse(early)->crc_holds);
    ByteBuffer early2 = test::version2();
    const ByteBuffer crc2 = from_hex("92 4a 7a 10");
    std::copy_n(crc2.data(), 4, early2.data() + 8);
    CHECK(parse(early2)->crc_holds);
    early2.data()[8] = std::byte{0};
    const auto wrong = parse(early2);
    REQUIRE(wrong);
    CHECK_FALSE(wrong->crc_holds);
    CHECK(wrong->crc_computed == 0x93d2a7df);
}

TEST_CASE("the trailer and the last two fields of the data may be missing") {
    const ByteBuffer data = from_hex(test::kVersion2Data);
    for (const std::size_t missing : {0U, 1U, 2U}) {
        CAPTURE(missing);
        const ByteBuffer shorter(data.bytes().first(data.size() - missing));
        for (const bool trailer : {false, true}) {
            const ByteBuffer whole = around(shorter, trailer);
            const auto record = parse(whole);
            REQUIRE(record);
            CHECK(record->trailer.has_value() == trailer);
            CHECK(record->entry_count == 2);
            CHECK(record->assigned_offset() == 7);
        }
    }
    CHECK_FALSE(parse(around(ByteBuffer(data.bytes().first(data.size() - 3)), true)));
    ByteBuffer longer(data.bytes());
    longer.push_back('\0');
    CHECK_FALSE(parse(around(longer, true)));
}

TEST_CASE("flags and enums that bincode does not know, and counts that lie, are refused") {
    const ByteBuffer data = from_hex(test::kVersion2Data);
    const auto with = [&](std::size_t at, std::string_view hex) {
        ByteBuffer changed(data.bytes());
        const ByteBuffer bytes = from_hex(hex);
        std::copy_n(bytes.data(), bytes.size(), changed.data() + at);
        return parse(around(changed, true)).has_value();
    };
    CHECK(with(26, "00"));
    CHECK_FALSE(with(26, "02"));           // is_transactional
    CHECK_FALSE(with(27, "ff"));           // is_control
    CHECK_FALSE(with(28, "05 00 00 00"));  // compression
    CHECK_FALSE(with(32, "02 00 00 00"));  // timestamp_type
    for (const std::string_view count :
         {"01 00 00 00 00 00 00 00", "03 00 00 00 00 00 00 00", "ff ff ff ff ff ff ff ff", "00 00 00 00 00 00 00 80"}) {
        CAPTURE(count);
        CHECK_FALSE(with(52, count));                                                                        // records
        CHECK_FALSE(with(60 + 17, count == "01 00 00 00 00 00 00 00" ? "02 00 00 00 00 00 00 00" : count));  // key
    }
}

TEST_CASE("of a record cut short, or with a bit flipped, nothing is read outside of it") {
    for (const ByteBuffer& whole : {test::version1(), test::version2()}) {
        for (std::size_t size = 0; size < whole.size(); ++size) {
            CAPTURE(size);
            const ByteBuffer cut(whole.bytes().first(size));
            CHECK_FALSE(parse(cut));
            const auto state = wal::check_chronik_frame(cut.bytes()).state;
            CHECK((state == ChronikFrame::State::too_short || state == ChronikFrame::State::plausible));
        }
        for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
            CAPTURE(bit);
            ByteBuffer flipped(whole.bytes());
            flipped.data()[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
            const auto record = parse(flipped);
            CHECK((!record || !record->crc_holds));
        }
    }
}

TEST_CASE("a frame tells its size, or what is wrong with it") {
    using State = ChronikFrame::State;
    const auto check = [](std::string_view hex) { return wal::check_chronik_frame(from_hex(hex).bytes()); };
    CHECK(check("").state == State::too_short);
    CHECK(check("7e").state == State::too_short);
    CHECK(check("ca").state == State::none);
    CHECK(check("7e cb 01").state == State::none);
    CHECK(check("7e ca 03").state == State::bad_version);
    CHECK(check("7e ca 00").state == State::bad_version);
    CHECK(check("7e ca 02 00 af 00 00").state == State::too_short);
    CHECK(check("7e ca 02 00 af 00 00 00").size == 12 + 175);
    CHECK(check("7e ca 01 00 28 00 00 00").size == 40);
    CHECK(check("7e ca 01 00 27 00 00 00").state == State::bad_length);
    CHECK(check("7e ca 02 00 46 00 00 00").state == State::bad_length);
    CHECK(check("7e ca 02 00 47 00 00 00").state == State::plausible);
    CHECK(check("7e ca 02 00 ff ff ff ff").size == std::uint64_t{12} + 0xffffffff);
    // A topic of 250 bytes; data that does not fill the record.
    CHECK(check("7e ca 02 00 ff ff 00 00  00 00 00 00  fa 00").state == State::bad_length);
    CHECK(check("7e ca 02 00 af 00 00 00  00 00 00 00  01 00 74  03 00 00 00  91 00 00 00").state == State::bad_length);
    // A key as long as the record, and one shorter than null.
    CHECK(check("7e ca 01 00 30 00 00 00  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  00 00 00 00  30 00 00 00")
              .state == State::bad_length);
    CHECK(check("7e ca 01 00 30 00 00 00  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  00 00 00 00  fe ff ff ff")
              .state == State::bad_length);
}

TEST_CASE("a file is told by its first bytes") {
    CHECK(wal::looks_like_chronik(test::version1().bytes()));
    CHECK(wal::looks_like_chronik(test::version2().bytes()));
    CHECK_FALSE(wal::looks_like_chronik(from_hex("7e ca 01 00 3b").bytes()));
    CHECK_FALSE(wal::looks_like_chronik(from_hex("00 00 00 00 00 00 00 00 00 00 00 3a 00 00 00 00 02").bytes()));
}
