// SPDX-License-Identifier: Apache-2.0
#include "store/candidate_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/checked.hpp"
#include "base/crc.hpp"
#include "kafka/record/batch.hpp"

namespace kseg::store {
namespace {

// A run is one read. It begins small, since the first match may be all that is wanted, and doubles.
constexpr std::uint64_t kFirstRunBytes = std::uint64_t{32} << 10;
constexpr std::uint64_t kMostRunBytes = std::uint64_t{1} << 20;
// What is read in vain costs less than another read up to here.
constexpr std::uint64_t kHoleBytes = std::uint64_t{8} << 10;
// So many rows are kept at most.
constexpr std::size_t kMostRunRows = 16384;

/// Whether a batch is the one that the row is of. The offset of magic 0 and 1 is that of the last message.
bool is_of(const index::BatchRow& row, const record::BatchHeader& header) {
    const bool same_offset =
        header.is_legacy() ? header.last_offset() == row.last_offset : header.base_offset == row.base_offset;
    return same_offset && header.magic == row.magic && header.crc == row.crc;
}

/// Whether reading a log failed because a part of it is damaged in its archive, behind which there is more.
bool is_damage(const Error& error) {
    return error.code == Errc::corrupt || error.code == Errc::truncated;
}

}  // namespace

CandidateReader::CandidateReader(const Work& work, const io::ReadAt& log, std::string log_name, bool offsets_rise,
                                 SliceReport& report)
    : work_(work),
      log_(log),
      log_name_(std::move(log_name)),
      offsets_rise_(offsets_rise),
      report_(report),
      run_bytes_(kFirstRunBytes) {}

Result<bool> CandidateReader::add(const index::Candidate& candidate) {
    const index::BatchRow& row = candidate.row;
    note_candidate(candidate);
    const bool counted = work_.filter.count(candidate);
    const bool reads = !counted && row.kind != index::RowKind::gap;
    if (reads && row.position + row.size < row.position) {
        return Error{.code = Errc::corrupt, .what = "batch position", .file = log_name_, .at = row.position};
    }
    const bool joins = !run_.empty() && row.position >= run_end_ && row.position - run_end_ <= kHoleBytes &&
                       row.position + row.size - run_.front().row.position <= run_bytes_;
    if (!run_.empty() && ((reads && !joins) || run_.size() >= kMostRunRows)) {
        auto more = read_run();
        if (!more || !*more) {
            return more;
        }
    }
    if (!reads && run_.empty()) {
        take_without_bytes({.row = row});
        return !work_.filter.full();
    }
    run_.push_back({.row = row, .found = candidate.found, .reads = reads});
    run_end_ = reads ? row.position + row.size : run_end_;
    return true;
}

void CandidateReader::note_candidate(const index::Candidate& candidate) {
    const index::BatchRow& row = candidate.row;
    ++report_.batches;
    if (candidate.found == nullptr) {
        report_.records += row.records;
    } else if (row.first_ordinal + row.records <= candidate.found->maybe.records()) {
        report_.records += candidate.found->maybe.count(row.first_ordinal, row.first_ordinal + row.records);
    }
}

Result<bool> CandidateReader::finish() {
    return run_.empty() ? Result<bool>(!work_.filter.full()) : read_run();
}

Result<bool> CandidateReader::read_run() {
    if (work_.request.stop && work_.request.stop()) {
        return Error{.code = Errc::cancelled, .what = "interrupted"};
    }
    const std::uint64_t begin = run_.front().row.position;
    const auto size = log_.size();
    if (!size) {
        return size.error().in_file(log_name_);
    }
    // Before there is room made for it.
    if (run_end_ > *size) {
        return Error{.code = Errc::corrupt,
                     .what = fmt::format("log size; expected {} at least, got {}", run_end_, *size),
                     .file = log_name_};
    }
    bytes_.clear();
    bytes_.resize(run_end_ - begin);
    const auto got = log_.read_at(begin, {bytes_.data(), bytes_.size()});
    if (!got && !is_damage(got.error())) {
        return got.error().in_file(log_name_);
    }
    bytes_.resize(got ? *got : 0);
    std::vector<Wanted> run;
    run.swap(run_);
    run_bytes_ = std::min(run_bytes_ * 2, kMostRunBytes);
    auto more = got ? take_run(run, begin) : take_singly(run);
    if (!more || !*more) {
        return more;
    }
    run.clear();
    run_.swap(run);  // keeps the room
    return work_.sink.keep_on(work_.files.counts().bytes);
}

/// Takes a run whose bytes have been read.
Result<bool> CandidateReader::take_run(const std::vector<Wanted>& run, std::uint64_t begin) {
    for (const Wanted& wanted : run) {
        if (!wanted.reads) {
            take_without_bytes(wanted);
            continue;
        }
        const std::uint64_t at = wanted.row.position - begin;
        const Bytes rest = at < bytes_.size() ? bytes_.bytes().subspan(at) : Bytes{};
        auto more = take(wanted, rest.first(std::min<std::size_t>(rest.size(), wanted.row.size)));
        if (!more || !*more) {
            return more;
        }
    }
    return true;
}

/// Takes a run batch by batch, up to the first one that cannot be had. Behind that, resume() is the end of all that stand
/// together and cannot be had either.
Result<bool> CandidateReader::take_singly(const std::vector<Wanted>& run) {
    std::optional<Error> error;
    for (const Wanted& wanted : run) {
        if (!wanted.reads && !error) {
            take_without_bytes(wanted);
        }
        if (!wanted.reads) {
            continue;
        }
        bytes_.clear();
        bytes_.resize(wanted.row.size);
        const auto got = log_.read_at(wanted.row.position, {bytes_.data(), bytes_.size()});
        if (got && error) {
            break;
        }
        if (got) {
            auto more = take(wanted, bytes_.bytes().first(*got));
            if (!more || !*more) {
                return more;
            }
            continue;
        }
        if (!is_damage(got.error())) {
            return got.error().in_file(log_name_);
        }
        error = error ? error : got.error();
        resume_ = std::max(resume_.value_or(0), saturating_add(wanted.row.last_offset, 1));
    }
    if (error) {
        error->code = Errc::truncated;
        return error->in_file(log_name_);
    }
    return true;
}

Result<bool> CandidateReader::take(const Wanted& wanted, Bytes whole) {
    const index::BatchRow& row = wanted.row;
    const auto batch = record::BatchView::parse(whole, FileOffset{row.position});
    if (!batch || whole.size() != row.size || !is_of(row, batch->header())) {
        return Error{.code = Errc::corrupt,
                     .what = fmt::format("batch; expected the one that was indexed, of {} bytes with offset {} and crc "
                                         "0x{:08x}, got another",
                                         row.size, row.base_offset, row.crc),
                     .file = log_name_,
                     .at = row.position};
    }
    const std::uint32_t computed = batch->compute_crc();
    if (computed != row.crc) {
        work_.sink.damage({.code = Errc::corrupt,
                           .what = fmt::format("batch crc; expected 0x{:08x}, got 0x{:08x}; left out", computed, row.crc),
                           .file = log_name_,
                           .at = row.position});
    } else if (row.kind == index::RowKind::bad_crc) {
        return Error{.code = Errc::corrupt,
                     .what = "batch crc; expected a wrong one as when it was indexed, got the right one",
                     .file = log_name_,
                     .at = row.position};
    } else {
        const index::Candidate candidate{.row = row, .found = wanted.found};
        work_.filter.take(*batch, &candidate);
    }
    note_taken(row);
    return !work_.filter.full();
}

/// A gap, or a batch that was counted by the index alone.
void CandidateReader::take_without_bytes(const Wanted& wanted) {
    if (wanted.row.kind == index::RowKind::gap) {
        work_.sink.damage({.code = Errc::corrupt,
                           .what = fmt::format("gap; expected a batch, got {} bytes that are none", wanted.row.size),
                           .file = log_name_,
                           .at = wanted.row.position});
    }
    note_taken(wanted.row);
}

void CandidateReader::note_taken(const index::BatchRow& row) {
    if (offsets_rise_) {
        // A gap may stand for no offset at all.
        taken_to_ = std::max(taken_to_.value_or(0), saturating_add(row.last_offset, 1));
    } else {
        taken_to_ = taken_to_.value_or(0);
        taken_.insert(row.position);
    }
}

}  // namespace kseg::store
