// SPDX-License-Identifier: Apache-2.0
// Damage that a walk over a log meets: told only where offsets that are asked for may have been in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "kafka/segment/cursor.hpp"
#include "kafka/segment/range.hpp"
#include "store/answer.hpp"

namespace kseg::store {

class ScanDamage {
  public:
    /// expected   the offset that comes first, if that is known
    ScanDamage(const segment::RecordRange& range, std::optional<std::int64_t> expected, std::string file, AnswerSink& sink)
        : range_(range), expected_(expected), file_(std::move(file)), sink_(sink) {}

    /// A gap, or a batch whose CRC is wrong.
    void add(const segment::Item& item);
    /// A good batch, which says what offsets the damage before it may have held.
    void good_batch(std::int64_t base_offset, std::int64_t last_offset);
    /// The end of the file.
    void end();

  private:
    void settle(std::int64_t last);
    void tell(const Error& error, std::int64_t first, std::int64_t last);

    segment::RecordRange range_;
    std::optional<std::int64_t> expected_;
    std::string file_;
    AnswerSink& sink_;
    std::vector<Error> pending_;
};

}  // namespace kseg::store
