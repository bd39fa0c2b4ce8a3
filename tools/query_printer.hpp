// SPDX-License-Identifier: Apache-2.0
// Prints the answer to a query, and how it was found.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "canonical/record_line.hpp"
#include "io/sink.hpp"
#include "kafka/segment/log_dir.hpp"
#include "objects/object_store.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "report.hpp"
#include "store/answer.hpp"

namespace kseg::tools {

class QueryPrinter final : public store::AnswerSink {
  public:
    QueryPrinter(const OutputOptions& options, bool explain, io::Sink& sink, Report& report, Progress& progress);

    void begin_partition(const segment::PartitionName& partition);
    void begin_batch(const record::BatchHeader& header) override;
    void record(const record::BatchHeader& header, const record::RecordView& record) override;
    void batch(const record::BatchView& batch) override;
    void damage(const Error& what) override;
    void end_slice(const store::SliceReport& report) override;
    bool keep_on(std::uint64_t bytes_read) override;

    void print_count(std::uint64_t count);
    /// Writes what is left, and with --explain what all of it has cost.
    /// traffic   of the store, where it counts it
    void finish(const store::ReadCounts& cost, const objects::Traffic& traffic);

  private:
    using Clock = std::chrono::steady_clock;

    void flush();

    OutputOptions options_;
    bool explain_;
    io::Sink& sink_;
    Report& report_;
    Progress& progress_;
    canonical::RecordLineWriter lines_;
    ByteBuffer out_;
    std::string damaged_file_;  // that the last damage was in
    std::uint64_t slices_ = 0;
    Clock::time_point begun_ = Clock::now();
    bool output_gone_ = false;
};

}  // namespace kseg::tools
