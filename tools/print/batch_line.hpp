// SPDX-License-Identifier: Apache-2.0
// Lines about batches and gaps, for people and as JSON: shared by whatever prints them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "kafka/record/record.hpp"
#include "kafka/segment/cursor.hpp"

namespace kseg::tools {

/// Writes the fields of one JSON object; those that a format lacks are null. Borrows `out`.
class JsonFields {
  public:
    explicit JsonFields(ByteBuffer& out) : out_(out) { out_.push_back('{'); }

    void number(std::string_view name, std::optional<std::int64_t> value);
    void text(std::string_view name, std::optional<std::string_view> value);
    void texts(std::string_view name, const std::vector<std::string>& values);
    void boolean(std::string_view name, std::optional<bool> value);
    /// A value that is JSON already.
    void raw(std::string_view name, std::string_view json);
    /// Closes the object and the line; `file` is written where it is given.
    void end(std::optional<std::string_view> file);

  private:
    void begin(std::string_view name);

    ByteBuffer& out_;
    bool first_ = true;
};

/// What reading a batch's body adds to its header.
struct BatchBody {
    std::int64_t base_offset = 0;
    std::int64_t last_offset = 0;
    std::optional<std::int64_t> records{};
    record::Problem problem = record::Problem::none;
};

/// Reads the body, or with `shallow` only what the header says of it.
BatchBody read_batch_body(const record::BatchView& batch, record::RecordReader& reader, bool shallow);

/// The fields of a batch line.
void put_batch(JsonFields& fields, const segment::Item& item, const BatchBody& body);
/// The field of a gap line.
void put_gap(JsonFields& fields, const segment::Item& item);

/// The text of a batch line without its end.
void append_batch_text(ByteBuffer& out, const segment::Item& item, const BatchBody& body);
/// The text of a gap line without its end.
void append_gap_text(ByteBuffer& out, const segment::Item& item);

}  // namespace kseg::tools
