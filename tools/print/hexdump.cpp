// SPDX-License-Identifier: Apache-2.0
// Every field of a batch beside its bytes.
#include <fmt/format.h>

#include "base/text.hpp"
#include "kafka/wire/reader.hpp"
#include "print/printer.hpp"

namespace kseg::tools {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kRowBytes = 16;
constexpr std::size_t kShownValueBytes = 64;  // of a key or value; the rest is counted

/// Prints fields as they are read off one run of bytes.
class FieldDump {
  public:
    /// at   file offset of in[0], or its offset in the decompressed body
    FieldDump(ByteBuffer& out, Bytes in, std::uint64_t at, std::string_view indent)
        : out_(out), in_(in), at_(at), indent_(indent), reader_(in) {}

    [[nodiscard]] std::size_t left() const { return reader_.left(); }
    [[nodiscard]] bool ok() const { return reader_.ok(); }
    wire::Reader& reader() { return reader_; }

    /// Prints the bytes read since the last call as one field.
    void field(std::string_view name, std::string_view value) {
        const Bytes bytes = in_.subspan(from_, reader_.consumed() - from_);
        for (std::size_t i = 0; i < bytes.size() || i == 0; i += kRowBytes) {
            const Bytes row = bytes.subspan(i, std::min(kRowBytes, bytes.size() - i));
            std::string hex;
            for (const std::byte b : row) {
                hex += fmt::format("{:02x} ", to_u8(b));
            }
            out_.append(fmt::format("{}{:>10}  {:<48} {}{}{}\n", indent_, at_ + from_ + i, hex, i == 0 ? name : "",
                                    i == 0 && !value.empty() ? " " : "", i == 0 ? value : ""));
            if (i + kRowBytes >= kShownValueBytes && i + kRowBytes < bytes.size()) {
                out_.append(fmt::format("{}{:>10}  ... {} more bytes\n", indent_, "", bytes.size() - i - kRowBytes));
                break;
            }
        }
        from_ = reader_.consumed();
    }

    void number(std::string_view name, std::int64_t value) { field(name, fmt::format("{}", value)); }
    void time(std::string_view name, std::int64_t value) {
        ByteBuffer text;
        append_time(text, value);
        field(name, fmt::format("{} {}", value, text.text()));
    }

    /// A byte string of `length` bytes, nothing where it is null.
    void string(std::string_view name, std::int64_t length) {
        if (length < 0) {
            return;
        }
        const Bytes bytes = reader_.bytes(static_cast<std::uint64_t>(length));
        if (!reader_.ok()) {
            return;
        }
        ByteBuffer text;
        if (bytes.size() > kShownValueBytes || !append_json_string(text, bytes)) {
            text.clear();
        }
        if (!bytes.empty()) {
            field(name, text.text());
        }
    }

  private:
    ByteBuffer& out_;
    Bytes in_;
    std::uint64_t at_;
    std::string_view indent_;
    wire::Reader reader_;
    std::size_t from_ = 0;
};

std::string attributes_text(const record::BatchHeader& h) {
    std::string text = fmt::format("0x{:04x} {}", h.attributes, codec_name(h.codec_id()));
    if (h.magic >= 1) {
        text += h.timestamp_type() == record::TimestampType::log_append ? ", log append time" : ", create time";
    }
    text += h.is_transactional() ? ", transactional" : "";
    text += h.is_control() ? ", control" : "";
    text += h.has_delete_horizon() ? ", base timestamp is the delete horizon" : "";
    return text;
}

class HexdumpPrinter final : public Printer {
  public:
    using Printer::Printer;

  private:
    void print_batch(const segment::Item& item, Printed& printed) override {
        printed.damaged = printed.damaged || !item.crc_valid;
        if (!wanted(item) || !take_one()) {
            return;
        }
        const record::BatchHeader& h = item.batch.header();
        ByteBuffer& out = printed.out;
        out.append(fmt::format("{}{}batch at {}, {} bytes{}\n", segment_.named_on_lines ? segment_.name : "",
                               segment_.named_on_lines ? ": " : "", item.position.value, item.size,
                               item.crc_valid ? "" : ", CRC WRONG"));
        FieldDump dump(out, item.batch.bytes(), item.batch.position().value, "");
        wire::Reader& in = dump.reader();
        if (h.is_legacy()) {
            message(dump, h, item.crc_computed);
        } else {
            header_v2(dump, item);
        }
        if (!selection_.shallow) {
            body(dump, item, printed);
        }
        if (dump.left() != 0) {
            in.bytes(in.left());
            dump.field(h.codec_id() == 0 ? "records" : "compressed records", "");
        }
    }

    static void frame(FieldDump& dump, std::string_view third) {
        wire::Reader& in = dump.reader();
        dump.number("base_offset", in.i64());
        dump.number("batch_length", in.i32());
        dump.number(third, in.i32());
        dump.number("magic", in.i8());
    }

