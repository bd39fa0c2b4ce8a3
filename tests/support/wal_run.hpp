// SPDX-License-Identifier: Apache-2.0
// Runs a write-ahead log on a CrashFs and remembers what was appended and what was acknowledged, so that what is there
// afterwards can be compared: a beginning of what was appended that holds all that was acknowledged, byte for byte.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "support/crash_fs.hpp"
#include "support/make_batch.hpp"
#include "wal/log_reader.hpp"
#include "wal/wal.hpp"

namespace kseg::test {

class FixedClock final : public Clock {
  public:
    [[nodiscard]] TimestampMs now() const override { return 1700000000000; }
};

class WalRun {
  public:
    explicit WalRun(CrashFs& fs, const wal::Options& options) : fs_(fs), options_(options) {}

    /// Opens the log; false where that fails, as it may on a disk with faults.
    bool open() {
        log = nullptr;
        wal.reset();
        ticket = 0;
        auto opened = wal::Wal::open(fs_, clock_, kDirectory, options_);
        if (!opened) {
            error = opened.error().message();
            return false;
        }
        wal = *std::move(opened);
        auto partition = wal->partition({.topic = "t", .partition = 0});
        if (!partition) {
            error = partition.error().message();
            return false;
        }
        log = *partition;
        return true;
    }

    /// Appends a batch; returns whether that was done.
    bool append(const BatchPlan& plan, const wal::AppendOptions& how = {}) {
        ByteBuffer batch = make_batch(next_number_++, plan);
        const auto done = log->append({batch.data(), batch.size()}, how);
        if (!done) {
            error = done.error().message();
            return false;
        }
        appended.resize(count());
        there_ = SIZE_MAX;
        appended.emplace_back(batch.text());
        ticket = done->ticket;
        return true;
    }

    /// Notes what was appended so far as acknowledged, where a sync succeeds.
    bool sync() {
        const std::size_t so_far = count();
        const bool done = log->sync().has_value();
        acknowledged = done ? so_far : acknowledged;
        return done;
    }
    bool wait() {
        const std::size_t so_far = count();
        const bool done = log->wait(ticket).has_value();
        acknowledged = done ? so_far : acknowledged;
        return done;
    }
    /// Waits for the last ticket, where a ticket means a sync.
    bool wait_if_synced() { return options_.sync == wal::SyncPolicy::always && ticket != 0 ? wait() : sync(); }
    bool close() {
        const auto closed = wal->close();
        if (closed) {
            acknowledged = count();
        } else {
            error = closed.error().message();
        }
        return closed.has_value();
    }
    /// Lets go of everything, as the end of the process would.
    void drop() {
        log = nullptr;
        wal.reset();
    }

    /// What is wrong with what the log holds now, or nothing. What turned out not to be there is
    /// forgotten with the next append.
    std::string check() {
        std::vector<std::string> found;
        wal::LogReader reader(fs_, kDirectory + "/t-0", {});
        for (;;) {
            const auto step = reader.next();
            if (!step) {
                return "read: " + step.error().message();
            }
            if (step->kind == wal::ReadStep::Kind::damage) {
                return fmt::format("damage in {} at {}: {}", step->file, step->position.value, step->what);
            }
            if (step->kind == wal::ReadStep::Kind::end) {
                break;
            }
            found.emplace_back(as_text(step->batch.bytes()));
        }
        if (found.size() < acknowledged) {
            return fmt::format("{} batches are there of {} that were acknowledged", found.size(), acknowledged);
        }
        if (found.size() > appended.size()) {
            return fmt::format("{} batches are there of {} that were appended", found.size(), appended.size());
        }
        for (std::size_t i = 0; i < found.size(); ++i) {
            if (found[i] != appended[i]) {
                return fmt::format("batch {} is another than was appended", i);
            }
        }
        // What is behind may yet come back with the next power cut, as long as nothing is appended.
        there_ = found.size();
        if (log != nullptr) {
            const std::int64_t end =
                found.empty() ? 0 : record::BatchView::parse(as_bytes(found.back()), {})->header().last_offset() + 1;
            if (log->end_offset() != end) {
                return fmt::format("end offset {} is not {}", log->end_offset(), end);
            }
        }
        return {};
    }

    /// How many batches there are, as far as is known.
    [[nodiscard]] std::size_t count() const { return std::min(appended.size(), there_); }

    static inline const std::string kDirectory = "/wal";
    std::unique_ptr<wal::Wal> wal;
    wal::PartitionLog* log = nullptr;
    std::vector<std::string> appended;
    std::size_t acknowledged = 0;
    wal::Ticket ticket = 0;
    std::string error;

  private:
    CrashFs& fs_;
    FixedClock clock_;
    wal::Options options_;
    std::uint64_t next_number_ = 0;
    std::size_t there_ = SIZE_MAX;  // of `appended`, at the last check
};

/// A random plan of a batch.
inline BatchPlan random_plan(std::mt19937_64& random) {
    const auto upto = [&random](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
    return {.records = 1 + upto(3),
            .value_bytes = static_cast<std::size_t>(upto(3) == 0 ? upto(3000) : upto(60)),
            .codec = upto(4) == 0 ? codec::Codec::lz4 : codec::Codec::none,
            .time = 1700000000000 + upto(5000) - 1000};
}

}  // namespace kseg::test
