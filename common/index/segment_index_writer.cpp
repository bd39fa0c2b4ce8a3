// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "base/checked.hpp"
#include "index/checksums.hpp"
#include "index/lucene.hpp"
#include "index/postings.hpp"
#include "index/segment_index.hpp"
#include "index/term_run.hpp"
#include "index/terms.hpp"
#include "kafka/record/record.hpp"

namespace kseg::index {
namespace {

/// More files of terms than this are merged into one before there are further ones.
constexpr std::size_t kMostRuns = 32;
/// Rows that wait to learn which offsets are missing around them.
constexpr std::size_t kMostPending = 1024;

Result<void> write_file(io::Fs& fs, const std::string& path, Bytes content) {
    const auto file = fs.create(path);
    if (!file) {
        return file.error();
    }
    return (*file)->write_at(0, content);
}

Result<void> sync_file(io::Fs& fs, const std::string& path) {
    const auto file = fs.open_writable(path);
    if (!file) {
        return file.error();
    }
    return (*file)->sync();
}

}  // namespace

struct SegmentIndexWriter::State final : TermSink {
    State(io::Fs& file_system, std::string path, WriterOptions writer_options)
        : fs(file_system),
          directory(std::move(path)),
          options(writer_options),
          reader(static_cast<std::size_t>(options.max_batch_bytes)),
          terms(options.fields) {}

    io::Fs& fs;
    std::string directory;
    WriterOptions options;
    record::RecordReader reader;
    TermReader terms;
    PostingsBuffer buffer;
    std::vector<std::string> runs;  // files of terms, by record
    std::uint64_t runs_made = 0;
    BatchTableWriter table;
    Ordinal records = 0;
    Manifest manifest;
    std::int64_t next_offset = 0;   // behind the last good batch
    std::vector<BatchRow> pending;  // whose last offset is known when the next good batch is
    Result<void> failed;            // of writing terms

    // ---- terms
    void term(TermField field, std::string_view text) override {
        buffer.term(field, text);
        if (buffer.full()) {
            spill();
        }
    }

    void spill() {
        if (!failed || buffer.empty()) {
            return;
        }
        const std::string path = new_run();
        failed = write_run(fs, path, *buffer.run());
        runs.push_back(path);
        buffer.clear();
        if (failed && runs.size() >= kMostRuns) {
            failed = join_runs();
        }
    }

    std::string new_run() { return fmt::format("{}/terms.{}", directory, runs_made++); }

    Result<std::unique_ptr<TermRun>> open_runs() {
        std::vector<std::unique_ptr<TermRun>> opened;
        for (const std::string& path : runs) {
            auto run = read_run(fs, path);
            if (!run) {
                return run.error();
            }
            opened.push_back(std::move(*run));
        }
        return merge_runs(std::move(opened));
    }

    Result<void> join_runs() {
        const std::string path = new_run();
        {
            const auto all = open_runs();
            if (!all) {
                return all.error();
            }
            if (auto written = write_run(fs, path, **all); !written) {
                return written;
            }
        }
        if (auto removed = remove_runs(); !removed) {
            return removed;
        }
        runs.push_back(path);
        return {};
    }

    Result<void> remove_runs() {
        for (const std::string& path : runs) {
            if (auto removed = fs.remove(path); !removed) {
                return removed;
            }
        }
        runs.clear();
        return {};
    }

    // ---- rows
    Result<void> add_batch(const segment::Item& item) {
        const record::BatchHeader& header = item.batch.header();
        BatchRow row{.magic = header.magic,
                     .attributes = header.attributes,
                     .position = item.position.value,
                     .size = item.size,
                     .crc = header.crc,
                     .leader_epoch = header.partition_leader_epoch,
                     .producer_id = header.producer_id,
                     .producer_epoch = header.producer_epoch,
                     .base_sequence = header.base_sequence};
        if (!item.crc_valid) {
            row.kind = RowKind::bad_crc;
            row.last_offset = header.last_offset();
            // A compressed message of magic 0 or 1 says where it ends; it begins behind what came before.
            row.base_offset = header.is_legacy() ? std::min(next_offset, header.base_offset) : header.base_offset;
            row.min_timestamp = row.max_timestamp = header.max_timestamp;
            return add_damaged(row);
        }
        read_records(item.batch, row);
        if (!failed) {
            return failed;
        }
        ++manifest.batches;
        manifest.damaged += row.body_problem ? 1 : 0;
        manifest.offsets_rise = manifest.offsets_rise && (manifest.batches == 1 || row.base_offset >= next_offset);
        widen(row);
        if (auto settled = settle(row.base_offset); !settled) {
            return settled;
        }
        next_offset = saturating_add(row.last_offset, 1);
        return table.add(row);
    }

