// SPDX-License-Identifier: Apache-2.0
#include "store/router.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>
#include <utility>

using namespace kseg;
using store::PartitionListing;
using store::Segment;
using store::Slice;
using store::SourceKind;

namespace {

PartitionListing listing_of(const std::vector<std::int64_t>& indexes, const std::vector<std::int64_t>& logs) {
    PartitionListing listing;
    for (const std::int64_t base : indexes) {
        listing.indexes.push_back({.base_offset = base});
    }
    for (const std::int64_t base : logs) {
        listing.logs.push_back({.base_offset = base});
    }
    store::bound_by_names(listing);
    return listing;
}

/// An archive that holds [base_offset, end_offset), by its name; of unknown times where damage leaves open where it ends.
store::ArchivedSegment archive_of(std::int64_t base_offset, std::int64_t end_offset, bool damaged = false) {
    store::ArchivedSegment archive;
    archive.base_offset = base_offset;
    archive.name = {.partition = {.topic = "t", .partition = 0}, .base_offset = base_offset, .last_offset = end_offset - 1};
    if (!damaged) {
        archive.name.first_timestamp = archive.name.last_timestamp = 0;
    }
    return archive;
}

/// Who answers for an offset, found by looking at every segment: the rule of the header word by word.
struct Owner {
    SourceKind kind = SourceKind::index;
    std::int64_t base_offset = -1;  // -1: nobody
    std::size_t segment = 0;

    friend bool operator==(const Owner&, const Owner&) = default;
};

std::vector<const Segment*> segments_of(const PartitionListing& listing, SourceKind kind) {
    std::vector<const Segment*> all;
    const auto add = [&all](const auto& segments) {
        for (const Segment& segment : segments) {
            all.push_back(&segment);
        }
    };
    switch (kind) {
        case SourceKind::index: add(listing.indexes); break;
        case SourceKind::archive: add(listing.archives); break;
        case SourceKind::log: add(listing.logs); break;
    }
    return all;
}

Owner owner_of(const PartitionListing& listing, std::int64_t offset) {
    for (const auto end : {&Segment::likely_end, &Segment::end_offset}) {
        Owner best;
        for (const auto kind : {SourceKind::index, SourceKind::archive, SourceKind::log}) {
            std::size_t number = 0;
            for (const Segment* segment : segments_of(listing, kind)) {
                const bool holds =
                    segment->base_offset <= offset && (offset < segment->*end || segment->*end == kMaxRecordOffset);
                if (holds && (best.base_offset == -1 || segment->base_offset < best.base_offset)) {
                    best = {.kind = kind, .base_offset = segment->base_offset, .segment = number};
                }
                ++number;
            }
        }
        if (best.base_offset != -1) {
            return best;
        }
    }
    return {};
}

Owner owner_in(const PartitionListing& listing, const std::vector<Slice>& slices, std::int64_t offset) {
    Owner found;
    int owners = 0;
    for (const Slice& slice : slices) {
        if (slice.first_offset <= offset && (offset < slice.end_offset || slice.end_offset == kMaxRecordOffset)) {
            const std::int64_t base_offset = segments_of(listing, slice.kind)[slice.segment]->base_offset;
            found = {.kind = slice.kind, .base_offset = base_offset, .segment = slice.segment};
            ++owners;
        }
    }
    CHECK(owners <= 1);
    return found;
}

std::vector<std::int64_t> random_bases(std::mt19937& random, std::int64_t below) {
    std::set<std::int64_t> bases;
    const auto count = random() % 6;
    for (std::uint32_t i = 0; i < count; ++i) {
        bases.insert(static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(below)));
    }
    return {bases.begin(), bases.end()};
}

