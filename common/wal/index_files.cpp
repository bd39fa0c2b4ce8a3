// SPDX-License-Identifier: Apache-2.0
#include "wal/index_files.hpp"

#include "wal/files.hpp"

namespace kseg::wal {
namespace {

// segment.index.bytes of a broker with its defaults.
constexpr std::uint64_t kMostIndexBytes = std::uint64_t{10} << 20;
constexpr std::uint64_t kOffsetEntryBytes = 4 + 4;
constexpr std::uint64_t kTimeEntryBytes = 8 + 4;

/// Opens a file that shall have `size` bytes.
Result<std::unique_ptr<io::WritableFile>> open_sized(io::Fs& fs, const std::string& path, std::uint64_t size) {
    auto file = open_or_create(fs, path);
    if (!file) {
        return file;
    }
    const auto has = (*file)->size();
    if (!has) {
        return has.error();
    }
    if (*has != size) {
        if (const auto cut = (*file)->resize(size); !cut) {
            return cut.error();
        }
    }
    return file;
}

}  // namespace

Result<std::unique_ptr<IndexFiles>> IndexFiles::open(io::Fs& fs, const std::string& directory, std::int64_t base_offset,
                                                     State state) {
    std::unique_ptr<IndexFiles> files(new IndexFiles(  // NOLINT(*-owning-memory): private
        fs, file_beside(directory, base_offset, ".txnindex"), std::move(state)));
    auto offsets = open_sized(fs, file_beside(directory, base_offset, ".index"), files->state_.offset_bytes);
    if (!offsets) {
        return offsets.error();
    }
    auto times = open_sized(fs, file_beside(directory, base_offset, ".timeindex"), files->state_.time_bytes);
    if (!times) {
        return times.error();
    }
    files->offset_file_ = *std::move(offsets);
    files->time_file_ = *std::move(times);
    const auto txn = fs.info(files->txn_path_);
    if (!txn) {
        return txn.error();
    }
    if (txn->has_value() || files->state_.txn_bytes != 0) {
        auto opened = open_sized(fs, files->txn_path_, files->state_.txn_bytes);
        if (!opened) {
            return opened.error();
        }
        files->txn_file_ = *std::move(opened);
    }
    return files;
}

Result<void> IndexFiles::add(const segment::IndexedBatch& batch) {
    return state_.builder.add(batch);
}

void IndexFiles::add(const AbortedTransaction& entry) {
    append_entry(txn_pending_, entry);
}

bool IndexFiles::all_written() const {
    return state_.builder.offset_index().empty() && state_.builder.time_index().empty() && txn_pending_.empty();
}

Result<void> IndexFiles::flush() {
    const Bytes offsets = state_.builder.offset_index();
    const Bytes times = state_.builder.time_index();
    if (!offsets.empty() || !times.empty()) {
        // Both or none are forgotten: writing the same bytes at the same place twice changes nothing.
        if (auto written = offset_file_->write_at(state_.offset_bytes, offsets); !written) {
            return written;
        }
        if (auto written = time_file_->write_at(state_.time_bytes, times); !written) {
            return written;
        }
        state_.offset_bytes += offsets.size();
        state_.time_bytes += times.size();
        state_.builder.clear_bytes();
    }
    if (!txn_pending_.empty()) {
        if (txn_file_ == nullptr) {
            auto file = open_or_create(fs_, txn_path_);
            if (!file) {
                return file.error();
            }
            if (auto synced = fs_.sync_directory(io::directory_of(txn_path_)); !synced) {
                return synced;
            }
            txn_file_ = *std::move(file);
        }
        if (auto written = txn_file_->write_at(state_.txn_bytes, txn_pending_.bytes()); !written) {
            return written;
        }
        state_.txn_bytes += txn_pending_.size();
        txn_pending_.clear();
    }
    return {};
}

Result<void> IndexFiles::finish() {
    state_.builder.finish();
    if (auto flushed = flush(); !flushed) {
        return flushed;
    }
    // A write that failed half way may have left bytes behind the last entry.
    if (auto cut = offset_file_->resize(state_.offset_bytes); !cut) {
        return cut;
    }
    if (auto cut = time_file_->resize(state_.time_bytes); !cut) {
        return cut;
    }
    return txn_file_ == nullptr ? Result<void>() : txn_file_->resize(state_.txn_bytes);
}

bool IndexFiles::is_full() const {
    return state_.offset_bytes + state_.builder.offset_index().size() + kOffsetEntryBytes > kMostIndexBytes ||
           state_.time_bytes + state_.builder.time_index().size() + kTimeEntryBytes > kMostIndexBytes;
}

}  // namespace kseg::wal
