// SPDX-License-Identifier: Apache-2.0
#include "wal/chronik_batches.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "kafka/wire/writer.hpp"
#include "unit/wal/chronik_bytes.hpp"

using namespace kseg;
using test::DataHead;

namespace {

/// A converted record: its batches, their records, and what was said.
struct Made {
    std::vector<ByteBuffer> batches;
    std::vector<std::int64_t> offsets;
    std::vector<std::int64_t> times;
    std::vector<std::string> values;
    std::vector<std::string> warnings;
    bool sound = true;  ///< every CRC holds and every body reads

    [[nodiscard]] record::BatchHeader header(std::size_t i = 0) const {
        return record::BatchView::parse(batches.at(i).bytes(), {})->header();
    }
};

Made convert(const ByteBuffer& whole) {
    std::uint64_t work = 0;
    const auto parsed = wal::parse_chronik_record(whole.bytes(), work);
    REQUIRE(parsed);
    wal::ChronikBatches batches(1 << 20);
    REQUIRE(batches.convert(*parsed));
    Made made{.warnings = batches.warnings()};
    std::size_t from = 0;
    for (const std::size_t end : batches.ends()) {
        made.batches.emplace_back(batches.bytes().subspan(from, end - from));
        from = end;
        const auto batch = record::BatchView::parse(made.batches.back().bytes(), {});
        REQUIRE(batch);
        record::RecordReader reader;
        reader.open(*batch);
        record::RecordView view;
        while (reader.next(view)) {
            made.offsets.push_back(view.offset);
            made.times.push_back(view.timestamp);
            made.values.emplace_back(as_text(view.value.value_or(Bytes{})));
        }
        made.sound = made.sound && reader.problem() == record::Problem::none && batch->compute_crc() == batch->header().crc;
    }
    CHECK(from == batches.bytes().size());
    return made;
}

ByteBuffer entries(std::initializer_list<std::int64_t> offsets) {
    ByteBuffer out;
    for (const std::int64_t offset : offsets) {
        test::put_entry(out, offset, 1000 + offset, "v" + std::to_string(offset));
    }
    return out;
}

/// A batch of magic 2 with a record for each offset.
ByteBuffer batch_of(std::int64_t base_offset, std::initializer_list<std::int64_t> offsets, std::uint16_t attributes = 0) {
    record::BatchBuilder builder;
    builder.begin({.base_offset = base_offset, .attributes = attributes});
    for (const std::int64_t offset : offsets) {
        const std::string value = "w" + std::to_string(offset);
        REQUIRE(builder.add({.offset = offset, .stored_timestamp = 2000, .value = as_bytes(value)}));
    }
    ByteBuffer out;
    REQUIRE(builder.finish(out));
    return out;
}

/// A message of magic 0 or 1, or with `codec` one that holds others.
ByteBuffer message(std::int8_t magic, std::int64_t offset, Bytes value, std::uint8_t codec = 0) {
    ByteBuffer covered;
    wire::Writer to(covered);
    to.i8(magic);
    to.i8(static_cast<std::int8_t>(codec));
    if (magic == 1) {
        to.i64(3000);
    }
    to.i32(-1);
    to.i32(static_cast<std::int32_t>(value.size()));
    to.bytes(value);
    ByteBuffer out;
    wire::Writer frame(out);
    frame.i64(offset);
    frame.i32(static_cast<std::int32_t>(covered.size() + 4));
    frame.u32(crc32_ieee(covered.bytes()));
    frame.bytes(covered.bytes());
    return out;
}

ByteBuffer wrapper(std::int8_t magic, std::int64_t offset, std::initializer_list<std::int64_t> inner) {
    ByteBuffer set;
    for (const std::int64_t i : inner) {
        set.append(message(magic, i, as_bytes("m" + std::to_string(i))).bytes());
    }
    ByteBuffer packed;
    REQUIRE(codec::compress(codec::Codec::gzip, set.bytes(), packed));
    return message(magic, offset, packed.bytes(), 1);
}

using Offsets = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("a record of version 1 becomes a batch of one record without a producer") {
    const Made made = convert(test::version1());
    CHECK(made.sound);
    CHECK(made.warnings.empty());
    CHECK(made.offsets == Offsets{5});
    CHECK(made.times == Offsets{1700000000000});
    CHECK(made.header().producer_id == -1);
    CHECK(made.header().timestamp_type() == record::TimestampType::create);
}

TEST_CASE("fields make a batch with their offsets, flags and producer") {
    const Made made = convert(test::version2());
    CHECK(made.sound);
    CHECK(made.warnings.empty());
    CHECK(made.offsets == Offsets{7, 9});
    CHECK(made.header().base_offset == 7);
    CHECK(made.header().last_offset_delta == 2);
    CHECK(made.header().partition_leader_epoch == 3);
    CHECK(made.header().producer_id == 1001);
    CHECK(made.header().base_sequence == 5);
    CHECK(made.header().is_transactional());
    CHECK(convert(test::version2()).batches[0].text() == made.batches[0].text());
}

TEST_CASE("entries numbered by the producer follow the assigned base offset") {
    const ByteBuffer e = entries({0, 1, 2});
    const Made made = convert(test::record_of(test::data_of({}, 3, e.bytes()).bytes(), 40, 42, 3));
    CHECK(made.sound);
    CHECK(made.warnings.empty());
    CHECK(made.offsets == Offsets{40, 41, 42});
    CHECK(made.values == std::vector<std::string>{"v0", "v1", "v2"});
    // They may bear assigned offsets beside a base offset that was not assigned.
    const ByteBuffer f = entries({40, 41, 42});
    CHECK(convert(test::record_of(test::data_of({}, 3, f.bytes()).bytes(), 40, 42, 3)).offsets == Offsets{40, 41, 42});
}

TEST_CASE("under log append time the largest time is kept, and the records' own with it") {
    const ByteBuffer e = entries({0, 1});
    const Made made = convert(
        test::record_of(test::data_of({.timestamp_type = 1, .max_timestamp = 9000}, 2, e.bytes()).bytes(), 0, 1, 2));
    CHECK(made.sound);
    CHECK(made.times == Offsets{9000, 9000});
}

TEST_CASE("a codec without bytes is used to compress") {
    const ByteBuffer e = entries({0, 1});
    const Made made = convert(test::record_of(test::data_of({.codec = 4}, 2, e.bytes()).bytes(), 0, 1, 2));
    CHECK(made.sound);
    CHECK(made.header().codec() == codec::Codec::zstd);
    CHECK(made.offsets == Offsets{0, 1});
}

TEST_CASE("offsets that do not fit into one batch make several, and are reported where they do not rise") {
    const ByteBuffer far = entries({0, 5, std::int64_t{1} << 32});
    const Made made = convert(
        test::record_of(test::data_of({.producer_id = 1, .producer_epoch = 0, .base_sequence = 0}, 3, far.bytes()).bytes(),
                        0, std::int64_t{1} << 32, 3));
    CHECK(made.sound);
    CHECK(made.offsets == Offsets{0, 5, std::int64_t{1} << 32});
    REQUIRE(made.batches.size() == 2);
    CHECK(made.header(1).base_sequence == 2);
    const ByteBuffer back = entries({3, 1, 2});
    const Made falling = convert(test::record_of(test::data_of({}, 3, back.bytes()).bytes(), 0, 2, 3));
    CHECK(falling.sound);
    CHECK(falling.offsets == Offsets{3, 1, 2});
    CHECK(falling.warnings.size() == 1);
}

TEST_CASE("a batch off the wire wins and stays as it is but for its base offset") {
    const ByteBuffer e = entries({0});
    const ByteBuffer sent = batch_of(0, {0, 1});
    const Made made = convert(test::record_of(test::data_of({}, 1, e.bytes(), {}, {}, sent.bytes()).bytes(), 70, 71, 2));
    CHECK(made.sound);
    CHECK(made.warnings.empty());
    CHECK(made.offsets == Offsets{70, 71});
    CHECK(made.values == std::vector<std::string>{"w0", "w1"});
    CHECK(as_text(made.batches[0].bytes().subspan(8)) == as_text(sent.bytes().subspan(8)));
    // Offsets that were assigned may have holes.
    const ByteBuffer sparse = batch_of(70, {72, 75});
    const Made kept =
        convert(test::record_of(test::data_of({.base_offset = 70}, 0, {}, {}, {}, sparse.bytes()).bytes(), 70, 75, 2));
    CHECK(kept.batches[0].text() == sparse.text());
    CHECK(kept.warnings.empty());
}

TEST_CASE("a damaged batch off the wire is given as it is") {
    ByteBuffer sent = batch_of(0, {0});
    sent.data()[sent.size() - 2] ^= std::byte{1};
    const ByteBuffer e = entries({0});
    const Made made = convert(test::record_of(test::data_of({}, 1, e.bytes(), {}, {}, sent.bytes()).bytes(), 0, 0, 1));
    CHECK_FALSE(made.sound);
    CHECK(made.values == std::vector<std::string>{"w1"});
}

TEST_CASE("what is no whole batch where one should be is reported, and the fields are used") {
    const ByteBuffer sent = batch_of(0, {0});
    const ByteBuffer e = entries({0});
    for (const Bytes broken : {Bytes{}, sent.bytes().first(40), sent.bytes().first(sent.size() - 1)}) {
        const Made made = convert(test::record_of(test::data_of({}, 1, e.bytes(), {}, {}, broken).bytes(), 8, 8, 1));
        CHECK(made.sound);
        CHECK(made.values == std::vector<std::string>{"v0"});
        CHECK(made.offsets == Offsets{8});
        CHECK(made.warnings.size() == 1);
    }
    // Without fields what there is of it is given.
    ByteBuffer longer(sent.bytes());
    longer.push_back('x');
    const Made made = convert(test::record_of(test::data_of({}, 0, {}, {}, {}, longer.bytes()).bytes(), 8, 8, 1));
    CHECK(made.offsets == Offsets{8});
    CHECK(made.warnings.size() == 1);
}

TEST_CASE("a body that was kept makes the batch that it came from") {
    const ByteBuffer sent = batch_of(0, {0, 1, 4}, 1);
    const ByteBuffer body(sent.bytes().subspan(record::kBatchHeaderBytes));
    const DataHead head{.codec = 1, .base_timestamp = 2000, .max_timestamp = 2000};
    const ByteBuffer e = entries({0, 1, 4});
    for (const bool with_entries : {false, true}) {
        const Made made = convert(test::record_of(
            test::data_of(head, with_entries ? 3 : 0, with_entries ? e.bytes() : Bytes{}, body.bytes()).bytes(), 0, 4, 3));
        CHECK(made.sound);
        CHECK(made.warnings.empty());
        // All but the leader epoch, which the fields say.
        CHECK(as_text(made.batches[0].bytes().subspan(16)) == as_text(sent.bytes().subspan(16)));
    }
    // All of the batch in the body's place.
    const Made whole = convert(test::record_of(test::data_of(head, 0, {}, sent.bytes()).bytes(), 30, 34, 3));
    CHECK(whole.sound);
    CHECK(whole.offsets == Offsets{30, 31, 34});
}

TEST_CASE("a body that does not decode is reported, and the entries are used where there are any") {
    const ByteBuffer e = entries({0, 1});
    const Bytes body = as_bytes("no gzip stream");
    const Made made = convert(test::record_of(test::data_of({.codec = 1}, 2, e.bytes(), body).bytes(), 0, 1, 2));
    CHECK(made.sound);
    CHECK(made.offsets == Offsets{0, 1});
    CHECK(made.warnings.size() == 1);
    const Made alone = convert(test::record_of(test::data_of({.codec = 1}, 0, {}, body).bytes(), 0, 1, 2));
    CHECK_FALSE(alone.sound);
    CHECK(alone.warnings.size() == 1);
    CHECK(alone.header().records_count == 2);
    CHECK(alone.header().last_offset_delta == 1);
}

TEST_CASE("a trailer or a CRC that contradicts the record is reported") {
    const ByteBuffer e = entries({0, 1});
    const ByteBuffer data = test::data_of({}, 2, e.bytes());
    CHECK(convert(test::record_of(data.bytes(), 0, 1, 2)).warnings.empty());
    CHECK(convert(test::record_of(data.bytes(), 0, 2, 2)).warnings.size() == 1);
    CHECK(convert(test::record_of(data.bytes(), 0, 1, 1)).warnings.size() == 1);
    ByteBuffer wrong = test::record_of(data.bytes(), 0, 1, 2);
    wrong.data()[8] ^= std::byte{1};
    const Made made = convert(wrong);
    CHECK(made.sound);
    CHECK(made.warnings.size() == 1);
}

TEST_CASE("a record without entries makes an empty batch") {
    const Made made = convert(test::record_of(test::data_of({.base_offset = 5}, 0, {}).bytes(), 5, 5, 0));
    CHECK(made.sound);
    CHECK(made.warnings.empty());
    CHECK(made.offsets.empty());
    CHECK(made.header().base_offset == 5);
    CHECK(made.header().records_count == 0);
}

TEST_CASE("messages off the wire get the offsets that were assigned") {
    const ByteBuffer a = message(1, 0, as_bytes("a"));
    const ByteBuffer b = message(1, 1, as_bytes("b"));
    const ByteBuffer sent = test::joined({a.bytes(), b.bytes()});
    const Made made = convert(test::record_of(test::data_of({}, 0, {}, {}, sent.bytes()).bytes(), 20, 21, 2));
    CHECK(made.sound);
    CHECK(made.warnings.empty());
    CHECK(made.batches.size() == 2);
    CHECK(made.offsets == Offsets{20, 21});
    CHECK(made.times == Offsets{3000, 3000});
    CHECK(as_text(made.batches[1].bytes().subspan(8)) == as_text(b.bytes().subspan(8)));
}

TEST_CASE("a compressed message keeps its bytes where its offsets can be assigned from outside") {
    for (const std::int64_t offset : {0, 2, 22}) {
        CAPTURE(offset);
        const ByteBuffer sent = wrapper(1, offset, {0, 1, 2});
        const Made made = convert(test::record_of(test::data_of({}, 0, {}, {}, sent.bytes()).bytes(), 20, 22, 3));
        CHECK(made.sound);
        CHECK(made.offsets == Offsets{20, 21, 22});
        CHECK(as_text(made.batches[0].bytes().subspan(8)) == as_text(sent.bytes().subspan(8)));
    }
    const ByteBuffer absolute = wrapper(0, 22, {20, 21, 22});
    const Made kept = convert(test::record_of(test::data_of({}, 0, {}, {}, absolute.bytes()).bytes(), 20, 22, 3));
    CHECK(kept.batches[0].text() == absolute.text());
}

TEST_CASE("a compressed message becomes a batch where offsets inside it are not the assigned ones") {
    for (const ByteBuffer& sent : {wrapper(0, 2, {0, 1, 2}), wrapper(1, 0, {0, 0, 0})}) {
        const Made made = convert(test::record_of(test::data_of({}, 0, {}, {}, sent.bytes()).bytes(), 20, 22, 3));
        CHECK(made.sound);
        CHECK(made.warnings.empty());
        CHECK(made.offsets == Offsets{20, 21, 22});
        CHECK(made.header().magic == 2);
        CHECK(made.header().codec() == codec::Codec::gzip);
    }
}
