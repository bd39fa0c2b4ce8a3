// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/cursor.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "kafka/segment/range_crc.hpp"
#include "kafka/wire/writer.hpp"
#include "support/hex.hpp"
#include "support/piece_source.hpp"

using namespace kseg;
using segment::GapReason;
using segment::Outcome;
using test::read_data;

namespace {

struct Step {
    Outcome outcome;
    std::uint64_t position;
    std::uint64_t size;
    bool valid;
    GapReason reason;

    friend bool operator==(const Step&, const Step&) = default;
};

/// Walks all of it and checks what holds for every walk: no overlap, nothing left out.
std::vector<Step> walk(Bytes all, std::size_t piece = 1 << 20, std::size_t window_piece = 1 << 20, bool peeks = true) {
    test::PieceSource source(all, piece, peeks);
    io::Window window(source, {}, window_piece);
    segment::SegmentCursor cursor(window, {});
    std::vector<Step> steps;
    std::uint64_t at = 0;
    for (;;) {
        const auto item = cursor.next();
        REQUIRE(item);
        if (item->outcome == Outcome::end) {
            break;
        }
        REQUIRE(item->position.value == at);
        REQUIRE(item->size > 0);
        at += item->size;
        const bool batch = item->outcome == Outcome::batch;
        if (batch) {
            REQUIRE(item->batch.bytes().size() == item->size);
        }
        steps.push_back(
            {item->outcome, item->position.value, item->size, item->crc_valid, batch ? GapReason{} : item->reason});
    }
    REQUIRE(at == all.size());
    CHECK(cursor.next()->outcome == Outcome::end);
    return steps;
}

std::set<std::uint64_t> good(const std::vector<Step>& steps) {
    std::set<std::uint64_t> positions;
    for (const Step& step : steps) {
        if (step.outcome == Outcome::batch && step.valid) {
            positions.insert(step.position);
        }
    }
    return positions;
}

std::vector<std::string> damaged_cases() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(std::string(KSEG_TEST_DATA) + "/corpus/damaged")) {
        if (entry.is_directory() && entry.path().filename().string().find("bomb") == std::string::npos) {
            names.push_back("corpus/damaged/" + entry.path().filename().string() + "/00000000000000000000.log");
        }
    }
    std::ranges::sort(names);
    return names;
}

Step batch_at(std::uint64_t position, std::uint64_t size, bool valid = true) {
    return {Outcome::batch, position, size, valid, {}};
}
Step gap_at(std::uint64_t position, std::uint64_t size, GapReason reason) {
    return {reason == GapReason::torn_tail ? Outcome::torn_tail : Outcome::gap, position, size, false, reason};
}

ByteBuffer damaged(const std::string& name) {
    return read_data("corpus/damaged/" + name + "/00000000000000000000.log");
}

}  // namespace

TEST_CASE("each kind of damage is told for what it is") {
    // v2-none: batches of 506, 516 and 516 bytes, the second one damaged.
    const std::vector<Step> around{batch_at(0, 506), batch_at(1022, 516)};
    const auto expect = [&](const std::string& name, const Step& middle) {
        CAPTURE(name);
        CHECK(walk(damaged(name).bytes()) == std::vector<Step>{around[0], middle, around[1]});
    };
    expect("v2-none-ok", batch_at(506, 516));
    expect("v2-none-crc-flip", batch_at(506, 516, false));
    expect("v2-none-payload-flip", batch_at(506, 516, false));
    expect("v2-none-zero-hole", gap_at(506, 516, GapReason::zero_fill));
    expect("v2-none-len--1", gap_at(506, 516, GapReason::bad_length));
    expect("v2-none-len-0", gap_at(506, 516, GapReason::bad_length));
    expect("v2-none-len-48", gap_at(506, 516, GapReason::bad_length));
    expect("v2-none-len-49", gap_at(506, 516, GapReason::bad_length));
    expect("v2-none-len-plus1", gap_at(506, 516, GapReason::bad_length));
    expect("v2-none-len-minus1", gap_at(506, 516, GapReason::bad_length));
    expect("v2-none-len-1073741824", gap_at(506, 516, GapReason::bad_length));
    expect("v2-none-len-2147483647", gap_at(506, 516, GapReason::bad_length));
    expect("v2-none-magic-3", gap_at(506, 516, GapReason::bad_magic));
    expect("v2-none-magic--1", gap_at(506, 516, GapReason::bad_magic));
    CHECK(walk(damaged("v2-none-trunc-30").bytes()) == std::vector<Step>{around[0], gap_at(506, 30, GapReason::torn_tail)});
    CHECK(walk(damaged("v2-none-trunc-1").bytes()) == std::vector<Step>{around[0], gap_at(506, 1, GapReason::torn_tail)});
    CHECK(walk(damaged("v2-none-zero-tail").bytes()).back() == gap_at(1022, 4096, GapReason::zero_fill));
    CHECK(walk(damaged("v2-none-zero-tail-10").bytes()).back() == gap_at(1022, 10, GapReason::zero_fill));
    CHECK(walk(damaged("v0-none-len-48").bytes()) ==
          std::vector<Step>{batch_at(0, 38), gap_at(38, 38, GapReason::bad_length), batch_at(76, 38)});
}

