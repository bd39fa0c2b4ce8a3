// SPDX-License-Identifier: Apache-2.0
// What a cluster's controller would know of a directory: kseg.json, which any thread may change.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "io/fs.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::broker {

/// What is known of a topic beside its logs.
struct TopicEntry {
    std::map<std::string, std::string> configs{};  ///< those that were set
    /// For where no partition tells: what a partition's own file says counts.
    std::optional<protocol::Uuid> id{};
    /// Partitions from this one on are being made, and nobody heard of them: after a crash they go.
    std::optional<std::int32_t> making_from{};
};

struct Registry {
    std::map<std::string, TopicEntry> topics{};
    std::int64_t next_producer_id = 0;  ///< none from here on was given away
    bool uses_store = false;            ///< a store may have archives of these topics
    /// Names of topics that are gone, by id, of which archives may still be in a store.
    std::map<protocol::Uuid, std::string> deleted{};
};

/// errors   io;   corrupt   it is no such file
Result<Registry> read_registry(io::Fs& fs, const std::string& directory);
Result<void> write_registry(io::Fs& fs, const std::string& directory, const Registry& registry);

/// The registry of a directory. By any thread.
class RegistryFile {
  public:
    /// Borrows the file system.
    RegistryFile(io::Fs& fs, std::string directory) : fs_(fs), directory_(std::move(directory)) {}

    /// errors   those of read_registry()
    Result<void> load();
    [[nodiscard]] Registry now() const {
        const std::lock_guard lock(mutex_);
        return registry_;
    }
    /// Changes it, durably; where that fails it stays what it was.
    /// errors   io
    Result<void> change(const std::function<void(Registry&)>& change);

  private:
    io::Fs& fs_;
    std::string directory_;
    mutable std::mutex mutex_;
    Registry registry_;
};

}  // namespace kseg::broker
