// SPDX-License-Identifier: Apache-2.0
// Reads the batches that an index names from its log, neighbours together, and gives them to the filter.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "index/segment_index.hpp"
#include "io/file.hpp"
#include "store/log_scan.hpp"

namespace kseg::store {

class CandidateReader {
  public:
    /// Borrows. offsets_rise: of the index, as its manifest says.
    CandidateReader(const Work& work, const io::ReadAt& log, std::string log_name, bool offsets_rise, SliceReport& report);

    /// Takes the next candidate, now or with the ones behind it. False: nothing further is wanted.
    /// errors   io         the log cannot be read
    ///          truncated  a part of it cannot be had: it is damaged in its archive; resume() says what is behind
    ///          corrupt    the log is not the one that was indexed
    ///          cancelled
    Result<bool> add(const index::Candidate& candidate);
    /// Reads what is still to be read.
    Result<bool> finish();

    /// What is asked for before this offset has been taken, if anything was; where offsets do not rise `taken` tells.
    [[nodiscard]] std::optional<std::int64_t> taken_to() const { return taken_to_; }
    /// After Errc::truncated: the offset behind what cannot be had.
    [[nodiscard]] std::optional<std::int64_t> resume() const { return resume_; }
    /// Positions of what has been taken where offsets do not rise.
    [[nodiscard]] const std::set<std::uint64_t>& taken() const { return taken_; }

  private:
    struct Wanted {
        index::BatchRow row;
        const index::Found* found = nullptr;
        bool reads = false;  // false: a gap, or counted already
    };

    Result<bool> read_run();
    Result<bool> take_run(const std::vector<Wanted>& run, std::uint64_t begin);
    Result<bool> take_singly(const std::vector<Wanted>& run);
    Result<bool> take(const Wanted& wanted, Bytes whole);
    void note_taken(const index::BatchRow& row);
    void take_without_bytes(const Wanted& wanted);
    void note_candidate(const index::Candidate& candidate);

    const Work& work_;
    const io::ReadAt& log_;
    std::string log_name_;
    bool offsets_rise_;
    SliceReport& report_;
    std::vector<Wanted> run_;  // one behind the other in the log, or nearly; the first one is to be read
    std::uint64_t run_end_ = 0;
    std::uint64_t run_bytes_;  // how long a run may be by now
    ByteBuffer bytes_;
    std::optional<std::int64_t> taken_to_;
    std::optional<std::int64_t> resume_;
    std::set<std::uint64_t> taken_;
};

}  // namespace kseg::store
