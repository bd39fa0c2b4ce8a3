// SPDX-License-Identifier: Apache-2.0
// Appends to one partition and tells on stdout what is durable, never before it is.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "io/sink.hpp"
#include "report.hpp"
#include "wal/partition_log.hpp"

namespace kseg::tools {

class AppendSession {
  public:
    /// acks   where a JSON line goes for every durable batch; null for none
    AppendSession(wal::PartitionLog& log, bool keep_offsets, io::Sink* acks, Report& report)
        : log_(log),
          how_{.keep_offset = keep_offsets,
               .producer = keep_offsets ? wal::ProducerCheck::none : wal::ProducerCheck::duplicates},
          acks_(acks),
          report_(report) {}

    /// Appends one batch, which came from position `at` of `file`. A batch that is damaged is left out with a warning.
    void append(std::span<std::byte> batch, const std::string& file, std::uint64_t at);

    /// Before waiting for more input: makes durable and acknowledges all there is.
    void settle();
    /// Acknowledges what is durable by now.
    void acknowledge();

    /// Whether nothing further can be appended, or nobody reads the acknowledgements any more.
    [[nodiscard]] bool stopped() const { return failed_ || reader_gone_; }
    [[nodiscard]] bool reader_gone() const { return reader_gone_; }

  private:
    struct Pending {
        std::int64_t base_offset = 0;
        std::int64_t last_offset = 0;
        std::int32_t records = 0;
        wal::Ticket ticket = 0;
    };

    void fail(const Error& error);

    wal::PartitionLog& log_;
    wal::AppendOptions how_;
    io::Sink* acks_;
    Report& report_;
    std::deque<Pending> pending_;
    ByteBuffer text_;
    bool failed_ = false;
    bool reader_gone_ = false;
};

}  // namespace kseg::tools
