// SPDX-License-Identifier: Apache-2.0
// Every operation of a scripted run fails, stops half way, or is the last before the power goes.
#include <doctest/doctest.h>

#include "support/wal_run.hpp"

using namespace kseg;
using test::CrashFs;
using test::Fault;
using test::WalRun;

namespace {

wal::Options small_options() {
    return {.sync = wal::SyncPolicy::none, .segment_bytes = 700, .checkpoint_bytes = 300, .sync_threads = 1};
}

/// Appends, syncs, seals and closes, going on where something fails as far as one can.
void script(WalRun& run) {
    if (!run.open()) {
        return;
    }
    for (int i = 0; i < 12; ++i) {
        run.append({.records = 1 + i % 3, .value_bytes = static_cast<std::size_t>(i * 17)});
        if (i % 3 == 1) {
            run.sync();
        }
        if (i == 5) {
            (void)run.log->seal();
        }
    }
    run.close();
}

/// Opens what is left, checks it, appends behind it, and checks again after a clean close.
void check_after(CrashFs& fs, WalRun& run) {
    REQUIRE_MESSAGE(run.open(), run.error);
    REQUIRE(run.check() == "");
    for (int i = 0; i < 4; ++i) {
        REQUIRE(run.append({.value_bytes = 100}));
        REQUIRE(run.sync());
    }
    REQUIRE(run.check() == "");
    // What was acknowledged behind what a fault left is as durable as anything.
    run.drop();
    fs.crash(fs.operations());
    REQUIRE_MESSAGE(run.open(), run.error);
    REQUIRE(run.check() == "");
    REQUIRE(run.count() == run.acknowledged);
    REQUIRE(run.append({.value_bytes = 5}));
    REQUIRE_MESSAGE(run.close(), run.error);
    run.drop();
    fs.kill();
    REQUIRE_MESSAGE(run.open(), run.error);
    for (const wal::Finding& finding : run.wal->findings()) {
        CHECK_FALSE(finding.is_damage());
    }
    REQUIRE(run.check() == "");
    REQUIRE(run.acknowledged == run.appended.size());
    run.drop();
}

std::uint64_t operations_of_script() {
    CrashFs fs;
    WalRun run(fs, small_options());
    script(run);
    REQUIRE(run.acknowledged == 12);
    REQUIRE(run.check() == "");
    return fs.operations();
}

}  // namespace

TEST_CASE("whichever operation fails, nothing acknowledged is lost and the log opens again") {
    const std::uint64_t operations = operations_of_script();
    CHECK(operations > 100);
    for (const Fault fault : {Fault::fail, Fault::shorten}) {
        for (std::uint64_t count = 1; count <= 3; ++count) {
            for (std::uint64_t k = 1; k <= operations; ++k) {
                CAPTURE(static_cast<int>(fault));
                CAPTURE(k);
                CAPTURE(count);
                CrashFs fs(k);
                WalRun run(fs, small_options());
                fs.fail_at(k, fault, count);
                script(run);
                run.drop();
                fs.kill();
                check_after(fs, run);
            }
        }
    }
}

TEST_CASE("whichever operation is the last before the power goes, what was acknowledged is there again") {
    const std::uint64_t operations = operations_of_script();
    for (std::uint64_t k = 1; k <= operations; ++k) {
        for (std::uint64_t seed = 0; seed < 4; ++seed) {
            CAPTURE(k);
            CAPTURE(seed);
            CrashFs fs(k);
            WalRun run(fs, small_options());
            fs.fail_at(k, Fault::cut);
            script(run);
            run.drop();
            fs.crash(k * 1000 + seed);
            check_after(fs, run);
        }
    }
}