TEST_CASE("a walk does not depend on how bytes arrive, nor on looking ahead") {
    for (const std::string& name : damaged_cases()) {
        CAPTURE(name);
        const ByteBuffer all = read_data(name);
        const auto whole = walk(all.bytes());
        CHECK(walk(all.bytes(), 1, 64, false) == whole);
        CHECK(walk(all.bytes(), 7, 100, true) == whole);
        CHECK(walk(all.bytes(), 4096, 512, false) == whole);
    }
}

TEST_CASE("every cut of a segment keeps exactly the complete batches") {
    const ByteBuffer all = damaged("v2-zstd-ok");
    const auto whole = walk(all.bytes());
    for (std::size_t size = 0; size <= all.size(); ++size) {
        CAPTURE(size);
        std::size_t complete = 0;
        while (complete < whole.size() && whole[complete].position + whole[complete].size <= size) {
            ++complete;
        }
        const auto steps = walk(all.bytes().first(size));
        CHECK(good(steps).size() == complete);
        const bool torn = complete < whole.size() && whole[complete].position != size;
        CHECK(steps.size() == complete + (torn ? 1 : 0));
    }
}

TEST_CASE("a flip of any bit costs no batch but its own") {
    for (const char* const name : {"v2-none-ok", "v2-lz4-ok", "v0-none-ok", "v0-gzip-ok"}) {
        CAPTURE(name);
        ByteBuffer all = damaged(name);
        const auto whole = walk(all.bytes());
        for (const Step& hurt : whole) {
            for (std::size_t at = hurt.position; at < hurt.position + hurt.size; ++at) {
                for (unsigned bit = 0; bit < 8; ++bit) {
                    all.data()[at] ^= static_cast<std::byte>(1U << bit);
                    auto expected = good(whole);
                    auto found = good(walk(all.bytes()));
                    expected.erase(hurt.position);
                    found.erase(hurt.position);
                    all.data()[at] ^= static_cast<std::byte>(1U << bit);
                    if (found != expected) {
                        CAPTURE(at);
                        CAPTURE(bit);
                        CHECK(found == expected);
                    }
                }
            }
        }
    }
}

TEST_CASE("a batch larger than the window's piece comes whole") {
    const ByteBuffer all = read_data("corpus/v2-none/00000000000000000000.log");
    const auto steps = walk(all.bytes(), 1000, 256, false);
    REQUIRE(steps.size() == 11);
    CHECK(steps[0] == batch_at(0, 109165));
    CHECK(good(steps).size() == 11);
}

TEST_CASE("a batch over the limit is a bad length") {
    const ByteBuffer all = damaged("v2-none-ok");
    test::PieceSource source(all.bytes(), 4096, true);
    io::Window window(source, {});
    segment::SegmentCursor cursor(window, {}, {.max_batch_bytes = 510});
    CHECK(cursor.next()->crc_valid);
    const auto item = cursor.next();
    CHECK(item->outcome == Outcome::gap);
    CHECK(item->reason == GapReason::bad_length);
}

TEST_CASE("a field of headers that all claim to reach far is passed in one go") {
    // 4 MiB, every 64 bytes a header of magic 2 whose length claims the next MiB: each claim has to be refuted by a CRC.
    // Without shared work that would be 64 GiB of CRC.
    ByteBuffer all;
    all.resize(std::size_t{4} << 20);
    std::fill_n(all.data(), all.size(), std::byte{0x11});
    for (std::size_t at = 0; at + 64 <= all.size(); at += 64) {
        std::fill_n(all.data() + at, 64, std::byte{0});
        wire::store_big(all.data() + at + 8, std::int32_t{1 << 20});
        all.data()[at + 16] = std::byte{2};
        wire::store_big(all.data() + at + 17, static_cast<std::uint32_t>(at) | 1U);
    }
    const ByteBuffer tail = damaged("v2-none-ok");
    all.append(tail.bytes());
    const auto steps = walk(all.bytes());
    CHECK(good(steps).size() == 3);
}

TEST_CASE("a CRC cut out of others is the CRC itself") {
    const ByteBuffer all = read_data("corpus/v2-none/00000000000000000000.log");
    for (const CrcKind kind : {CrcKind::crc32c, CrcKind::crc32_ieee}) {
        segment::PrefixCrc crcs(kind);
        std::size_t size = 1;
        for (std::size_t at = 0; at < 300000; at += 977) {
            size = (size * 7 + 13) % 200000;
            const Bytes range = all.bytes().subspan(at, size);
            CHECK(crcs.of(FileOffset{at}, range) == crc(kind, range));
        }
    }
}
