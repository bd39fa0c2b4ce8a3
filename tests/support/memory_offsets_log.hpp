// SPDX-License-Identifier: Apache-2.0
// A log of groups in memory. A test says when what was appended is durable, and what goes wrong.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/groups/offsets_log.hpp"

namespace kseg::test {

class MemoryOffsetsLog final : public broker::OffsetsLog {
  public:
    struct Stored {
        std::int64_t producer_id = -1;
        std::string key;
        std::optional<std::string> value;
        std::optional<bool> is_commit;  ///< set: a marker, without key and value
    };

    Result<std::int64_t> append(std::string_view, broker::OffsetsBatch batch, OnDurable on_durable) override {
        if (refuse_with) {
            return *refuse_with;
        }
        const auto offset = static_cast<std::int64_t>(records.size());
        for (const auto& record : batch.records) {
            records.push_back({batch.producer_id, std::string(record.key.text()),
                               record.value ? std::optional(std::string(record.value->text())) : std::nullopt,
                               std::nullopt});
        }
        ++appends;
        if (is_synchronous) {
            on_durable({});
        } else {
            waiting.push_back(std::move(on_durable));
        }
        return offset;
    }
    Result<void> replay(Visitor& visitor) override {
        for (std::size_t i = 0; i < records.size(); ++i) {
            const Stored& each = records[i];
            if (each.is_commit) {
                visitor.on_transaction_end(each.producer_id, *each.is_commit);
            } else {
                visitor.on_record(static_cast<std::int64_t>(i), each.producer_id, as_bytes(each.key),
                                  each.value ? NullableBytes(as_bytes(*each.value)) : std::nullopt);
            }
        }
        return {};
    }

    /// Makes the oldest append durable, or fail.
    void sync_one(const Result<void>& result = {}) {
        const auto done = std::move(waiting.front());
        waiting.pop_front();
        done(result);
    }
    void sync_all() {
        while (!waiting.empty()) {
            sync_one();
        }
    }
    void end_transaction(std::int64_t producer_id, bool is_commit) { records.push_back({producer_id, "", {}, is_commit}); }

    bool is_synchronous = true;
    std::optional<Error> refuse_with;
    std::vector<Stored> records;
    std::deque<OnDurable> waiting;
    std::size_t appends = 0;
};

}  // namespace kseg::test
