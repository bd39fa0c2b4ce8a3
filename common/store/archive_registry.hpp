// SPDX-License-Identifier: Apache-2.0
// Which archives a store holds, by its listing alone: there is no other register of them. What was listed is kept, so that
// a thousand look-ups cost one listing; refresh() asks again.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "io/file.hpp"
#include "objects/object_store.hpp"
#include "store/archive_name.hpp"

namespace kseg::store {

/// The archives of one partition that are of one topic: where topics of the same name followed one another, of the last.
struct PartitionArchives {
    std::vector<ArchiveName> archives;  ///< by base offset, then the farther-reaching first, then by name
    /// Ids of topics that had the name as well, whose archives are not among those though nobody chose so.
    std::vector<std::string> other_topic_ids;
};

class ArchiveRegistry {
  public:
    /// Borrows the store.
    explicit ArchiveRegistry(objects::ObjectStore& store) : store_(store) {}

    /// Lists one topic, in place of what was known of it.
    /// errors   io   what was known stays
    Result<void> refresh(const std::string& topic);

    /// The partitions of a topic that have archives, rising; the topic is listed if it was not yet.
    Result<std::vector<segment::PartitionName>> partitions(const std::string& topic);

    /// The topics that have archives, by listing all of the store. For messages: nothing is kept.
    Result<std::vector<std::string>> topics();

    /// The archives of a partition; its topic is listed if it was not yet.
    /// topic_id   the topic to take, where several had the name; empty: the one whose archives have the latest records
    Result<PartitionArchives> archives(const segment::PartitionName& partition, const std::string& topic_id = {});

    /// Opens an archive for reading.
    /// errors   corrupt   its name says another size than the listing;   io   it is gone, or cannot be read
    Result<std::unique_ptr<io::ReadAt>> open(const ArchiveName& name);

    /// An archive as messages call it.
    [[nodiscard]] std::string describe(const ArchiveName& name) const { return store_.describe(to_string(name)); }

  private:
    using Topic = std::map<std::int32_t, std::vector<ArchiveName>>;

    Result<const Topic*> topic(const std::string& name);

    objects::ObjectStore& store_;
    std::map<std::string, Topic> topics_;
    std::map<std::string, std::uint64_t> other_sizes_;  // of objects whose names say something else
};

}  // namespace kseg::store
