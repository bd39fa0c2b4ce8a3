// SPDX-License-Identifier: Apache-2.0
#include "canonical/record_line.hpp"

#include <doctest/doctest.h>

#include <string>

#include "kafka/record/builder.hpp"
#include "kafka/wire/reader.hpp"
#include "support/hex.hpp"

using namespace kseg;
using canonical::BytesForm;
using canonical::parse_record_line;
using test::from_hex;
using test::read_data;

namespace {

std::string line_of(Bytes whole, BytesForm form, bool valid = true) {
    const auto view = record::BatchView::parse(whole, {});
    REQUIRE(view);
    record::RecordReader reader;
    reader.open(*view);
    canonical::RecordLineWriter writer(form);
    writer.begin_segment("orders", 3, "a.log");
    writer.begin_batch(view->header(), valid);
    record::RecordView record;
    ByteBuffer out;
    while (reader.next(record)) {
        writer.write(out, record);
    }
    return std::string(out.text());
}

ByteBuffer made(const record::BatchHeader& header, const record::RecordView& record,
                std::span<const record::HeaderView> headers) {
    record::BatchBuilder builder;
    builder.begin(header);
    REQUIRE(builder.add(record, headers));
    ByteBuffer out;
    REQUIRE(builder.finish(out));
    return out;
}

}  // namespace

TEST_CASE("a record with everything makes the line that the manual promises") {
    record::BatchHeader header;
    header.base_offset = 9;
    header.producer_id = 7;
    header.producer_epoch = 2;
    header.base_sequence = 40;
    header.attributes = record::kTransactionalBit;
    const ByteBuffer key = from_hex("ff 00");
    record::RecordView record;
    record.offset = 9;
    record.stored_timestamp = 1700000000000;
    record.attributes = 1;
    record.key = key.bytes();
    record.value = as_bytes("a\"\n\xe6\x9d\xb1");
    const record::HeaderView headers[] = {{as_bytes("h"), std::nullopt}, {as_bytes("h"), as_bytes("")}};
    const ByteBuffer whole = made(header, record, headers);
    CHECK(
        line_of(whole.bytes(), BytesForm::automatic) ==
        R"({"topic":"orders","partition":3,"offset":9,"timestamp":1700000000000,"timestamp_type":"create","key":{"base64":"/wA="},)"
        R"("value":"a\"\n)"
        "\xe6\x9d\xb1"
        R"(","headers":[{"key":"h","value":null},{"key":"h","value":""}],"producer_id":7,"producer_epoch":2,"sequence":40,)"
        R"("transactional":true,"attributes":1,"file":"a.log"})"
        "\n");
    CHECK(line_of(whole.bytes(), BytesForm::hex, false).find(R"("key":{"hex":"ff00"})") != std::string::npos);
    CHECK(line_of(whole.bytes(), BytesForm::automatic, false).find(R"("crc_valid":false)") != std::string::npos);
    CHECK(line_of(whole.bytes(), BytesForm::utf8).find("\"key\":\"\xef\xbf\xbd\\u0000\"") != std::string::npos);
}

TEST_CASE("a line is read in each of the forms that bytes have") {
    const auto line = parse_record_line(
        R"( {"offset":5, "key":{"base64":"/wA="}, "value":{"hex":"00ff"}, "headers":[{"value":null,"key":"\u00e9\ud83d\ude00"}],)"
        R"( "timestamp":-1, "timestamp_type":"log_append", "unknown":{"a":[1,2.5e3,null,true]}, "topic":"t","partition":null} )");
    REQUIRE(line);
    CHECK(line->offset == 5);
    CHECK(line->record.key->text() == std::string_view("\xff\0", 2));
    CHECK(line->record.value->text() == std::string_view("\0\xff", 2));
    REQUIRE(line->record.headers.size() == 1);
    CHECK(line->record.headers[0].key.text() == "\xc3\xa9\xf0\x9f\x98\x80");
    CHECK_FALSE(line->record.headers[0].value);
    CHECK(line->timestamp_type == record::TimestampType::log_append);
    CHECK(line->topic == "t");
    CHECK_FALSE(line->partition);
    CHECK(line->producer_id == -1);
}

TEST_CASE("what is no record line is refused with the place") {
    for (const char* const bad :
         {"", "[]", "{", "{\"offset\":1.5}", "{\"offset\":99999999999999999999}", "{\"key\":5}",
          "{\"key\":{\"base64\":\"a\"}}", "{\"key\":{}}", "{\"key\":{\"base64\":\"AA==\",\"hex\":\"00\"}}",
          "{\"headers\":[{\"value\":\"x\"}]}", "{\"headers\":[{\"key\":null}]}", "{\"partition\":4294967296}",
          "{\"timestamp_type\":\"later\"}", "{\"value\":\"\\ud800\"}", "{\"value\":\"a", "{} x", "{\"attributes\":256}"}) {
        CAPTURE(bad);
        const auto line = parse_record_line(bad);
        REQUIRE_FALSE(line);
        CHECK(line.error().code == Errc::corrupt);
        CHECK(line.error().at.value_or(1000) <= std::string_view(bad).size());
    }
}

TEST_CASE("lines of Kafka's records read back lose nothing") {
    for (const char* const name :
         {"corpus/v2-none/00000000000000000000.log", "corpus/v2-txn-none/00000000000000000100.log",
          "corpus/v2-compacted-lz4/00000000000000000500.log", "corpus/v2-timestamps/00000000000000000000.log"}) {
        CAPTURE(name);
        const ByteBuffer all = read_data(name);
        for (std::size_t at = 0; at + 17 <= all.size();) {
            const std::size_t size = 12 + static_cast<std::size_t>(wire::load_big<std::int32_t>(all.data() + at + 8));
            const auto view = record::BatchView::parse(all.bytes().subspan(at, size), {});
            at += size;
            record::RecordReader reader;
            reader.open(*view);
            canonical::RecordLineWriter writer(BytesForm::automatic);
            writer.begin_segment(std::nullopt, std::nullopt, std::nullopt);
            writer.begin_batch(view->header(), true);
            record::RecordView record;
            while (reader.next(record)) {
                ByteBuffer text;
                writer.write(text, record);
                const auto line = parse_record_line(text.text());
                REQUIRE(line);
                CHECK(line->offset == record.offset);
                CHECK(line->timestamp == record.timestamp);
                CHECK(line->sequence == record.sequence);
                CHECK(line->producer_id == view->header().producer_id);
                CHECK(line->control == view->header().is_control());
                CHECK(line->transactional == view->header().is_transactional());
                CHECK(line->record.key.has_value() == record.key.has_value());
                CHECK((!record.key || line->record.key->text() == as_text(*record.key)));
                CHECK(line->record.value.has_value() == record.value.has_value());
                CHECK((!record.value || line->record.value->text() == as_text(*record.value)));
                std::size_t i = 0;
                REQUIRE(line->record.headers.size() == static_cast<std::size_t>(record.headers.size()));
                record.headers.for_each([&](const record::HeaderView& h) {
                    CHECK(line->record.headers[i].key.text() == as_text(h.key));
                    CHECK(line->record.headers[i].value.has_value() == h.value.has_value());
                    CHECK((!h.value || line->record.headers[i].value->text() == as_text(*h.value)));
                    ++i;
                });
            }
        }
    }
}
