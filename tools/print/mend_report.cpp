// SPDX-License-Identifier: Apache-2.0
#include "print/mend_report.hpp"

#include <fmt/format.h>

#include <vector>

#include "print/batch_line.hpp"

namespace kseg::tools {
namespace {

using record::CrcCause;
using segment::Outcome;

std::vector<std::string> other_causes(const segment::Finding& finding, std::int8_t magic) {
    std::vector<std::string> names;
    for (std::size_t i = 1; i < finding.causes.size(); ++i) {
        names.push_back(record::to_string(finding.causes[i], magic));
    }
    return names;
}

}  // namespace

void MendReport::flush() {
    if (!failed_ && !lines_.empty()) {
        if (const auto written = sink_.write(lines_.bytes()); !written) {
            failed_ = written.error();
        }
    }
    lines_.clear();
}

void MendReport::finding(const segment::Finding& finding) {
    if (options_.silent) {
        return;
    }
    if (options_.jsonl) {
        print_json(finding);
    } else {
        print_text(finding);
    }
    // A write for each line would take as long as finding out what it says.
    constexpr std::size_t kLinesBytes = std::size_t{64} << 10;
    if (lines_.size() >= kLinesBytes) {
        flush();
    }
}

void MendReport::print_json(const segment::Finding& finding) {
    JsonFields fields(lines_);
    if (finding.item.outcome == Outcome::batch) {
        const std::int8_t magic = finding.item.batch.header().magic;
        put_batch(fields, finding.item, read_batch_body(finding.item.batch, reader_, false));
        if (finding.causes.empty()) {
            fields.text("cause", std::nullopt);
        } else {
            fields.text("cause", record::to_string(finding.causes.front(), magic));
        }
        if (!finding.causes.empty() && finding.causes.front().kind == CrcCause::Kind::single_bit) {
            fields.number("bit", static_cast<std::int64_t>(finding.causes.front().bit));
        }
        fields.text("action", to_string(finding.action));
        fields.texts("also", other_causes(finding, magic));
        if (!finding.why.empty()) {
            fields.text("why", finding.why);
        }
    } else {
        put_gap(fields, finding.item);
        fields.text("action", to_string(finding.action));
    }
    fields.end(options_.named_on_lines ? std::optional<std::string_view>(name_) : std::nullopt);
}

void MendReport::print_text(const segment::Finding& finding) {
    if (options_.named_on_lines) {
        lines_.append(name_ + ": ");
    }
    if (finding.item.outcome == Outcome::batch) {
        const std::int8_t magic = finding.item.batch.header().magic;
        append_batch_text(lines_, finding.item, read_batch_body(finding.item.batch, reader_, false));
        if (!finding.causes.empty()) {
            const CrcCause& cause = finding.causes.front();
            lines_.append("  " + record::to_string(cause, magic));
            if (cause.kind == CrcCause::Kind::single_bit) {
                lines_.append(fmt::format(" {}", cause.bit));
            }
        }
    } else {
        append_gap_text(lines_, finding.item);
    }
    lines_.append(fmt::format("  {}", to_string(finding.action)));
    if (!finding.why.empty()) {
        lines_.append(": " + finding.why);
    }
    if (finding.causes.size() > 1) {
        lines_.append(fmt::format("  also {}", fmt::join(other_causes(finding, finding.item.batch.header().magic), ", ")));
    }
    lines_.push_back('\n');
}

void MendReport::end(const segment::MendTotals& totals) {
    if (options_.silent || options_.jsonl) {
        flush();
        return;
    }
    lines_.append(fmt::format("{}: {} batches, {}{}\n", name_, totals.batches, describe(totals),
                              options_.nothing_written && totals.changed() ? "; nothing written" : ""));
    flush();
}

std::string describe(const segment::MendTotals& totals) {
    std::string text;
    const auto add = [&text](std::uint64_t count, std::string_view what) {
        if (count != 0) {
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
        }
    };
    add(totals.recomputed, "recomputed");
    add(totals.bits_flipped_back, "with a bit flipped back");
    add(totals.kept, "kept");
    add(totals.dropped, "dropped");
    add(totals.gaps, totals.gaps == 1 ? "gap" : "gaps");
    add(totals.edited, "changed by options");
    add(totals.unedited, "not changed as asked");
    return text.empty() ? "nothing wrong" : text;
}

}  // namespace kseg::tools
