// SPDX-License-Identifier: Apache-2.0
// What those who read archives again and again keep of them: open archives, and pieces of their logs. Both are bounded, and
// the least recently used goes first. For several threads; nothing is locked while a store is waited for.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "archive/archive.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "index/batch_table.hpp"
#include "objects/object_store.hpp"
#include "store/archive_name.hpp"

namespace kseg::store {

/// An archive of one segment that is open.
class OpenedArchive {
  public:
    /// errors   io, corrupt, truncated, unsupported;   invalid   it has no log
    static Result<std::shared_ptr<OpenedArchive>> open(objects::ObjectStore& store, const ArchiveName& name,
                                                       std::uint64_t number);

    [[nodiscard]] std::uint64_t number() const { return number_; }
    [[nodiscard]] const archive::Archive& archive() const { return archive_; }
    [[nodiscard]] const io::ReadAt& log() const { return *log_; }
    [[nodiscard]] std::uint64_t log_size() const { return log_size_; }
    [[nodiscard]] std::int64_t base_offset() const { return base_offset_; }
    /// The name of a member that Kafka keeps beside the log.
    [[nodiscard]] std::string side_member(std::string_view extension) const;
    /// The log's name for messages.
    [[nodiscard]] std::string log_name() const { return archive_.name() + "/" + side_member(".log"); }
    /// The batch table, which is read when it is first asked for.
    /// errors   io, corrupt, unsupported;   invalid   it has none
    Result<const index::BatchTable*> table();

  private:
    OpenedArchive(archive::Archive archive, std::uint64_t number, std::int64_t base_offset)
        : archive_(std::move(archive)), number_(number), base_offset_(base_offset) {}

    archive::Archive archive_;
    std::uint64_t number_;
    std::int64_t base_offset_;
    std::unique_ptr<io::ReadAt> log_;
    std::uint64_t log_size_ = 0;
    std::mutex mutex_;  // of what is below
    std::optional<index::BatchTable> table_;
};

struct ArchiveCacheLimits {
    std::size_t bytes = std::size_t{64} << 20;  ///< of pieces of logs
    std::size_t archives = 32;                  ///< that are open, each of which takes up to half a MiB
};

class ArchiveCache {
  public:
    /// As large as the chunks that logs are packed in, so that whole chunks are asked for.
    static constexpr std::size_t kPieceBytes = std::size_t{256} << 10;
    using Piece = std::shared_ptr<const ByteBuffer>;

    explicit ArchiveCache(const ArchiveCacheLimits& limits = {}) : limits_(limits) {}
    ArchiveCache(const ArchiveCache&) = delete;
    ArchiveCache& operator=(const ArchiveCache&) = delete;
    ~ArchiveCache() = default;

    [[nodiscard]] const ArchiveCacheLimits& limits() const { return limits_; }

    /// An open archive.
    /// errors   io, corrupt, truncated
    Result<std::shared_ptr<OpenedArchive>> open(objects::ObjectStore& store, const ArchiveName& name);

    /// Pieces of a log that follow one another, and what ended them before all were there.
    struct Pieces {
        std::vector<Piece> pieces;
        std::optional<Error> error{};
    };
    /// Pieces `first` to `end` - 1 of an archive's log, of which those that are missing are read, neighbours by one read.
    Pieces pieces(OpenedArchive& archive, std::size_t first, std::size_t end);

    /// Appends `size` bytes of a log from a position on, as far as they can be had.
    /// errors   io;   corrupt, truncated   the archive is damaged behind what was appended
    Result<void> read(OpenedArchive& archive, std::uint64_t position, std::uint64_t size, ByteBuffer& into);

    /// Whether a piece is there or on its way.
    [[nodiscard]] bool has(const OpenedArchive& archive, std::size_t piece) const;
    /// Bytes of the pieces that are kept.
    [[nodiscard]] std::size_t kept_bytes() const;

  private:
    using Key = std::pair<std::uint64_t, std::size_t>;  // number of the archive, and of the piece
    struct Kept {
        Key key;
        Piece piece;
    };
    struct Open {
        std::string object;
        std::shared_ptr<OpenedArchive> archive;
    };

    void load(OpenedArchive& archive, std::size_t first, std::span<Piece> into, std::optional<Error>& error);
    void keep(const Key& key, const Piece& piece);
    Piece find(const Key& key);

    const ArchiveCacheLimits limits_;
    mutable std::mutex mutex_;  // of all below
    std::condition_variable loaded_;
    std::list<Kept> kept_;  // the most recently used first, as in open_
    std::map<Key, std::list<Kept>::iterator> by_key_;
    std::size_t kept_bytes_ = 0;
    std::set<Key> loading_;
    std::list<Open> open_;
    std::unordered_map<std::string, std::list<Open>::iterator> by_object_;
    std::uint64_t last_number_ = 0;
};

}  // namespace kseg::store
