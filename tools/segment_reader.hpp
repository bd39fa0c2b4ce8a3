// SPDX-License-Identifier: Apache-2.0
// Reads inputs one after another, walks them, and has printed what it finds.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "archives.hpp"
#include "file_cursor.hpp"
#include "inputs.hpp"
#include "io/sink.hpp"
#include "open_log.hpp"
#include "part_printer.hpp"
#include "progress.hpp"
#include "read_options.hpp"
#include "report.hpp"

namespace kseg::tools {

class SegmentReader {
  public:
    /// Borrows all but the options.
    SegmentReader(const ReadOptions& options, Archives& archives, io::Sink& sink, Report& report, Progress& progress);

    /// Reads one input to its end, or for ever where it is followed. Damage is reported, and so is an input that cannot be
    /// read.
    void read(const Input& input);

    /// Waits for what is under way; prints the summary where that is the mode.
    void finish() { printer_.finish(!interrupted_); }

    /// Whether nothing further is to be read: the limit was reached, the user asked to stop, or the output is gone.
    [[nodiscard]] bool stopped() const { return interrupted_ || printer_.stopped(); }
    /// Whether the user asked to stop before the end.
    [[nodiscard]] bool interrupted() const { return interrupted_; }

  private:
    /// What the walks over one log have come to.
    struct Walked {
        FileOffset end{};                        // behind the last item
        std::uint64_t batches = 0;               // good and bad
        std::optional<segment::Item> refused{};  // the last gap that is more than a tail
        bool at_end = false;                     // of what the source gave
        bool whole = true;                       // from the first byte to the last
        bool lost = false;                       // what an archive had of it is damaged
    };

    void read_one(const Input& input);
    void read_segment(const Input& input);
    void read_side_file(const Input& input);
    void walk(OpenedLog& log, const segment::SegmentPart& where, Walked& walked);
    void take(const FileCursor& cursor, const segment::Item& item, Part& part);
    bool note(const segment::Item& item, const segment::SegmentPart& where, Walked& walked);
    bool pass_damage(archive::MemberStream& member, const Input& input, Walked& walked);
    void tell_end(const segment::SegmentPart& where, const Walked& walked);
    void check_log_order(const Input& input);
    [[nodiscard]] bool outside_range(const Input& input) const;

    ReadOptions options_;
    Archives& archives_;
    Report& report_;
    Progress& progress_;
    std::shared_ptr<const SegmentInfo> reading_;
    std::uint64_t bytes_before_ = 0;       // of the inputs that are done
    std::optional<std::size_t> log_;       // the log that was read last
    std::optional<std::int64_t> log_end_;  // the offset behind its end, where it was read to there
    bool interrupted_ = false;
    PartPrinter printer_;  // last, so that its threads end first
};

}  // namespace kseg::tools
