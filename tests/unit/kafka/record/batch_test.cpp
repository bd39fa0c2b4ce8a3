// SPDX-License-Identifier: Apache-2.0
#include "kafka/record/batch.hpp"

#include <doctest/doctest.h>

#include "support/hex.hpp"

using namespace kseg;
using test::read_data;

namespace {

ByteBuffer corpus_batch(const std::string& name, std::size_t at, std::size_t size) {
    const ByteBuffer all = read_data(name);
    return ByteBuffer(all.bytes().subspan(at, size));
}

bool verdict(Bytes bytes) {
    const auto view = record::BatchView::parse(bytes, {});
    return view && view->compute_crc() == view->header().crc;
}

}  // namespace

TEST_CASE("a batch that Kafka wrote gives the fields that Kafka reads in it") {
    // truth.jsonl of v2-txn-none: the batch at 79 has base offset 101, two records, producer 1001 epoch 1, transactional.
    const ByteBuffer bytes = corpus_batch("corpus/v2-txn-none/00000000000000000100.log", 79, 103);
    const auto view = record::BatchView::parse(bytes.bytes(), FileOffset{79});
    REQUIRE(view);
    const record::BatchHeader& h = view->header();
    CHECK(h.base_offset == 101);
    CHECK(h.batch_length == 103 - 12);
    CHECK(h.magic == 2);
    CHECK(h.crc == 1386818679U);
    CHECK(view->compute_crc() == 1386818679U);
    CHECK(h.last_offset() == 102);
    CHECK(h.max_timestamp == 1700000000011);
    CHECK(h.producer_id == 1001);
    CHECK(h.producer_epoch == 1);
    CHECK(h.base_sequence == 0);
    CHECK(h.records_count == 2);
    CHECK(h.partition_leader_epoch == 0);
    CHECK(h.is_transactional());
    CHECK_FALSE(h.is_control());
    CHECK_FALSE(h.has_delete_horizon());
    CHECK(h.timestamp_type() == record::TimestampType::create);
    CHECK(view->position().value == 79);
}

TEST_CASE("bytes 0-7 and 12-15 may change without changing the verdict, every other bit may not") {
    const ByteBuffer good = corpus_batch("corpus/v2-idempotent/00000000000000000000.log", 161, 73);
    REQUIRE(verdict(good.bytes()));
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            ByteBuffer bad(good.bytes());
            bad.data()[at] ^= static_cast<std::byte>(1U << bit);
            CAPTURE(at);
            CAPTURE(bit);
            const bool outside_crc = at < 8 || (at >= 12 && at < 16);
            CHECK(verdict(bad.bytes()) == outside_crc);
        }
    }
}

TEST_CASE("a message of magic 1 gives offset, timestamp and a CRC over all behind the CRC field") {
    // v1-none, truth: offset 20, crc 2699103771, timestamp 1700000000000, null key and value: 34 bytes.
    const ByteBuffer bytes = corpus_batch("corpus/v1-none/00000000000000000020.log", 0, 34);
    const auto view = record::BatchView::parse(bytes.bytes(), {});
    REQUIRE(view);
    CHECK(view->header().base_offset == 20);
    CHECK(view->header().crc == 2699103771U);
    CHECK(view->compute_crc() == 2699103771U);
    CHECK(view->header().max_timestamp == 1700000000000);
    CHECK(view->body().size() == 8);
}

TEST_CASE("a message of magic 0 has no timestamp") {
    const ByteBuffer bytes = corpus_batch("corpus/v0-none/00000000000000000020.log", 0, 26);
    const auto view = record::BatchView::parse(bytes.bytes(), {});
    REQUIRE(view);
    CHECK(view->compute_crc() == 2817288195U);
    CHECK(view->header().timestamp_type() == record::TimestampType::none);
    CHECK(view->header().max_timestamp == -1);
}

TEST_CASE("a header that is cut, of another magic or of another length is refused with a reason") {
    const ByteBuffer good = corpus_batch("corpus/v2-idempotent/00000000000000000000.log", 161, 73);
    for (std::size_t size = 0; size < 61; ++size) {
        const auto cut = record::BatchView::parse(good.bytes().first(size), FileOffset{7});
        REQUIRE_FALSE(cut);
        CHECK(cut.error().code == Errc::truncated);
        CHECK(cut.error().at == 7);
    }
    for (std::size_t size = 61; size < 73; ++size) {
        const auto cut = record::BatchView::parse(good.bytes().first(size), {});
        REQUIRE_FALSE(cut);
        CHECK(cut.error().code == Errc::corrupt);
    }
    ByteBuffer other(good.bytes());
    other.data()[16] = std::byte{3};
    const auto magic = record::BatchView::parse(other.bytes(), {});
    REQUIRE_FALSE(magic);
    CHECK(magic.error().code == Errc::unsupported);
    CHECK(magic.error().what == "batch magic; expected 0x00 to 0x02, got 0x03");
}

TEST_CASE("the last offset near the end of the range does not wrap") {
    record::BatchHeader h;
    h.base_offset = kMaxRecordOffset - 1;
    h.last_offset_delta = 10;
    CHECK(h.last_offset() == kMaxRecordOffset);
}