    static void header_v2(FieldDump& dump, const segment::Item& item) {
        wire::Reader& in = dump.reader();
        frame(dump, "partition_leader_epoch");
        const std::uint32_t crc = in.u32();
        dump.field("crc", item.crc_valid ? fmt::format("0x{:08x}", crc)
                                         : fmt::format("0x{:08x}, expected 0x{:08x}", crc, item.crc_computed));
        in.i16();
        dump.field("attributes", attributes_text(item.batch.header()));
        dump.number("last_offset_delta", in.i32());
        dump.time("base_timestamp", in.i64());
        dump.time("max_timestamp", in.i64());
        dump.number("producer_id", in.i64());
        dump.number("producer_epoch", in.i16());
        dump.number("base_sequence", in.i32());
        dump.number("records_count", in.i32());
    }

    /// One message of magic 0 or 1, or what precedes the value of a compressed one.
    static void message(FieldDump& dump, const record::BatchHeader& h, std::uint32_t computed) {
        wire::Reader& in = dump.reader();
        dump.number("offset", in.i64());
        dump.number("message_size", in.i32());
        const std::uint32_t crc = in.u32();
        dump.field("crc", crc == computed ? fmt::format("0x{:08x}", crc)
                                          : fmt::format("0x{:08x}, expected 0x{:08x}", crc, computed));
        dump.number("magic", in.i8());
        in.i8();
        dump.field("attributes", attributes_text(h));
        if (h.magic == 1) {
            dump.time("timestamp", in.i64());
        }
        const std::int32_t key_length = in.i32();
        dump.number("key_length", key_length);
        dump.string("key", key_length);
        const std::int32_t value_length = in.i32();
        dump.number("value_length", value_length);
        if (h.codec_id() == 0) {
            dump.string("value", value_length);
        }
    }

    void body(FieldDump& dump, const segment::Item& item, Printed& printed) {
        const record::BatchHeader& h = item.batch.header();
        reader_.open(item.batch);
        // Read through once, so that the dump is of a body whose problem is known.
        record::RecordView record;
        while (reader_.next(record)) {
        }
        note_problem(item, printed);
        if (h.codec_id() == 0) {
            if (!h.is_legacy()) {
                records(dump);
            }
            return;
        }
        wire::Reader& in = dump.reader();
        in.bytes(in.left());
        dump.field(h.is_legacy() ? "value, compressed" : "compressed records", "");
        const Bytes plain = reader_.plain_body();
        printed.out.append(fmt::format("  decompressed, {} bytes, positions within\n", plain.size()));
        FieldDump inner(printed.out, plain, 0, "  ");
        if (h.is_legacy()) {
            inner_messages(inner, plain);
        } else {
            records(inner);
        }
        if (inner.left() != 0) {
            inner.reader().bytes(inner.left());
            inner.field("not a record", "");
        }
    }

    static void records(FieldDump& dump) {
        wire::Reader& in = dump.reader();
        while (in.ok() && dump.left() != 0) {
            dump.number("record length", in.varint());
            dump.number("  attributes", static_cast<std::uint8_t>(in.i8()));
            dump.number("  timestamp_delta", in.varlong());
            dump.number("  offset_delta", in.varint());
            byte_string(dump, "  key_length", "  key");
            byte_string(dump, "  value_length", "  value");
            const std::int32_t headers = in.varint();
            dump.number("  headers_count", headers);
            for (std::int32_t i = 0; i < headers && in.ok(); ++i) {
                byte_string(dump, "  header_key_length", "  header_key");
                byte_string(dump, "  header_value_length", "  header_value");
            }
        }
    }

    static void byte_string(FieldDump& dump, std::string_view length_name, std::string_view name) {
        const std::int32_t length = dump.reader().varint();
        dump.number(length_name, length);
        dump.string(name, length);
    }

    static void inner_messages(FieldDump& dump, Bytes plain) {
        while (dump.ok() && dump.left() >= record::kMessageV0Bytes) {
            const Bytes rest = plain.subspan(plain.size() - dump.left());
            const std::int64_t size = std::int64_t{wire::load_big<std::int32_t>(rest.data() + 8)} + 12;
            if (size < static_cast<std::int64_t>(record::kMessageV0Bytes) ||
                static_cast<std::uint64_t>(size) > rest.size()) {
                return;
            }
            const auto inner = record::BatchView::parse(rest.first(static_cast<std::size_t>(size)), {});
            if (!inner || !inner->header().is_legacy()) {
                return;
            }
            message(dump, inner->header(), inner->compute_crc());
        }
    }

    void print_gap(const segment::Item& item, Printed& printed) override {
        printed.damaged = true;
        if (!full()) {
            printed.out.append(
                fmt::format("gap at {}, {} bytes: {}\n", item.position.value, item.size, to_string(item.reason)));
        }
    }
};

}  // namespace

std::unique_ptr<Printer> make_hexdump_printer(const Selection& selection) {
    return std::make_unique<HexdumpPrinter>(selection);
}

}  // namespace kseg::tools
