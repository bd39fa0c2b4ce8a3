// SPDX-License-Identifier: Apache-2.0
// Makes the indexes of sealed segments, each whole or not at all: what stands under an index's name is complete, whatever
// happened while it was made. Names and steps: man/kseg-index.1, OUTPUT.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "index/batch_table.hpp"
#include "index/manifest.hpp"
#include "index/segment_index.hpp"
#include "io/file.hpp"
#include "io/fs.hpp"
#include "kafka/segment/log_dir.hpp"

namespace kseg::index {

/// A segment that nobody writes to any more, and whose it is.
struct SealedSegment {
    std::string path;
    segment::PartitionName partition;
    std::int64_t base_offset = 0;
    io::FileInfo info{};       ///< of the file when it was found
    std::size_t argument = 0;  ///< number of the file or directory that it was found by
    bool named = false;        ///< by the user, and not found in a directory: then it has to be there
};

/// `orders-3`.
std::string directory_name(const segment::PartitionName& partition);
/// `orders-3/00000000000000000042`: what the index of a segment is called.
std::string index_name(const segment::PartitionName& partition, std::int64_t base_offset);

struct BuildOptions {
    WriterOptions writer{};
    io::StopFlag stop{};                               ///< asked often: true ends with Errc::cancelled, and leaves nothing
    std::function<void(std::size_t bytes)> on_read{};  ///< told of what was read of the log
};

enum class BuildOutcome : std::uint8_t {
    made,        ///< there was none
    replaced,    ///< there was one of another log, of other fields or versions, or a broken one
    up_to_date,  ///< it was there
    gone,        ///< the segment is there no more
};

struct Built {
    BuildOutcome outcome = BuildOutcome::made;
    std::string directory{};  ///< of the index
    Manifest manifest{};      ///< not of a segment that is gone
};

/// The directory of one partition's indexes, which belongs to this object as long as that lives.
class PartitionIndexes {
  public:
    /// Makes `<out>/<topic>-<partition>` where it is missing, locks it, and removes what an interrupted run left in it.
    /// Borrows the file system.
    /// errors   io;   exists   another process works in it;   invalid   its name is taken by a file
    static Result<std::unique_ptr<PartitionIndexes>> open(io::Fs& fs, const std::string& out,
                                                          const segment::PartitionName& partition);

    /// Makes the index of a segment of this partition, unless it is there. Threads may do so at once, each for another
    /// segment. Where it fails, the index that was there stays, or there is none.
    /// errors   io, cancelled, unsupported;   corrupt   what was written does not read back;
    ///          invalid   the log changed meanwhile, or is no regular file
    [[nodiscard]] Result<Built> build(const SealedSegment& segment, const BuildOptions& options) const;

    [[nodiscard]] const std::string& directory() const { return directory_; }

  private:
    struct Names;
    PartitionIndexes(io::Fs& fs, std::string directory, std::unique_ptr<io::FileLock> lock)
        : fs_(fs), directory_(std::move(directory)), lock_(std::move(lock)) {}
    Result<void> clear_leftovers() const;
    [[nodiscard]] Result<Manifest> write(const SealedSegment& segment, const Names& names,
                                         const BuildOptions& options) const;
    Result<void> replace(const Names& names, bool had_one) const;

    io::Fs& fs_;
    std::string directory_;
    std::unique_ptr<io::FileLock> lock_;
};

/// Visits the damaged rows of an index.
/// errors   those of the table, and of visit
Result<void> for_each_damage(io::Fs& fs, const std::string& index_directory,
                             const std::function<Result<bool>(const BatchRow&)>& visit);

}  // namespace kseg::index
