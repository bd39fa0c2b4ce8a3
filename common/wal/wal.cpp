// SPDX-License-Identifier: Apache-2.0
#include "wal/wal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "wal/files.hpp"

namespace kseg::wal {
namespace {

constexpr std::size_t kMostNameBytes = 255;
constexpr std::string_view kLock = ".lock";
constexpr std::string_view kCleanShutdown = ".kafka_cleanshutdown";
// As a broker writes it that was never registered.
constexpr std::string_view kNewMarker = R"({"version":0,"brokerEpoch":-1})";
// Syncs of several logs at a time share the work of the file system's journal.
constexpr std::size_t kClosers = 8;

Result<std::string> directory_name_of(const segment::PartitionName& name) {
    std::string directory_name = fmt::format("{}-{}", name.topic, name.partition);
    if (segment::parse_partition_name(directory_name) != name || segment::is_set_aside(directory_name)) {
        return Error{
            .code = Errc::invalid,
            .what = fmt::format(R"(topic; expected at most 249 of a-z, A-Z, 0-9, '.', '_' and '-', got "{}")", name.topic)};
    }
    return directory_name;
}

}  // namespace

Wal::Wal(io::Fs& fs, const Clock& clock, std::string directory, const Options& options)
    : fs_(fs),
      clock_(clock),
      directory_(std::move(directory)),
      options_(options),
      marker_(kNewMarker),
      pool_(options.sync_threads, options.sync == SyncPolicy::interval ? std::max(options.interval_ms, 1U) : 0) {}

Wal::~Wal() = default;

Result<std::unique_ptr<Wal>> Wal::open(io::Fs& fs, const Clock& clock, const std::string& directory,
                                       const Options& options) {
    std::string plain = directory;
    while (plain.size() > 1 && plain.ends_with('/')) {
        plain.pop_back();
    }
    std::unique_ptr<Wal> wal(new Wal(fs, clock, std::move(plain), options));  // NOLINT(*-owning-memory): private
    if (const auto begun = wal->begin(); !begun) {
        return begun.error();
    }
    return wal;
}

Result<void> Wal::begin() {
    if (auto made = io::make_durable_directory(fs_, directory_); !made) {
        return made;
    }
    auto lock = fs_.lock(path_of(kLock));
    if (!lock) {
        return lock.error();
    }
    if (*lock == nullptr) {
        return Error{.code = Errc::exists, .what = "is open for writing by somebody else", .file = directory_};
    }
    lock_ = *std::move(lock);
    auto points = read_partition_offsets(fs_, path_of(kRecoveryPoints));
    if (!points && points.error().code == Errc::io) {
        return points.error();
    }
    // A checkpoint that cannot be read tells nothing, and so everything is looked at.
    const bool known = points.has_value();
    if (known) {
        recovery_points_ = *std::move(points);
    }
    const auto marker = fs_.info(path_of(kCleanShutdown));
    if (!marker) {
        return marker.error();
    }
    was_clean_ = marker->has_value() && known;
    if (!marker->has_value()) {
        return {};
    }
    const auto content = read_file(fs_, path_of(kCleanShutdown));
    if (!content) {
        return content.error();
    }
    marker_ = content->text();
    // Durably gone before anything is written: from then on the next who opens it has to look.
    if (auto removed = fs_.remove(path_of(kCleanShutdown)); !removed) {
        return removed;
    }
    return fs_.sync_directory(directory_);
}

PartitionLog::Surroundings Wal::around(const segment::PartitionName& name) {
    return {.fs = fs_, .clock = clock_, .pool = pool_, .save_recovery_point = [this, name](std::int64_t offset) {
                return save_recovery_point(name, offset);
            }};
}

Options Wal::options_for(const SegmentLimits& limits) const {
    Options options = options_;
    options.segment_bytes = limits.bytes.value_or(options.segment_bytes);
    options.segment_age_ms = limits.age_ms ? limits.age_ms : options.segment_age_ms;
    return options;
}

Result<PartitionLog*> Wal::partition(const segment::PartitionName& name, const SegmentLimits& limits) {
    if (const auto found = partitions_.find(name); found != partitions_.end()) {
        return found->second.get();
    }
    const auto directory_name = directory_name_of(name);
    if (!directory_name) {
        return directory_name.error();
    }
    std::int64_t recovery_point = 0;
    {
        const std::lock_guard lock(points_mutex_);
        const auto known = recovery_points_.find(name);
        recovery_point = known == recovery_points_.end() ? 0 : known->second;
    }
    if (const auto made = io::make_durable_directory(fs_, path_of(*directory_name)); !made) {
        return made.error();
    }
    auto log = PartitionLog::open(around(name), path_of(*directory_name), recovery_point, was_clean_, options_for(limits),
                                  findings_);
    if (!log) {
        return log.error();
    }
    return adopt(name, *std::move(log));
}

Result<std::unique_ptr<PartitionLog>> Wal::make(const segment::PartitionName& name, const SegmentLimits& limits) {
    const auto directory_name = directory_name_of(name);
    if (!directory_name) {
        return directory_name.error();
    }
    const std::string directory = path_of(*directory_name);
    const auto there = fs_.info(directory);
    if (!there) {
        return there.error();
    }
    if (there->has_value()) {
        return Error{.code = Errc::exists, .what = "is there already", .file = directory};
    }
    if (const auto made = fs_.make_directories(directory); !made) {
        return made.error();
    }
    Findings none;
    return PartitionLog::open(around(name), directory, 0, true, options_for(limits), none);
}

void Wal::set_limits(const segment::PartitionName& name, const SegmentLimits& limits) {
    if (const auto found = partitions_.find(name); found != partitions_.end()) {
        const Options options = options_for(limits);
        found->second->set_limits(options.segment_bytes, options.segment_age_ms);
    }
}

Result<void> Wal::remove(const segment::PartitionName& name) {
    partitions_.erase(name);
    const std::string directory_name = fmt::format("{}-{}", name.topic, name.partition);
    // The form of a broker's name, which tells with 32 hex digits one set aside from another; it may not pass 255 bytes.
    const std::string suffix = fmt::format(".{:032x}-delete", static_cast<std::uint64_t>(clock_.now()) << 16 | removed_++);
    const std::string aside = path_of(directory_name.substr(0, kMostNameBytes - suffix.size()) + suffix);
    if (auto renamed = fs_.rename(path_of(directory_name), aside); !renamed) {
        return renamed;
    }
    if (auto synced = fs_.sync_directory(directory_); !synced) {
        return synced;
    }
    {
        const std::lock_guard lock(points_mutex_);
        if (recovery_points_.erase(name) != 0) {
            if (auto written = write_partition_offsets(fs_, path_of(kRecoveryPoints), recovery_points_); !written) {
                return written;
            }
        }
    }
    if (auto removed = io::remove_with_files(fs_, aside); !removed) {
        return removed;
    }
    return fs_.sync_directory(directory_);
}

Result<void> Wal::save_recovery_point(const segment::PartitionName& name, std::int64_t offset) {
    const std::lock_guard lock(points_mutex_);
    const auto known = recovery_points_.find(name);
    if (known != recovery_points_.end() && known->second == offset) {
        return {};
    }
    if (closing_) {
        recovery_points_[name] = offset;
        return {};
    }
    PartitionOffsets points = recovery_points_;
    points[name] = offset;
    auto written = write_partition_offsets(fs_, path_of(kRecoveryPoints), points);
    if (written) {
        recovery_points_ = std::move(points);
    }
    return written;
}

/// Whether every log of the directory was opened, and so recovered, here.
Result<bool> Wal::all_partitions_open() {
    const auto names = fs_.list(directory_);
    if (!names) {
        return names.error();
    }
    for (const std::string& name : *names) {
        const auto partition = segment::is_set_aside(name) ? std::nullopt : segment::parse_partition_name(name);
        if (!partition || partitions_.contains(*partition)) {
            continue;
        }
        const auto there = fs_.info(path_of(name));
        if (!there) {
            return there.error();
        }
        if (there->has_value() && (*there)->is_directory) {
            return false;
        }
    }
    return true;
}

Result<void> Wal::close_partitions() {
    PartitionOffsets before;
    {
        const std::lock_guard lock(points_mutex_);
        before = recovery_points_;
        closing_ = true;
    }
    std::vector<PartitionLog*> logs;
    for (const auto& [name, log] : partitions_) {
        logs.push_back(log.get());
    }
    std::vector<Result<void>> outcomes(logs.size());
    std::atomic<std::size_t> next{0};
    const auto close_some = [&] {
        for (std::size_t i = next++; i < logs.size(); i = next++) {
            outcomes[i] = logs[i]->close();
        }
    };
    std::vector<std::thread> closers;
    while (closers.size() + 1 < std::min(kClosers, logs.size())) {
        closers.emplace_back(close_some);
    }
    close_some();
    for (std::thread& closer : closers) {
        closer.join();
    }
    const std::lock_guard lock(points_mutex_);
    closing_ = false;
    if (recovery_points_ != before) {
        if (auto written = write_partition_offsets(fs_, path_of(kRecoveryPoints), recovery_points_); !written) {
            recovery_points_ = before;
            return written;
        }
    }
    const auto failed = std::ranges::find_if(outcomes, [](const Result<void>& outcome) { return !outcome; });
    return failed == outcomes.end() ? Result<void>() : *failed;
}

Result<void> Wal::close() {
    Result<void> outcome = close_partitions();
    if (!outcome) {
        return outcome;
    }
    const auto all = all_partitions_open();
    if (!all) {
        return all.error();
    }
    // The marker speaks for every log in the directory, those too that were not opened.
    if (was_clean_ || *all) {
        outcome = replace_content(fs_, path_of(kCleanShutdown), as_bytes(marker_));
    }
    if (outcome) {
        lock_.reset();
    }
    return outcome;
}

}  // namespace kseg::wal
