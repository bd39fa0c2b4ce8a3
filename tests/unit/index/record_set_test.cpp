// SPDX-License-Identifier: Apache-2.0
#include "index/record_set.hpp"

#include <doctest/doctest.h>

#include <random>
#include <set>

namespace {

using kseg::index::Ordinal;
using kseg::index::RecordSet;

std::set<Ordinal> members(const RecordSet& set) {
    std::set<Ordinal> found;
    for (Ordinal at = set.next(0); at < set.records(); at = set.next(at + 1)) {
        found.insert(at);
    }
    return found;
}

}  // namespace

TEST_CASE("a set of records behaves as std::set does") {
    std::mt19937 random(7);
    for (const Ordinal records : {0U, 1U, 63U, 64U, 65U, 128U, 1000U}) {
        CAPTURE(records);
        RecordSet set(records);
        std::set<Ordinal> model;
        CHECK(set.empty());
        CHECK(members(RecordSet(records, true)).size() == records);
        for (int i = 0; records > 0 && i < 20; ++i) {
            const Ordinal one = static_cast<Ordinal>(random()) % records;
            set.add(one);
            model.insert(one);
            const Ordinal first = static_cast<Ordinal>(random()) % records;
            const Ordinal end = std::min(records, first + static_cast<Ordinal>(random() % 70));
            set.add_range(first, end);
            for (Ordinal at = first; at < end; ++at) {
                model.insert(at);
            }
            CHECK(set.has(one));
            CHECK(members(set) == model);
            CHECK(set.count() == model.size());
            const auto inside = std::distance(model.lower_bound(first), model.lower_bound(end));
            CHECK(set.count(first, end) == static_cast<std::uint64_t>(inside));
        }
        RecordSet others = set;
        others.complement();
        CHECK(others.count() == records - model.size());
        RecordSet both = set;
        both &= others;
        CHECK(both.empty());
        both |= set;
        both |= others;
        CHECK(both == RecordSet(records, true));
    }
}
