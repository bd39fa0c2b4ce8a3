// SPDX-License-Identifier: Apache-2.0
// The life of a sealed segment: indexed, packed, put into a store and read back, after which whoever has it may remove it.
// What is to be done is decided by what is in the store, so that it may be begun again after whatever happened, and done
// twice changes nothing. Blocking, for a broker's threads and for commands. Steps: man/kseg-pack.1, PACKING.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "archive/container.hpp"
#include "base/result.hpp"
#include "index/build.hpp"
#include "index/manifest.hpp"
#include "io/file.hpp"
#include "io/fs.hpp"
#include "objects/object_store.hpp"
#include "store/archive_name.hpp"

namespace kseg::store {

struct LifeOptions {
    /// Takes the index and the archive while they are made, and nothing after. Made where it is missing. Two runs that make
    /// indexes of the same partition in it at once do not get on.
    std::string scratch;
    std::string topic_id{};  ///< instead of the one beside the log; empty: that one
    archive::Format format = archive::Format::tar_gz;
    unsigned jobs = 0;  ///< threads that compress; 0 does it in the calling one
    index::WriterOptions writer{};
    bool dry_run = false;  ///< nothing is put; an index is made all the same where the store has no archive of the log
    io::StopFlag stop{};   ///< true ends with Errc::cancelled
    /// How far it is: of how many bytes.
    std::function<void(std::uint64_t done, std::uint64_t total)> on_progress{};
};

enum class LifeOutcome : std::uint8_t {
    archived,      ///< now; of a dry run: would be
    was_archived,  ///< the store had it, and all of it was read
    gone,          ///< the segment is there no more; nothing is known of its archive
};

struct SegmentLife {
    LifeOutcome outcome = LifeOutcome::archived;
    ArchiveName name{};
    index::Manifest manifest{};
};

/// Sees to it that the archive of a sealed segment is in the store. Once this has succeeded with anything but `gone` it is
/// there, durable, and has been read back by its checksum, with the bytes that the log has now: the log may be removed.
/// errors   io, cancelled, unsupported;   exists   the scratch directory is in use for this partition
///          corrupt   the archive read back is not what it should be
///          invalid   the segment changed meanwhile, or cannot be named
Result<SegmentLife> archive_sealed(io::Fs& fs, objects::ObjectStore& store, const index::SealedSegment& segment,
                                   const LifeOptions& options);

/// Removes all archives of a topic id from a store. Returns how many there were.
/// errors   io, cancelled   some may be left
Result<std::uint64_t> remove_archives_of(objects::ObjectStore& store, const std::string& topic, const std::string& topic_id,
                                         const io::StopFlag& stop);

}  // namespace kseg::store
