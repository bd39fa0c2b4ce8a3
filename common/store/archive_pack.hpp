// SPDX-License-Identifier: Apache-2.0
// Puts the archive of a segment into a store. What is in the store decides what is to do, so that it may be done again
// after whatever happened, and whatever is reported as done is there, whole and durable. Steps: man/kseg-pack.1, PACKING.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "archive/container.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "index/manifest.hpp"
#include "io/file.hpp"
#include "io/fs.hpp"
#include "objects/object_store.hpp"
#include "store/archive_name.hpp"

namespace kseg::store {

struct PackOptions {
    archive::Format format = archive::Format::tar_gz;
    unsigned jobs = 0;                           ///< threads that compress; 0 does it in the calling one
    std::string scratch = ".";                   ///< directory that is written to before the store is
    std::optional<std::string> log_directory{};  ///< where logs are, instead of where manifests say
    std::string topic_id{};                      ///< instead of the one beside the log; empty: that one
    bool dry_run = false;                        ///< nothing is written anywhere
    io::StopFlag stop{};                         ///< true ends with Errc::cancelled
    /// How far a segment is: of how many bytes, as far as that is known.
    std::function<void(std::uint64_t done, std::uint64_t total)> on_progress{};
};

enum class PackOutcome : std::uint8_t {
    packed,
    up_to_date,  ///< the store had it
};

struct PackedSegment {
    PackOutcome outcome = PackOutcome::packed;
    ArchiveName name;  ///< size and checksum are 0 where nothing was written for a dry run
    index::Manifest manifest{};
};

/// Packs the segment whose index is in `directory`. Where the store has an archive of this name's segment and format with
/// the same manifest, that is left as it is, and the log need not be there any more. errors   io, cancelled, unsupported
///          corrupt   index or log is not what the manifest says, or the archive read back is not what was put
///          invalid   what cannot be named or packed
Result<PackedSegment> pack_segment(io::Fs& fs, objects::ObjectStore& store, const std::string& directory,
                                   const PackOptions& options);

/// Takes away what runs that did not live to end have left: scratch files, and puts to the store that began before a time.
/// Returns how many of the latter there were.
/// errors   io
Result<std::uint64_t> remove_leftovers(io::Fs& fs, objects::ObjectStore& store, const std::string& scratch,
                                       TimestampMs before);

}  // namespace kseg::store
