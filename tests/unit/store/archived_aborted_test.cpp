// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "store/archived_log.hpp"
#include "support/archived_world.hpp"

using namespace kseg;
using kseg::test::ArchivedBatch;
using kseg::test::ArchivedWorld;

namespace {

using Random = std::mt19937_64;

std::int64_t below(Random& random, std::int64_t end) {
    return std::uniform_int_distribution<std::int64_t>(0, end - 1)(random);
}

/// One that was aborted, as Kafka's index has it.
struct Entry {
    std::int64_t producer_id = 0;
    std::int64_t first = 0;
    std::int64_t last = 0;  // of its marker
    std::int64_t stable = 0;
};

void append_big(std::string& out, std::uint64_t number, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) {
        out.push_back(static_cast<char>(number >> (8 * i) & 0xffU));
    }
}

/// Kafka 4.1, AbortedTxn: version 0, producer id, first, last and last stable offset.
std::string bytes_of(const Entry& entry) {
    std::string out;
    append_big(out, 0, 2);
    for (const std::int64_t number : {entry.producer_id, entry.first, entry.last, entry.stable}) {
        append_big(out, static_cast<std::uint64_t>(number), 8);
    }
    return out;
}

}  // namespace

TEST_CASE("of every read of archived transactions the aborted ones are told, wherever their markers are") {
    Random random(3);
    std::size_t told = 0;
    std::size_t unfinished = 0;
    for (int round = 0; round < 12; ++round) {
        ArchivedWorld world;
        std::map<std::int64_t, std::int64_t> open;  // producer, first offset
        std::vector<Entry> aborted;
        for (int segment = 0; segment < 6; ++segment) {
            for (int i = 0; i < 40; ++i) {
                const std::int64_t producer = below(random, 5) + 100;
                const bool ends = open.contains(producer) && below(random, 6) == 0;
                if (ends) {
                    const std::int64_t first = open[producer];
                    open.erase(producer);
                    world.add(1, 6, record::kTransactionalBit | record::kControlBit, producer);
                    if (below(random, 2) == 0) {
                        std::int64_t stable = world.next;
                        for (const auto& [other, begin] : open) {
                            stable = std::min(stable, begin);
                        }
                        aborted.push_back(
                            {.producer_id = producer, .first = first, .last = world.next - 1, .stable = stable});
                        world.world.transactions += bytes_of(aborted.back());
                    }
                } else if (below(random, 4) == 0) {
                    world.add(2, 10);  // of no transaction
                } else {
                    open.try_emplace(producer, world.next);
                    world.add(1 + static_cast<int>(below(random, 3)), 30, record::kTransactionalBit, producer);
                }
            }
            world.seal();
        }
        const auto log = world.open();
        for (int i = 0; i < 300; ++i) {
            const std::int64_t from = below(random, world.next);
            const auto slice = *log->read(from, std::numeric_limits<std::int64_t>::max(),
                                          static_cast<std::uint64_t>(below(random, 2000)), true);
            REQUIRE(slice);
            store::OpenTransactions left = slice->open;
            const auto got = log->aborted(from, slice->next_offset, left);
            REQUIRE(got);
            bool is_transactional = false;
            for (const ArchivedBatch& batch : world.batches) {
                if (batch.producer_id < 0 || batch.last < from || batch.base >= slice->next_offset) {
                    continue;
                }
                is_transactional = true;
                // Whose transaction was it?
                for (const Entry& entry : aborted) {
                    if (!batch.control && entry.producer_id == batch.producer_id && entry.first <= batch.base &&
                        entry.last > batch.last) {
                        CHECK(std::ranges::count(got->transactions,
                                                 store::AbortedTransaction{entry.producer_id, entry.first}) == 1);
                        ++told;
                    }
                }
                if (!batch.control && open.contains(batch.producer_id) && open[batch.producer_id] <= batch.base) {
                    // It did not end in any archive.
                    CHECK_FALSE(got->complete);
                    CHECK(left.contains(batch.producer_id));
                    ++unfinished;
                }
            }
            CHECK(slice->transactional == is_transactional);
            // Whatever is told overlaps, as Kafka has it.
            for (const store::AbortedTransaction& one : got->transactions) {
                CHECK(std::ranges::any_of(aborted, [&](const Entry& entry) {
                    return entry.producer_id == one.producer_id && entry.first == one.first_offset && entry.last >= from &&
                           entry.first < slice->next_offset;
                }));
            }
        }
    }
    CHECK(told > 1000);
    CHECK(unfinished > 20);
}

TEST_CASE("where everybody came to an end in the archive that was read, no other one is opened") {
    ArchivedWorld world;
    for (int segment = 0; segment < 3; ++segment) {
        world.add(2, 10, record::kTransactionalBit, 7);
        world.add(1, 6, record::kTransactionalBit | record::kControlBit, 7);
        world.seal();
    }
    auto log = world.open();
    const auto names = world.names();
    // Those behind it are gone.
    for (std::size_t i = 1; i < names.size(); ++i) {
        REQUIRE(world.world.objects->remove(to_string(names[i])));
    }
    const auto slice = *log->read(0, 2, 1, true);
    REQUIRE(slice);
    CHECK(slice->open == store::OpenTransactions{{7, 1}});
    store::OpenTransactions open = slice->open;
    const auto got = log->aborted(0, slice->next_offset, open);
    REQUIRE(got);
    CHECK(got->complete);
    CHECK(open.empty());
    CHECK(got->transactions.empty());
}
