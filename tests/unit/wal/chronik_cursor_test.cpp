// SPDX-License-Identifier: Apache-2.0
#include "wal/chronik_cursor.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "support/piece_source.hpp"
#include "unit/wal/chronik_bytes.hpp"

using namespace kseg;
using segment::GapReason;
using segment::Outcome;

namespace {

struct Step {
    Outcome outcome = Outcome::end;
    std::uint64_t position = 0;
    std::uint64_t size = 0;
    GapReason reason = GapReason::garbage;
    std::int64_t base_offset = -1;
    std::string said;  // the gap's description, or the warnings

    friend bool operator==(const Step&, const Step&) = default;
};

struct Reading {
    std::vector<Step> steps;

    [[nodiscard]] std::vector<std::int64_t> offsets() const {
        std::vector<std::int64_t> all;
        for (const Step& step : steps) {
            if (step.outcome == Outcome::batch) {
                all.push_back(step.base_offset);
            }
        }
        return all;
    }
    [[nodiscard]] std::vector<Step> gaps() const {
        std::vector<Step> all;
        std::ranges::copy_if(steps, std::back_inserter(all), [](const Step& s) { return s.outcome != Outcome::batch; });
        return all;
    }
};

Reading walk(Bytes all, std::size_t piece, bool peeks, wal::ChronikCursorOptions options) {
    test::PieceSource source(all, piece, peeks);
    io::Window window(source, {}, std::max<std::size_t>(piece, 64));
    wal::ChronikCursor cursor(window, {}, options);
    Reading reading;
    std::vector<segment::Item> items;
    std::vector<io::Piece> pieces;
    std::vector<std::string> first_bytes;
    for (;;) {
        const auto item = cursor.next();
        REQUIRE(item);
        if (item->outcome == Outcome::end) {
            break;
        }
        Step step{.outcome = item->outcome, .position = item->position.value, .size = item->size, .reason = item->reason};
        if (item->outcome == Outcome::batch) {
            step.base_offset = item->batch.header().base_offset;
            pieces.push_back(cursor.piece());
            items.push_back(*item);
            first_bytes.emplace_back(as_text(item->batch.bytes()));
        } else {
            step.said = item->describe_gap();
        }
        for (const std::string& warning : cursor.warnings()) {
            step.said += warning;
        }
        reading.steps.push_back(step);
    }
    CHECK(cursor.next()->outcome == Outcome::end);
    CHECK(cursor.position().value == all.size());
    // What was given stays as long as its piece is held.
    for (std::size_t i = 0; i < items.size(); ++i) {
        CHECK(as_text(items[i].batch.bytes()) == first_bytes[i]);
    }
    return reading;
}

/// The walk over `all`, the same however its bytes come.
Reading read(const ByteBuffer& all, wal::ChronikCursorOptions options = {}) {
    const Reading whole = walk(all.bytes(), all.size() + 1, true, options);
    options.piece_bytes = 64;
    CHECK(walk(all.bytes(), 7, true, options).steps == whole.steps);
    CHECK(walk(all.bytes(), 1, false, options).steps == whole.steps);
    return whole;
}

/// A record of version 2 with one entry.
ByteBuffer record_at(std::int64_t offset, std::string_view value) {
    ByteBuffer entry;
    test::put_entry(entry, offset, 1000, value);
    return test::record_of(test::data_of({.base_offset = offset}, 1, entry.bytes()).bytes(), offset, offset, 1);
}

using Offsets = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("records of both versions give their batches and where they stand") {
    const ByteBuffer v1 = test::version1();
    const ByteBuffer v2 = test::version2();
    const ByteBuffer all = test::joined({v1.bytes(), v2.bytes(), v1.bytes()});
    const Reading reading = read(all);
    REQUIRE(reading.steps.size() == 3);
    CHECK(reading.offsets() == Offsets{5, 7, 5});
    CHECK(reading.steps[1].position == v1.size());
    CHECK(reading.steps[2].position == v1.size() + v2.size());
    test::PieceSource source(all.bytes(), all.size(), true);
    io::Window window(source, {});
    wal::ChronikCursor cursor(window, {});
    REQUIRE(cursor.next());
    CHECK_FALSE(cursor.partition());
    REQUIRE(cursor.next());
    CHECK(cursor.partition() == segment::PartitionName{.topic = "t", .partition = 3});
}

TEST_CASE("an empty file has no records and no damage") {
    CHECK(read(ByteBuffer{}).steps.empty());
}

TEST_CASE("each cut leaves the whole records and a torn tail") {
    const ByteBuffer a = test::version1();
    const ByteBuffer b = test::version2();
    const ByteBuffer all = test::joined({a.bytes(), b.bytes()});
    for (std::size_t size = 1; size < all.size(); ++size) {
        CAPTURE(size);
        const Reading reading = read(ByteBuffer(all.bytes().first(size)));
        const std::size_t end = size >= a.size() ? a.size() : 0;
        CHECK(reading.offsets() == (end == 0 ? Offsets{} : Offsets{5}));
        if (size != end) {
            REQUIRE(reading.gaps().size() == 1);
            CHECK(reading.gaps()[0].reason == GapReason::torn_tail);
            CHECK(reading.gaps()[0].position == end);
        } else {
            CHECK(reading.gaps().empty());
        }
    }
}

TEST_CASE("each flipped bit is told and costs no other record") {
    const ByteBuffer a = test::version1();
    const ByteBuffer b = test::version2();
    const ByteBuffer all = test::joined({a.bytes(), b.bytes(), a.bytes()});
    for (std::size_t bit = 0; bit < all.size() * 8; ++bit) {
        CAPTURE(bit);
        ByteBuffer flipped(all.bytes());
        flipped.data()[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        const Reading reading = walk(flipped.bytes(), flipped.size(), true, {});
        const std::vector<std::size_t> starts{0, a.size(), a.size() + b.size()};
        const std::size_t hit = bit / 8 < starts[1] ? 0 : (bit / 8 < starts[2] ? 1 : 2);
        bool told = false;
        std::vector<bool> seen(3);
        for (const Step& step : reading.steps) {
            told = told || (step.position == starts[hit] && !step.said.empty());
            for (std::size_t i = 0; i < 3; ++i) {
                seen[i] = seen[i] || (step.outcome == Outcome::batch && step.position == starts[i]);
            }
        }
        seen[hit] = true;
        CHECK(told);
        CHECK(seen == std::vector<bool>(3, true));
    }
}

TEST_CASE("a length that leads over the next record to another loses neither") {
    // Records of 128 bytes: bit 7 of the length doubles it.
    ByteBuffer a = record_at(1, "");
    a = record_at(1, std::string(128 - (a.size() % 128), 'x'));
    REQUIRE(a.size() % 128 == 0);
    const ByteBuffer b = record_at(2, std::string(a.size() - record_at(2, "").size(), 'y'));
    const ByteBuffer c = record_at(3, "z");
    ByteBuffer all = test::joined({a.bytes(), b.bytes(), c.bytes()});
    const auto doubled = static_cast<std::uint32_t>(2 * a.size() - 12);
    for (std::size_t i = 0; i < 4; ++i) {
        all.data()[4 + i] = static_cast<std::byte>(doubled >> (8 * i));
    }
    const Reading reading = read(all);
    CHECK(reading.offsets() == Offsets{2, 3});
    REQUIRE(reading.gaps().size() == 1);
    CHECK(reading.gaps()[0].size == a.size());
    CHECK(reading.gaps()[0].reason == GapReason::bad_length);
}

TEST_CASE("a record inside the value of a damaged one is not taken for one that follows") {
    const ByteBuffer inner = record_at(99, "phantom");
    const ByteBuffer outer = record_at(1, inner.text());
    const ByteBuffer next = record_at(2, "real");
    ByteBuffer all = test::joined({outer.bytes(), next.bytes()});
    CHECK(read(all).offsets() == Offsets{1, 2});
    all.data()[12 + 2 + 1 + 4 + 4 + 26] = std::byte{7};  // is_transactional
    const Reading reading = read(all);
    CHECK(reading.offsets() == Offsets{2});
    REQUIRE(reading.gaps().size() == 1);
    CHECK(reading.gaps()[0].size == outer.size());
}

TEST_CASE("gaps tell their reason") {
    const ByteBuffer good = record_at(1, "v");
    const auto behind = [&](Bytes bytes) {
        const Reading reading = read(test::joined({good.bytes(), bytes}));
        CHECK(reading.offsets() == Offsets{1});
        REQUIRE(reading.gaps().size() == 1);
        CHECK(reading.gaps()[0].position == good.size());
        CHECK(reading.gaps()[0].size == bytes.size());
        return reading.gaps()[0];
    };
    const ByteBuffer zeros = test::from_hex("00 00 00 00 00 00 00 00 00 00");
    CHECK(behind(zeros.bytes()).said == "zero fill; expected a record, got 10 zero bytes");
    CHECK(behind(as_bytes("garbage here")).said == "garbage; expected a record, got 12 bytes that are none");
    CHECK(behind(test::from_hex("7e").bytes()).said == "torn tail; expected a record header, got 1 bytes");
    CHECK(behind(good.bytes().first(50)).said ==
          "torn tail; expected a record of " + std::to_string(good.size()) + " bytes, got 50");
    CHECK(behind(test::from_hex("7e ca 05 00 00 00 00 00").bytes()).said ==
          "record version; expected 0x01 or 0x02, got 0x05; skipped 8 bytes");
    CHECK(behind(test::from_hex("7e ca 01 00 09 00 00 00").bytes()).said ==
          "record length; expected one that leads to a record, got 9; skipped 8 bytes");
    // Between two records.
    const Reading reading = read(test::joined({good.bytes(), zeros.bytes(), good.bytes()}));
    CHECK(reading.offsets() == Offsets{1, 1});
    CHECK(reading.gaps()[0].reason == GapReason::zero_fill);
}

TEST_CASE("a record above the limit is a gap, and what follows it is read") {
    const ByteBuffer large = record_at(1, std::string(5000, 'x'));
    const ByteBuffer small = record_at(2, "v");
    const Reading reading = read(test::joined({large.bytes(), small.bytes()}), {.max_batch_bytes = 4096});
    CHECK(reading.offsets() == Offsets{2});
    REQUIRE(reading.gaps().size() == 1);
    CHECK(reading.gaps()[0].size == large.size());
}

TEST_CASE("a file that is made of starts of records is searched in time that grows with its size") {
    // Each start claims all that is left, and its second header is the first of a tail of empty ones that does not add up.
    constexpr std::size_t kHalf = std::size_t{2} << 20;
    ByteBuffer all;
    while (all.size() < kHalf) {
        const ByteBuffer start = test::from_hex("7e ca 01 00");
        const std::size_t at = all.size();
        all.append(start.bytes());
        test::put(all, static_cast<std::uint32_t>(2 * kHalf - at));
        all.append(std::string(8 + 8 + 4, '\0'));
        test::put(all, std::int32_t{-1});
        test::put(all, std::int32_t{0});
        test::put(all, static_cast<std::int32_t>(kHalf / 6 - 100));
        test::put(all, std::uint16_t{0});
        test::put(all, static_cast<std::uint32_t>(kHalf + 64 - all.size() - 4));
    }
    all.append(std::string(2 * kHalf - all.size(), '\0'));
    const auto begin = std::chrono::steady_clock::now();
    const Reading reading = walk(all.bytes(), all.size(), true, {});
    CHECK(reading.offsets().empty());
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
}
