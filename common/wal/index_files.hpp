// SPDX-License-Identifier: Apache-2.0
// The files beside the segment that grows: .index and .timeindex, entry by entry, and .txnindex, which most segments do
// not have. None of them is needed to read a record, and all can be made again, so an entry that could not be written fails
// no append: it is kept and written with the next.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "io/fs.hpp"
#include "kafka/segment/index_builder.hpp"
#include "wal/producer_state.hpp"

namespace kseg::wal {

class IndexFiles {
  public:
    /// What is in the files, and where they go on.
    struct State {
        segment::IndexBuilder builder;
        std::uint64_t offset_bytes = 0;
        std::uint64_t time_bytes = 0;
        std::uint64_t txn_bytes = 0;
    };

    /// Opens the files of a segment, making those that are missing, and cuts off what is behind `state`.
    static Result<std::unique_ptr<IndexFiles>> open(io::Fs& fs, const std::string& directory, std::int64_t base_offset,
                                                    State state);

    /// Adds a batch that is in the log.
    /// errors   invalid   its place cannot be written relative to the segment's beginning
    Result<void> add(const segment::IndexedBatch& batch);
    void add(const AbortedTransaction& entry);

    /// Writes what is not written yet.
    Result<void> flush();
    /// The entry that closes the time index, and sizes without padding.
    Result<void> finish();
    /// The files to sync for what flush() wrote to be durable; the last is null where there is none. They stay what they
    /// are while others are added to, so that they can be synced meanwhile.
    using Files = std::array<io::WritableFile*, 3>;
    [[nodiscard]] Files files() const { return {offset_file_.get(), time_file_.get(), txn_file_.get()}; }

    /// Whether an entry more would pass the size of Kafka's index files.
    [[nodiscard]] bool is_full() const;
    [[nodiscard]] bool all_written() const;

  private:
    IndexFiles(io::Fs& fs, std::string txn_path, State state)
        : fs_(fs), txn_path_(std::move(txn_path)), state_(std::move(state)) {}

    io::Fs& fs_;
    std::string txn_path_;
    State state_;  // the builder's bytes are what is not written yet
    std::unique_ptr<io::WritableFile> offset_file_;
    std::unique_ptr<io::WritableFile> time_file_;
    std::unique_ptr<io::WritableFile> txn_file_;  // null until there is an entry
    ByteBuffer txn_pending_;
};

}  // namespace kseg::wal
