// SPDX-License-Identifier: Apache-2.0
#include "index/build.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "index/existing_index.hpp"
#include "index/summed_source.hpp"
#include "io/window.hpp"

namespace kseg::index {
namespace {

namespace stdfs = std::filesystem;

constexpr std::string_view kLock = ".lock";
constexpr std::string_view kTemporary = ".tmp-";
constexpr std::string_view kOld = ".old-";

/// From the index's directory to the log, by their names alone.
Result<std::string> relative_path(const std::string& log, const std::string& index_directory) {
    std::error_code code;
    const stdfs::path to = stdfs::absolute(log, code).lexically_normal();
    if (code) {
        return io_error("", code.value()).in_file(log);
    }
    const stdfs::path from = stdfs::absolute(index_directory, code).lexically_normal();
    if (code) {
        return io_error("", code.value()).in_file(index_directory);
    }
    return to.lexically_relative(from).string();
}

bool unchanged(const std::optional<io::FileInfo>& before, const std::optional<io::FileInfo>& after) {
    return before && after && before->same_file(*after) && before->size == after->size &&
           before->modified_ns == after->modified_ns;
}

}  // namespace

/// Where an index and what it is made from stand.
struct PartitionIndexes::Names {
    Names(const std::string& directory, std::int64_t base_offset)
        : index(fmt::format("{}/{:020d}", directory, base_offset)),
          temporary(fmt::format("{}/{}{:020d}", directory, kTemporary, base_offset)),
          old(fmt::format("{}/{}{:020d}", directory, kOld, base_offset)) {}

