// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/mend_in_place.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "io/replace.hpp"
#include "kafka/segment/index_builder.hpp"
#include "kafka/segment/log_dir.hpp"
#include "kafka/wire/reader.hpp"
#include "kafka/wire/writer.hpp"

namespace kseg::segment {
namespace {

constexpr std::uint64_t kMostSideFileBytes = std::uint64_t{256} << 20;

using Locks = std::vector<std::unique_ptr<io::FileLock>>;

/// Takes the locks of the directories in which a broker could be at work on the file. None where there are none.
Result<Locks> lock_out_broker(io::Fs& fs, const std::string& path) {
    Locks locks;
    const auto partition = std::filesystem::absolute(path).parent_path();
    for (const auto& directory : {partition, partition.parent_path()}) {
        const std::string lock_file = (directory / ".lock").string();
        const auto there = fs.info(lock_file);
        if (!there) {
            return there.error();
        }
        if (!there->has_value()) {
            continue;
        }
        auto lock = fs.lock(lock_file);
        if (!lock) {
            return lock.error();
        }
        if (*lock == nullptr) {
            return Error{.code = Errc::io, .what = "a broker is at work here and holds " + lock_file, .file = path};
        }
        locks.push_back(*std::move(lock));
    }
    return locks;
}

/// One file beside the segment.
struct SideFileContent {
    std::string path;
    ByteBuffer bytes;
};

Result<ByteBuffer> read_all(io::Fs& fs, const std::string& path) {
    const auto file = fs.open(path);
    if (!file) {
        return file.error();
    }
    const auto size = (*file)->size();
    if (!size) {
        return size.error();
    }
    if (*size > kMostSideFileBytes) {
        return Error{.code = Errc::too_large, .what = "an index cannot be so large", .file = path};
    }
    ByteBuffer all;
    all.resize(static_cast<std::size_t>(*size));
    const auto got = (*file)->read_at(0, {all.data(), all.size()});
    if (!got) {
        return got.error();
    }
    all.resize(*got);
    return all;
}

/// Entries of a .txnindex with their three offsets moved.
ByteBuffer moved_transactions(Bytes entries, std::int64_t shift) {
    constexpr std::size_t kEntryBytes = 2 + 4 * 8;  // version, producer_id, first_offset, last_offset, last_stable_offset
    constexpr std::size_t kFirstOffsetAt = 2 + 8;
    ByteBuffer moved(entries);
    for (std::size_t at = 0; at + kEntryBytes <= entries.size(); at += kEntryBytes) {
        for (std::size_t field = at + kFirstOffsetAt; field < at + kEntryBytes; field += 8) {
            wire::store_big(moved.data() + field, wire::load_big<std::int64_t>(entries.data() + field) + shift);
        }
    }
    return moved;
}

/// What the index files that are there have to be beside the new segment. The offset index comes first: it is taken away
/// first and made last, since a broker makes all of them itself where that one is missing.
Result<std::vector<SideFileContent>> new_side_files(io::Fs& fs, const std::string& path, const MendTotals& totals,
                                                    const IndexBuilder& index) {
    std::vector<SideFileContent> files;
    for (const std::string_view extension : {".index", ".timeindex", ".txnindex"}) {
        const std::string name = std::filesystem::path(path).replace_extension(extension).string();
        const auto there = fs.info(name);
        if (!there) {
            return there.error();
        }
        if (!there->has_value()) {
            continue;
        }
        if (extension != ".txnindex") {
            files.push_back({name, ByteBuffer(extension == ".index" ? index.offset_index() : index.time_index())});
        } else if (totals.offset_shift.value_or(0) != 0) {
            auto entries = read_all(fs, name);
            if (!entries) {
                return entries.error().in_file(name);
            }
            files.push_back({name, moved_transactions(entries->bytes(), *totals.offset_shift)});
        }
    }
    return files;
}

Result<void> write_side_files(io::Fs& fs, const std::string& segment, const std::vector<SideFileContent>& files) {
    for (auto at = files.rbegin(); at != files.rend(); ++at) {
        const SideFileContent& file = *at;
        auto fresh = io::Replacement::begin(fs, file.path, {.overwrite = true});
        if (!fresh) {
            return fresh.error().in_file(file.path);
        }
        if (auto written = (*fresh)->write(file.bytes.bytes()); !written) {
            return written;
        }
        if (auto owned = fs.copy_owner(segment, (*fresh)->temporary()); !owned) {
            return owned.error().in_file(file.path);
        }
        if (auto done = (*fresh)->commit(); !done) {
            return done;
        }
    }
    return {};
}

}  // namespace

Result<MendTotals> mend_in_place(io::Fs& fs, const std::string& path, const MendOptions& options,
                                 const InPlaceOptions& in_place, const MendOutputs& outputs, const io::StopFlag& stop) {
    const auto locks = lock_out_broker(fs, path);
    if (!locks) {
        return locks.error();
    }
    const auto file = fs.open(path);
    if (!file) {
        return file.error();
    }
    auto fresh = io::Replacement::begin(
        fs, path,
        {.overwrite = true, .backup = in_place.backup, .overwrite_backup = in_place.overwrite_backup, .keep_owner = true});
    if (!fresh) {
        return fresh.error();
    }
    MendOutputs to = outputs;
    to.mended = fresh->get();
    const auto source = io::source_of(**file, 0, false, stop);
    auto totals = mend(*source, options, to);
    if (!totals || !totals->changed()) {
        return totals;
    }
    const auto backup = fs.info(io::backup_of(path));
    if (in_place.backup && !in_place.overwrite_backup && backup && backup->has_value()) {
        return Error{
            .code = Errc::exists, .what = "is there already; --overwrite replaces it", .file = io::backup_of(path)};
    }
    if (const auto synced = (*fresh)->sync(); !synced) {
        return synced.error();
    }
    const auto base_offset = parse_segment_name(std::filesystem::path(path).filename().string());
    const bool reindex = totals->indexes_stale && base_offset.has_value();
    IndexBuilder index(base_offset.value_or(0));
    const auto add = [&index](const Item& item) {
        return index.add({.position = item.position,
                          .last_offset = item.batch.header().last_offset(),
                          .max_timestamp = item.batch.header().max_timestamp});
    };
    if (const auto good =
            reindex ? verify_mended((*fresh)->content(), *totals, add) : verify_mended((*fresh)->content(), *totals);
        !good) {
        return good.error().in_file(path);
    }
    if (outputs.before_replace) {
        if (const auto ready = outputs.before_replace(); !ready) {
            return ready.error();
        }
    }
    std::vector<SideFileContent> side_files;
    if (reindex) {
        index.finish();
        auto wanted = new_side_files(fs, path, *totals, index);
        if (!wanted) {
            return wanted.error();
        }
        side_files = *std::move(wanted);
        for (const SideFileContent& old : side_files) {
            if (const auto removed = fs.remove(old.path); !removed) {
                return removed.error();
            }
        }
        if (const auto synced = fs.sync_directory(io::directory_of(path)); !synced) {
            return synced.error();
        }
    }
    if (const auto done = (*fresh)->commit(); !done) {
        return done.error();
    }
    if (const auto written = write_side_files(fs, path, side_files); !written) {
        return written.error();
    }
    return totals;
}

}  // namespace kseg::segment
