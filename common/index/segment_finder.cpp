// SPDX-License-Identifier: Apache-2.0
#include "index/segment_finder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <tuple>
#include <utility>

#include "io/window.hpp"
#include "kafka/record/record.hpp"
#include "kafka/segment/cursor.hpp"

namespace kseg::index {
namespace {

namespace stdfs = std::filesystem;

/// A directory may change once more within the tick of the clock that its time shows: it is listed again until its time
/// was the same in so many polls.
constexpr int kSettledPolls = 2;
constexpr unsigned kMostWaitBits = 6;

/// The name of a directory, also of "." or "a/b/".
std::string name_of_directory(const std::string& path) {
    std::error_code code;
    stdfs::path whole = stdfs::absolute(path.empty() ? "." : path, code).lexically_normal();
    if (!whole.has_filename()) {
        whole = whole.parent_path();
    }
    return code ? "" : whole.filename().string();
}

bool same(const io::FileInfo& a, const io::FileInfo& b) {
    return a.same_file(b) && a.size == b.size && a.modified_ns == b.modified_ns;
}

/// The offset of the first record that the first batch of a file had.
Result<std::int64_t> first_offset(io::Fs& fs, const std::string& path) {
    const auto file = fs.open(path);
    if (!file) {
        return file.error();
    }
    const auto source = io::source_of(**file, 0);
    io::Window window(*source, {});
    segment::SegmentCursor cursor(window, {});
    for (;;) {
        const auto item = cursor.next();
        if (!item) {
            return item.error().in_file(path);
        }
        if (item->outcome == segment::Outcome::batch) {
            record::RecordReader reader;
            reader.open(item->batch);
            if (reader.base_offset() >= 0) {
                return reader.base_offset();
            }
        }
        if (item->outcome == segment::Outcome::end) {
            return Error{.code = Errc::invalid, .what = "holds no batch that would tell its base offset", .file = path};
        }
    }
}

Error unknown_partition(const std::string& path) {
    return {.code = Errc::invalid,
            .what = "no directory name tells topic and partition; --topic and --partition do",
            .file = path};
}

}  // namespace

std::optional<segment::PartitionName> GivenPartition::of(const std::optional<segment::PartitionName>& named) const {
    if (!topic && !named) {
        return std::nullopt;
    }
    segment::PartitionName result{.topic = topic ? *topic : named->topic};
    if (partition) {
        result.partition = *partition;
    } else if (named && named->topic == result.topic) {
        result.partition = named->partition;
    }
    return result;
}

Result<void> SegmentFinder::add_file(const std::string& path) {
    const std::string directory = name_of_directory(io::directory_of(path));
    auto partition = given_.of(segment::parse_partition_name(directory));
    if (!partition) {
        return unknown_partition(path);
    }
    const auto by_name = segment::parse_segment_name(stdfs::path(path).filename().string());
    const auto base_offset = by_name ? Result<std::int64_t>(*by_name) : first_offset(fs_, path);
    if (!base_offset) {
        return base_offset.error();
    }
    SealedSegment segment{.path = path,
                          .partition = *std::move(partition),
                          .base_offset = *base_offset,
                          .argument = sources_.size(),
                          .named = true};
    sources_.push_back({.number = sources_.size(), .path = path, .file = std::move(segment)});
    return {};
}

void SegmentFinder::add_directory(const std::string& path) {
    std::string plain = path;
    while (plain.size() > 1 && plain.ends_with('/')) {
        plain.pop_back();
    }
    sources_.push_back({.number = sources_.size(), .path = std::move(plain)});
}

std::vector<SealedSegment> SegmentFinder::poll(const ErrorSink& report) {
    std::vector<SealedSegment> found;
    for (Source& source : sources_) {
        if (source.file) {
            look_at(*source.file, true, report, found);
        } else {
            poll_directory(source, report, found);
        }
    }
    return found;
}

/// The names in a directory, or nothing where they need not be looked at, or cannot be.
std::optional<std::vector<std::string>> SegmentFinder::list_if_changed(const std::string& path, Watch& watch,
                                                                       const ErrorSink& report) const {
    const auto info = fs_.info(path);
    if (info && !info->has_value()) {
        watch = {};
        return std::vector<std::string>();  // of what is gone nothing is left
    }
    if (info && watch.listed && watch.modified_ns == (*info)->modified_ns) {
        if (++watch.unchanged > kSettledPolls) {
            return std::nullopt;
        }
    } else if (info) {
        watch.unchanged = 0;
        watch.modified_ns = (*info)->modified_ns;
    }
    auto names = info ? fs_.list(path) : Result<std::vector<std::string>>(info.error());
    watch.listed = names.has_value();
    if (!names) {
        if (!std::exchange(watch.reported, true)) {
            report(names.error());
        }
        return std::nullopt;
    }
    watch.reported = false;
    return *std::move(names);
}

void SegmentFinder::poll_directory(Source& source, const ErrorSink& report, std::vector<SealedSegment>& found) {
    const auto names = list_if_changed(source.path, source.watch, report);
    if (names) {
        find_folders(source, *names, report);
    }
    for (Folder& folder : source.folders) {
        const auto own_names = folder.path == source.path ? names : list_if_changed(folder.path, folder.watch, report);
        if (own_names) {
            find_sealed(source.number, folder, *own_names);
        }
        for (const SealedSegment& segment : folder.sealed) {
            look_at(segment, own_names.has_value(), report, found);
        }
    }
}

/// What the directory is by what it holds: a partition's, or a log directory.
void SegmentFinder::find_folders(Source& source, const std::vector<std::string>& names, const ErrorSink& report) {
    std::vector<Folder> before = std::exchange(source.folders, {});
    const auto named = segment::parse_partition_name(name_of_directory(source.path));
    source.holds_nothing = !named;
    if (std::ranges::any_of(names, [](const std::string& name) { return segment::parse_segment_name(name).has_value(); })) {
        source.holds_nothing = false;
        if (auto partition = given_.of(named)) {
            source.folders.push_back({.path = source.path, .partition = *std::move(partition)});
        } else if (!std::exchange(source.unknown, true)) {
            report(unknown_partition(source.path));
        }
    } else {
        for (const std::string& name : names) {
            const auto partition = segment::is_set_aside(name) ? std::nullopt : segment::parse_partition_name(name);
            std::string path = fmt::format("{}{}{}", source.path, source.path.ends_with('/') ? "" : "/", name);
            const auto info = partition ? fs_.info(path) : Result<std::optional<io::FileInfo>>(std::nullopt);
            if (info && info->has_value() && (*info)->is_directory) {
                source.holds_nothing = false;
                if (given_.chooses(*partition)) {
                    source.folders.push_back({.path = std::move(path), .partition = *partition});
                }
            }
        }
        std::ranges::sort(source.folders, {}, [](const Folder& folder) { return std::tie(folder.partition, folder.path); });
    }
    for (Folder& old : before) {
        const auto still = std::ranges::find(source.folders, old.path, &Folder::path);
        if (still == source.folders.end()) {
            forget(old.sealed);
        } else {
            *still = std::move(old);
        }
    }
}

void SegmentFinder::find_sealed(std::size_t argument, Folder& folder, const std::vector<std::string>& names) {
    std::vector<SealedSegment> before = std::exchange(folder.sealed, {});
    for (const std::string& name : names) {
        if (const auto base_offset = segment::parse_segment_name(name)) {
            folder.sealed.push_back(
                {.path = fmt::format("{}{}{}", folder.path, folder.path.ends_with('/') ? "" : "/", name),
                 .partition = folder.partition,
                 .base_offset = *base_offset,
                 .argument = argument});
        }
    }
    std::ranges::sort(folder.sealed, {}, &SealedSegment::base_offset);
    if (!folder.sealed.empty()) {
        folder.sealed.pop_back();  // somebody may write to the last one
    }
    std::erase_if(before, [&folder](const SealedSegment& old) {
        return std::ranges::binary_search(folder.sealed, old.base_offset, {}, &SealedSegment::base_offset);
    });
    forget(before);
}

/// again   what is done may have changed since
void SegmentFinder::look_at(const SealedSegment& segment, bool again, const ErrorSink& report,
                            std::vector<SealedSegment>& found) {
    Known& known = known_[key_of(segment)];
    if (known.wait > 0) {
        --known.wait;
        return;
    }
    if (known.refused || (known.done && !again)) {
        return;
    }
    const auto info = fs_.info(segment.path);
    if (info && !info->has_value() && (known.done || !segment.named)) {
        return;
    }
    const io::FileInfo now =
        info && info->has_value() ? **info : io::FileInfo{};  // what is wrong with it shows soon enough
    if ((known.done && same(now, known.info)) || !claim(segment, report)) {
        return;
    }
    found.push_back(segment);
    found.back().info = now;
}

bool SegmentFinder::claim(const SealedSegment& segment, const ErrorSink& report) {
    const std::string name = index_name(segment.partition, segment.base_offset);
    const auto [claimed, is_new] = claimed_.emplace(name, key_of(segment));
    if (is_new || claimed->second == key_of(segment)) {
        return true;
    }
    known_[key_of(segment)].refused = true;
    report({.code = Errc::exists,
            .what = fmt::format(
                "its index would be {}, as that of {}", name,
                claimed->second.second == segment.path ? "itself, which is given twice" : claimed->second.second),
            .file = segment.path});
    return false;
}

void SegmentFinder::forget(const std::vector<SealedSegment>& segments) {
    for (const SealedSegment& segment : segments) {
        known_.erase(key_of(segment));
        const auto claimed = claimed_.find(index_name(segment.partition, segment.base_offset));
        if (claimed != claimed_.end() && claimed->second == key_of(segment)) {
            claimed_.erase(claimed);
        }
    }
}

void SegmentFinder::done(const SealedSegment& segment) {
    known_[key_of(segment)] = {.done = true, .info = segment.info};
}

void SegmentFinder::failed(const SealedSegment& segment) {
    Known& known = known_[key_of(segment)];
    known.done = false;
    ++known.failures;
    known.wait = (1U << std::min(known.failures, kMostWaitBits)) - 1;
}

std::vector<std::string> SegmentFinder::without_logs() const {
    std::vector<std::string> paths;
    for (const Source& source : sources_) {
        if (source.holds_nothing) {
            paths.push_back(source.path);
        }
    }
    return paths;
}

}  // namespace kseg::index
