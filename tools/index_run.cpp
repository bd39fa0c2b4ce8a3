// SPDX-License-Identifier: Apache-2.0
#include "index_run.hpp"

#include <fmt/format.h>

#include <utility>

#include "stop.hpp"

namespace kseg::tools {
namespace {

std::string describe(const index::BatchRow& row) {
    switch (row.kind) {
        case index::RowKind::gap: return fmt::format("{} bytes that are no batch", row.size);
        case index::RowKind::bad_crc: return "the crc of the batch is wrong; its records are not in the index";
        case index::RowKind::batch: break;
    }
    return fmt::format("the body of the batch breaks its format; only its first {} records are in the index", row.records);
}

std::string describe(index::BuildOutcome outcome) {
    switch (outcome) {
        case index::BuildOutcome::made: return "made";
        case index::BuildOutcome::replaced: return "made anew";
        case index::BuildOutcome::up_to_date: return "up to date";
        case index::BuildOutcome::gone: break;
    }
    return "not made, the segment is gone";
}

}  // namespace

IndexRun::IndexRun(const IndexRunOptions& options, index::SegmentFinder& finder, Report& report, Progress& progress)
    : options_(options), finder_(finder), report_(report), progress_(progress) {
    build_.writer = options.writer;
    build_.stop = stop_asked;
    build_.on_read = [this](std::size_t bytes) {
        const std::lock_guard lock(progress_mutex_);
        bytes_read_ += bytes;
        progress_.show(bytes_read_);
    };
    const auto make_work = [this] {
        return [this](Job& job, Done& done) {
            done.built = job.indexes->build(job.segment, build_);
            done.segment = std::move(job.segment);
            done.indexes = std::move(job.indexes);
        };
    };
    jobs_ = std::make_unique<Jobs>(options.jobs > 1 ? options.jobs : 0, make_work, [this](Done& done) { consume(done); });
}

void IndexRun::make(const std::vector<index::SealedSegment>& segments) {
    closed_.clear();
    {
        const std::lock_guard lock(progress_mutex_);
        std::uint64_t total = bytes_read_;
        for (const index::SealedSegment& segment : segments) {
            total += segment.info.size;
        }
        progress_.set_total(total);
    }
    for (const index::SealedSegment& segment : segments) {
        if (stop_asked()) {
            break;
        }
        if (auto indexes = indexes_of(segment.partition)) {
            jobs_->submit({.indexes = std::move(indexes), .segment = segment});
        } else {
            finder_.failed(segment);
        }
    }
    jobs_->drain();
    open_.clear();
    const std::lock_guard lock(progress_mutex_);
    progress_.clear();
}

/// The locked directory of a partition; null where it cannot be had.
std::shared_ptr<index::PartitionIndexes> IndexRun::indexes_of(const segment::PartitionName& partition) {
    if (auto indexes = open_[partition].lock()) {
        return indexes;
    }
    if (closed_.contains(partition)) {
        return nullptr;
    }
    auto opened = index::PartitionIndexes::open(io::posix_fs(), options_.out, partition);
    const std::string about = index::directory_name(partition);
    if (!opened) {
        closed_.insert(partition);
        report_once(about, opened.error());
        return nullptr;
    }
    failed_.erase(about);
    std::shared_ptr<index::PartitionIndexes> indexes = *std::move(opened);
    open_[partition] = indexes;
    return indexes;
}

void IndexRun::consume(Done& done) {
    done.indexes.reset();
    const Result<index::Built> built = *std::exchange(done.built, std::nullopt);
    if (!built) {
        if (built.error().code != Errc::cancelled) {
            report_once(done.segment.path, built.error());
            finder_.failed(done.segment);
        }
        return;
    }
    if (built->outcome == index::BuildOutcome::gone && done.segment.named) {
        report_once(done.segment.path, io_error("", ENOENT).in_file(done.segment.path));
        finder_.failed(done.segment);
        return;
    }
    failed_.erase(done.segment.path);
    finder_.done(done.segment);
    report_built(done.segment, *built);
}

void IndexRun::report_built(const index::SealedSegment& segment, const index::Built& built) {
    const std::lock_guard lock(progress_mutex_);
    progress_.clear();
    report_.detail(built.outcome == index::BuildOutcome::gone
                       ? fmt::format("{}: {}", built.directory, describe(built.outcome))
                       : fmt::format("{}: {}; {} records of {} in {} bytes", built.directory, describe(built.outcome),
                                     built.manifest.records, segment.path, built.manifest.log_size));
    if (built.manifest.damaged != 0) {
        report_damage(segment, built);
    }
}

void IndexRun::report_damage(const index::SealedSegment& segment, const index::Built& built) {
    const auto visited =
        index::for_each_damage(io::posix_fs(), built.directory, [&](const index::BatchRow& row) -> Result<bool> {
            report_.damage(segment.path, row.position, describe(row));
            return !stop_asked();
        });
    if (!visited) {
        report_.error(visited.error());
    }
    report_.end_file(segment.path);
}

void IndexRun::report_once(const std::string& about, const Error& error) {
    std::string message = error.message();
    std::string& last = failed_[about];
    if (last != message) {
        last = std::move(message);
        const std::lock_guard lock(progress_mutex_);
        progress_.clear();
        report_.error(error);
    }
}

}  // namespace kseg::tools
