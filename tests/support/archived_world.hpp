// SPDX-License-Identifier: Apache-2.0
// The archives of one partition in memory, and a model of what a reader gets of them: the batches as they were written.
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kafka/record/builder.hpp"
#include "store/archived_log.hpp"
#include "support/store_world.hpp"

namespace kseg::test {

/// One batch of an archived log, and what a test has to know of it.
struct ArchivedBatch {
    std::int64_t base = 0;
    std::int64_t last = 0;
    std::string bytes{};
    std::vector<std::pair<std::int64_t, TimestampMs>> records{};  ///< offset and time
    std::size_t segment = 0;
    std::int64_t producer_id = -1;
    bool control = false;
};

struct ArchivedBatchPlan {
    std::vector<std::pair<std::int64_t, TimestampMs>> records{};
    std::size_t value_bytes = 10;
    std::uint16_t attributes = 0;
    std::int64_t producer_id = -1;
    std::int32_t leader_epoch = 3;
};

inline ArchivedBatch make_archived_batch(const ArchivedBatchPlan& plan) {
    record::BatchBuilder builder;
    record::BatchHeader header;
    header.base_offset = plan.records.front().first;
    header.attributes = plan.attributes;
    header.producer_id = plan.producer_id;
    header.partition_leader_epoch = plan.leader_epoch;
    builder.begin(header);
    for (const auto& [offset, time] : plan.records) {
        std::string value = fmt::format("record {} ", offset);
        value.resize(std::max(value.size(), plan.value_bytes), static_cast<char>('a' + offset % 26));
        REQUIRE(builder.add(
            record::RecordView{.offset = offset, .timestamp = time, .stored_timestamp = time, .value = as_bytes(value)}));
    }
    ByteBuffer out;
    REQUIRE(builder.finish(out));
    return {.base = plan.records.front().first,
            .last = plan.records.back().first,
            .bytes = std::string(out.text()),
            .records = plan.records,
            .producer_id = plan.producer_id,
            .control = (plan.attributes & record::kControlBit) != 0};
}

class ArchivedWorld {
  public:
    StoreWorld world;
    std::vector<ArchivedBatch> batches;
    std::int64_t next = 0;  ///< offset of the next batch

    /// Adds a batch to the segment that grows.
    ArchivedBatch& add(const ArchivedBatchPlan& plan) {
        batches.push_back(make_archived_batch(plan));
        batches.back().segment = segments_;
        next = batches.back().last + 1;
        return batches.back();
    }
    /// `count` records from the next offset on.
    ArchivedBatch& add(int count, std::size_t value_bytes, std::uint16_t attributes = 0, std::int64_t producer_id = -1) {
        ArchivedBatchPlan plan{.value_bytes = value_bytes, .attributes = attributes, .producer_id = producer_id};
        for (int i = 0; i < count; ++i) {
            plan.records.emplace_back(next + i, 1000 + next + i);
        }
        return add(plan);
    }
    /// Archives the segment that grows, whose base offset is that of its first batch.
    std::string seal(std::size_t chunk_bytes = std::size_t{256} << 10, const std::string& topic_id = {}) {
        std::string log;
        std::int64_t base = -1;
        for (const ArchivedBatch& batch : batches) {
            if (batch.segment == segments_) {
                base = base < 0 ? batch.base : base;
                log += batch.bytes;
            }
        }
        ++segments_;
        return pack(base, log, chunk_bytes, topic_id);
    }
    std::string pack(std::int64_t base, const std::string& log, std::size_t chunk_bytes, const std::string& topic_id = {}) {
        world.fs.put("/elsewhere.log", log);
        world.index_of("/elsewhere.log", base);
        std::string path = world.archive(base, log, chunk_bytes, topic_id);
        world.remove_index(base);
        world.transactions.clear();
        return path;
    }

    /// The names of all archives that are in the store.
    std::vector<store::ArchiveName> names() {
        std::vector<store::ArchiveName> found;
        REQUIRE(world.objects->list("", [&found](const objects::ObjectInfo& object) {
            found.push_back(store::parse_archive_name(object.name).value());
            return true;
        }));
        return found;
    }
    std::shared_ptr<store::ArchivedLog> open(const store::ArchiveCacheLimits& limits = {}) {
        auto log = std::make_shared<store::ArchivedLog>(*world.objects, std::make_shared<store::ArchiveCache>(limits));
        log->add(names());
        return log;
    }

    struct Expected {
        std::string bytes{};
        std::int64_t next_offset = 0;
        bool there = false;  ///< a batch, whether it fits or not
    };
    /// What a read gives: by going through all batches.
    [[nodiscard]] Expected expected(std::int64_t from, std::int64_t end, std::uint64_t most, bool at_least_one) const {
        Expected result{.next_offset = from};
        std::size_t segment = 0;
        for (const ArchivedBatch& batch : batches) {
            if (batch.last < from || from >= end) {
                continue;
            }
            if (batch.base >= end || (result.there && batch.segment != segment)) {
                break;
            }
            const bool first = !result.there;
            result.there = true;
            segment = batch.segment;
            if (result.bytes.size() + batch.bytes.size() > most && !(first && at_least_one)) {
                break;
            }
            result.bytes += batch.bytes;
            result.next_offset = batch.last + 1;
        }
        return result;
    }

  private:
    std::size_t segments_ = 0;
};

}  // namespace kseg::test
