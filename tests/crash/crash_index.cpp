// SPDX-License-Identifier: Apache-2.0
// Crash simulation of making indexes: crash_index [STATES [FIRST_SEED]]. Every operation of indexing a few segments fails,
// falls short or loses the power, for each of the states that indexes may be found in; then the power or the process goes,
// or neither, and what was not synced is lost or torn. What then stands under an index's name has to be whole, an old
// one or the new one, and the next run has to make what an undisturbed one makes, byte for byte, and to leave nothing
// else. STATES, or KSEG_CRASH_STATES, is how many such states are tried, but never fewer than one for each operation and
// fault; every third one fails twice. A failure prints what runs it again.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "support/index_tree.hpp"
#include "support/make_batch.hpp"

using namespace kseg;
using test::CrashFs;
using test::Fault;
using test::IndexTree;

namespace {

constexpr std::uint64_t kDefaultStates = 3000;
const std::string kLogs = "/data";
const std::string kOut = "/made/out";

/// Terms go to files in between, as they do where they are many.
index::BuildOptions options() {
    index::BuildOptions made;
    made.writer.buffer_bytes = 600;
    return made;
}

/// A log of batches, some of them damaged.
std::string log_of(std::int64_t base_offset, int batches, bool damaged) {
    std::string log;
    for (int i = 0; i < batches; ++i) {
        const std::int64_t offset = base_offset + 3 * i;
        log += test::make_batch(static_cast<std::uint64_t>(offset), {.records = 3, .base_offset = offset}).text();
    }
    if (damaged) {
        log[log.size() / 2] ^= 1;
        log += "torn";
    }
    return log;
}

/// What is on the disk before, and what may be found of it afterwards.
struct Situation {
    std::string name;
    std::unique_ptr<CrashFs> fs;
    IndexTree before;
    IndexTree wanted;
    std::uint64_t operations = 0;  // of an undisturbed run
};

void put_logs(CrashFs& fs, bool older) {
    fs.put(kLogs + "/t-0/00000000000000000000.log", log_of(0, older ? 2 : 4, false));
    fs.put(kLogs + "/t-0/00000000000000000012.log", log_of(12, 3, true));
    fs.put(kLogs + "/t-0/00000000000000000021.log", log_of(21, 1, false));  // the last: not sealed
    fs.put(kLogs + "/u-3/00000000000000000005.log", log_of(5, 1, false));
    fs.put(kLogs + "/u-3/00000000000000000008.log", "");
}

/// Which of the indexes there are before: none, those of these logs, of other fields, of an older log and damaged.
std::unique_ptr<CrashFs> disk_of(int kind) {
    auto fs = std::make_unique<CrashFs>();
    put_logs(*fs, kind == 3);
    index::BuildOptions before = options();
    before.writer.fields.headers = kind != 2;
    if (kind != 0 && !test::make_indexes(*fs, kLogs, kOut, before).empty()) {
        return nullptr;
    }
    put_logs(*fs, false);
    if (kind == 3) {
        fs->put(kOut + "/u-3/00000000000000000005/batches", "");
        fs->put(kOut + "/t-0/.tmp-00000000000000000012/manifest.json", "half");
        fs->put(kOut + "/t-0/.old-00000000000000000099/batches", "half");
    }
    fs->settle();
    return fs;
}

std::vector<Situation> situations() {
    std::vector<Situation> all;
    const std::vector<std::string> names{"none", "the same", "of other fields", "of another log, and damaged"};
    for (int kind = 0; kind < static_cast<int>(names.size()); ++kind) {
        Situation situation{.name = names[static_cast<std::size_t>(kind)], .fs = disk_of(kind)};
        if (situation.fs == nullptr) {
            return {};
        }
        situation.before = test::index_tree(*situation.fs, kOut);
        const auto undisturbed = situation.fs->copy();
        const std::uint64_t first = undisturbed->operations();
        if (!test::make_indexes(*undisturbed, kLogs, kOut, options()).empty()) {
            return {};
        }
        situation.operations = undisturbed->operations() - first;
        situation.wanted = test::index_tree(*undisturbed, kOut);
        all.push_back(std::move(situation));
    }
    return all;
}

struct Trial {
    const Situation& situation;
    Fault fault;
    std::uint64_t at;
    std::uint64_t seed;
};

bool is_hidden(const std::string& name) {
    return name.find("/.") != std::string::npos;
}

/// What is wrong with what a disturbed run left, or nothing: an index is the old one, the new one or none.
std::string check_between(const Situation& situation, CrashFs& fs) {
    for (const auto& [name, files] : test::index_tree(fs, kOut)) {
        const auto old = situation.before.find(name);
        const auto made = situation.wanted.find(name);
        const bool whole = (old != situation.before.end() && old->second == files) ||
                           (made != situation.wanted.end() && made->second == files);
        if (!whole && !is_hidden(name)) {
            return fmt::format("{} is neither the old index nor the new one: {} files", name, files.size());
        }
    }
    return {};
}

/// What is not as an undisturbed run makes it, or nothing.
std::string differs(const IndexTree& wanted, const IndexTree& tree) {
    for (const auto& [name, files] : tree) {
        const auto same = wanted.find(name);
        if (same == wanted.end()) {
            return name + " is left";
        }
        if (same->second != files) {
            return name + " is not what an undisturbed run makes";
        }
    }
    return tree.size() == wanted.size() ? "" : "an index is missing";
}

/// A run with a fault, and what comes behind it.
std::string disturb(const Trial& trial, CrashFs& fs, Fault fault, std::uint64_t at, std::uint64_t seed) {
    const std::uint64_t before = fs.operations();
    fs.fail_at(before + at, fault);
    const std::string error = test::make_indexes(fs, kLogs, kOut, options());
    const bool cut = fs.is_cut();
    if (error.empty() && fs.operations() - before >= at) {
        return "nobody was told that an operation failed";
    }
    if (cut || seed % 3 == 0) {
        fs.crash(seed);
    } else if (seed % 3 == 1) {
        fs.kill();
    } else {
        fs.fail_at(0, Fault::none);
    }
    return check_between(trial.situation, fs);
}

std::string run(const Trial& trial) {
    std::mt19937_64 random(trial.seed);
    const auto fs = trial.situation.fs->copy();
    if (std::string wrong = disturb(trial, *fs, trial.fault, trial.at, trial.seed); !wrong.empty()) {
        return wrong;
    }
    if (trial.seed % 3 == 2) {
        const Fault again = static_cast<Fault>(1 + random() % 3);
        const std::uint64_t at = 1 + random() % trial.situation.operations;
        if (std::string wrong = disturb(trial, *fs, again, at, random()); !wrong.empty()) {
            return "second run: " + wrong;
        }
    }
    if (const std::string error = test::make_indexes(*fs, kLogs, kOut, options()); !error.empty()) {
        return "the next run failed: " + error;
    }
    if (std::string wrong = differs(trial.situation.wanted, test::index_tree(*fs, kOut)); !wrong.empty()) {
        return wrong;
    }
    // What it made is durable; that it removed something need not be.
    fs->crash(random());
    IndexTree tree = test::index_tree(*fs, kOut);
    std::erase_if(tree, [](const auto& entry) { return is_hidden(entry.first); });
    const std::string wrong = differs(trial.situation.wanted, tree);
    return wrong.empty() ? wrong : "after a power cut: " + wrong;
}

}  // namespace

