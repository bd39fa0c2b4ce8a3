// SPDX-License-Identifier: Apache-2.0
// The logs in an archive that may be anybody's: one segment of ours with its index, or a directory of a broker as tar
// packed it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "archive/archive.hpp"
#include "base/result.hpp"
#include "index/manifest.hpp"
#include "kafka/segment/log_dir.hpp"

namespace kseg::store {

struct LogInArchive {
    struct Segment {
        archive::Member member{};
        std::string name;  ///< of the member in its directory
        std::int64_t base_offset = 0;
    };
    std::string directory;                              ///< empty or ending with a slash
    std::optional<segment::PartitionName> partition{};  ///< by the directory's name
    std::vector<Segment> segments{};                    ///< as the archive has them
};

/// The logs in an archive by partition and directory. Those that Kafka has set aside are left out where there are others.
std::vector<LogInArchive> logs_in(const archive::Archive& archive);

/// The manifest of an index in a directory of an archive, nothing where there is none.
/// errors   io, corrupt, unsupported, too_large   naming it
Result<std::optional<index::Manifest>> manifest_in(const archive::Archive& archive, const std::string& directory);

}  // namespace kseg::store
