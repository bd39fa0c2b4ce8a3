// SPDX-License-Identifier: Apache-2.0
// Which segments and which producers are old enough to go. Source: Kafka 4.1, UnifiedLog.deleteOldSegments: whole segments
// from the oldest on; ProducerStateManager.removeExpiredProducers.
#include <algorithm>
#include <vector>

#include "broker/topics.hpp"
#include "kafka/segment/side_files.hpp"
#include "store/archived_log.hpp"
#include "wal/files.hpp"

namespace kseg::broker {
namespace {

/// The largest time in a sealed segment, by its time index, else when its file was written last.
Result<TimestampMs> largest_time(io::Fs& fs, const std::string& directory, std::int64_t base_offset) {
    const auto content = wal::read_file(fs, wal::file_beside(directory, base_offset, ".timeindex"));
    if (!content) {
        return content.error();
    }
    const auto times = segment::parse_time_index(content->bytes(), base_offset);
    if (!times.damage && !times.entries.empty() && times.entries.back().timestamp >= 0) {
        return times.entries.back().timestamp;
    }
    const auto info = fs.info(wal::file_beside(directory, base_offset, ".log"));
    if (!info) {
        return info.error();
    }
    return *info ? (*info)->modified_ns / 1'000'000 : TimestampMs{0};
}

}  // namespace

/// Whether archives go, from the oldest on, and up to where. `left` is what all of the partition comes to.
void Topics::retain_archives(const Topic& topic, const Partition& partition, std::uint64_t& left, std::int64_t& keep_from,
                             bool& all_go) const {
    const TimestampMs oldest = around_.clock.now() - topic.settings.retention_ms;
    for (const store::ArchiveName& archive : partition.archived()->names()) {
        const std::int64_t end = std::min(archive.last_offset + 1, partition.local_start());
        bool goes = end <= keep_from;
        if (!goes && topic.settings.retention_bytes >= 0) {
            goes = left - archive.size >= static_cast<std::uint64_t>(topic.settings.retention_bytes);
        }
        // One without a time has no record, or damage that may be of any time.
        if (!goes && topic.settings.retention_ms >= 0 && archive.last_timestamp) {
            goes = *archive.last_timestamp < oldest;
        }
        if (!goes) {
            all_go = false;
            return;
        }
        left -= archive.size;
        keep_from = std::max(keep_from, end);
    }
}

Result<void> Topics::retain(const Topic& topic, Partition& partition) {
    const bool keeps_all = topic.settings.retention_bytes < 0 && topic.settings.retention_ms < 0;
    if (partition.archived() != nullptr && (keeps_all || !partition.archives_known())) {
        return {};
    }
    const auto sealed = partition.sealed_segments();
    const auto total = partition.size_bytes();
    if (!sealed || !total) {
        return sealed ? total.error() : sealed.error();
    }
    std::uint64_t left = *total;
    std::int64_t keep_from = partition.log_start();
    bool all_go = true;
    if (partition.archived() != nullptr) {
        left += partition.archived()->size_bytes();
        retain_archives(topic, partition, left, keep_from, all_go);
    }
    for (const LogSegments::Info& segment : all_go ? *sealed : std::vector<LogSegments::Info>()) {
        bool goes = segment.next_base <= partition.log_start();
        if (!goes && topic.settings.retention_bytes >= 0) {
            goes = left - segment.size >= static_cast<std::uint64_t>(topic.settings.retention_bytes);
        }
        if (!goes && topic.settings.retention_ms >= 0) {
            const auto largest = largest_time(around_.fs, partition.directory(), segment.base_offset);
            if (!largest) {
                return largest.error();
            }
            goes = *largest < around_.clock.now() - topic.settings.retention_ms;
        }
        if (!goes || segment.next_base > partition.high_watermark()) {
            break;
        }
        left -= segment.size;
        keep_from = segment.next_base;
    }
    if (partition.archived() != nullptr) {
        // Durable before archives go: what is left of them after a crash has to be known as deleted.
        return keep_from > partition.log_start() ? remove_records(partition, keep_from) : Result<void>();
    }
    return partition.remove_below(keep_from);
}

Result<void> Topics::apply_retention() {
    Result<void> outcome;
    for (const auto& [name, topic] : topics_) {
        if (is_read_only() || !topic->settings.deletes) {
            continue;
        }
        for (const auto& [number, partition] : topic->partitions) {
            if (auto done = retain(*topic, *partition); !done && outcome) {
                outcome = done;  // the others all the same
            }
        }
    }
    return outcome;
}

void Topics::expire_producers(TimestampMs time) {
    for (const auto& [name, topic] : topics_) {
        for (const auto& [number, partition] : topic->partitions) {
            partition->expire_producers(time);
        }
    }
}

}  // namespace kseg::broker
