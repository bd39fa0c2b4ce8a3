// SPDX-License-Identifier: Apache-2.0
// Compared with the snapshots and transaction indexes that Kafka wrote for the same segments.
#include "wal/producer_state.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "io/window.hpp"
#include "kafka/segment/cursor.hpp"
#include "support/wal_run.hpp"

using namespace kseg;
using wal::ProducerStates;

namespace {

template <typename See>
void each_batch(const std::string& path, See&& see) {
    const auto file = io::File::open(path);
    REQUIRE(file);
    const auto source = io::source_of(*file, 0);
    io::Window window(*source, {});
    segment::SegmentCursor cursor(window, {});
    for (auto item = cursor.next(); item && item->outcome == segment::Outcome::batch; item = cursor.next()) {
        see(item->batch);
    }
}

/// The entries of a snapshot, without their order, in which Kafka's hash map puts them.
std::multiset<std::string> entries(Bytes snapshot) {
    constexpr std::size_t kHeader = 10;
    constexpr std::size_t kEntry = 46;
    std::multiset<std::string> all;
    for (std::size_t at = kHeader; at + kEntry <= snapshot.size(); at += kEntry) {
        all.emplace(as_text(snapshot.subspan(at, kEntry)));
    }
    return all;
}

record::BatchHeader from_producer(std::int16_t epoch, std::int32_t sequence, std::int32_t count) {
    record::BatchHeader header;
    header.producer_id = 9;
    header.producer_epoch = epoch;
    header.base_sequence = sequence;
    header.last_offset_delta = count - 1;
    return header;
}

ProducerStates after(std::initializer_list<test::BatchPlan> plans) {
    ProducerStates states;
    for (const test::BatchPlan& plan : plans) {
        const ByteBuffer batch = test::make_batch(0, plan);
        states.apply(*record::BatchView::parse(batch.bytes(), {}));
    }
    return states;
}

constexpr std::int32_t kMost = 2147483647;

}  // namespace

TEST_CASE("the state after a segment is that of Kafka's snapshot") {
    for (const char* const name : {"v2-txn-none/00000000000000000100 00000000000000000409",
                                   "v2-idempotent/00000000000000000000 00000000000000000019"}) {
        const std::string text(name);
        const std::string folder = std::string(KSEG_TEST_DATA) + "/corpus/" + text.substr(0, text.find('/') + 1);
        const std::string log = folder + text.substr(text.find('/') + 1, 20) + ".log";
        const auto theirs = io::read_small_file(folder + text.substr(text.size() - 20) + ".snapshot", 1 << 20);
        REQUIRE(theirs);
        ProducerStates states;
        each_batch(log, [&](const record::BatchView& batch) { states.apply(batch); });
        CAPTURE(log);
        CHECK(entries(states.to_snapshot().bytes()) == entries(theirs->bytes()));
        const auto read = ProducerStates::from_snapshot(theirs->bytes());
        REQUIRE(read);
        CHECK(entries(read->to_snapshot().bytes()) == entries(theirs->bytes()));
        // Header and CRC are the same once the order is.
        CHECK(ProducerStates::from_snapshot(read->to_snapshot().bytes()));
        CHECK(states.to_snapshot().size() == theirs->size());
    }
}

TEST_CASE("aborted transactions are those of Kafka's transaction index") {
    for (const char* const base :
         {"/corpus/v2-txn-none/00000000000000000100", "/captures/java-txn-lz4/java-txn-lz4-0/00000000000000000000"}) {
        const std::string path = std::string(KSEG_TEST_DATA) + base;
        const auto theirs = io::read_small_file(path + ".txnindex", 1 << 20);
        REQUIRE(theirs);
        ProducerStates states;
        ByteBuffer ours;
        each_batch(path + ".log", [&](const record::BatchView& batch) {
            if (const auto aborted = states.apply(batch)) {
                append_entry(ours, *aborted);
            }
        });
        CHECK(ours.text() == theirs->text());
    }
}

TEST_CASE("the last five batches of a producer are known again") {
    ProducerStates states;
    for (int i = 0; i < 7; ++i) {
        const ByteBuffer batch = test::make_batch(
            0, {.records = 2, .producer_id = 9, .producer_epoch = 0, .base_sequence = 2 * i, .base_offset = 10 * i});
        states.apply(*record::BatchView::parse(batch.bytes(), {}));
    }
    for (int i = 2; i < 7; ++i) {
        const auto check = states.check(from_producer(0, 2 * i, 2));
        CHECK(check.verdict == ProducerStates::Verdict::duplicate);
        CHECK(check.original.first_offset() == 10 * i);
        CHECK(check.original.last_offset == 10 * i + 1);
    }
    CHECK(states.check(from_producer(0, 2, 2)).verdict == ProducerStates::Verdict::out_of_order);
    CHECK(states.check(from_producer(0, 12, 1)).verdict == ProducerStates::Verdict::out_of_order);  // half of one
    CHECK(states.check(from_producer(0, 14, 1)).verdict == ProducerStates::Verdict::append);
    CHECK(states.check(from_producer(0, 15, 1)).verdict == ProducerStates::Verdict::out_of_order);
    CHECK(states.check(from_producer(1, 0, 1)).verdict == ProducerStates::Verdict::append);
    CHECK(states.check(from_producer(1, 3, 1)).verdict == ProducerStates::Verdict::out_of_order);
    CHECK(states.check(from_producer(-1, 14, 1)).verdict == ProducerStates::Verdict::old_epoch);
}

TEST_CASE("sequences go on with 0 after the largest") {
    const auto states = after({{.records = 3, .producer_id = 9, .producer_epoch = 0, .base_sequence = kMost - 1}});
    CHECK(states.producers().at(9).batches.back().last_sequence == 0);
    CHECK(states.producers().at(9).batches.back().first_sequence() == kMost - 1);
    CHECK(states.check(from_producer(0, kMost - 1, 3)).verdict == ProducerStates::Verdict::duplicate);
    CHECK(states.check(from_producer(0, 1, 1)).verdict == ProducerStates::Verdict::append);
    const auto at_end = after({{.records = 2, .producer_id = 9, .producer_epoch = 0, .base_sequence = kMost - 1}});
    CHECK(at_end.check(from_producer(0, 0, 1)).verdict == ProducerStates::Verdict::append);
    CHECK(at_end.check(from_producer(0, 1, 1)).verdict == ProducerStates::Verdict::out_of_order);
}

TEST_CASE("a producer that is not known may begin with any sequence") {
    CHECK(ProducerStates().check(from_producer(3, 500, 1)).verdict == ProducerStates::Verdict::append);
}

TEST_CASE("producers that wrote nothing for long are forgotten, but none with an open transaction") {
    ProducerStates states;
    const auto write = [&](std::int64_t id, TimestampMs time, bool in_transaction) {
        ByteBuffer batch = test::make_batch(
            0, {.producer_id = id, .producer_epoch = 0, .base_sequence = 7, .time = time, .base_offset = 10 * id});
        if (in_transaction) {
            batch.data()[22] |= std::byte{record::kTransactionalBit};  // the low byte of the attributes
        }
        states.apply(*record::BatchView::parse(batch.bytes(), {}));
    };
    write(1, 1000, false);
    write(2, 1000, true);
    write(3, 1001, false);
    CHECK(states.expire(999) == 0);
    CHECK(states.expire(1000) == 1);
    CHECK(states.producers().size() == 2);
    CHECK(states.check(from_producer(0, 500, 1)).verdict == ProducerStates::Verdict::append);
    CHECK(states.last_stable_offset(100) == 20);
}
