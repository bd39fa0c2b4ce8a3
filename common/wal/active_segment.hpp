// SPDX-License-Identifier: Apache-2.0
// The one segment of a partition that is written to.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/units.hpp"
#include "io/fs.hpp"
#include "kafka/record/batch.hpp"
#include "wal/index_files.hpp"

namespace kseg::wal {

class ActiveSegment {
  public:
    /// Makes the files of a new segment, whose names are for the caller to make durable. Where it fails and `log_made` is
    /// false, nothing tells that it was tried.
    static Result<std::unique_ptr<ActiveSegment>> create(io::Fs& fs, const std::string& directory, std::int64_t base_offset,
                                                         TimestampMs now, bool& log_made);

    /// Goes on with a segment whose good batches end at `size` and are in the index files as far as `state` says.
    /// first_timestamp   max_timestamp of its first batch, -1 where it has none
    static Result<std::unique_ptr<ActiveSegment>> open(io::Fs& fs, const std::string& directory, std::int64_t base_offset,
                                                       std::uint64_t size, TimestampMs first_timestamp, TimestampMs now,
                                                       IndexFiles::State state);

    [[nodiscard]] std::int64_t base_offset() const { return base_offset_; }
    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] io::WritableFile& log() { return *log_; }
    [[nodiscard]] IndexFiles& indexes() { return *indexes_; }

    /// Whether a batch has to go to a new segment, by Kafka's rules.
    [[nodiscard]] bool must_roll_for(const record::BatchHeader& batch, std::uint64_t batch_bytes, TimestampMs now,
                                     std::uint64_t segment_bytes, std::optional<std::int64_t> segment_age_ms) const;

    /// Writes a batch, offset and epoch set. After an error nothing of it is in the file, or, where is_torn(), that could
    /// not be brought about.
    Result<void> append(const record::BatchView& batch);

    /// Writes what stands behind `from`, and the size, once more as they are, so that the next sync has them to carry to
    /// the disk.
    Result<void> write_again(std::uint64_t from);

    /// Cuts the file back to `size`.
    Result<void> cut(std::uint64_t size);
    [[nodiscard]] bool is_torn() const { return torn_; }

  private:
    ActiveSegment(std::string path, std::int64_t base_offset, TimestampMs now)
        : path_(std::move(path)), base_offset_(base_offset), opened_at_(now) {}

    std::string path_;
    std::int64_t base_offset_;
    TimestampMs opened_at_;
    TimestampMs first_timestamp_ = -1;
    std::unique_ptr<io::WritableFile> log_;
    std::unique_ptr<IndexFiles> indexes_;
    std::uint64_t size_ = 0;
    bool torn_ = false;
};

}  // namespace kseg::wal
