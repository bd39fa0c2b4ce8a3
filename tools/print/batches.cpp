// SPDX-License-Identifier: Apache-2.0
// Batches and gaps, one on a line: for people and as JSON.
#include "print/batch_line.hpp"
#include "print/printer.hpp"

namespace kseg::tools {
namespace {

class BatchPrinter final : public Printer {
  public:
    BatchPrinter(const Selection& selection, bool jsonl) : Printer(selection), jsonl_(jsonl) {}

  private:
    void print_batch(const segment::Item& item, Printed& printed) override {
        if (!wanted(item)) {
            printed.damaged = printed.damaged || !item.crc_valid;
            return;
        }
        if (!take_one()) {
            return;
        }
        const BatchBody body = read_batch_body(item.batch, reader_, selection_.shallow);
        printed.damaged = printed.damaged || !item.crc_valid || body.problem != record::Problem::none;
        if (jsonl_) {
            JsonFields fields(printed.out);
            put_batch(fields, item, body);
            end(fields);
            return;
        }
        begin_text(printed.out);
        append_batch_text(printed.out, item, body);
        printed.out.push_back('\n');
    }

    void print_gap(const segment::Item& item, Printed& printed) override {
        printed.damaged = true;
        if (full()) {
            return;
        }
        if (jsonl_) {
            JsonFields fields(printed.out);
            put_gap(fields, item);
            end(fields);
            return;
        }
        begin_text(printed.out);
        append_gap_text(printed.out, item);
        printed.out.push_back('\n');
    }

    void end(JsonFields& fields) const {
        fields.end(segment_.named_on_lines ? std::optional<std::string_view>(segment_.name) : std::nullopt);
    }

    void begin_text(ByteBuffer& out) const {
        if (segment_.named_on_lines) {
            out.append(segment_.name);
            out.append(std::string_view(": "));
        }
    }

    bool jsonl_;
};

}  // namespace

std::unique_ptr<Printer> make_batch_printer(const Selection& selection, bool jsonl) {
    return std::make_unique<BatchPrinter>(selection, jsonl);
}

}  // namespace kseg::tools
