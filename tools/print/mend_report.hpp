// SPDX-License-Identifier: Apache-2.0
// What recrc found and did, one line each: for people and as JSON.
#pragma once

#include <optional>
#include <string>

#include "io/sink.hpp"
#include "kafka/segment/mend.hpp"

namespace kseg::tools {

struct MendReportOptions {
    bool jsonl = false;
    bool named_on_lines = false;  ///< more than one segment: each line names its file
    bool nothing_written = false;
    bool silent = false;
    std::size_t max_batch_bytes = std::size_t{1} << 30;
};

class MendReport {
  public:
    /// Borrows the sink.
    MendReport(const MendReportOptions& options, io::Sink& sink)
        : options_(options), sink_(sink), reader_(options.max_batch_bytes) {}

    /// Begins an input.
    void begin(const std::string& name) { name_ = name; }
    /// One line, written with others some time later.
    void finding(const segment::Finding& finding);
    /// Totals of the input, as text only.
    void end(const segment::MendTotals& totals);
    /// Writes what is gathered: before anything is said elsewhere.
    void flush();

    /// What went wrong in writing the report, if anything.
    [[nodiscard]] const std::optional<Error>& failed() const { return failed_; }

  private:
    void print_json(const segment::Finding& finding);
    void print_text(const segment::Finding& finding);

    MendReportOptions options_;
    io::Sink& sink_;
    record::RecordReader reader_;
    std::string name_;
    ByteBuffer lines_;  // not written yet
    std::optional<Error> failed_;
};

/// "3 damaged: 2 recomputed, 1 kept" and so on; "nothing wrong" where there is nothing.
std::string describe(const segment::MendTotals& totals);

}  // namespace kseg::tools
