// SPDX-License-Identifier: Apache-2.0
#include "wal/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "kafka/record/record.hpp"
#include "wal/files.hpp"
#include "wal/index_resume.hpp"
#include "wal/segment_scan.hpp"

namespace kseg::wal {
namespace {

constexpr std::int64_t kNoEnd = std::numeric_limits<std::int64_t>::max();

struct Verifier {
    io::Fs& fs;
    const std::string& directory;
    const std::function<void(const Finding&)>& found;
    VerifyTotals totals{};

    Result<void> segment(std::int64_t base_offset, std::int64_t next_base) {
        const std::string path = file_beside(directory, base_offset, ".log");
        const auto log = fs.open(path);
        if (!log) {
            return log.error();
        }
        const auto offsets = read_file(fs, file_beside(directory, base_offset, ".index"));
        const auto times = read_file(fs, file_beside(directory, base_offset, ".timeindex"));
        if (!offsets || !times) {
            return offsets ? times.error() : offsets.error();
        }
        IndexCheck check(offsets->bytes(), times->bytes(), base_offset);
        segment::IndexBuilder builder(base_offset);
        record::RecordReader reader;
        record::RecordView record;
        const auto visit = [&](const record::BatchView& batch) -> Result<void> {
            ++totals.batches;
            check.see(batch);
            reader.open(batch);
            while (reader.next(record)) {
                ++totals.records;
            }
            if (reader.problem() != record::Problem::none) {
                found({.file = path,
                       .at = batch.position().value,
                       .size = batch.bytes().size(),
                       .what = fmt::format("{}: {}", record::to_string(reader.problem()), reader.problem_text())});
            }
            return builder.add({.position = batch.position(),
                                .last_offset = batch.header().last_offset(),
                                .max_timestamp = batch.header().max_timestamp});
        };
        const auto scan = scan_segment(**log, 0, std::max(base_offset, totals.end_offset), next_base, visit);
        if (!scan) {
            return scan.error().in_file(path);
        }
        for (const BadRange& range : scan->bad) {
            found({.file = path, .at = range.at, .size = range.size, .what = range.what});
        }
        const bool sealed = next_base != kNoEnd;
        // What the last segment's index files do not have yet is no fault of theirs.
        if (sealed ? !check.offsets_fit(builder) : !check.offsets_are_true()) {
            found({.file = file_beside(directory, base_offset, ".index"),
                   .what = "index file; expected one that fits its log"});
        }
        if (sealed ? !check.times_fit(builder) : !check.times_make_sense()) {
            found({.file = file_beside(directory, base_offset, ".timeindex"),
                   .what = "index file; expected one that fits its log"});
        }
        ++totals.segments;
        totals.bytes += scan->size;
        totals.end_offset = scan->end_offset;
        return {};
    }
};

}  // namespace

Result<VerifyTotals> verify(io::Fs& fs, const std::string& directory, const std::function<void(const Finding&)>& found) {
    const auto names = fs.list(directory);
    if (!names) {
        return names.error();
    }
    const std::vector<std::int64_t> segments = offsets_in(*names, ".log");
    if (segments.empty()) {
        return Error{.code = Errc::io, .what = "holds no segment", .file = directory};
    }
    Verifier verifier{.fs = fs, .directory = directory, .found = found};
    verifier.totals.start_offset = segments.front();
    verifier.totals.end_offset = segments.front();
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const std::int64_t next = i + 1 == segments.size() ? kNoEnd : segments[i + 1];
        if (const auto done = verifier.segment(segments[i], next); !done) {
            return done.error();
        }
    }
    return verifier.totals;
}

}  // namespace kseg::wal
