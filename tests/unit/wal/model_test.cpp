// SPDX-License-Identifier: Apache-2.0
// Random operations on a log and on a model of it, which is a list of batches.
#include <doctest/doctest.h>

#include <random>

#include "support/wal_run.hpp"
#include "wal/verify.hpp"

using namespace kseg;
using test::CrashFs;
using test::WalRun;

TEST_CASE("a log does what a list of batches does") {
    constexpr std::uint64_t kSeeds = 60;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        CAPTURE(seed);
        std::mt19937_64 random(seed);
        const auto upto = [&random](std::uint64_t most) {
            return std::uniform_int_distribution<std::uint64_t>(0, most)(random);
        };
        CrashFs fs;
        WalRun run(fs, {.sync = upto(1) == 0 ? wal::SyncPolicy::none : wal::SyncPolicy::always,
                        .segment_bytes = 300 + upto(20000),
                        .segment_age_ms = upto(1) == 0 ? std::optional<std::int64_t>(2000) : std::nullopt,
                        .checkpoint_bytes = 100 + upto(5000),
                        .sync_threads = 1});
        REQUIRE_MESSAGE(run.open(), run.error);
        std::int64_t end = 0;
        for (int i = 0; i < 150; ++i) {
            switch (upto(11)) {
                case 0: REQUIRE(run.sync()); break;
                case 1: REQUIRE(run.log->seal()); break;
                case 2: REQUIRE_MESSAGE(run.close(), run.error); [[fallthrough]];
                case 3:
                    run.drop();
                    fs.kill();
                    REQUIRE_MESSAGE(run.open(), run.error);
                    CHECK(run.wal->findings().empty());
                    break;
                case 4: {  // an offset that is kept may leave a gap, also one that no segment spans
                    test::BatchPlan plan = test::random_plan(random);
                    plan.base_offset = end + static_cast<std::int64_t>(upto(1) == 0 ? upto(100) : upto(4) << 31);
                    REQUIRE_MESSAGE(run.append(plan, {.keep_offset = true}), run.error);
                    break;
                }
                case 5: {
                    test::BatchPlan plan = test::random_plan(random);
                    plan.base_offset = end - 1;
                    const bool below = end > 0;
                    if (below) {
                        CHECK_FALSE(run.append(plan, {.keep_offset = true}));
                    }
                    break;
                }
                default: REQUIRE_MESSAGE(run.append(test::random_plan(random)), run.error); break;
            }
            end = run.log->end_offset();
            if (i % 10 == 0) {
                REQUIRE(run.check() == "");
                REQUIRE(run.count() == run.appended.size());
            }
        }
        REQUIRE(run.close());
        REQUIRE(run.check() == "");
        REQUIRE(run.count() == run.appended.size());
        const auto totals = wal::verify(fs, "/wal/t-0", [](const wal::Finding& finding) {
            FAIL_CHECK(fmt::format("{}: {}: {}", finding.file, finding.at, finding.what));
        });
        REQUIRE(totals);
        CHECK(totals->batches == run.appended.size());
        // The index files are those that one pass over each segment would make, or as good.
        run.drop();
    }
}
