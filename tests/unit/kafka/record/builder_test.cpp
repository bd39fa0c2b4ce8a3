// SPDX-License-Identifier: Apache-2.0
#include "kafka/record/builder.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "kafka/wire/reader.hpp"
#include "support/hex.hpp"

using namespace kseg;
using test::read_data;

namespace {

/// Calls `use` with each whole batch of a segment.
template <typename Use>
int each_batch(const std::string& name, Use&& use) {
    const ByteBuffer all = read_data(name);
    int count = 0;
    for (std::size_t at = 0; at + 17 <= all.size(); ++count) {
        const std::size_t size = 12 + static_cast<std::size_t>(wire::load_big<std::int32_t>(all.data() + at + 8));
        const auto view = record::BatchView::parse(all.bytes().subspan(at, size), FileOffset{at});
        REQUIRE(view);
        use(*view);
        at += size;
    }
    return count;
}

ByteBuffer rebuilt(const record::BatchView& batch) {
    record::RecordReader reader;
    reader.open(batch);
    record::BatchBuilder builder;
    builder.begin(batch.header());
    record::RecordView record;
    while (reader.next(record)) {
        REQUIRE(builder.add(record));
    }
    REQUIRE(reader.problem() == record::Problem::none);
    ByteBuffer out;
    REQUIRE(builder.finish(out));
    return out;
}

}  // namespace

TEST_CASE("records that are put back give the bytes that Kafka wrote") {
    // Kafka's gzip, lz4 and zstd streams are made again by the same libraries; other versions of them give other bytes.
    for (const char* const name :
         {"corpus/v2-none/00000000000000000000.log", "corpus/v2-idempotent/00000000000000000000.log",
          "corpus/v2-txn-none/00000000000000000100.log", "corpus/v2-timestamps/00000000000000000000.log",
          "corpus/v2-sparse/00000000000000000010.log", "corpus/v2-empty-batches/00000000000000000000.log",
          "corpus/v2-logappend-none/00000000000000000000.log", "corpus/v2-epochs/00000000000000000000.log"}) {
        CAPTURE(name);
        int same = 0;
        const int batches = each_batch(
            name, [&](const record::BatchView& batch) { same += rebuilt(batch).text() == as_text(batch.bytes()) ? 1 : 0; });
        CHECK(same == batches);
    }
}

TEST_CASE("a compressed batch that is put back holds the same records") {
    for (const char* const name : {"corpus/v2-gzip/00000000000000000000.log", "corpus/v2-snappy/00000000000000000000.log",
                                   "corpus/v2-lz4/00000000000000000000.log", "corpus/v2-zstd/00000000000000000000.log",
                                   "corpus/v2-compacted-lz4/00000000000000000500.log"}) {
        CAPTURE(name);
        each_batch(name, [&](const record::BatchView& batch) {
            const ByteBuffer again = rebuilt(batch);
            const auto view = record::BatchView::parse(again.bytes(), {});
            REQUIRE(view);
            CHECK(view->compute_crc() == view->header().crc);
            CHECK(view->header().records_count == batch.header().records_count);
            CHECK(view->header().last_offset() == batch.header().last_offset());
            CHECK(view->header().max_timestamp == batch.header().max_timestamp);
            record::RecordReader a;
            record::RecordReader b;
            a.open(batch);
            b.open(*view);
            CHECK(as_text(a.plain_body()) == as_text(b.plain_body()));
        });
    }
}

TEST_CASE("an offset that does not rise or does not fit is refused") {
    record::BatchBuilder builder;
    record::BatchHeader header;
    header.base_offset = 100;
    builder.begin(header);
    record::RecordView record;
    record.offset = 99;
    CHECK_FALSE(builder.add(record));
    record.offset = 105;
    CHECK(builder.add(record));
    CHECK_FALSE(builder.add(record));
    record.offset = 101 + std::int64_t{std::numeric_limits<std::int32_t>::max()};
    const auto far = builder.add(record);
    REQUIRE_FALSE(far);
    CHECK(far.error().code == Errc::invalid);
    CHECK(builder.count() == 1);
}

TEST_CASE("a codec that is none cannot be written") {
    record::BatchBuilder builder;
    record::BatchHeader header;
    header.attributes = 6;
    builder.begin(header);
    ByteBuffer out;
    const auto built = builder.finish(out);
    REQUIRE_FALSE(built);
    CHECK(built.error().code == Errc::unsupported);
    CHECK(out.empty());
}
