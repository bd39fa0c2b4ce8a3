// SPDX-License-Identifier: Apache-2.0
// Walks inputs and hands them to printers, on as many threads as are wanted, and writes what comes out in order.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/ordered_jobs.hpp"
#include "file_cursor.hpp"
#include "inputs.hpp"
#include "io/sink.hpp"
#include "io/window.hpp"
#include "open_input.hpp"
#include "print/printer.hpp"
#include "progress.hpp"
#include "report.hpp"

namespace kseg::tools {

struct ReadOptions {
    Mode mode = Mode::records_text;
    bool summary_json = false;
    Selection selection;
    Coding coding = Coding::automatic;
    bool follow = false;
    bool named_on_lines = false;
    unsigned threads = 1;
};

class SegmentReader {
  public:
    SegmentReader(const ReadOptions& options, io::Sink& sink, Report& report, Progress& progress);

    /// Reads one input to its end, or for ever where it is followed. Damage is reported, and so is an input that cannot be
    /// read.
    void read(const Input& input);

    /// Waits for what is under way; prints the summary where that is the mode.
    void finish();

    /// Whether nothing further is to be read: the limit was reached, the user asked to stop, or the output is gone.
    [[nodiscard]] bool stopped() const { return limit_reached_ || interrupted_ || output_gone_; }
    /// Whether the user asked to stop before the end.
    [[nodiscard]] bool interrupted() const { return interrupted_; }

  private:
    /// Consecutive items of one segment, with what keeps them in memory.
    struct Part {
        io::Piece piece;
        std::vector<segment::Item> items;
        std::uint64_t weight = 0;  // bytes, compressed ones at what they may come to
        std::shared_ptr<const SegmentInfo> segment;
        std::vector<Note> notes{};  // of the reading
    };
    struct PrintedPart : Printed {
        std::shared_ptr<const SegmentInfo> segment;
    };
    using Jobs = OrderedJobs<Part, PrintedPart>;

    [[nodiscard]] Jobs::Work make_work() const;
    void consume(PrintedPart& part);
    void end_segment();
    void flush(Part& part);
    void read_one(const Input& input);
    void read_segment(const Input& input);
    void read_side_file(const Input& input);
    void walk(io::ByteSource& source, const segment::SegmentPart& where);
    void take_notes(const FileCursor& cursor, const segment::Item& item, Part& part);
    void check_log_order(const Input& input);
    [[nodiscard]] bool outside_range(const Input& input) const;
    void write(Bytes bytes);

    ReadOptions options_;
    io::Sink& sink_;
    Report& report_;
    Progress& progress_;
    std::shared_ptr<const SegmentInfo> reading_;
    std::shared_ptr<const SegmentInfo> consuming_;
    Summary summary_;
    std::uint64_t bytes_before_ = 0;       // of the inputs that are done
    bool damage_shown_ = false;            // the segment being consumed has damage that only the output tells of
    std::optional<std::size_t> log_;       // the log that was read last
    std::optional<std::int64_t> log_end_;  // the offset behind its end, where it was read to there
    bool limit_reached_ = false;
    bool interrupted_ = false;
    bool output_gone_ = false;
    std::unique_ptr<Jobs> jobs_;  // last, so that its threads end first
};

}  // namespace kseg::tools
