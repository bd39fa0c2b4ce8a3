// SPDX-License-Identifier: Apache-2.0
// Whether an index that is there is the one that would be made now.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "index/manifest.hpp"
#include "index/summed_source.hpp"
#include "io/file.hpp"
#include "io/fs.hpp"
#include "kafka/segment/log_dir.hpp"

namespace kseg::index {

/// What an index would be made of.
struct WantedIndex {
    std::string log;       ///< where it is
    std::string log_path;  ///< as the manifest has it
    segment::PartitionName partition;
    std::int64_t base_offset = 0;
    IndexedFields fields{};
};

struct LogReading {
    io::StopFlag stop{};
    ReadNotice on_read{};
};

/// The manifest of the index in `directory` if it can be read, is of this version and of what is wanted, its files are
/// there in their sizes, and the log has the size and the checksum that it names; the log is read for that where the rest
/// agrees. errors   io, cancelled
Result<std::optional<Manifest>> find_equal_index(io::Fs& fs, const std::string& directory, const WantedIndex& wanted,
                                                 const LogReading& reading);

}  // namespace kseg::index
