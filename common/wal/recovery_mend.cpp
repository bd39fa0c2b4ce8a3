// SPDX-License-Identifier: Apache-2.0
// What recovery does about damage: cuts, takes out, sets aside, or refuses. Rules: man/kseg-wal.5, RECOVERY.
#include "wal/recovery_pass.hpp"
#include "wal/saved_bytes.hpp"
#include "wal/unwritten.hpp"

namespace kseg::wal {

/// Whether a write that was under way when the power went may have left this, so that nobody was told of what follows.
Result<bool> RecoveryPass::is_interrupted_write(const Segment& segment, const SegmentScan& scan) {
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

Result<void> RecoveryPass::mend(const Segment& segment, const SegmentScan& scan) {
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

Result<void> RecoveryPass::cut_from(const Segment& segment, std::uint64_t at, std::uint64_t size, const std::string& what) {
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
Result<void> RecoveryPass::set_aside_behind(const Segment& segment) {
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
Result<void> RecoveryPass::take_out(const Segment& segment, const SegmentScan& scan) {
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

}  // namespace kseg::wal
