// SPDX-License-Identifier: Apache-2.0
// Which segments there are, by names alone: indexes and archives in a store, logs below a log directory. Nothing is opened,
// so a thousand segments cost as many directory listings as there are partitions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/archive.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "io/fs.hpp"
#include "kafka/segment/log_dir.hpp"
#include "store/archive_registry.hpp"

namespace kseg::store {

/// Where to look; one of them at least.
struct Places {
    std::optional<std::string> store{};   ///< holds <topic>-<partition>/<base offset>/, as `kseg index -o` writes them
    std::optional<std::string> wal{};     ///< holds <topic>-<partition>/<base offset>.log
    ArchiveRegistry* archives = nullptr;  ///< of an object store; borrowed
    std::string topic_id{};               ///< see ArchiveRegistry::archives()
    archive::OpenOptions archive_options{};
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

/// A segment in an archive. Its name says where it ends, unless damage in it leaves that open.
struct ArchivedSegment : Segment {
    ArchiveName name;
    std::int64_t first_offset = 0;  ///< it answers for nothing before: base_offset, or what is behind a damaged part
    std::int64_t reach = 0;         ///< the largest end_offset up to here, as far as was known when this was set

    friend bool operator==(const ArchivedSegment&, const ArchivedSegment&) = default;
};

/// The segments of one partition, each kind by rising base offsets.
struct PartitionListing {
    segment::PartitionName name;
    std::string index_directory;  ///< of the partition; empty where the store has none
    std::string log_directory;
    std::vector<Segment> indexes;
    std::vector<Segment> logs;
    std::vector<ArchivedSegment> archives;  ///< by first_offset; they may overlap
    std::vector<std::string> other_topic_ids;

    [[nodiscard]] std::string index_path(std::int64_t base_offset) const;
    [[nodiscard]] std::string log_path(std::int64_t base_offset) const;

    /// Adds an archive that was put since the archives were listed; one that is there already changes nothing.
    void add_archive(const ArchiveName& archive);
    /// Notes that what an archive holds before this offset cannot be had of it, and what is behind may be.
    void resume_archive(std::size_t number, std::int64_t offset);
};

/// The partitions of a topic that are in one of the places, by number. Names that begin with a dot are passed over in a
/// store, directories that Kafka has set aside in a log directory.
/// errors   io   one of the places cannot be listed
Result<std::vector<segment::PartitionName>> list_partitions(io::Fs& fs, const Places& places, const std::string& topic);

/// The topics in all of the places, by name. For messages: every archive is listed.
/// errors   io
Result<std::vector<std::string>> list_topics(io::Fs& fs, const Places& places);

/// The segments of one partition; none where it has no directory. Segments may go from the log directory to archives
/// meanwhile: each is found in one of the two.
/// errors   io
Result<PartitionListing> list_segments(io::Fs& fs, const Places& places, const segment::PartitionName& partition);

/// Sets all of the segments but the base offsets, by these. An index whose log stands in the log directory likely ends
/// where the next log begins, though the next index begins later.
void bound_by_names(PartitionListing& listing);

}  // namespace kseg::store
