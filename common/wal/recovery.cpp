// SPDX-License-Identifier: Apache-2.0
#include "wal/recovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "kafka/segment/side_files.hpp"
#include "kafka/wire/reader.hpp"
#include "wal/files.hpp"
#include "wal/index_resume.hpp"
#include "wal/saved_bytes.hpp"
#include "wal/segment_scan.hpp"
#include "wal/unwritten.hpp"

namespace kseg::wal {
namespace {

constexpr std::int64_t kNoEnd = std::numeric_limits<std::int64_t>::max();
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

/// One look at the whole log, which ends with it being whole or with something having been mended.
class Pass {
  public:
    /// most_snapshot   snapshots of producers above this offset are not used
    Pass(io::Fs& fs, const RecoverRequest& request, std::int64_t most_snapshot, Findings& findings)
        : fs_(fs),
          request_(request),
          most_snapshot_(most_snapshot),
          findings_(findings),
          full_(request.mode != Recovery::tail) {}

    Result<RecoveredLog> run();
    /// Whether the log was changed in a way that has to be looked at again.
    [[nodiscard]] bool again() const { return again_; }
    /// The offset up to which producers were known from a snapshot.
    [[nodiscard]] std::int64_t producers_from() const { return producers_from_; }

  private:
    struct Segment {
        std::int64_t base_offset = 0;
        std::int64_t next_base = kNoEnd;
        std::string path;
        bool is_last = false;
    };

