// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <limits>
#include <map>

#include "base/text.hpp"
#include "choice.hpp"
#include "command.hpp"

namespace kseg::tools {
namespace {

/// A number of 0 or more.
std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && value >= 0 ? std::optional(value) : std::nullopt;
}

void set_offsets(const std::string& text, segment::RecordRange& range) {
    constexpr std::string_view kForm = "A..B, A.., ..B or one offset";
    const std::size_t dots = text.find("..");
    const std::string_view first = std::string_view(text).substr(0, std::min(dots, text.size()));
    const std::string_view last = dots == std::string::npos ? "" : std::string_view(text).substr(dots + 2);
    range.first_offset = whole_number(first);
    range.end_offset = whole_number(last);
    if ((!first.empty() && !range.first_offset) || (!last.empty() && !range.end_offset) ||
        (first.empty() && last.empty())) {
        reject("--offsets", kForm, text);
    }
    if (dots == std::string::npos && *range.first_offset != kMaxRecordOffset) {
        range.end_offset = *range.first_offset + 1;
    }
}

TimestampMs time_value(const std::string& option, const std::string& text) {
    const auto now =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
    const auto time = parse_time(text, now.count());
    if (!time) {
        reject(option, "RFC 3339, epoch milliseconds or a span such as -2h", text);
    }
    return *time;
}

}  // namespace

void reject(const std::string& option, std::string_view form, const std::string& got) {
    throw CLI::ValidationError(option, "expected " + std::string(form) + ", got \"" + got + "\"");
}

void add_global_options(CLI::App& app, Globals& globals) {
    const std::string group = "Global options";
    app.add_flag("-q,--quiet", globals.quiet, "Print no warnings; the exit status still tells of damage")->group(group);
    app.add_flag("-v,--verbose", globals.verbose, "Print all warnings and what is being done")->group(group);
    add_choice<When>(app, "--color", globals.color,
                     {{"auto", When::automatic}, {"always", When::always}, {"never", When::never}},
                     "When to colour messages")
        ->group(group);
    app.add_flag_callback(
           "--progress", [&globals] { globals.progress = When::always; }, "Show progress even without a terminal")
        ->group(group);
    app.add_flag_callback(
           "--no-progress", [&globals] { globals.progress = When::never; }, "Show no progress")
        ->group(group);
}

void add_output_options(CLI::App& app, OutputOptions& options) {
    using canonical::BytesForm;
    app.add_option("-o,--output", options.path, "Write to FILE, which appears whole or not at all; - is stdout")
        ->option_text("FILE");
    app.add_flag("--overwrite", options.overwrite, "Replace the output file if it is there");
    add_choice<Format>(app, "-f,--format", options.format,
                       {{"text", Format::text}, {"jsonl", Format::jsonl}, {"raw", Format::raw}},
                       "How to print: for people, as JSON lines, or batches byte for byte");
    app.add_flag_callback(
        "--json", [&options] { options.format = Format::jsonl; }, "The same as --format jsonl");
    add_choice<BytesForm>(
        app, "--bytes", options.bytes,
        {{"auto", BytesForm::automatic}, {"utf8", BytesForm::utf8}, {"base64", BytesForm::base64}, {"hex", BytesForm::hex}},
        "How to write keys, values and headers; auto is a string where they are UTF-8, else base64");
}

Result<std::unique_ptr<io::Sink>> open_output(const OutputOptions& options) {
    if (options.path != "-") {
        return io::replace_file(options.path, options.overwrite);
    }
    if (options.format == Format::raw && ::isatty(STDOUT_FILENO) == 1) {
        return Error{
            .code = Errc::invalid, .what = "raw batches are not written to a terminal; use -o FILE", .file = "stdout"};
    }
    return io::sink_to_descriptor(STDOUT_FILENO);
}

void add_range_options(CLI::App& app, RangeOptions& options) {
    app.add_option_function<std::string>(
           "--offsets", [&options](const std::string& text) { set_offsets(text, options.range); },
           "Only these records: A..B without B, A.., ..B, or one offset")
        ->option_text("A..B");
    app.add_option_function<std::string>(
           "--since", [&options](const std::string& text) { options.range.since = time_value("--since", text); },
           "Only records of this time or later: RFC 3339, epoch milliseconds, or a span such as -2h")
        ->option_text("TIME");
    app.add_option_function<std::string>(
           "--until", [&options](const std::string& text) { options.range.until = time_value("--until", text); },
           "Only records before this time")
        ->option_text("TIME");
    app.add_option_function<std::string>(
           "--limit",
           [&options](const std::string& text) {
               const auto count = whole_number(text);
               if (!count) {
                   reject("--limit", "a number of 0 or more", text);
               }
               options.limit = static_cast<std::uint64_t>(*count);
           },
           "Print at most N records, or batches where batches are printed")
        ->option_text("N");
}

CLI::Option* add_size_option(CLI::App& app, const std::string& name, std::uint64_t& bytes, const std::string& help) {
    return app
        .add_option_function<std::string>(
            name,
            [&bytes, name](const std::string& text) {
                const auto size = parse_size(text);
                if (!size) {
                    reject(name, "a number of bytes such as 1048576 or 64M", text);
                }
                bytes = *size;
            },
            help)
        ->option_text("BYTES");
}

void add_edit_options(CLI::App& app, record::BatchEdits& edits, std::optional<std::int64_t>& base_offset) {
    const std::string group = "Changes";
    app.add_flag("--canonical", edits.canonical, "Make counts, deltas, lengths and max timestamp anew from the records")
        ->group(group);
    using codec::Codec;
    add_choice<std::optional<Codec>>(app, "--codec", edits.codec,
                                     {{"none", Codec::none},
                                      {"gzip", Codec::gzip},
                                      {"snappy", Codec::snappy},
                                      {"lz4", Codec::lz4},
                                      {"zstd", Codec::zstd}},
                                     "Compress bodies by this codec")
        ->group(group);
    app.add_option("--leader-epoch", edits.leader_epoch, "Leader epoch of every batch; -1 is none")
        ->option_text("N")
        ->check(CLI::Range(-1, std::numeric_limits<std::int32_t>::max()).description(""))
        ->group(group);
    app.add_option("--base-offset", base_offset, "Base offset of the first batch; the others keep their distance")
        ->option_text("N")
        ->check(CLI::NonNegativeNumber.description(""))
        ->group(group);
}

}  // namespace kseg::tools
