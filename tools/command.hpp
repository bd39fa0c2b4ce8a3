// SPDX-License-Identifier: Apache-2.0
// What the drivers share: global options, exit statuses, and how a command enters the program.
#pragma once

#include <functional>
#include <string>

#include "cli_fwd.hpp"

namespace kseg::tools {

/// Exit statuses of kseg(1).
enum class Exit : int { done = 0, failed = 1, usage = 2, damaged = 3, interrupted = 130 };

enum class When : std::uint8_t { automatic, always, never };

struct Globals {
    bool quiet = false;
    bool verbose = false;
    When color = When::automatic;
    When progress = When::automatic;
};

/// Adds the global options to the program or to a command, so that they may stand before and behind the command's name.
void add_global_options(CLI::App& app, Globals& globals);

/// Sets by a command once it is known to be the one to run.
using Run = std::function<Exit()>;

/// Each command has one of these: adds its subcommand to `app` and sets `run` when it was chosen.
void add_decode(CLI::App& app, Globals& globals, Run& run);
void add_recrc(CLI::App& app, Globals& globals, Run& run);
void add_index(CLI::App& app, Globals& globals, Run& run);
void add_pack(CLI::App& app, Globals& globals, Run& run);
void add_query(CLI::App& app, Globals& globals, Run& run);
void add_serve(CLI::App& app, Globals& globals, Run& run);
void add_wal_append(CLI::App& app, Globals& globals, Run& run);

}  // namespace kseg::tools
