// SPDX-License-Identifier: Apache-2.0
// Hands parts of segments to printers, on as many threads as are wanted, and writes what comes out in order.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/ordered_jobs.hpp"
#include "io/sink.hpp"
#include "io/window.hpp"
#include "kafka/segment/cursor.hpp"
#include "print/printer.hpp"
#include "read_options.hpp"
#include "report.hpp"

namespace kseg::tools {

/// Consecutive items of one segment, with what keeps them in memory.
struct Part {
    io::Piece piece;
    std::vector<segment::Item> items;
    std::uint64_t weight = 0;  ///< bytes, compressed ones at what they may come to
    std::shared_ptr<const SegmentInfo> segment;
    std::vector<Note> notes{};  ///< of the reading

    /// Takes an item whose bytes are in `piece`.
    void add(const segment::Item& item);
    /// Large enough to be printed.
    [[nodiscard]] bool is_full() const;
};

class PartPrinter {
  public:
    /// Borrows sink and report.
    PartPrinter(const ReadOptions& options, io::Sink& sink, Report& report);

    /// Prints what is in the part, now or later, and empties it; its segment stays.
    void submit(Part& part);
    /// Waits for what is under way.
    void drain() { jobs_->drain(); }
    /// Writes what no printer made; call drain() before.
    void write(Bytes bytes);
    void add_segment() { summary_.add_segment(); }
    /// Waits for what is under way; prints the summary where that is the mode and `whole`.
    void finish(bool whole);

    /// Whether nothing further is to be printed: the limit was reached, or the output is gone.
    [[nodiscard]] bool stopped() const { return limit_reached_ || output_gone_; }

  private:
    struct PrintedPart : Printed {
        std::shared_ptr<const SegmentInfo> segment;
    };
    using Jobs = OrderedJobs<Part, PrintedPart>;

    [[nodiscard]] Jobs::Work make_work() const;
    void consume(PrintedPart& part);
    void end_segment();

    const ReadOptions& options_;
    io::Sink& sink_;
    Report& report_;
    std::shared_ptr<const SegmentInfo> consuming_;
    Summary summary_;
    bool damage_shown_ = false;  // the segment being consumed has damage that only the output tells of
    bool limit_reached_ = false;
    bool output_gone_ = false;
    std::unique_ptr<Jobs> jobs_;  // last, so that its threads end first
};

}  // namespace kseg::tools
