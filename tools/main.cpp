// SPDX-License-Identifier: Apache-2.0
// kseg: a toolkit for Kafka log segments. Each command lives in a file of its name.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "command.hpp"
#include "options.hpp"
#include "stop.hpp"

namespace {

int run_program(int argc, char** argv) {
    using kseg::tools::Exit;
    kseg::tools::catch_signals();
    CLI::App app("A toolkit for Kafka log segments", "kseg");
    app.set_version_flag("--version", std::string("kseg ") + KSEG_VERSION);
    app.require_subcommand(1);
    kseg::tools::Globals globals;
    kseg::tools::Run run;
    kseg::tools::add_global_options(app, globals);
    kseg::tools::add_decode(app, globals, run);
    kseg::tools::add_recrc(app, globals, run);
    kseg::tools::add_index(app, globals, run);
    kseg::tools::add_pack(app, globals, run);
    kseg::tools::add_query(app, globals, run);
    kseg::tools::add_serve(app, globals, run);
    kseg::tools::add_wal_append(app, globals, run);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        // Help and version are parse errors of status 0; every other one is a wrong command line.
        if (error.get_exit_code() == 0) {
            return app.exit(error);
        }
        std::fprintf(stderr, "error: %s; --help tells what can be given\n", error.what());
        return static_cast<int>(Exit::usage);
    }
    return static_cast<int>(run());
}

}  // namespace

int main(int argc, char** argv) {
    // Our own code throws nothing; this is for the libraries, and for memory that runs out.
    try {
        return run_program(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return static_cast<int>(kseg::tools::Exit::failed);
    }
}