    void read_records(const record::BatchView& batch, BatchRow& row) {
        row.first_ordinal = records;
        record::RecordView record;
        reader.open(batch);
        row.base_offset = row.last_offset = reader.base_offset();
        while (failed && reader.next(record)) {
            buffer.begin_record(records++);
            terms.read(record, *this);
            row.min_timestamp = row.records == 0 ? record.timestamp : std::min(row.min_timestamp, record.timestamp);
            row.max_timestamp = row.records == 0 ? record.timestamp : std::max(row.max_timestamp, record.timestamp);
            row.base_offset = std::min(row.base_offset, record.offset);
            row.last_offset = std::max(row.last_offset, record.offset);
            ++row.records;
            if (buffer.bytes() > options.buffer_bytes) {
                spill();
            }
        }
        const record::BatchHeader& header = batch.header();
        if (row.records == 0) {
            row.min_timestamp = row.max_timestamp = header.max_timestamp;
        }
        // A header may be wrong about its records: the row covers both.
        row.base_offset = std::min(row.base_offset, reader.base_offset());
        row.last_offset = std::max(row.last_offset, header.is_legacy() ? header.base_offset : header.last_offset());
        row.body_problem = reader.problem() != record::Problem::none;
        if (row.body_problem && header.is_legacy() && row.records == 0) {
            // Only the last offset is known of a message that does not decompress.
            row.base_offset = std::min(row.base_offset, next_offset);
        }
    }

    /// A batch whose CRC is wrong keeps the offsets of its header where they can be; otherwise, as for a gap, it may have
    /// held those that are missing around it.
    Result<void> add_damaged(BatchRow row) {
        ++manifest.damaged;
        const bool known = row.kind == RowKind::bad_crc && row.base_offset >= next_offset &&
                           row.last_offset >= row.base_offset &&
                           row.last_offset - row.base_offset <= std::numeric_limits<std::int32_t>::max();
        if (!known) {
            row.base_offset = next_offset;
            row.last_offset = std::numeric_limits<std::int64_t>::max();
        }
        row.first_ordinal = records;
        if (pending.size() == kMostPending) {
            if (auto settled = settle(std::nullopt); !settled) {
                return settled;
            }
        }
        pending.push_back(row);
        return {};
    }

    /// Hands pending rows on; `base_offset` is that of the batch behind them.
    Result<void> settle(std::optional<std::int64_t> base_offset) {
        for (BatchRow& row : pending) {
            if (base_offset && row.last_offset == std::numeric_limits<std::int64_t>::max()) {
                row.last_offset = std::max(row.base_offset, *base_offset) - 1;  // none, where none is missing
            }
            if (auto added = table.add(row); !added) {
                return added;
            }
        }
        pending.clear();
        return {};
    }

    void widen(const BatchRow& row) {
        manifest.first_offset = std::min(manifest.first_offset.value_or(row.base_offset), row.base_offset);
        manifest.last_offset = std::max(manifest.last_offset.value_or(row.last_offset), row.last_offset);
        manifest.min_timestamp = std::min(manifest.min_timestamp.value_or(row.min_timestamp), row.min_timestamp);
        manifest.max_timestamp = std::max(manifest.max_timestamp.value_or(row.max_timestamp), row.max_timestamp);
    }

    // ---- files
    Result<void> write_terms() {
        if (records == 0) {
            return {};  // Lucene++ has no index without documents
        }
        if (runs.empty()) {
            return write_lucene(fs, directory, *buffer.run(), records);
        }
        spill();
        if (!failed) {
            return failed;
        }
        {
            const auto all = open_runs();
            if (!all) {
                return all.error();
            }
            if (auto written = write_lucene(fs, directory, **all, records); !written) {
                return written;
            }
        }
        return remove_runs();
    }

