// SPDX-License-Identifier: Apache-2.0
// One log, cut into segments in two ways, of which some are missing: the answer is all that any of them holds.
#include <doctest/doctest.h>

#include <random>
#include <set>

#include "support/store_world.hpp"

using namespace kseg;
using test::make_batches;
using test::offsets_where;
using test::StoreWorld;

namespace {

constexpr std::int64_t kEnd = 40;

struct Cut {
    std::int64_t first = 0;
    std::int64_t end = 0;
};

/// The log's offsets cut at random places, some segments left out.
std::vector<Cut> random_cuts(std::mt19937& random) {
    std::set<std::int64_t> edges{0, kEnd};
    for (auto i = random() % 5; i > 0; --i) {
        edges.insert(static_cast<std::int64_t>(random() % kEnd));
    }
    std::vector<Cut> cuts;
    for (auto at = edges.begin(); std::next(at) != edges.end(); ++at) {
        if (random() % 4 != 0) {
            cuts.push_back({.first = *at, .end = *std::next(at)});
        }
    }
    return cuts;
}

std::string segment_of(const Cut& cut) {
    std::vector<test::BatchPlan> plans;
    for (std::int64_t at = cut.first; at < cut.end; ++at) {
        plans.push_back({.base_offset = at});
    }
    return make_batches(plans);
}

bool holds(const std::vector<Cut>& cuts, std::int64_t offset) {
    return std::ranges::any_of(cuts, [offset](const Cut& cut) { return cut.first <= offset && offset < cut.end; });
}

}  // namespace

TEST_CASE(
    "random segments in three places: what one of them holds is answered once and in order, what none holds is told") {
    std::mt19937 random(11);
    for (int round = 0; round < 150; ++round) {
        CAPTURE(round);
        StoreWorld world;
        const auto indexed = random_cuts(random);
        std::vector<Cut> archived;
        for (auto i = random() % 3; i > 0; --i) {  // twice: archives of one log may overlap
            const auto cuts = random_cuts(random);
            archived.insert(archived.end(), cuts.begin(), cuts.end());
        }
        for (const Cut& cut : archived) {
            world.archive_alone(cut.first, segment_of(cut));
        }
        const auto logged = random_cuts(random);
        for (const Cut& cut : indexed) {
            const std::string log = fmt::format("/elsewhere/{}.log", cut.first);
            world.fs.put(log, segment_of(cut));
            world.index_of(log, cut.first);
        }
        for (const Cut& cut : logged) {
            world.put_log(cut.first, segment_of(cut));
        }
        const auto is_there = [&](std::int64_t offset) {
            return holds(indexed, offset) || holds(archived, offset) || holds(logged, offset);
        };
        std::int64_t least = 0;
        while (least < kEnd && !is_there(least)) {
            ++least;
        }
        std::int64_t end = kEnd;
        while (end > 0 && !is_there(end - 1)) {
            --end;
        }
        for (int i = 0; i < 6; ++i) {
            segment::RecordRange range;
            if (i != 0) {
                range.first_offset = static_cast<std::int64_t>(random() % kEnd);
                range.end_offset = *range.first_offset + 1 + static_cast<std::int64_t>(random() % kEnd);
            }
            const auto wanted = [&](std::int64_t offset) { return is_there(offset) && range.has_offset(offset); };
            const auto missing = [&](std::int64_t offset) {
                return offset > least && offset < end && !is_there(offset) && range.has_offset(offset);
            };
            const auto answer = world.ask({.range = range});
            REQUIRE(answer.offsets == offsets_where(0, kEnd, wanted));
            // A hole is told by the segment behind it, which the range has to come to.
            const auto holes = offsets_where(0, kEnd, missing);
            const bool closed = !holes.empty() && !answer.offsets.empty() && answer.offsets.back() > holes.front();
            CHECK(answer.damages.empty() == !closed);
            for (const std::string& told : answer.damages) {
                CHECK(told.find("are missing before this segment") != std::string::npos);
            }
            CHECK(world.ask({.range = range, .count_only = true}).given == answer.offsets.size());
        }
    }
}
