// SPDX-License-Identifier: Apache-2.0
// What goes into the archive of a segment: the log, what Kafka keeps beside it, and the index. Order and rules:
// man/kseg-archive.5, MEMBERS.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "archive/writer.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "index/manifest.hpp"
#include "io/file.hpp"
#include "io/fs.hpp"
#include "store/log_survey.hpp"
#include "store/summed_read.hpp"

namespace kseg::store {

/// A segment that has an index, and where its files are.
struct IndexedSegment {
    std::string directory{};     ///< of the index
    index::Manifest manifest{};  ///< as it is there
    std::string log{};           ///< path
    bool has_log = false;
    std::string topic_id{};  ///< from beside the log, or as it was given; empty where it is not known
};

/// Reads the manifest in `directory` and looks for the log: where the manifest says, or, if given, in `log_directory` as
/// `<topic>-<partition>/<base offset>.log` or `<base offset>.log`.
/// topic_id   instead of the one beside the log, where it is not empty
/// errors     io, corrupt, unsupported
Result<IndexedSegment> find_segment(io::Fs& fs, const std::string& directory,
                                    const std::optional<std::string>& log_directory, const std::string& topic_id);

struct ContentOptions {
    io::StopFlag stop{};
    ReadNotice on_read{};  ///< told of what is read of the segment's files, all of which are read twice or once
};

/// Walks the log to know what is to be made of it.
/// errors   io, cancelled;   corrupt   it is not the log of this index
Result<LogSurvey> survey_segment(io::Fs& fs, const IndexedSegment& segment, const ContentOptions& options);

/// Adds all members. Every byte of log and index is verified by the manifest on the way.
/// errors   io, cancelled;   corrupt   a file is not what the manifest says;   invalid   what cannot be a member
Result<void> write_contents(io::Fs& fs, const IndexedSegment& segment, const LogSurvey& survey,
                            const ContentOptions& options, archive::ArchiveWriter& writer);

}  // namespace kseg::store