    std::string index;
    std::string temporary;
    std::string old;
    std::string log_path{};  // as the manifest has it
};

std::string directory_name(const segment::PartitionName& partition) {
    return fmt::format("{}-{}", partition.topic, partition.partition);
}

std::string index_name(const segment::PartitionName& partition, std::int64_t base_offset) {
    return fmt::format("{}/{:020d}", directory_name(partition), base_offset);
}

Result<std::unique_ptr<PartitionIndexes>> PartitionIndexes::open(io::Fs& fs, const std::string& out,
                                                                 const segment::PartitionName& partition) {
    std::string directory = fmt::format("{}{}{}", out, out.ends_with('/') ? "" : "/", directory_name(partition));
    if (const auto made = io::make_durable_directory(fs, directory); !made) {
        return made.error();
    }
    auto lock = fs.lock(fmt::format("{}/{}", directory, kLock));
    if (!lock) {
        return lock.error();
    }
    if (*lock == nullptr) {
        return Error{.code = Errc::exists, .what = "another process makes indexes here", .file = std::move(directory)};
    }
    // NOLINTNEXTLINE(*-owning-memory): private
    std::unique_ptr<PartitionIndexes> indexes(new PartitionIndexes(fs, std::move(directory), *std::move(lock)));
    if (const auto cleared = indexes->clear_leftovers(); !cleared) {
        return cleared.error();
    }
    return indexes;
}

Result<void> PartitionIndexes::clear_leftovers() const {
    const auto names = fs_.list(directory_);
    if (!names) {
        return names.error();
    }
    for (const std::string& name : *names) {
        for (const std::string_view prefix : {kTemporary, kOld}) {
            if (name.starts_with(prefix) && segment::parse_segment_name(name.substr(prefix.size()), "")) {
                if (auto removed = io::remove_with_files(fs_, fmt::format("{}/{}", directory_, name)); !removed) {
                    return removed;
                }
            }
        }
    }
    // Names too that a run gave which did not live to sync them: an index that is up to date is durable as well.
    return fs_.sync_directory(directory_);
}

/// Makes the index in the temporary directory, durably.
Result<Manifest> PartitionIndexes::write(const SealedSegment& segment, const Names& names,
                                         const BuildOptions& options) const {
    const auto before = fs_.info(segment.path);
    const auto file = fs_.open(segment.path);
    if (!before || !file) {
        return before ? file.error() : before.error();
    }
    const std::uint64_t size = before->has_value() ? (*before)->size : 0;
    if (const auto made = fs_.make_directories(names.temporary); !made) {
        return made.error();
    }
    auto writer = SegmentIndexWriter::create(fs_, names.temporary, segment.partition, segment.base_offset, options.writer);
    if (!writer) {
        return writer.error();
    }
    const auto source = io::source_of(**file, 0, false, options.stop);
    SummedSource summed(*source, size, options.on_read);
    io::Window window(summed, {});
    segment::SegmentCursor cursor(window, {}, {.max_batch_bytes = options.writer.max_batch_bytes});
    for (;;) {
        const auto item = cursor.next();
        if (!item) {
            return item.error().in_file(segment.path);
        }
        if (item->outcome == segment::Outcome::end) {
            break;
        }
        if (const auto written = (*writer)->write_item(*item); !written) {
            return written.error().in_file(segment.path);
        }
    }
    const auto after = fs_.info(segment.path);
    if (!after) {
        return after.error();
    }
    if (!unchanged(*before, *after) || summed.bytes() != size) {
        return Error{.code = Errc::invalid, .what = "changed while it was read; it is not sealed", .file = segment.path};
    }
    if (options.stop && options.stop()) {
        return Error{.code = Errc::cancelled, .what = "interrupted"};
    }
    auto manifest = (*writer)->commit(names.log_path, summed.bytes(), summed.crc());
    if (!manifest) {
        return manifest.error().in_file(segment.path);
    }
    return manifest;
}

/// Gives the new index the name. At every moment what has it is whole.
Result<void> PartitionIndexes::replace(const Names& names, bool had_one) const {
    if (had_one) {
        if (auto moved = fs_.rename(names.index, names.old); !moved) {
            return moved;
        }
    }
    if (auto renamed = fs_.rename(names.temporary, names.index); !renamed) {
        if (had_one) {
            (void)fs_.rename(names.old, names.index);
        }
        return renamed;
    }
    if (auto synced = fs_.sync_directory(directory_); !synced) {
        return synced;
    }
    return had_one ? io::remove_with_files(fs_, names.old) : Result<void>();
}

Result<Built> PartitionIndexes::build(const SealedSegment& segment, const BuildOptions& options) const {
    Names names(directory_, segment.base_offset);
    auto log_path = relative_path(segment.path, names.index);
    if (!log_path) {
        return log_path.error();
    }
    names.log_path = *std::move(log_path);
    const auto log_is_gone = [&] {
        const auto info = fs_.info(segment.path);
        return info && !info->has_value();
    };
    Built gone{.outcome = BuildOutcome::gone, .directory = names.index};
    const auto there = fs_.info(names.index);
    if (!there) {
        return there.error();
    }
    if (there->has_value() && !(*there)->is_directory) {
        return Error{.code = Errc::invalid, .what = "is in the way of an index", .file = names.index};
    }
    auto found = find_equal_index(fs_, names.index,
                                  {.log = segment.path,
                                   .log_path = names.log_path,
                                   .partition = segment.partition,
                                   .base_offset = segment.base_offset,
                                   .fields = options.writer.fields},
                                  {.stop = options.stop, .on_read = options.on_read});
    if (!found) {
        return log_is_gone() ? Result<Built>(gone) : found.error();
    }
    if (found->has_value()) {
        return Built{.outcome = BuildOutcome::up_to_date, .directory = names.index, .manifest = **std::move(found)};
    }
    auto manifest = write(segment, names, options);
    const bool is_gone = log_is_gone();
    if (!manifest || is_gone) {
        (void)io::remove_with_files(fs_, names.temporary);
        return is_gone ? Result<Built>(gone) : manifest.error();
    }
    if (const auto replaced = replace(names, there->has_value()); !replaced) {
        (void)io::remove_with_files(fs_, names.temporary);
        return replaced.error();
    }
    return Built{.outcome = there->has_value() ? BuildOutcome::replaced : BuildOutcome::made,
                 .directory = names.index,
                 .manifest = *std::move(manifest)};
}

Result<void> for_each_damage(io::Fs& fs, const std::string& index_directory,
                             const std::function<Result<bool>(const BatchRow&)>& visit) {
    const std::string path = fmt::format("{}/{}", index_directory, kBatchTableFile);
    auto file = fs.open(path);
    if (!file) {
        return file.error();
    }
    const auto table = BatchTable::open(*std::move(file), path);
    if (!table) {
        return table.error();
    }
    const RecordSet none(table->records());
    return table->scan({.records = &none},
                       [&visit](const BatchRow& row) { return row.is_damage() ? visit(row) : Result<bool>(true); });
}

}  // namespace kseg::index
