// SPDX-License-Identifier: Apache-2.0
// Records for tests of what reads records: written down as strings, seen as a reader of batches sees them.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/record/record.hpp"
#include "kafka/wire/writer.hpp"

namespace kseg::test {

struct SampleRecord {
    std::optional<std::string> key{};
    std::optional<std::string> value{};
    std::vector<std::pair<std::string, std::optional<std::string>>> headers{};
};

/// Views of sample records, which it borrows.
class SampleViews {
  public:
    record::RecordView view(const SampleRecord& sample) {
        ByteBuffer& encoded = encoded_.emplace_back();
        wire::Writer out(encoded);
        for (const auto& [key, value] : sample.headers) {
            out.varint_bytes(as_bytes(key));
            out.varint_bytes(bytes_of(value));
        }
        record::RecordView view;
        view.key = bytes_of(sample.key);
        view.value = bytes_of(sample.value);
        view.headers = record::HeadersView(encoded.bytes(), static_cast<std::int32_t>(sample.headers.size()));
        return view;
    }

  private:
    static NullableBytes bytes_of(const std::optional<std::string>& text) {
        return text ? NullableBytes(as_bytes(*text)) : std::nullopt;
    }

    std::deque<ByteBuffer> encoded_;
};

}  // namespace kseg::test
