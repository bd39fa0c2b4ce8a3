// SPDX-License-Identifier: Apache-2.0
#include "wal/recovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kafka/segment/side_files.hpp"
#include "kafka/wire/reader.hpp"
#include "wal/files.hpp"
#include "wal/recovery_pass.hpp"

namespace kseg::wal {
namespace {

constexpr int kMostPasses = 8;  // each mends all that it finds; a second one looks at the result
constexpr std::size_t kTxnEntryBytes = 2 + 4 * 8;
constexpr std::size_t kMaxTimestampAt = record::kCrcCoverAt + 2 + 4 + 8;  // attributes, last_offset_delta, base_timestamp

/// Names that io::Replacement leaves where it is interrupted.
bool is_temporary(std::string_view name) {
    const std::size_t dot = name.rfind(".tmp");
    return dot != std::string_view::npos && dot + 4 < name.size() &&
           name.find_first_not_of("0123456789", dot + 4) == std::string_view::npos;
}

/// max_timestamp of the batch at the beginning of a segment; -1 where that is no record batch.
TimestampMs first_time(const io::ReadAt& log) {
    std::array<std::byte, record::kBatchHeaderBytes> head{};
    const auto got = log.read_at(0, head);
    return got && *got == head.size() && to_u8(head[record::kMagicAt]) == 2
               ? wire::load_big<std::int64_t>(head.data() + kMaxTimestampAt)
               : -1;
}

}  // namespace

Result<void> RecoveryPass::list() {
    const auto names = fs_.list(request_.directory);
    if (!names) {
        return names.error();
    }
    for (const std::string& name : *names) {
        if (name.ends_with(".swap")) {
            return Error{.code = Errc::unsupported,
                         .what = "an interrupted compaction; expected that a broker finishes it",
                         .file = request_.directory + "/" + name};
        }
        if (is_temporary(name)) {
            if (auto removed = fs_.remove(request_.directory + "/" + name); !removed) {
                return removed;
            }
        }
    }
    log_.segments = offsets_in(*names, ".log");
    snapshots_ = offsets_in(*names, ".snapshot");
    for (std::size_t i = 0; i < log_.segments.size(); ++i) {
        const bool last = i + 1 == log_.segments.size();
        segments_.push_back({.base_offset = log_.segments[i],
                             .next_base = last ? kNoEnd : log_.segments[i + 1],
                             .path = beside(log_.segments[i], ".log"),
                             .is_last = last});
    }
    for (const char* const extension : {".index", ".timeindex", ".txnindex"}) {
        for (const std::int64_t offset : offsets_in(*names, extension)) {
            if (!std::ranges::binary_search(log_.segments, offset)) {
                if (auto removed = fs_.remove(beside(offset, extension)); !removed) {
                    return removed;
                }
            }
        }
    }
    return {};
}

/// The newest snapshot that can be read and says nothing of records that may not be there.
Result<void> RecoveryPass::load_producers() {
    producers_from_ = segments_.front().base_offset;
    const std::int64_t known = full_ ? 0 : (request_.clean ? kNoEnd : request_.recovery_point);
    const std::vector<std::int64_t> newest_first(snapshots_.rbegin(), snapshots_.rend());
    for (const std::int64_t offset : newest_first) {
        if (offset > std::min(known, most_snapshot_) || offset < producers_from_) {
            continue;
        }
        const auto content = read_file(fs_, beside(offset, ".snapshot"));
        if (!content) {
            return content.error();
        }
        auto states = ProducerStates::from_snapshot(content->bytes());
        if (states) {
            log_.producers = *std::move(states);
            producers_from_ = offset;
            break;
        }
    }
    return {};
}

/// A sealed segment that need not be read has its index files, or gets them.
Result<void> RecoveryPass::check_sealed(const Segment& segment) {
    bool sound = true;
    for (const auto& [extension, entry_bytes] : {std::pair(".index", 8U), std::pair(".timeindex", 12U)}) {
        const auto there = fs_.info(beside(segment.base_offset, extension));
        if (!there) {
            return there.error();
        }
        sound = sound && there->has_value() && (*there)->size % entry_bytes == 0;
    }
    return sound ? Result<void>() : read(segment);
}

/// From where on a segment has to be read.
Resume RecoveryPass::resume_of(const Segment& segment, const io::ReadAt& log, Bytes offsets, Bytes times) const {
    const Resume beginning{.largest = {.timestamp = -1, .offset = segment.base_offset}};
    if (!segment.is_last || full_) {
        return beginning;
    }
    const std::int64_t from = std::min(producers_from_, request_.clean ? kNoEnd : request_.recovery_point);
    return resume_from(offsets, times, log, segment.base_offset, from).value_or(beginning);
}

/// Reads a segment and mends what is bad in it: of the last one only what the index files lead to.
Result<void> RecoveryPass::read(const Segment& segment) {
    const auto log = fs_.open(segment.path);
    if (!log) {
        return log.error();
    }
    const auto offsets = read_file(fs_, beside(segment.base_offset, ".index"));
    const auto times = read_file(fs_, beside(segment.base_offset, ".timeindex"));
    if (!offsets || !times) {
        return offsets ? times.error() : offsets.error();
    }
    const Resume resume = resume_of(segment, **log, offsets->bytes(), times->bytes());
    IndexFiles::State state{
        .builder = segment::IndexBuilder(segment.base_offset, FileOffset{resume.position}, resume.largest),
        .offset_bytes = resume.offset_bytes,
        .time_bytes = resume.time_bytes};
    std::optional<IndexCheck> check;
    if (!segment.is_last) {
        check.emplace(offsets->bytes(), times->bytes(), segment.base_offset);
    }
    std::vector<AbortedTransaction> aborted;
    const auto visit = [&](const record::BatchView& batch) -> Result<void> {
        const record::BatchHeader& header = batch.header();
        log_.last_leader_epoch = header.is_legacy() ? -1 : header.partition_leader_epoch;
        if (header.base_offset >= producers_from_) {
            if (const auto entry = log_.producers.apply(batch)) {
                aborted.push_back(*entry);
            }
        }
        if (check) {
            check->see(batch);
        }
        return state.builder.add(
            {.position = batch.position(), .last_offset = header.last_offset(), .max_timestamp = header.max_timestamp});
    };
    const auto scan =
        scan_segment(**log, resume.position, std::max(segment.base_offset, log_.end_offset), segment.next_base, visit);
    if (!scan) {
        return scan.error().in_file(segment.path);
    }
    if (!scan->bad.empty()) {
        if (auto mended = mend(segment, *scan); !mended || again_) {
            return mended;
        }
    }
    log_.end_offset = scan->end_offset;
    if (!segment.is_last) {
        return close_sealed(segment, state.builder, *check, aborted);
    }
    const auto transactions = kept_transactions(segment.base_offset);
    if (!transactions) {
        return transactions.error();
    }
    state.txn_bytes = transactions->size();
    log_.active_size = scan->good_end;
    log_.active_read_from = resume.position;
    log_.active_first_time = log_.active_size == 0 ? -1 : first_time(**log);
    log_.active_indexes = std::move(state);
    log_.active_aborted = std::move(aborted);
    return {};
}

/// The bytes of a transaction index that tell of what happened before the producers' state is followed.
Result<ByteBuffer> RecoveryPass::kept_transactions(std::int64_t base_offset) {
    auto content = read_file(fs_, beside(base_offset, ".txnindex"));
    if (!content) {
        return content;
    }
    std::size_t kept = 0;
    // What stands behind damage is not kept.
    (void)segment::read_rows(segment::SideFile::txn_index, content->bytes(), base_offset,
                             [&](std::span<const segment::RowField> row) {
                                 const auto* const marker = std::get_if<std::int64_t>(&row[3].value);
                                 kept += *marker < producers_from_ ? kTxnEntryBytes : 0;
                             });
    content->resize(kept);
    return content;
}

/// Makes the index files of a sealed segment that was read from its beginning say what the log says.
Result<void> RecoveryPass::close_sealed(const Segment& segment, segment::IndexBuilder& builder, const IndexCheck& check,
                                        const std::vector<AbortedTransaction>& aborted) {
    const auto put = [&](const char* extension, Bytes content) -> Result<void> {
        const std::string path = beside(segment.base_offset, extension);
        findings_.push_back({.kind = Finding::Kind::index_rebuilt, .file = path, .what = "index file; made again"});
        return replace_content(fs_, path, content);
    };
    const auto missing = [&](const char* extension) {
        const auto there = fs_.info(beside(segment.base_offset, extension));
        return there && !there->has_value();
    };
    const bool offsets_fit = check.offsets_fit(builder) && !missing(".index");
    const bool times_fit = check.times_fit(builder) && !missing(".timeindex");
    builder.finish();
    if (!offsets_fit) {
        if (auto done = put(".index", builder.offset_index()); !done) {
            return done;
        }
    }
    if (!times_fit) {
        if (auto done = put(".timeindex", builder.time_index()); !done) {
            return done;
        }
    }
    auto transactions = kept_transactions(segment.base_offset);
    const auto old = read_file(fs_, beside(segment.base_offset, ".txnindex"));
    if (!transactions || !old) {
        return transactions ? old.error() : transactions.error();
    }
    for (const AbortedTransaction& entry : aborted) {
        append_entry(*transactions, entry);
    }
    return transactions->text() == old->text() ? Result<void>() : put(".txnindex", transactions->bytes());
}

Result<RecoveredLog> RecoveryPass::run() {
    if (const auto listed = list(); !listed) {
        return listed.error();
    }
    if (segments_.empty()) {
        return std::move(log_);
    }
    if (const auto loaded = load_producers(); !loaded) {
        return loaded.error();
    }
    const std::int64_t from = std::min(producers_from_, full_ ? 0 : (request_.clean ? kNoEnd : request_.recovery_point));
    log_.end_offset = segments_.front().base_offset;
    for (const Segment& segment : segments_) {
        const bool needed = segment.is_last || segment.next_base > from;
        if (const auto done = needed ? read(segment) : check_sealed(segment); !done) {
            return done.error();
        }
        if (again_) {
            break;
        }
        if (!needed) {
            log_.end_offset = segment.next_base;
        }
    }
    return std::move(log_);
}

namespace {

/// Snapshots of producers whose records are not in the log would be believed once it has grown that far again.
Result<void> remove_snapshots_behind(io::Fs& fs, const std::string& directory, std::int64_t end_offset) {
    const auto names = fs.list(directory);
    if (!names) {
        return names.error();
    }
    bool removed = false;
    for (const std::int64_t offset : offsets_in(*names, ".snapshot")) {
        if (offset > end_offset) {
            if (auto done = fs.remove(file_beside(directory, offset, ".snapshot")); !done) {
                return done;
            }
            removed = true;
        }
    }
    return removed ? fs.sync_directory(directory) : Result<void>();
}

}  // namespace

Result<RecoveredLog> recover(io::Fs& fs, const RecoverRequest& request) {
    Findings findings;
    bool shortened = false;
    std::int64_t most_snapshot = RecoveryPass::kNoEnd;
    for (int i = 0; i < kMostPasses; ++i) {
        RecoveryPass pass(fs, request, most_snapshot, findings);
        auto log = pass.run();
        if (!log) {
            return log.error();
        }
        shortened = shortened || log->shortened;
        if (pass.again()) {
            continue;
        }
        if (log->segments.empty()) {
            return log;
        }
        if (pass.producers_from() > log->end_offset) {
            most_snapshot = log->end_offset;
            continue;
        }
        if (log->end_offset < request.recovery_point) {
            findings.push_back({.kind = Finding::Kind::ends_early,
                                .file = file_beside(request.directory, log->segments.back(), ".log"),
                                .at = log->active_size,
                                .what = fmt::format("end of the log; expected offset {}, which was durable, got {}",
                                                    request.recovery_point, log->end_offset)});
        }
        if (const auto removed = remove_snapshots_behind(fs, request.directory, log->end_offset); !removed) {
            return removed.error();
        }
        log->shortened = shortened;
        log->findings = std::move(findings);
        return log;
    }
    return Error{.code = Errc::corrupt, .what = "the log is still damaged after it was mended", .file = request.directory};
}

}  // namespace kseg::wal
