// SPDX-License-Identifier: Apache-2.0
// Mends one input after another, to where the options say, and reports.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "inputs.hpp"
#include "io/fs.hpp"
#include "io/replace.hpp"
#include "kafka/segment/mend_file.hpp"
#include "print/mend_report.hpp"
#include "progress.hpp"
#include "report.hpp"

namespace kseg::tools {

struct MendRunOptions {
    segment::MendOptions mend;
    bool dry_run = false;
    bool in_place = false;
    bool backup = true;
    bool overwrite = false;
    std::string output = "-";
    std::string rejects;  ///< empty: none
};

class MendRun {
  public:
    MendRun(MendRunOptions options, MendReport& lines, Report& report, Progress& progress);

    /// Opens what all inputs share. False where that failed; the error is reported.
    bool open();
    /// Mends one input; what goes wrong is reported.
    void mend(const Input& input);
    /// Makes the outputs take effect, where nothing went wrong.
    void finish();

    /// Whether nothing further is to be done.
    [[nodiscard]] bool stopped() const { return stopped_; }
    [[nodiscard]] bool interrupted() const { return interrupted_; }

  private:
    Result<segment::MendTotals> mend_one(const Input& input);
    Result<void> sync_rejects();
    void judge(const Input& input, const segment::MendTotals& totals);

    MendRunOptions options_;
    MendReport& lines_;
    Report& report_;
    Progress& progress_;
    io::Fs& fs_ = io::posix_fs();
    bool to_directory_ = false;
    std::unique_ptr<io::Sink> output_;        // shared by all inputs: a file that is appended to, or stdout
    io::Replacement* replacement_ = nullptr;  // output_, where it is a new file
    std::unique_ptr<segment::RejectsFile> rejects_;
    std::optional<std::size_t> log_;  // which the last input belonged to
    std::uint64_t bytes_before_ = 0;
    segment::MendTotals all_;  // of what went to output_
    bool stopped_ = false;
    bool interrupted_ = false;
};

/// Whether two names, "-" for stdin and stdout, are one file.
bool is_same_file(const std::string& input, const std::string& output);

}  // namespace kseg::tools
