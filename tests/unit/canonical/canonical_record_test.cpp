// SPDX-License-Identifier: Apache-2.0
#include "canonical/canonical_record.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "canonical/control.hpp"
#include "kafka/wire/reader.hpp"
#include "support/hex.hpp"

using namespace kseg;
using canonical::CanonicalRecord;
using test::read_data;

namespace {

/// Every segment of the corpus and the captures, damaged ones left out, and so what is no segment.
std::vector<std::string> segments() {
    std::vector<std::string> names;
    const std::filesystem::path root(KSEG_TEST_DATA);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
        const std::string name = std::filesystem::relative(entry.path(), root).string();
        if (entry.path().extension() == ".log" && name.find("damaged") == std::string::npos &&
            !name.starts_with("chronik")) {
            names.push_back(name);
        }
    }
    REQUIRE(names.size() > 35);
    return names;
}

template <typename Use>
void each_batch(const std::string& name, Use&& use) {
    const ByteBuffer all = read_data(name);
    for (std::size_t at = 0; at + 17 <= all.size();) {
        const std::size_t size = 12 + static_cast<std::size_t>(wire::load_big<std::int32_t>(all.data() + at + 8));
        use(all.bytes().subspan(at, size));
        at += size;
    }
}

ByteBuffer example() {
    return read_data("kseg-segment.5.example.bin");
}

}  // namespace

TEST_CASE("an untouched batch is written as it came, whatever wrote it") {
    for (const std::string& name : segments()) {
        CAPTURE(name);
        each_batch(name, [](Bytes whole) {
            const auto batch = CanonicalRecord::from_wire(whole);
            REQUIRE(batch);
            CHECK(as_text(batch->wire()) == as_text(whole));
        });
    }
}

TEST_CASE("base offset and leader epoch are patched where the CRC does not see them") {
    const ByteBuffer before = example();
    auto batch = CanonicalRecord::from_wire(before.bytes());
    REQUIRE(batch);
    batch->set_base_offset(0x0102030405060708);
    REQUIRE(batch->set_leader_epoch(0x11121314));
    CHECK(batch->view().compute_crc() == batch->header().crc);
    CHECK(batch->header().base_offset == 0x0102030405060708);
    ByteBuffer expected = test::from_hex("01 02 03 04 05 06 07 08");
    expected.append(before.bytes().subspan(8, 4));
    expected.append(test::from_hex("11 12 13 14").bytes());
    expected.append(before.bytes().subspan(16));
    CHECK(as_text(batch->wire()) == expected.text());
    auto old = CanonicalRecord::from_wire(read_data("corpus/v1-none/00000000000000000020.log").bytes().first(34));
    REQUIRE(old);
    CHECK_FALSE(old->set_leader_epoch(1));
    CHECK_FALSE(old->parts());
}

TEST_CASE("an edited field shows in the bytes, and the rest stays") {
    const auto batch = CanonicalRecord::from_wire(example().bytes());
    auto parts = batch->parts();
    REQUIRE(parts);
    REQUIRE(parts->records.size() == 2);
    parts->header.attributes |= 0x4380;  // bits that have no meaning yet
    parts->records[0].value = ByteBuffer(as_bytes("another value"));
    parts->records[1].headers.push_back({.key = test::from_hex("ff fe 00"), .value = std::nullopt});
    parts->records[1].key = std::nullopt;
    const auto edited = CanonicalRecord::from_parts(*parts);
    REQUIRE(edited);
    CHECK(edited->view().compute_crc() == edited->header().crc);
    CHECK(edited->header().attributes == (batch->header().attributes | 0x4380));
    CHECK(edited->header().producer_id == batch->header().producer_id);
    const auto again = edited->parts();
    REQUIRE(again);
    CHECK(again->records[0].value->text() == "another value");
    CHECK(again->records[0].key->text() == parts->records[0].key->text());
    CHECK_FALSE(again->records[1].key);
    REQUIRE(again->records[1].headers.size() == parts->records[1].headers.size());
    CHECK(again->records[1].headers.back().key.text() == std::string_view("\xff\xfe\0", 3));
    CHECK_FALSE(again->records[1].headers.back().value);
    CHECK(as_text(CanonicalRecord::from_parts(*parts)->wire()) == as_text(edited->wire()));
}

TEST_CASE("max timestamp follows the records under create time, and stays under log append time") {
    auto parts = CanonicalRecord::from_wire(example().bytes())->parts();
    REQUIRE(parts);
    parts->records[0].stored_timestamp = 9'000'000'000'000;  // more than 2^31 ms from the other
    CHECK(CanonicalRecord::from_parts(*parts)->header().max_timestamp == 9'000'000'000'000);
    parts->header.attributes |= record::kLogAppendTimeBit;
    parts->header.max_timestamp = 123;
    CHECK(CanonicalRecord::from_parts(*parts)->header().max_timestamp == 123);
}

TEST_CASE("a batch may change its codec and keeps its records") {
    const auto batch = CanonicalRecord::from_wire(example().bytes());
    const auto parts = batch->parts();
    for (std::uint16_t codec = 1; codec <= 4; ++codec) {
        auto changed = *batch->parts();
        changed.header.attributes = static_cast<std::uint16_t>((changed.header.attributes & ~record::kCodecMask) | codec);
        const auto packed = CanonicalRecord::from_parts(changed);
        REQUIRE(packed);
        const auto again = packed->parts();
        REQUIRE(again);
        REQUIRE(again->records.size() == parts->records.size());
        CHECK(again->records[1].value->text() == parts->records[1].value->text());
    }
}

TEST_CASE("control records tell their type and coordinator epoch") {
    const ByteBuffer commit = test::from_hex("00 00 00 01");
    const ByteBuffer value = test::from_hex("00 00 00 00 00 2a");
    record::RecordView record;
    record.key = commit.bytes();
    record.value = value.bytes();
    const auto control = canonical::parse_control(record);
    CHECK(canonical::control_name(control.type) == "commit");
    CHECK(control.coordinator_epoch == 42);
    CHECK(canonical::control_name(0) == "abort");
    CHECK(canonical::control_name(2) == "leader_change");
    CHECK(canonical::control_name(3) == "snapshot_header");
    CHECK(canonical::control_name(4) == "snapshot_footer");
    CHECK(canonical::control_name(5) == "kraft_version");
    CHECK(canonical::control_name(6) == "kraft_voters");
    CHECK(canonical::control_name(77) == "unknown_77");
    record.key = std::nullopt;
    CHECK(canonical::parse_control(record).type == -1);
}