void add_random_archives(std::mt19937& random, std::int64_t below, PartitionListing& listing) {
    std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
    for (auto count = random() % 6; count != 0; --count) {
        const auto base_offset = static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(below));
        ranges.emplace_back(base_offset, -(base_offset + static_cast<std::int64_t>(random() % 15)));
    }
    std::ranges::sort(ranges);
    for (const auto& [base_offset, minus_end] : ranges) {
        listing.archives.push_back(archive_of(base_offset, -minus_end, random() % 5 == 0));
    }
    store::bound_by_names(listing);
    for (store::ArchivedSegment& archive : listing.archives) {
        if (random() % 4 == 0) {
            archive.end_at(archive.base_offset + static_cast<std::int64_t>(random() % 12));
        }
    }
}

}  // namespace

TEST_CASE("of an index and a log of one segment the index answers, and knows its log") {
    const auto listing = listing_of({0, 100}, {0, 100, 200});
    const auto slices = store::route(listing, {});
    CHECK(slices == std::vector<Slice>{
                        {.kind = SourceKind::index, .segment = 0, .same_log = 0, .first_offset = 0, .end_offset = 100},
                        {.kind = SourceKind::index, .segment = 1, .same_log = 1, .first_offset = 100, .end_offset = 200},
                        {.kind = SourceKind::log, .segment = 2, .first_offset = 200}});
}

TEST_CASE("a segment that begins first answers up to its end, and a hole in one place is filled from the other") {
    CHECK(store::route(listing_of({0, 1000}, {300, 800, 1300}), {}) ==
          std::vector<Slice>{{.kind = SourceKind::index, .segment = 0, .first_offset = 0, .end_offset = 1000},
                             {.kind = SourceKind::log, .segment = 1, .first_offset = 1000, .end_offset = 1300},
                             {.kind = SourceKind::index, .segment = 1, .first_offset = 1300}});
    CHECK(store::route(listing_of({0, 200}, {0, 100, 200}), {}) ==
          std::vector<Slice>{{.kind = SourceKind::index, .segment = 0, .same_log = 0, .first_offset = 0, .end_offset = 100},
                             {.kind = SourceKind::log, .segment = 1, .first_offset = 100, .end_offset = 200},
                             {.kind = SourceKind::index, .segment = 1, .same_log = 2, .first_offset = 200}});
}

TEST_CASE("a range cuts slices at its ends") {
    const auto listing = listing_of({}, {10, 20, 30});
    CHECK(store::route(listing, {.first_offset = 15, .end_offset = 25}) ==
          std::vector<Slice>{{.kind = SourceKind::log, .segment = 0, .first_offset = 15, .end_offset = 20},
                             {.kind = SourceKind::log, .segment = 1, .first_offset = 20, .end_offset = 25}});
    CHECK(store::route(listing, {.end_offset = 10}).empty());
    CHECK(store::route(listing, {.first_offset = kMaxRecordOffset}) ==
          std::vector<Slice>{{.kind = SourceKind::log, .segment = 2, .first_offset = kMaxRecordOffset}});
    CHECK(store::route(listing_of({}, {}), {}).empty());
}

TEST_CASE("where no segment likely holds an offset, an index that may is asked") {
    auto listing = listing_of({0, 300}, {0, 100, 300});
    CHECK(store::route(listing, {.end_offset = 300}) ==
          std::vector<Slice>{{.kind = SourceKind::index, .segment = 0, .same_log = 0, .first_offset = 0, .end_offset = 100},
                             {.kind = SourceKind::log, .segment = 1, .first_offset = 100, .end_offset = 300}});
    listing.logs[1].end_at(200);
    const auto rest = store::next_slice(listing, 200, kMaxRecordOffset);
    CHECK(rest == Slice{.kind = SourceKind::index, .segment = 0, .same_log = 0, .first_offset = 200, .end_offset = 300});
}

TEST_CASE("when a segment is known to end earlier, another one that may hold the rest answers") {
    auto listing = listing_of({0, 300}, {200, 300});
    // By names the index of 0 may go up to 300, and the log of 200 need not be asked.
    CHECK(store::next_slice(listing, 0, kMaxRecordOffset)->end_offset == 300);
    listing.indexes[0].end_at(150);
    CHECK(store::route(listing, {}) ==
          std::vector<Slice>{{.kind = SourceKind::index, .segment = 0, .first_offset = 0, .end_offset = 150},
                             {.kind = SourceKind::log, .segment = 0, .first_offset = 200, .end_offset = 300},
                             {.kind = SourceKind::index, .segment = 1, .same_log = 1, .first_offset = 300}});
}

