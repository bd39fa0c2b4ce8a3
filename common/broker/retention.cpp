// SPDX-License-Identifier: Apache-2.0
// Which segments are old enough to go. Source: Kafka 4.1, UnifiedLog.deleteOldSegments: whole segments from the oldest on.
#include "broker/topics.hpp"
#include "kafka/segment/side_files.hpp"
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

Result<void> Topics::retain(const Topic& topic, Partition& partition) {
    const auto sealed = partition.sealed_segments();
    const auto total = partition.size_bytes();
    if (!sealed || !total) {
        return sealed ? total.error() : sealed.error();
    }
    std::uint64_t left = *total;
    std::int64_t keep_from = partition.log_start();
    for (const LogSegments::Info& segment : *sealed) {
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

}  // namespace kseg::broker
