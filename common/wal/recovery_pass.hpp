// SPDX-License-Identifier: Apache-2.0
// Internal to this folder: what recover() repeats until the log is whole. Reading is in recovery.cpp, what is done about
// damage in recovery_mend.cpp.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "io/fs.hpp"
#include "kafka/segment/index_builder.hpp"
#include "wal/files.hpp"
#include "wal/index_resume.hpp"
#include "wal/recovery.hpp"
#include "wal/segment_scan.hpp"

namespace kseg::wal {

/// One look at the whole log, which ends with it being whole or with something having been mended.
class RecoveryPass {
  public:
    static constexpr std::int64_t kNoEnd = std::numeric_limits<std::int64_t>::max();

    /// most_snapshot   snapshots of producers above this offset are not used
    RecoveryPass(io::Fs& fs, const RecoverRequest& request, std::int64_t most_snapshot, Findings& findings)
        : fs_(fs),
          request_(request),
          most_snapshot_(most_snapshot),
          findings_(findings),
          full_(request.mode != Recovery::tail) {}

    Result<RecoveredLog> run();
    /// Whether the log was changed in a way that has to be looked at again.
    [[nodiscard]] bool again() const { return again_; }
    /// The offset up to which producers were known from a snapshot.
    [[nodiscard]] std::int64_t producers_from() const { return producers_from_; }

  private:
    struct Segment {
        std::int64_t base_offset = 0;
        std::int64_t next_base = kNoEnd;
        std::string path;
        bool is_last = false;
    };

    Result<void> list();
    Result<void> load_producers();
    Result<void> check_sealed(const Segment& segment);
    [[nodiscard]] Resume resume_of(const Segment& segment, const io::ReadAt& log, Bytes offsets, Bytes times) const;
    Result<void> read(const Segment& segment);
    Result<void> close_sealed(const Segment& segment, segment::IndexBuilder& builder, const IndexCheck& check,
                              const std::vector<AbortedTransaction>& aborted);
    Result<ByteBuffer> kept_transactions(std::int64_t base_offset);
    Result<bool> is_interrupted_write(const Segment& segment, const SegmentScan& scan);
    Result<void> mend(const Segment& segment, const SegmentScan& scan);
    Result<void> cut_from(const Segment& segment, std::uint64_t at, std::uint64_t size, const std::string& what);
    Result<void> set_aside_behind(const Segment& segment);
    Result<void> take_out(const Segment& segment, const SegmentScan& scan);
    [[nodiscard]] std::string beside(std::int64_t offset, std::string_view extension) const {
        return file_beside(request_.directory, offset, extension);
    }
    io::Fs& fs_;
    const RecoverRequest& request_;
    std::int64_t most_snapshot_;
    Findings& findings_;
    bool full_;
    bool again_ = false;
    std::vector<Segment> segments_;
    std::vector<std::int64_t> snapshots_;
    std::int64_t producers_from_ = 0;  // the state holds everything before
    RecoveredLog log_;
};

}  // namespace kseg::wal
