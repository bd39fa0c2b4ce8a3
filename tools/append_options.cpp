// SPDX-License-Identifier: Apache-2.0
#include "append_options.hpp"

#include <charconv>

#include "base/text.hpp"
#include "choice.hpp"

namespace kseg::tools {
namespace {

// A batch has to stay below 2 GiB, length field and header included, whatever its records come to compressed.
constexpr std::uint64_t kMostBatchBytes = std::uint64_t{1} << 30;

/// A span of time in milliseconds: a number with the unit that parse_time() takes behind it, or without one.
std::optional<std::int64_t> parse_span(const std::string& text) {
    const bool has_unit = text.find_first_not_of("0123456789") != std::string::npos;
    return text.empty() || text.front() < '0' || text.front() > '9' ? std::nullopt
                                                                    : parse_time(has_unit ? "+" + text : text, 0);
}

void set_sync(const std::string& text, wal::Options& options) {
    constexpr std::string_view kInterval = "interval:";
    if (text == "always") {
        options.sync = wal::SyncPolicy::always;
    } else if (text == "none") {
        options.sync = wal::SyncPolicy::none;
    } else {
        const std::string_view number = std::string_view(text).substr(std::min(kInterval.size(), text.size()));
        const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), options.interval_ms);
        if (!text.starts_with(kInterval) || error != std::errc{} || end != number.data() + number.size() ||
            options.interval_ms == 0) {
            reject("--sync", "always, interval:MS or none", text);
        }
        options.sync = wal::SyncPolicy::interval;
    }
}

}  // namespace

void add_append_input_options(CLI::App& app, AppendInputOptions& options) {
    const std::map<std::string, wal::AppendForm> forms{{"auto", wal::AppendForm::automatic},
                                                       {"batches", wal::AppendForm::batches},
                                                       {"lines", wal::AppendForm::lines},
                                                       {"jsonl", wal::AppendForm::jsonl}};
    add_choice<wal::AppendForm>(app, "--input", options.form, forms, "What the input holds; auto tells by its beginning");
    app.add_option_function<std::string>(
           "--key-separator",
           [&options](const std::string& text) {
               if (text.empty()) {
                   reject("--key-separator", "at least one character", text);
               }
               options.key_separator = text;
           },
           "Of a line, what stands before this is the key")
        ->option_text("TEXT");
    app.add_flag("--keep-offsets", options.batcher.keep_offsets,
                 "Keep the offsets of batches or record lines, which must rise");
    app.add_option_function<std::string>(
           "--codec",
           [&options](const std::string& word) {
               const std::map<std::string, codec::Codec> codecs{{"none", codec::Codec::none},
                                                                {"gzip", codec::Codec::gzip},
                                                                {"snappy", codec::Codec::snappy},
                                                                {"lz4", codec::Codec::lz4},
                                                                {"zstd", codec::Codec::zstd}};
               const auto found = codecs.find(word);
               if (found == codecs.end()) {
                   reject("--codec", "none, gzip, snappy, lz4 or zstd", word);
               }
               options.codec = found->second;
           },
           "Compress batches made of lines or record lines (none)")
        ->option_text("gzip|lz4|none|snappy|zstd");
    app.add_option_function<std::string>(
           "--batch-bytes",
           [&options](const std::string& text) {
               const auto size = parse_size(text);
               if (!size || *size == 0 || *size > kMostBatchBytes) {
                   reject("--batch-bytes", "1 to 1G bytes", text);
               }
               options.batcher.batch_bytes = *size;
           },
           "End a batch before it has more, counted uncompressed (64K)")
        ->option_text("BYTES");
    app.add_option("--linger-ms", options.linger_ms, "How long a batch may wait for more records (0)")
        ->option_text("MS")
        ->check(CLI::Range(0, 3600000).description(""));
}

CLI::Option* add_sync_option(CLI::App& app, wal::Options& options, const std::string& help) {
    return app
        .add_option_function<std::string>(
            "--sync", [&options](const std::string& text) { set_sync(text, options); }, help)
        ->option_text("POLICY");
}

CLI::Option* add_span_option(CLI::App& app, const std::string& name, std::optional<std::int64_t>& span_ms,
                             const std::string& help) {
    return app
        .add_option_function<std::string>(
            name,
            [&span_ms, name](const std::string& text) {
                const auto span = parse_span(text);
                if (!span) {
                    reject(name, "a span such as 500ms, 10m, 2h or 7d", text);
                }
                span_ms = *span;
            },
            help)
        ->option_text("SPAN");
}

void add_segment_options(CLI::App& app, wal::Options& options) {
    app.add_option_function<std::string>(
           "--segment-bytes",
           [&options](const std::string& text) {
               const auto size = parse_size(text);
               if (!size || *size == 0) {
                   reject("--segment-bytes", "a number of bytes such as 1048576 or 64M", text);
               }
               options.segment_bytes = *size;
           },
           "Begin a new segment before one has more (1G)")
        ->option_text("BYTES");
    add_span_option(app, "--segment-age", options.segment_age_ms, "Begin a new segment when one spans more time");
}

void add_append_log_options(CLI::App& app, wal::Options& options) {
    add_sync_option(app, options, "When to make appends durable: always, interval:MS or none (always)");
    add_segment_options(app, options);
    const std::map<std::string, wal::Recovery> modes{{"tail", wal::Recovery::tail},
                                                     {"strict", wal::Recovery::strict},
                                                     {"point-in-time", wal::Recovery::point_in_time},
                                                     {"salvage", wal::Recovery::salvage}};
    add_choice<wal::Recovery>(app, "--recovery", options.recovery, modes, "What to do about damage (tail)");
}

}  // namespace kseg::tools
