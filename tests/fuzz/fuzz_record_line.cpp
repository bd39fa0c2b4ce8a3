// SPDX-License-Identifier: Apache-2.0
// Record lines: arbitrary text in; and a record made of the bytes, out as a line and back in.
#include <array>
#include <vector>

#include "canonical/record_line.hpp"
#include "fuzz_support.hpp"
#include "kafka/record/builder.hpp"

using namespace kseg;

namespace {

NullableBytes borrowed(const std::optional<ByteBuffer>& bytes) {
    return bytes ? NullableBytes(bytes->bytes()) : std::nullopt;
}

bool same(const std::optional<ByteBuffer>& a, const std::optional<ByteBuffer>& b) {
    return a.has_value() == b.has_value() && (!a || a->text() == b->text());
}

/// Puts a line's record into a batch, reads it off the batch, writes its line and reads that: nothing may be lost.
void there_and_back(const canonical::RecordLine& line, canonical::BytesForm form) {
    record::BatchHeader header;
    header.base_offset = line.record.offset;
    header.producer_id = line.producer_id;
    header.producer_epoch = line.producer_epoch;
    header.base_sequence = line.sequence;
    header.attributes = line.transactional ? record::kTransactionalBit : std::uint16_t{0};
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
    fuzz::require(back->transactional == line.transactional && back->sequence == (line.sequence < 0 ? -1 : line.sequence));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    constexpr std::array kForms{canonical::BytesForm::automatic, canonical::BytesForm::base64, canonical::BytesForm::hex};
    const Bytes input = fuzz::bytes_of(data + 1, size - 1);
    if (const auto line = canonical::parse_record_line(as_text(input));
        line && line->record.offset >= 0 && !line->control) {
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
    there_and_back(made, kForms[data[0] % kForms.size()]);
    return 0;
}
