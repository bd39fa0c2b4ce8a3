// SPDX-License-Identifier: Apache-2.0
#include "query_printer.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "print/record_text.hpp"

namespace kseg::tools {
namespace {

constexpr std::size_t kWriteBytes = std::size_t{64} << 10;

std::string_view describe(store::SourceKind kind) {
    switch (kind) {
        case store::SourceKind::index: return "index";
        case store::SourceKind::archive: return "archive";
        case store::SourceKind::log: break;
    }
    return "log";
}

std::string describe(const store::SliceReport& report) {
    const store::Slice& slice = report.slice;
    const std::string end = slice.end_offset == kMaxRecordOffset ? "" : fmt::format("{}", slice.end_offset);
    const char* how = report.scanned ? ", scanned" : "";
    if (report.skipped_by != store::SkippedBy::nothing) {
        how = report.skipped_by == store::SkippedBy::name ? ", skipped by its name" : ", skipped by its manifest";
    }
    return fmt::format(
        "slice: {} {}, offsets {}..{}{}, {} batches and {} records looked at, {} given, {} requests, {} bytes\n",
        describe(slice.kind), report.path, slice.first_offset, end, how, report.batches, report.records, report.given,
        report.cost.requests, report.cost.bytes);
}

}  // namespace

QueryPrinter::QueryPrinter(const OutputOptions& options, bool explain, io::Sink& sink, Report& report, Progress& progress)
    : options_(options), explain_(explain), sink_(sink), report_(report), progress_(progress), lines_(options.bytes) {}

void QueryPrinter::begin_partition(const segment::PartitionName& partition) {
    lines_.begin_segment(partition.topic, partition.partition, std::nullopt);
}

void QueryPrinter::begin_batch(const record::BatchHeader& header) {
    if (options_.format == Format::jsonl) {
        lines_.begin_batch(header, true);
    }
}

void QueryPrinter::record(const record::BatchHeader& header, const record::RecordView& record) {
    if (options_.format == Format::jsonl) {
        lines_.write(out_, record);
    } else {
        append_record_text(out_, header, true, record, options_.bytes);
    }
    if (out_.size() >= kWriteBytes) {
        flush();
    }
}

void QueryPrinter::batch(const record::BatchView& batch) {
    out_.append(batch.bytes());
    if (out_.size() >= kWriteBytes) {
        flush();
    }
}

void QueryPrinter::damage(const Error& what) {
    if (damaged_file_ != what.file) {
        if (!damaged_file_.empty()) {
            report_.end_file(damaged_file_);
        }
        damaged_file_ = what.file;
    }
    if (what.at) {
        report_.damage(what.file, *what.at, what.what);
    } else {
        report_.damage(what.file, what.what);
    }
}

void QueryPrinter::end_slice(const store::SliceReport& report) {
    ++slices_;
    flush();
    if (explain_) {
        progress_.clear();
        std::fputs(describe(report).c_str(), stderr);
    }
}

bool QueryPrinter::keep_on(std::uint64_t bytes_read) {
    flush();
    progress_.show(bytes_read);
    return !output_gone_;
}

void QueryPrinter::print_count(std::uint64_t count) {
    out_.append(fmt::format("{}\n", count));
}

void QueryPrinter::finish(const store::ReadCounts& cost, const objects::Traffic& traffic) {
    flush();
    if (!damaged_file_.empty()) {
        report_.end_file(damaged_file_);
    }
    if (explain_) {
        const std::chrono::duration<double, std::milli> spent = Clock::now() - begun_;
        if (traffic.requests != 0) {
            std::fputs(fmt::format("store: {} requests, {} of them again, {} bytes\n", traffic.requests, traffic.retries,
                                   traffic.bytes_received)
                           .c_str(),
                       stderr);
        }
        std::fputs(fmt::format("total: {} slices, {} files, {} requests, {} bytes, {:.1f} ms\n", slices_, cost.files,
                               cost.requests, cost.bytes, spent.count())
                       .c_str(),
                   stderr);
    }
}

void QueryPrinter::flush() {
    if (!output_gone_ && !out_.empty()) {
        if (const auto written = sink_.write(out_.bytes()); !written) {
            output_gone_ = true;
            if (written.error().what != io::kBrokenPipe) {
                report_.error(written.error().in_file("output"));
            }
        }
    }
    out_.clear();
}

}  // namespace kseg::tools
