// SPDX-License-Identifier: Apache-2.0
// Groups of options that mean the same in every command.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "canonical/record_line.hpp"
#include "cli_fwd.hpp"
#include "io/sink.hpp"
#include "kafka/record/batch_editor.hpp"
#include "kafka/segment/range.hpp"

namespace kseg::tools {

/// Ends parsing: the option's value is not of the form that is expected.
[[noreturn]] void reject(const std::string& option, std::string_view form, const std::string& got);

enum class Format : std::uint8_t { text, jsonl, raw };

struct OutputOptions {
    std::string path = "-";
    bool overwrite = false;
    Format format = Format::text;
    canonical::BytesForm bytes = canonical::BytesForm::automatic;
};

/// -o, --overwrite, -f/--format, --json, --bytes.
void add_output_options(CLI::App& app, OutputOptions& options);

/// Where the options say that output goes.
/// errors   exists, io;   invalid   raw output to a terminal
Result<std::unique_ptr<io::Sink>> open_output(const OutputOptions& options);

struct RangeOptions {
    segment::RecordRange range;
    std::optional<std::uint64_t> limit;
};

/// --offsets, --since, --until, --limit.
void add_range_options(CLI::App& app, RangeOptions& options);

/// --canonical, --codec, --leader-epoch, --base-offset.
void add_edit_options(CLI::App& app, record::BatchEdits& edits, std::optional<std::int64_t>& base_offset);

/// An option that takes a number of bytes, with K, M or G behind it.
CLI::Option* add_size_option(CLI::App& app, const std::string& name, std::uint64_t& bytes, const std::string& help);

}  // namespace kseg::tools
