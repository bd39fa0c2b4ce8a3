// SPDX-License-Identifier: Apache-2.0
// The archives of one partition as a broker reads them: whole batches by offset, records by time, aborted transactions.
// Reads go to ranges of the archives in their store; nothing is fetched whole or unpacked. Names decide where to look, by
// the rule of router.hpp: a segment may be there more than once.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "objects/object_store.hpp"
#include "store/archive_cache.hpp"
#include "store/archive_name.hpp"
#include "store/listing.hpp"
#include "store/txn_index.hpp"

namespace kseg::store {

/// A record that was looked up by its time.
struct TimedOffset {
    TimestampMs timestamp = -1;
    std::int64_t offset = -1;
    std::int32_t leader_epoch = -1;
};

/// Producers that have records of a transaction, and the last offset of those.
using OpenTransactions = std::map<std::int64_t, std::int64_t>;

/// For several threads. Calls that read wait for the store; no other call waits for them.
class ArchivedLog {
  public:
    /// Borrows the store, which serves calls of several threads; shares the cache with other partitions.
    ArchivedLog(objects::ObjectStore& store, std::shared_ptr<ArchiveCache> cache);
    ~ArchivedLog();
    ArchivedLog(const ArchivedLog&) = delete;
    ArchivedLog& operator=(const ArchivedLog&) = delete;

    /// Adds archives of the partition; one that is there already changes nothing.
    void add(const ArchiveName& name) { add(std::vector<ArchiveName>{name}); }
    void add(const std::vector<ArchiveName>& added);
    /// Takes out the archives all of whose offsets are below `offset`, and returns their names.
    std::vector<ArchiveName> remove_below(std::int64_t offset);
    /// By base offset, then the farther-reaching first, then by name.
    [[nodiscard]] std::vector<ArchiveName> names() const;
    [[nodiscard]] bool empty() const;
    /// The base offset of the first; nothing without one.
    [[nodiscard]] std::optional<std::int64_t> start() const;
    /// Behind the last offset of all.
    [[nodiscard]] std::optional<std::int64_t> end() const;
    /// Of all archives, as the store has them.
    [[nodiscard]] std::uint64_t size_bytes() const;

    struct Slice {
        ByteBuffer bytes{};            ///< whole batches, as they were produced
        std::int64_t next_offset = 0;  ///< behind the last batch; without one, what was asked for
        /// Of producers whose last records here are of a transaction that does not end here.
        OpenTransactions open{};
        bool transactional = false;  ///< there are records of transactions
        bool read_ahead = false;     ///< a reader goes through in order, and what follows is not at hand
    };
    /// Whole batches below `end`, from the one that holds `from` or is next behind it on: as many as `max_bytes` hold, at
    /// least one where `at_least_one`, all of one archive. Empty where the first does not fit; nothing where no archive
    /// has any.
    /// errors   io;   corrupt, truncated   the archive is damaged where the batch is, and no other one has it
    Result<std::optional<Slice>> read(std::int64_t from, std::int64_t end, std::uint64_t max_bytes, bool at_least_one);

    /// Brings what a reader in order will ask for next into the cache.
    void read_ahead(std::int64_t from);

    /// The first record of [from, end) at or after a time.
    /// errors   io;   corrupt, truncated   damage lies before it
    Result<std::optional<TimedOffset>> find_time(TimestampMs time, std::int64_t from, std::int64_t end);
    /// The first record of the largest time in [from, end); nothing where no record has one.
    Result<std::optional<TimedOffset>> max_timestamp(std::int64_t from, std::int64_t end);

    struct Aborted {
        std::vector<AbortedTransaction> transactions{};
        /// False: whoever is still in `open` may have been aborted behind the last archive.
        bool complete = true;
    };
    /// The aborted transactions with records in [from, end), as far as archives tell.
    /// open     of the slice that was read; those that end are taken out
    /// errors   as of read()
    Result<Aborted> aborted(std::int64_t from, std::int64_t end, OpenTransactions& open);

  private:
    /// Where a reader has come to.
    struct Known {
        std::int64_t offset = -1;
        std::uint64_t archive = 0;  // number
        std::uint64_t position = 0;
    };

    [[nodiscard]] std::shared_ptr<const PartitionListing> listing() const;
    Result<std::optional<Slice>> read_archive(OpenedArchive& archive, std::int64_t from, std::int64_t end,
                                              std::uint64_t max_bytes, bool at_least_one);
    [[nodiscard]] std::optional<std::uint64_t> known_place(const OpenedArchive& archive, std::int64_t from) const;
    [[nodiscard]] bool wants_read_ahead(const OpenedArchive& archive, std::uint64_t position) const;
    void remember(const Known& known);

    objects::ObjectStore& store_;
    std::shared_ptr<ArchiveCache> cache_;
    mutable std::mutex mutex_;  // of what is below
    std::shared_ptr<const PartitionListing> listing_;
    std::array<Known, 16> known_{};
    std::size_t next_known_ = 0;
};

}  // namespace kseg::store
