// SPDX-License-Identifier: Apache-2.0
// Which segments there are, by names alone: indexes below the directory of a store, logs below a log directory. Nothing is
// opened, so a thousand segments cost as many directory listings as there are partitions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "io/fs.hpp"
#include "kafka/segment/log_dir.hpp"

namespace kseg::store {

/// Where to look; one of them at least.
struct Places {
    std::optional<std::string> store{};  ///< holds <topic>-<partition>/<base offset>/, as `kseg index -o` writes them
    std::optional<std::string> wal{};    ///< holds <topic>-<partition>/<base offset>.log
};

/// One segment, by its name.
struct Segment {
    std::int64_t base_offset = 0;
    /// Of the next segment of the same kind; kMaxRecordOffset behind the last one.
    std::int64_t next_base = kMaxRecordOffset;
    /// It holds no offset from here on, as far as is known: next_base or less. kMaxRecordOffset is no bound.
    std::int64_t end_offset = kMaxRecordOffset;
    /// Where it ends if an index and a log of the same base offset are of one segment: end_offset or less.
    std::int64_t likely_end = kMaxRecordOffset;

    /// Notes that it holds nothing from this offset on.
    void end_at(std::int64_t offset);

    friend bool operator==(const Segment&, const Segment&) = default;
};

/// The segments of one partition, each kind by rising base offsets.
struct PartitionListing {
    segment::PartitionName name;
    std::string index_directory;  ///< of the partition; empty where the store has none
    std::string log_directory;
    std::vector<Segment> indexes;
    std::vector<Segment> logs;

    [[nodiscard]] std::string index_path(std::int64_t base_offset) const;
    [[nodiscard]] std::string log_path(std::int64_t base_offset) const;
};

/// The partitions that have a directory in one of the places, by topic and number. Names that begin with a dot are passed
/// over in a store, directories that Kafka has set aside in a log directory.
/// errors   io   one of the places cannot be listed
Result<std::vector<segment::PartitionName>> list_partitions(io::Fs& fs, const Places& places);

/// The segments of one partition; none where it has no directory.
/// errors   io
Result<PartitionListing> list_segments(io::Fs& fs, const Places& places, const segment::PartitionName& partition);

/// Sets all of the segments but the base offsets, by these. An index whose log stands in the log directory likely ends
/// where the next log begins, though the next index begins later.
void bound_by_names(PartitionListing& listing);

}  // namespace kseg::store