    Result<void> write_sums() {
        const auto names = fs.list(directory);
        if (!names) {
            return names.error();
        }
        Checksums sums;
        for (const std::string& name : *names) {
            const auto file = fs.open(fmt::format("{}/{}", directory, name));
            if (!file) {
                return file.error();
            }
            auto summed = sum_file(**file);
            if (!summed) {
                return summed.error();
            }
            manifest.files.push_back({.name = name, .size = summed->size, .crc32c = summed->crc32c()});
            sums.emplace(name, std::move(*summed));
        }
        const ByteBuffer content = write_checksums(sums);
        FileSummer own;
        own.add(content.bytes());
        manifest.files.push_back(
            {.name = std::string(kChecksumsFile), .size = content.size(), .crc32c = own.sums().crc32c()});
        std::sort(manifest.files.begin(), manifest.files.end(),
                  [](const ManifestFile& a, const ManifestFile& b) { return a.name < b.name; });
        return write_file(fs, fmt::format("{}/{}", directory, kChecksumsFile), content.bytes());
    }

    Result<void> write_files() {
        if (auto settled = settle(std::nullopt); !settled) {
            return settled;
        }
        if (auto written = write_terms(); !written) {
            return written;
        }
        manifest.records = records;
        if (auto written = write_file(fs, fmt::format("{}/{}", directory, kBatchTableFile), table.finish().bytes());
            !written) {
            return written;
        }
        if (auto written = write_sums(); !written) {
            return written;
        }
        for (const ManifestFile& file : manifest.files) {
            if (auto synced = sync_file(fs, fmt::format("{}/{}", directory, file.name)); !synced) {
                return synced;
            }
        }
        const std::string path = fmt::format("{}/{}", directory, kManifestFile);
        if (auto written = write_file(fs, path, write_manifest(manifest).bytes()); !written) {
            return written;
        }
        if (auto synced = sync_file(fs, path); !synced) {
            return synced;
        }
        return fs.sync_directory(directory);
    }

    /// Opens all that was written and compares what it says with what was meant.
    Result<void> read_back() const {
        const auto index = SegmentIndex::open(members_of_directory(fs, directory));
        if (!index) {
            return index.error();
        }
        if ((*index)->manifest() != manifest) {
            return Error{.code = Errc::corrupt, .what = "the manifest reads back otherwise", .file = directory};
        }
        return (*index)->open_all();
    }
};

SegmentIndexWriter::SegmentIndexWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
SegmentIndexWriter::~SegmentIndexWriter() = default;

Result<std::unique_ptr<SegmentIndexWriter>> SegmentIndexWriter::create(io::Fs& fs, std::string directory,
                                                                       segment::PartitionName partition,
                                                                       std::int64_t base_offset, WriterOptions options) {
    const auto there = fs.list(directory);
    if (!there) {
        return there.error();
    }
    if (!there->empty()) {
        return Error{.code = Errc::exists, .what = "the directory for an index is not empty", .file = directory};
    }
    auto state = std::make_unique<State>(fs, std::move(directory), options);
    state->manifest.topic = std::move(partition.topic);
    state->manifest.partition = partition.partition;
    state->manifest.base_offset = base_offset;
    state->manifest.fields = options.fields;
    state->next_offset = base_offset;
    return std::unique_ptr<SegmentIndexWriter>(new SegmentIndexWriter(std::move(state)));
}

Result<void> SegmentIndexWriter::write_item(const segment::Item& item) {
    switch (item.outcome) {
        case segment::Outcome::end: return {};
        case segment::Outcome::batch: return state_->add_batch(item);
        case segment::Outcome::torn_tail:
        case segment::Outcome::gap: break;
    }
    return state_->add_damaged({.kind = RowKind::gap, .position = item.position.value, .size = item.size});
}

Result<Manifest> SegmentIndexWriter::commit(std::string log_path, std::uint64_t log_size, std::uint32_t log_crc32c) {
    state_->manifest.log_path = std::move(log_path);
    state_->manifest.log_size = log_size;
    state_->manifest.log_crc32c = log_crc32c;
    if (const auto written = state_->write_files(); !written) {
        return written.error();
    }
    if (const auto same = state_->read_back(); !same) {
        return same.error();
    }
    return state_->manifest;
}

}  // namespace kseg::index
