// SPDX-License-Identifier: Apache-2.0
// Which segments are sealed, and of which partition: once, or again and again as logs grow.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "index/build.hpp"
#include "io/fs.hpp"
#include "kafka/segment/log_dir.hpp"

namespace kseg::index {

/// What the user says of the partition; the rest is told by the names of directories.
struct GivenPartition {
    std::optional<std::string> topic{};
    std::optional<std::int32_t> partition{};

    /// The partition of what stands in a directory of this name: what was given, else what the name says. A topic without a
    /// number is partition 0 unless the name is of that topic. Nothing where the topic is not known.
    [[nodiscard]] std::optional<segment::PartitionName> of(const std::optional<segment::PartitionName>& named) const;
    /// Whether a partition of a log directory is wanted: it has the topic and the number that were given.
    [[nodiscard]] bool chooses(const segment::PartitionName& named) const {
        return (!topic || *topic == named.topic) && (!partition || *partition == named.partition);
    }
};

/// Finds sealed segments in files and directories. Each segment is handed out until it was reported as done, and again when
/// its file has changed since. Two segments whose index would have the same name are an error; the first keeps it.
class SegmentFinder {
  public:
    /// Borrows the file system.
    SegmentFinder(io::Fs& fs, GivenPartition given) : fs_(fs), given_(std::move(given)) {}

    /// A file that counts as sealed, whatever its name is; one that is not named as a segment is by its first batch.
    /// errors   io;   invalid   nothing tells its partition or its base offset
    Result<void> add_file(const std::string& path);

    /// A partition's directory, in which every segment but the last counts as sealed, or a log directory, which holds
    /// several; of those, the given topic and number choose.
    void add_directory(const std::string& path);

    using ErrorSink = std::function<void(const Error&)>;

    /// What is to be done now, in the order in which it was added, then by topic, partition and offset. A directory that
    /// has not changed is not listed again, so that one that is idle costs a look at its time. Segments and directories
    /// that are gone are no errors; a directory that cannot be read is reported once until it can. errors of the sink   io;
    /// exists   the name of an index is taken;   invalid   nothing tells the partition
    std::vector<SealedSegment> poll(const ErrorSink& report);

    /// The segment needs no more, as it is now.
    void done(const SealedSegment& segment);
    /// It comes again, the later the more often it failed.
    void failed(const SealedSegment& segment);

    /// Directories that were added and hold nothing that a log directory holds, as they were last listed.
    [[nodiscard]] std::vector<std::string> without_logs() const;

  private:
    /// When a directory was last listed.
    struct Watch {
        bool listed = false;
        bool reported = false;  // that it cannot be read
        std::int64_t modified_ns = 0;
        int unchanged = 0;  // times it was found so since
    };
    struct Folder {
        std::string path;
        segment::PartitionName partition;
        Watch watch{};
        std::vector<SealedSegment> sealed{};
    };
    struct Source {
        std::size_t number = 0;
        std::string path;
        std::optional<SealedSegment> file{};
        Watch watch{};
        std::vector<Folder> folders{};  // of a directory
        bool holds_nothing = false;
        bool unknown = false;  // it was reported that nothing tells its partition
    };
    struct Known {
        bool refused = false;  // another segment has the name of its index
        bool done = false;
        io::FileInfo info{};    // of what was done
        unsigned failures = 0;  // in a row
        unsigned wait = 0;      // polls until it is tried again
    };

    using Key = std::pair<std::size_t, std::string>;  // of a segment: the argument that it is from, its path
    static Key key_of(const SealedSegment& segment) { return {segment.argument, segment.path}; }

    std::optional<std::vector<std::string>> list_if_changed(const std::string& path, Watch& watch,
                                                            const ErrorSink& report) const;
    void poll_directory(Source& source, const ErrorSink& report, std::vector<SealedSegment>& found);
    void find_folders(Source& source, const std::vector<std::string>& names, const ErrorSink& report);
    void find_sealed(std::size_t argument, Folder& folder, const std::vector<std::string>& names);
    void look_at(const SealedSegment& segment, bool again, const ErrorSink& report, std::vector<SealedSegment>& found);
    bool claim(const SealedSegment& segment, const ErrorSink& report);
    void forget(const std::vector<SealedSegment>& segments);

    io::Fs& fs_;
    GivenPartition given_;
    std::vector<Source> sources_;
    std::map<Key, Known> known_;
    std::map<std::string, Key> claimed_;  // by name of the index
};

}  // namespace kseg::index
