// SPDX-License-Identifier: Apache-2.0
// The options of wal-append that say how input is read and how the log is written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "append_input.hpp"
#include "cli_fwd.hpp"
#include "wal/options.hpp"

namespace kseg::tools {

/// --input, --key-separator, --keep-offsets, --codec, --batch-bytes, --linger-ms.
void add_append_input_options(CLI::App& app, AppendInputOptions& options);

/// --sync.
CLI::Option* add_sync_option(CLI::App& app, wal::Options& options, const std::string& help);

/// --segment-bytes, --segment-age.
void add_segment_options(CLI::App& app, wal::Options& options);

/// An option that takes a span of time, in milliseconds where no unit says otherwise.
CLI::Option* add_span_option(CLI::App& app, const std::string& name, std::optional<std::int64_t>& span_ms,
                             const std::string& help);

/// --sync, --segment-bytes, --segment-age, --recovery.
void add_append_log_options(CLI::App& app, wal::Options& options);

}  // namespace kseg::tools
