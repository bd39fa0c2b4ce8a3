// SPDX-License-Identifier: Apache-2.0
// Records inside a batch, one after another, without a copy: what every reader of a segment walks.
// Layout: man/kseg-segment.5, RECORD. Source: KIP-98, Kafka 4.1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "kafka/codec/codec.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/wire/reader.hpp"

namespace kseg::record {

/// One header of a record. Borrows; the key need not be UTF-8, a null value is not an empty one.
struct HeaderView {
    Bytes key;
    NullableBytes value;
};

/// The headers of one record, parsed as they are walked. Made by RecordReader, which has checked the bytes.
class HeadersView {
  public:
    HeadersView() = default;
    HeadersView(Bytes encoded, std::int32_t count) : encoded_(encoded), count_(count) {}

    [[nodiscard]] std::int32_t size() const { return count_; }
    [[nodiscard]] bool empty() const { return count_ == 0; }

    template <typename Visit>
    void for_each(Visit&& visit) const {
        wire::Reader in(encoded_);
        for (std::int32_t i = 0; i < count_; ++i) {
            HeaderView header;
            header.key = in.varint_bytes().value_or(Bytes{});
            header.value = in.varint_bytes();
            visit(header);
        }
    }

  private:
    Bytes encoded_;
    std::int32_t count_ = 0;
};

/// One record. Borrows from the batch, or from the reader's scratch when the batch is compressed.
struct RecordView {
    std::int64_t offset = 0;
    std::int64_t timestamp = -1;         ///< ms; max_timestamp of the batch when its type is log_append
    std::int64_t stored_timestamp = -1;  ///< what the record itself says, under log_append the producer's time
    std::int32_t sequence = -1;          ///< base_sequence + delta, wrapped as Kafka wraps it; -1 without one
    std::uint8_t attributes = 0;         ///< the record's own, magic 2
    NullableBytes key;
    NullableBytes value;
    HeadersView headers;
};

/// What is wrong with a batch's body.
enum class Problem : std::uint8_t {
    none,
    bad_codec,   ///< the codec is unknown, the stream does not decompress, or it is larger than the limit
    bad_record,  ///< a record breaks its format
    bad_count,   ///< records_count is not the number of records there
    bad_delta,   ///< an offset delta is negative, does not rise, or passes last_offset_delta
};

/// "bad_codec" and so on; empty for none.
std::string_view to_string(Problem problem);

/// Sequence of a record: wraps from 2^31-1 to 0; -1 where the batch has none.
std::int32_t sequence_at(std::int32_t base_sequence, std::int32_t delta);

/// Walks the records of one batch after another. Owns the scratch into which compressed bodies go, and reuses it: nothing
/// is allocated for a record.
class RecordReader {
  public:
    /// limit_bytes   most bytes that a compressed body may come to
    explicit RecordReader(std::size_t limit_bytes = std::size_t{1} << 30) : limit_bytes_(limit_bytes) {}

    /// Begins a batch, decompressing its body. Views of the batch before become invalid.
    void open(const BatchView& batch);

    /// Reads the next record into `out`. Returns false at the end and at the first record that breaks its format: see
    /// problem(). Records are read to the end of the body whatever records_count says.
    bool next(RecordView& out);

    /// What is wrong with the body as far as it was read; complete once next() has returned false.
    [[nodiscard]] Problem problem() const { return problem_; }
    /// The problem in words ("record 3: ..."), empty without one.
    [[nodiscard]] const std::string& problem_text() const { return problem_text_; }
    /// Records read so far.
    [[nodiscard]] std::int64_t count() const { return count_; }
    /// Offset of the batch's first record: for a compressed message of magic 0 or 1 found in its inner messages, otherwise
    /// the header's. Known after open().
    [[nodiscard]] std::int64_t base_offset() const { return base_offset_; }
    /// The records in their encoded form, decompressed; borrows as the records do.
    [[nodiscard]] Bytes plain_body() const { return plain_; }

  private:
    void set_problem(Problem problem, std::string text);
    bool next_v2(RecordView& out);
    bool next_message(RecordView& out);
    bool finish();
    void open_wrapper(Bytes value);

    std::size_t limit_bytes_;
    ByteBuffer scratch_;
    BatchHeader header_;
    Bytes plain_;
    wire::Reader in_{Bytes{}};
    bool done_ = true;
    bool inside_wrapper_ = false;
    std::int64_t base_offset_ = 0;
    std::int64_t inner_shift_ = 0;  // what to add to an inner offset
    std::int64_t last_delta_ = -1;
    std::int64_t count_ = 0;
    Problem problem_ = Problem::none;
    std::string problem_text_;
};

}  // namespace kseg::record