int main(int argc, char** argv) {
    const char* const variable = std::getenv("KSEG_CRASH_STATES");
    const std::uint64_t states = argc > 1 ? std::strtoull(argv[1], nullptr, 10)
                                          : (variable != nullptr ? std::strtoull(variable, nullptr, 10) : kDefaultStates);
    const std::uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
    const std::vector<Situation> all = situations();
    std::uint64_t operations = 0;
    for (const Situation& situation : all) {
        fmt::print("indexes before: {}; {} operations make {}\n", situation.name, situation.operations,
                   situation.wanted.size());
        operations += situation.operations;
    }
    if (operations == 0) {
        fmt::print("an undisturbed run failed\n");
        return 1;
    }
    const std::uint64_t seeds = std::max<std::uint64_t>(1, states / (3 * operations));
    std::uint64_t tried = 0;
    std::uint64_t failures = 0;
    for (const Situation& situation : all) {
        for (const Fault fault : {Fault::fail, Fault::shorten, Fault::cut}) {
            for (std::uint64_t at = 1; at <= situation.operations; ++at) {
                for (std::uint64_t seed = first + at; seed < first + at + seeds; ++seed) {
                    ++tried;
                    if (const std::string wrong = run({situation, fault, at, seed}); !wrong.empty()) {
                        ++failures;
                        fmt::print("indexes before: {}; fault {} at operation {}, seed {}: {}\n", situation.name,
                                   static_cast<int>(fault), at, seed, wrong);
                    }
                }
            }
        }
    }
    fmt::print("{} states from seed {}, {} failures\n", tried, first, failures);
    return failures == 0 ? 0 : 1;
}