TEST_CASE("archives that overlap: the lower base offset answers, then the one that reaches farther, up to its end") {
    PartitionListing listing;
    listing.archives = {archive_of(0, 100), archive_of(50, 200), archive_of(50, 150), archive_of(180, 300),
                        archive_of(400, 500)};
    store::bound_by_names(listing);
    CHECK(store::route(listing, {}) ==
          std::vector<Slice>{{.kind = SourceKind::archive, .segment = 0, .first_offset = 0, .end_offset = 100},
                             {.kind = SourceKind::archive, .segment = 1, .first_offset = 100, .end_offset = 200},
                             {.kind = SourceKind::archive, .segment = 3, .first_offset = 200, .end_offset = 300},
                             {.kind = SourceKind::archive, .segment = 4, .first_offset = 400, .end_offset = 500}});
}

TEST_CASE("an index goes before the archive of the same segment, and that before its log") {
    PartitionListing listing = listing_of({100}, {0, 100, 200});
    listing.archives = {archive_of(0, 100), archive_of(100, 200)};
    store::bound_by_names(listing);
    CHECK(
        store::route(listing, {}) ==
        std::vector<Slice>{{.kind = SourceKind::archive, .segment = 0, .same_log = 0, .first_offset = 0, .end_offset = 100},
                           {.kind = SourceKind::index, .segment = 0, .same_log = 1, .first_offset = 100, .end_offset = 200},
                           {.kind = SourceKind::log, .segment = 2, .first_offset = 200}});
}

TEST_CASE("behind a damaged part another archive answers if it can, and then the damaged one again") {
    PartitionListing listing;
    listing.archives = {archive_of(0, 100), archive_of(20, 60)};
    store::bound_by_names(listing);
    listing.resume_archive(0, 50);
    CHECK(listing.archives[1].name.last_offset == 99);
    CHECK(store::route(listing, {.first_offset = 10}) ==
          std::vector<Slice>{{.kind = SourceKind::archive, .segment = 0, .first_offset = 20, .end_offset = 60},
                             {.kind = SourceKind::archive, .segment = 1, .first_offset = 60, .end_offset = 100}});
}

TEST_CASE("random listings: every offset that a segment may hold has the one owner that the rule names, in order") {
    std::mt19937 random(7);
    constexpr std::int64_t kBelow = 40;
    for (int round = 0; round < 3000; ++round) {
        PartitionListing listing = listing_of(random_bases(random, kBelow), random_bases(random, kBelow));
        add_random_archives(random, kBelow, listing);
        for (auto* segments : {&listing.indexes, &listing.logs}) {
            for (Segment& segment : *segments) {
                if (random() % 3 == 0) {  // as a reader that came to its end would do
                    const auto length = static_cast<std::int64_t>(random() % 12);
                    segment.end_at(segment.base_offset + length);
                }
            }
        }
        segment::RecordRange range;
        if (random() % 2 == 0) {
            range.first_offset = static_cast<std::int64_t>(random() % kBelow);
        }
        if (random() % 2 == 0) {
            range.end_offset = static_cast<std::int64_t>(random() % kBelow);
        }
        const auto slices = store::route(listing, range);
        for (std::size_t i = 0; i < slices.size(); ++i) {
            CHECK(slices[i].first_offset < slices[i].end_offset);
            CHECK((i == 0 || slices[i - 1].end_offset <= slices[i].first_offset));
        }
        for (std::int64_t offset = range.first_offset.value_or(0); offset < kBelow + 20; ++offset) {
            const Owner owner = range.has_offset(offset) ? owner_of(listing, offset) : Owner{};
            REQUIRE(owner_in(listing, slices, offset) == owner);
        }
    }
}
