// SPDX-License-Identifier: Apache-2.0
// What whoever opens a write-ahead log may choose, and what recovery has to tell. Meanings: man/kseg-wal.5, DURABILITY and
// RECOVERY.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kseg::wal {

enum class SyncPolicy : std::uint8_t {
    always,    ///< every append is synced, several by one sync where they come together
    interval,  ///< what came is synced every so often
    none,      ///< nobody waits for a sync before a roll and a close; beside them what came is synced by large pieces
};

enum class Recovery : std::uint8_t {
    tail,           ///< cuts what is bad at the end of the log; anything else that is bad is an error
    strict,         ///< anything bad is an error
    point_in_time,  ///< cuts the log at the first thing that is bad
    salvage,        ///< takes out what is bad and keeps every good batch
};

struct Options {
    SyncPolicy sync = SyncPolicy::always;
    std::uint32_t interval_ms = 1000;                      ///< of SyncPolicy::interval
    std::uint64_t segment_bytes = std::uint64_t{1} << 30;  ///< a segment is rolled before it gets larger
    std::optional<std::int64_t> segment_age_ms{};          ///< or when it spans more than this
    /// Of SyncPolicy::none: with more the log asks for a sync, so that a roll has little left to wait for.
    std::uint64_t most_unsynced_bytes = std::uint64_t{32} << 20;
    std::uint64_t checkpoint_bytes = std::uint64_t{64} << 20;  ///< so much may have to be read again after a crash
    Recovery recovery = Recovery::tail;
    unsigned sync_threads = 2;
    /// A batch that decompresses to more is refused.
    std::size_t max_batch_bytes = std::size_t{1} << 30;
};

/// Something that opening a log found or did.
struct Finding {
    enum class Kind : std::uint8_t {
        cut,            ///< bytes at the end of a segment were cut off
        taken_out,      ///< bytes in the middle were taken out
        set_aside,      ///< a whole segment was taken out of the log
        ends_early,     ///< the log ends before an offset that was known to be durable
        index_rebuilt,  ///< an index file was missing or wrong; no record was touched
    };
    Kind kind = Kind::cut;
    std::string file;
    std::uint64_t at = 0;
    std::uint64_t size = 0;
    std::string what;
    std::string saved_as{};  ///< where the bytes are now; empty where there are none

    [[nodiscard]] bool is_damage() const { return kind != Kind::index_rebuilt; }
};

using Findings = std::vector<Finding>;

}  // namespace kseg::wal
