// SPDX-License-Identifier: Apache-2.0
// Reads what is to be appended: batches as they are, record lines, or lines that are values, told by what they hold.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "append_session.hpp"
#include "inputs.hpp"
#include "io/file.hpp"
#include "progress.hpp"
#include "system_clock.hpp"
#include "wal/append_form.hpp"
#include "wal/batcher.hpp"

namespace kseg::tools {

struct AppendInputOptions {
    wal::AppendForm form = wal::AppendForm::automatic;
    std::optional<std::string> key_separator{};
    std::optional<codec::Codec> codec{};
    wal::BatcherOptions batcher{};
    std::uint32_t linger_ms = 0;  ///< so long a batch may wait for more records
};

/// The files that arguments mean; of several partitions, as a log directory holds them, those of the one that is asked for.
/// What cannot be used is reported.
std::vector<Input> inputs_of(const std::vector<std::string>& arguments, const segment::PartitionName& partition,
                             Report& report);

class AppendInput {
  public:
    AppendInput(const AppendInputOptions& options, AppendSession& session, Report& report, Progress& progress);

    /// Appends all of one input, or as much as can be.
    void read(const Input& input);
    /// Whether the user asked to stop.
    [[nodiscard]] bool interrupted() const { return interrupted_; }

  private:
    Result<void> read_open(std::unique_ptr<io::ByteSource> source);
    Result<ByteBuffer> read_head(io::ByteSource& source, wal::AppendForm& form) const;
    Result<void> read_batches(io::ByteSource& source);
    Result<void> read_lines(io::ByteSource& source, bool record_lines);
    void take_line(std::string_view line, std::uint64_t at);
    void take_record_line(std::string_view line, std::uint64_t at);
    void make_room(bool joins, std::uint64_t at);
    void flush_if_due();
    void flush();
    void before_wait();

    AppendInputOptions options_;
    AppendSession& session_;
    Report& report_;
    Progress& progress_;
    SystemClock clock_;
    wal::Batcher batcher_;
    std::string file_;
    int descriptor_ = -1;
    std::uint64_t batch_at_ = 0;  // of the first record of the batch that is being made
    TimestampMs batch_since_ = 0;
    TimestampMs now_ = 0;             // when the last record was added
    std::uint64_t bytes_before_ = 0;  // of the inputs that are done
    ByteBuffer batch_;
    bool interrupted_ = false;
};

}  // namespace kseg::tools
