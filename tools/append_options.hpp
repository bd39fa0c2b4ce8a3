// SPDX-License-Identifier: Apache-2.0
// The options of wal-append that say how input is read and how the log is written.
#pragma once

#include <CLI/CLI.hpp>

#include "append_input.hpp"
#include "wal/options.hpp"

namespace kseg::tools {

/// --input, --key-separator, --keep-offsets, --codec, --batch-bytes, --linger-ms.
void add_append_input_options(CLI::App& app, AppendInputOptions& options);

/// --sync, --segment-bytes, --segment-age, --recovery.
void add_append_log_options(CLI::App& app, wal::Options& options);

}  // namespace kseg::tools
