// SPDX-License-Identifier: Apache-2.0
#include "store/index_slice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/checked.hpp"
#include "index/log_of_index.hpp"
#include "index/segment_index.hpp"
#include "store/candidate_reader.hpp"

namespace kseg::store {
namespace {

class IndexSlice {
  public:
    IndexSlice(const Work& work, const IndexPlace& place, SliceReport& report)
        : work_(work), place_(place), report_(report) {}

    Result<IndexSliceEnd> run();

  private:
    struct OpenLog {
        std::string path;
        std::unique_ptr<io::ReadAt> file;
    };

    Result<void> open_index();
    [[nodiscard]] bool nothing_wanted() const;
    Result<bool> open_log();
    Result<void> check_log(const std::string& path, const io::ReadAt& file);
    Result<IndexSliceEnd> find();
    Result<IndexSliceEnd> scan_archived();
    Result<IndexSliceEnd> scan_instead(std::optional<std::int64_t> taken_to, const std::set<std::uint64_t>* taken);
    [[nodiscard]] std::vector<std::string> logs() const;
    [[nodiscard]] IndexSliceEnd end_of(Ended ended) const;
    [[nodiscard]] bool is_same_log() const;

    const Work& work_;
    const IndexPlace& place_;
    SliceReport& report_;
    std::unique_ptr<index::SegmentIndex> index_;
    OpenLog log_;
};

Result<IndexSliceEnd> IndexSlice::run() {
    if (const auto opened = open_index(); !opened) {
        work_.sink.damage(opened.error().in_file(place_.path));
        return scan_archived();
    }
    if (nothing_wanted()) {
        report_.skipped_by = SkippedBy::manifest;
        return end_of(Ended::finished);
    }
    const auto fits = open_log();
    if (!fits) {
        work_.sink.damage(fits.error());
        // The log directory's is left to the caller: it may be whole where this index is of an older one.
        return log_.file != nullptr && place_.same_log.empty()
                   ? scan_instead(std::nullopt, nullptr)
                   : Result<IndexSliceEnd>(IndexSliceEnd{{.ended = Ended::failed}});
    }
    return find();
}

Result<void> IndexSlice::open_index() {
    auto opened = index::SegmentIndex::open(work_.files.members_of(place_.path));
    if (!opened) {
        return opened.error();
    }
    index_ = *std::move(opened);
    const index::Manifest& manifest = index_->manifest();
    if (manifest.base_offset != place_.base_offset) {
        return Error{.code = Errc::corrupt,
                     .what = fmt::format("base offset; expected {} as in the name, got {}", place_.base_offset,
                                         manifest.base_offset)};
    }
    if (place_.archived != nullptr) {
        const segment::PartitionName& name = place_.archived->partition;
        if (manifest.topic != name.topic || manifest.partition != name.partition) {
            return Error{.code = Errc::corrupt,
                         .what = fmt::format("partition; expected {}-{} as in the name, got {}-{}", name.topic,
                                             name.partition, manifest.topic, manifest.partition)};
        }
    }
    return {};
}

/// Reads the log of an archive whose index cannot be used at all.
Result<IndexSliceEnd> IndexSlice::scan_archived() {
    if (place_.archived == nullptr || index_ != nullptr) {
        return IndexSliceEnd{{.ended = Ended::failed}};
    }
    log_.path = fmt::format("{}/{:020d}.log", place_.path, place_.base_offset);
    return scan_instead(std::nullopt, nullptr);
}

/// Whether the manifest alone says that no record is of the offsets and times that are asked for. Nothing says so of
/// damage.
bool IndexSlice::nothing_wanted() const {
    const index::Manifest& manifest = index_->manifest();
    const segment::RecordRange& range = work_.filter.range();
    if (manifest.damaged != 0 || !manifest.first_offset || !manifest.last_offset || !manifest.min_timestamp ||
        !manifest.max_timestamp) {
        return false;
    }
    const bool other_offsets = !overlaps(range, *manifest.first_offset, *manifest.last_offset);
    const bool other_times =
        (range.since && *manifest.max_timestamp < *range.since) || (range.until && *manifest.min_timestamp >= *range.until);
    if (!other_offsets && !other_times) {
        return false;
    }
    // Of another log the manifest says nothing. Where the log is gone, nothing of it is asked for.
    for (const std::string& path : logs()) {
        if (const auto size = work_.files.size_of(path)) {
            return *size == manifest.log_size;
        }
    }
    return true;
}

/// Where the log may be.
std::vector<std::string> IndexSlice::logs() const {
    std::vector<std::string> paths;
    const auto add = [&paths](std::string path) {
        if (!path.empty() && std::ranges::find(paths, path) == paths.end()) {
            paths.push_back(std::move(path));
        }
    };
    if (place_.archived != nullptr) {
        // An archive of another log of the same name would be another archive.
        return {fmt::format("{}/{}", place_.path, index_->manifest().log_path)};
    }
    for (std::string& path : index::named_places(place_.path, index_->manifest())) {
        add(std::move(path));
    }
    add(place_.same_log);
    return paths;
}

/// Opens the log that the index is of. Where there is none but another one, that one is open afterwards.
Result<bool> IndexSlice::open_log() {
    std::optional<Error> error;
    for (const std::string& path : logs()) {
        auto file = work_.files.open(path);
        const bool is_there = file.has_value();
        auto fits = file ? check_log(path, **file) : Result<void>(file.error());
        if (fits) {
            log_ = {.path = path, .file = *std::move(file)};
            return true;
        }
        if (is_there && log_.file == nullptr) {
            log_ = {.path = path, .file = *std::move(file)};
        }
        if (!error || is_there) {
            error = fits.error().in_file(path);
        }
    }
    return error.value_or(Error{.code = Errc::corrupt, .what = "names no log", .file = place_.path});
}

/// Whether a log is the one that was indexed.
Result<void> IndexSlice::check_log(const std::string& path, const io::ReadAt& file) {
    const auto crc = work_.files.crc32c_of(path);
    if (!crc) {
        return index_->check_log(file, path);
    }
    // Nothing has to be read for it, which where a part is damaged could not be.
    const index::Manifest& manifest = index_->manifest();
    const std::uint64_t size = work_.files.size_of(path).value_or(0);
    if (size != manifest.log_size || *crc != manifest.log_crc32c) {
        return Error{
            .code = Errc::corrupt,
            .what = fmt::format("log; expected {} bytes with crc 0x{:08x} as in the manifest, got {} with 0x{:08x}",
                                manifest.log_size, manifest.log_crc32c, size, *crc),
            .file = path};
    }
    return {};
}

Result<IndexSliceEnd> IndexSlice::find() {
    work_.filter.begin(segment::RecordRange(work_.filter.range()), log_.path);
    CandidateReader reader(work_, *log_.file, log_.path, index_->manifest().offsets_rise, report_);
    bool more = true;
    std::optional<Error> of_log;
    const index::Ask ask{.range = work_.filter.range(), .query = work_.request.match};
    auto found = index_->find(ask, [&](const index::Candidate& candidate) -> Result<bool> {
        auto added = reader.add(candidate);
        if (!added) {
            of_log = added.error();
            return added.error();
        }
        more = *added;
        return more;
    });
    if (more && !of_log) {
        // What came before an error of the index is as good as if there were none.
        const auto finished = reader.finish();
        if (!finished) {
            of_log = finished.error();
            found = finished.error();
        } else {
            more = *finished;
        }
    }
    if (!more) {
        return end_of(Ended::stopped);
    }
    if (found) {
        return end_of(Ended::finished);
    }
    if (found.error().code == Errc::cancelled) {
        return found.error();
    }
    work_.sink.damage(of_log ? *of_log : found.error().in_file(place_.path));
    if (reader.resume() && index_->manifest().offsets_rise) {
        return IndexSliceEnd{{.ended = Ended::failed, .offset = reader.taken_to(), .resume = reader.resume()}};
    }
    if (of_log && of_log->code == Errc::io) {
        // Nothing more comes out of this file; what was taken out of order cannot be told from what another one holds.
        return index_->manifest().offsets_rise ? IndexSliceEnd{{.ended = Ended::failed, .offset = reader.taken_to()}}
                                               : end_of(Ended::finished);
    }
    return scan_instead(reader.taken_to(), index_->manifest().offsets_rise ? nullptr : &reader.taken());
}

/// taken_to   what was taken already, if anything
/// taken      by position, where offsets do not rise
Result<IndexSliceEnd> IndexSlice::scan_instead(std::optional<std::int64_t> taken_to, const std::set<std::uint64_t>* taken) {
    segment::RecordRange range = work_.filter.range();
    if (taken == nullptr && taken_to) {
        range.first_offset = std::max(range.first_offset.value_or(0), *taken_to);
    }
    work_.filter.begin(range, log_.path);
    const LogPlace place{
        .path = log_.path, .base_offset = place_.base_offset, .next_base = place_.next_base, .taken = taken};
    const auto end = scan_log(work_, place, report_);
    if (!end) {
        return end.error();
    }
    return IndexSliceEnd{*end, is_same_log()};
}

IndexSliceEnd IndexSlice::end_of(Ended ended) const {
    const auto& last = index_->manifest().last_offset;
    return {{.ended = ended, .offset = last ? std::optional(saturating_add(*last, 1)) : std::nullopt}, is_same_log()};
}

/// Whether the log directory's file of this segment is the one that was indexed.
bool IndexSlice::is_same_log() const {
    return place_.same_log.empty() || log_.path == place_.same_log ||
           (index_ != nullptr && work_.files.size_of(place_.same_log) == index_->manifest().log_size);
}

}  // namespace

Result<IndexSliceEnd> answer_by_index(const Work& work, const IndexPlace& place, SliceReport& report) {
    return IndexSlice(work, place, report).run();
}

}  // namespace kseg::store
