// SPDX-License-Identifier: Apache-2.0
// Record lines: arbitrary text in; and a record made of the bytes, out as a line and back in.
#include <array>
#include <vector>

#include "canonical/record_line.hpp"
#include "fuzz_support.hpp"
#include "kafka/record/builder.hpp"
#include "kafka/wire/reader.hpp"

using namespace kseg;

namespace {

NullableBytes borrowed(const std::optional<ByteBuffer>& bytes) {
    return bytes ? NullableBytes(bytes->bytes()) : std::nullopt;
}

bool same(const std::optional<ByteBuffer>& a, const std::optional<ByteBuffer>& b) {
    return a.has_value() == b.has_value() && (!a || a->text() == b->text());
}

/// What is written with U+FFFD is a record line too, though its bytes are not those of the record.
void check_lossy(const canonical::RecordLine& line, const record::BatchHeader& header, const record::RecordView& record) {
    canonical::RecordLineWriter writer(canonical::BytesForm::utf8);
    writer.begin_segment(line.topic, line.partition, "file");
    writer.begin_batch(header, false);
    ByteBuffer text;
    writer.write(text, record);
    fuzz::require(canonical::parse_record_line(text.text()).has_value());
}

/// Puts a line's record into a batch, reads it off the batch, writes its line and reads that: nothing may be lost.
void there_and_back(const canonical::RecordLine& line, canonical::BytesForm form) {
    record::BatchHeader header;
    header.base_offset = line.record.offset;
    header.producer_id = line.producer_id;
    header.producer_epoch = line.producer_epoch;
    header.base_sequence = line.sequence;
    header.attributes = static_cast<std::uint16_t>((line.transactional ? record::kTransactionalBit : 0) |
                                                   (line.control ? record::kControlBit : 0));
    std::vector<record::HeaderView> headers;
    for (const canonical::EditableHeader& h : line.record.headers) {
        headers.push_back({.key = h.key.bytes(), .value = borrowed(h.value)});
    }
    record::BatchBuilder builder;
    builder.begin(header);
    const record::RecordView made{.offset = line.record.offset,
                                  .stored_timestamp = line.record.stored_timestamp,
                                  .attributes = line.record.attributes,
                                  .key = borrowed(line.record.key),
                                  .value = borrowed(line.record.value),
                                  .headers = {}};
    fuzz::require(builder.add(made, headers).has_value());
    ByteBuffer wire;
    fuzz::require(builder.finish(wire).has_value());
    const auto view = record::BatchView::parse(wire.bytes(), {});
    record::RecordReader reader;
    reader.open(*view);
    record::RecordView record;
    fuzz::require(reader.next(record));
    canonical::RecordLineWriter writer(form);
    writer.begin_segment(line.topic, line.partition, std::nullopt);
    writer.begin_batch(view->header(), true);
    ByteBuffer text;
    writer.write(text, record);
    check_lossy(line, view->header(), record);
    const auto back = canonical::parse_record_line(text.text());
    fuzz::require(back.has_value());
    fuzz::require(back->topic == line.topic && back->partition == line.partition &&
                  back->record.offset == line.record.offset);
    fuzz::require(back->record.stored_timestamp == line.record.stored_timestamp &&
                  back->record.attributes == line.record.attributes);
    fuzz::require(same(back->record.key, line.record.key) && same(back->record.value, line.record.value));
    fuzz::require(back->record.headers.size() == line.record.headers.size());
    for (std::size_t i = 0; i < headers.size(); ++i) {
        fuzz::require(back->record.headers[i].key.text() == line.record.headers[i].key.text());
        fuzz::require(same(back->record.headers[i].value, line.record.headers[i].value));
    }
    fuzz::require(back->producer_id == line.producer_id && back->producer_epoch == line.producer_epoch);
    fuzz::require(back->transactional == line.transactional && back->control == line.control);
    fuzz::require(back->offset == line.record.offset && back->timestamp == line.record.stored_timestamp &&
                  back->timestamp_type == record::TimestampType::create);
    fuzz::require(back->sequence == (line.sequence < 0 ? -1 : line.sequence));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    constexpr std::array kForms{canonical::BytesForm::automatic, canonical::BytesForm::base64, canonical::BytesForm::hex};
    const Bytes input = fuzz::bytes_of(data + 1, size - 1);
    if (const auto line = canonical::parse_record_line(as_text(input)); line && line->record.offset >= 0) {
        there_and_back(*line, kForms[data[0] % kForms.size()]);
    }
    canonical::RecordLine made;
    const std::size_t third = input.size() / 3;
    if ((data[0] & 4) != 0) {
        made.record.key = ByteBuffer(input.first(third));
    }
    if ((data[0] & 8) != 0) {
        made.record.value = ByteBuffer(input.subspan(third));
    }
    made.record.headers.push_back({.key = ByteBuffer(input.subspan(third, third)), .value = std::nullopt});
    made.record.headers.push_back({.key = ByteBuffer(), .value = ByteBuffer(input.first(third))});
    if ((data[0] & 16) != 0) {
        wire::Reader numbers(input);
        made.record.offset = numbers.i64() & INT64_MAX;
        made.record.stored_timestamp = numbers.i64();
        made.record.attributes = static_cast<std::uint8_t>(numbers.i8());
        made.producer_id = numbers.i64();
        made.producer_epoch = numbers.i16();
        made.sequence = numbers.i32();
        made.partition = numbers.i32();
        made.transactional = (data[0] & 32) != 0;
        made.control = (data[0] & 64) != 0;
    }
    there_and_back(made, kForms[data[0] % kForms.size()]);
    return 0;
}
