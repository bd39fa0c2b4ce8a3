// SPDX-License-Identifier: Apache-2.0
// Crash simulation of the write-ahead log: crash_wal [STATES [FIRST_SEED]]. Each state is a few sessions on a disk that
// fails at a random operation, loses its power or its process, and loses, tears and reorders what was not synced.
// Afterwards nothing that was acknowledged may be missing and nothing may be there that was not appended. KSEG_CRASH_STATES
// also sets the number of states. A failure prints its seed, and `crash_wal 1 SEED` runs it again.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "support/wal_run.hpp"

using namespace kseg;
using test::CrashFs;
using test::Fault;
using test::WalRun;

namespace {

constexpr std::uint64_t kDefaultStates = 2000;

struct Totals {
    std::uint64_t sessions = 0;
    std::uint64_t appended = 0;
    std::uint64_t crashes = 0;
    std::uint64_t cuts = 0;  // tails that recovery cut
    std::uint64_t failures = 0;
};

class State {
  public:
    State(std::uint64_t seed, Totals& totals) : seed_(seed), random_(seed), fs_(seed), totals_(totals) {}

    /// What went wrong, or nothing.
    std::string run() {
        wal::Options options{.sync = upto(3) == 0 ? wal::SyncPolicy::always : wal::SyncPolicy::none,
                             .segment_bytes = 500 + upto(6000),
                             .checkpoint_bytes = 200 + upto(4000),
                             .sync_threads = 1};
        WalRun run(fs_, options);
        const std::uint64_t sessions = 2 + upto(3);
        for (std::uint64_t i = 0; i <= sessions; ++i) {
            const bool last = i == sessions;  // without faults: by then everything has to be well
            if (std::string wrong = session(run, last); !wrong.empty()) {
                return fmt::format("session {}: {}", i, wrong);
            }
        }
        return {};
    }

  private:
    std::uint64_t upto(std::uint64_t most) { return std::uniform_int_distribution<std::uint64_t>(0, most)(random_); }

    std::string session(WalRun& run, bool last) {
        ++totals_.sessions;
        const std::size_t before = run.appended.size();
        const std::uint64_t end = upto(3);  // 0 and 1: the power goes; 2: the process goes; 3: a clean close
        bool faults = false;
        if (!last && end <= 1) {
            fs_.fail_at(fs_.operations() + 1 + upto(120), Fault::cut);
            faults = true;
        } else if (!last && upto(2) == 0) {
            fs_.fail_at(fs_.operations() + 1 + upto(80), upto(1) == 0 ? Fault::fail : Fault::shorten, 1);
            faults = true;
        }
        const bool opened = run.open();
        if (!opened && !faults) {
            return "cannot be opened: " + run.error;
        }
        if (opened) {
            totals_.cuts += run.wal->findings().size();
            if (std::string wrong = run.check(); !wrong.empty() && !fs_.is_cut()) {
                return wrong;
            }
            work(run);
            totals_.appended += run.appended.size() - std::min(before, run.appended.size());
            if (end == 3 || last) {
                const bool closed = run.close();
                if (!closed && !faults) {
                    return "cannot be closed: " + run.error;
                }
                if (closed && last) {
                    if (std::string wrong = run.check(); !wrong.empty()) {
                        return wrong;
                    }
                }
            }
        }
        const bool all_expected = opened && !faults && end == 2;
        const std::size_t written = run.count();
        run.drop();
        if (end <= 1 || (!last && upto(1) == 0)) {
            ++totals_.crashes;
            fs_.crash(seed_ * 31 + totals_.sessions);
        } else {
            fs_.kill();
            if (all_expected && !last) {
                std::unique_ptr<CrashFs> copy = fs_.copy();
                if (std::string wrong = all_there(*copy, run, written); !wrong.empty()) {
                    return wrong;
                }
            }
        }
        return {};
    }

    /// After the end of a process alone everything that was written is there.
    static std::string all_there(CrashFs& fs, const WalRun& run, std::size_t written) {
        WalRun again(fs, {.sync = wal::SyncPolicy::none, .sync_threads = 1});
        again.appended = run.appended;
        again.acknowledged = written;
        return again.open() ? again.check() : "cannot be opened after the process ended: " + again.error;
    }

    void work(WalRun& run) {
        const std::uint64_t steps = upto(25);
        for (std::uint64_t i = 0; i < steps; ++i) {
            switch (upto(9)) {
                case 0: run.sync(); break;
                case 1: run.wait_if_synced(); break;
                case 2:
                    if (upto(3) == 0) {
                        (void)run.log->seal();
                    }
                    break;
                default: run.append(test::random_plan(random_)); break;
            }
        }
    }

    std::uint64_t seed_;
    std::mt19937_64 random_;
    CrashFs fs_;
    Totals& totals_;
};

}  // namespace

int main(int argc, char** argv) {
    const char* const variable = std::getenv("KSEG_CRASH_STATES");
    const std::uint64_t states = argc > 1 ? std::strtoull(argv[1], nullptr, 10)
                                          : (variable != nullptr ? std::strtoull(variable, nullptr, 10) : kDefaultStates);
    const std::uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
    Totals totals;
    for (std::uint64_t seed = first; seed < first + states; ++seed) {
        totals.sessions = 0;
        State state(seed, totals);
        if (const std::string wrong = state.run(); !wrong.empty()) {
            fmt::print("seed {}: {}\n", seed, wrong);
            ++totals.failures;
        }
    }
    fmt::print("{} states from seed {}: {} batches appended, {} power cuts, {} findings of recovery, {} failures\n", states,
               first, totals.appended, totals.crashes, totals.cuts, totals.failures);
    return totals.failures == 0 && states > 0 ? 0 : 1;
}