    Result<void> list();
    Result<void> load_producers();
    Result<void> check_sealed(const Segment& segment);
    [[nodiscard]] Resume resume_of(const Segment& segment, const io::ReadAt& log, Bytes offsets, Bytes times) const;
    Result<void> read(const Segment& segment);
    Result<void> close_sealed(const Segment& segment, segment::IndexBuilder& builder, const IndexCheck& check,
                              const std::vector<AbortedTransaction>& aborted);
    Result<ByteBuffer> kept_transactions(std::int64_t base_offset);
    Result<bool> is_interrupted_write(const Segment& segment, const SegmentScan& scan);
    Result<void> mend(const Segment& segment, const SegmentScan& scan);
    Result<void> cut_from(const Segment& segment, std::uint64_t at, std::uint64_t size, const std::string& what);
    Result<void> set_aside_behind(const Segment& segment);
    Result<void> take_out(const Segment& segment, const SegmentScan& scan);
    [[nodiscard]] std::string beside(std::int64_t offset, std::string_view extension) const {
        return file_beside(request_.directory, offset, extension);
    }
    io::Fs& fs_;
    const RecoverRequest& request_;
    std::int64_t most_snapshot_;
    Findings& findings_;
    bool full_;
    bool again_ = false;
    std::vector<Segment> segments_;
    std::vector<std::int64_t> snapshots_;
    std::int64_t producers_from_ = 0;  // the state holds everything before
    RecoveredLog log_;
};

Result<void> Pass::list() {
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
Result<void> Pass::load_producers() {
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
Result<void> Pass::check_sealed(const Segment& segment) {
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
Resume Pass::resume_of(const Segment& segment, const io::ReadAt& log, Bytes offsets, Bytes times) const {
    const Resume beginning{.largest = {.timestamp = -1, .offset = segment.base_offset}};
    if (!segment.is_last || full_) {
        return beginning;
    }
    const std::int64_t from = std::min(producers_from_, request_.clean ? kNoEnd : request_.recovery_point);
    return resume_from(offsets, times, log, segment.base_offset, from).value_or(beginning);
}

/// Reads a segment and mends what is bad in it: of the last one only what the index files lead to.
Result<void> Pass::read(const Segment& segment) {
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
Result<ByteBuffer> Pass::kept_transactions(std::int64_t base_offset) {
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
Result<void> Pass::close_sealed(const Segment& segment, segment::IndexBuilder& builder, const IndexCheck& check,
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

/// Whether a write that was under way when the power went may have left this, so that nobody was told of what follows.
Result<bool> Pass::is_interrupted_write(const Segment& segment, const SegmentScan& scan) {
    if (!segment.is_last) {
        return false;  // it was durable before the next had its name
    }
    if (scan.only_tail_is_bad()) {
        return true;
    }
    const BadRange& first = scan.bad.front();
    if (request_.clean || first.expected_offset < request_.recovery_point) {
        return false;
    }
    const auto log = fs_.open(segment.path);
    return log ? looks_unwritten(**log, first) : log.error();
}

Result<void> Pass::mend(const Segment& segment, const SegmentScan& scan) {
    const BadRange& first = scan.bad.front();
    const auto interrupted = is_interrupted_write(segment, scan);
    if (!interrupted) {
        return interrupted.error().in_file(segment.path);
    }
    if (request_.mode == Recovery::strict || (request_.mode == Recovery::tail && !*interrupted)) {
        return Error{.code = Errc::corrupt,
                     .what = first.what + (*interrupted ? "" : "; not what an interrupted write leaves"),
                     .file = segment.path,
                     .at = first.at};
    }
    // Good batches that are cut off too were taken in already.
    again_ = !scan.only_tail_is_bad() || !segment.is_last;
    if (request_.mode == Recovery::salvage && !*interrupted) {
        return take_out(segment, scan);
    }
    if (auto done = set_aside_behind(segment); !done) {
        return done;
    }
    return cut_from(segment, first.at, scan.size - first.at, first.what);
}

Result<void> Pass::cut_from(const Segment& segment, std::uint64_t at, std::uint64_t size, const std::string& what) {
    const auto saved = save_bytes(fs_, segment.path, {.at = at, .size = size});
    if (!saved) {
        return saved.error();
    }
    const auto file = fs_.open_writable(segment.path);
    if (!file) {
        return file.error();
    }
    if (auto done = (*file)->resize(at); !done) {
        return done;
    }
    if (auto done = (*file)->sync(); !done) {
        return done;
    }
    log_.shortened = true;
    findings_.push_back(
        {.kind = Finding::Kind::cut, .file = segment.path, .at = at, .size = size, .what = what, .saved_as = *saved});
    return {};
}

/// Takes the segments behind one out of the log, the last first: at every moment what is left is a log.
Result<void> Pass::set_aside_behind(const Segment& segment) {
    if (segment.is_last) {
        return {};
    }
    for (auto later = segments_.rbegin(); later != segments_.rend() && later->base_offset > segment.base_offset; ++later) {
        const auto saved = set_segment_aside(fs_, later->path);
        if (!saved) {
            return saved.error();
        }
        findings_.push_back({.kind = Finding::Kind::set_aside,
                             .file = later->path,
                             .what = "segment behind damage; taken out of the log",
                             .saved_as = *saved});
        for (const char* const extension : {".index", ".timeindex", ".txnindex"}) {
            if (auto removed = fs_.remove(beside(later->base_offset, extension)); !removed) {
                return removed;
            }
        }
    }
    return fs_.sync_directory(request_.directory);
}

/// Rewrites a segment without what is bad in it.
Result<void> Pass::take_out(const Segment& segment, const SegmentScan& scan) {
    std::vector<Extent> kept;
    std::uint64_t at = 0;
    for (const BadRange& range : scan.bad) {
        if (range.at > at) {
            kept.push_back({.at = at, .size = range.at - at});
        }
        at = range.at + range.size;
        const auto saved = save_bytes(fs_, segment.path, {.at = range.at, .size = range.size});
        if (!saved) {
            return saved.error();
        }
        findings_.push_back({.kind = Finding::Kind::taken_out,
                             .file = segment.path,
                             .at = range.at,
                             .size = range.size,
                             .what = range.what,
                             .saved_as = *saved});
    }
    if (scan.size > at) {
        kept.push_back({.at = at, .size = scan.size - at});
    }
    log_.shortened = true;
    return keep_only(fs_, segment.path, kept);
}

Result<RecoveredLog> Pass::run() {
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
    std::int64_t most_snapshot = kNoEnd;
    for (int i = 0; i < kMostPasses; ++i) {
        Pass pass(fs, request, most_snapshot, findings);
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
