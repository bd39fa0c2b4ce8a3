// SPDX-License-Identifier: Apache-2.0
// Crash simulation of packing segments and of removing archives: crash_pack [STATES [FIRST_SEED]]. Every operation of the
// disk fails, falls short or loses the power, and every call of the store fails before or after it was done, for each of
// the states that a store may be found in; then the power or the process goes, or neither. What then stands under an
// archive's name has to be whole, what was reported as done has to be there whatever is lost, and the next run has to make
// the same store as an undisturbed one, byte for byte, and to leave nothing else. STATES, or KSEG_CRASH_STATES, is how many
// states are tried, but never fewer than one for each operation and fault. A failure prints what runs it again.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "objects/directory_store.hpp"
#include "store/archive_pack.hpp"
#include "store/archive_select.hpp"
#include "store/index_search.hpp"
#include "support/crash_fs.hpp"
#include "support/faulty_store.hpp"
#include "support/index_tree.hpp"
#include "support/make_batch.hpp"

using namespace kseg;
using test::CrashFs;
using test::Fault;
using test::FaultyStore;
using test::StoreFault;

namespace {

constexpr std::uint64_t kDefaultStates = 3000;
const std::string kLogs = "/data";
const std::string kIndexes = "/indexes";
const std::string kStore = "/made/store";
const std::string kScratch = "/scratch";

/// Files by name, with what they hold.
using Files = std::map<std::string, std::string>;

void collect(CrashFs& fs, const std::string& directory, const std::string& below, Files& files) {
    const auto info = fs.info(directory);
    if (!info->has_value()) {
        return;
    }
    const auto names = fs.list(directory);
    for (const std::string& name : *names) {
        const std::string path = directory + "/" + name;
        const auto content = fs.content(path);
        if (content) {
            files[below + name] = *content;
        } else {
            collect(fs, path, below + name + "/", files);
        }
    }
}

Files files_of(CrashFs& fs, const std::string& directory) {
    Files files;
    collect(fs, directory, "", files);
    return files;
}

/// Names of all objects.
std::set<std::string> objects_of(CrashFs& fs) {
    std::set<std::string> names;
    for (const auto& [name, content] : files_of(fs, kStore)) {
        if (name.find(objects::kTemporaryPrefix) == std::string::npos) {
            names.insert(name);
        }
    }
    return names;
}

bool is_unfinished(const std::string& name) {
    return name.find(objects::kTemporaryPrefix) != std::string::npos;
}

/// What a run was told, and what it said.
struct Outcome {
    std::string error{};         // the first
    bool nothing = false;        // there was nothing to do, which is said
    std::set<std::string> done;  // names of archives that are there, or gone
};

/// Packs all indexes, as `kseg pack` does.
Outcome pack(CrashFs& fs, objects::ObjectStore& store) {
    Outcome outcome;
    const auto note = [&outcome](const Error& error) {
        if (outcome.error.empty()) {
            outcome.error = error.message();
        }
    };
    const store::PackOptions options{.scratch = kScratch};
    for (const std::string& directory : store::find_indexes(fs, kIndexes, note)) {
        const auto packed = store::pack_segment(fs, store, directory, options);
        if (packed) {
            outcome.done.insert(to_string(packed->name));
        } else {
            note(packed.error());
        }
    }
    if (!outcome.done.empty()) {
        (void)store::remove_leftovers(fs, store, kScratch, 1);  // ms, and the disk counts its changes as ns
    }
    return outcome;
}

/// Removes the archives of one topic, as `kseg pack --remove` does.
Outcome remove(CrashFs& /*fs*/, objects::ObjectStore& store) {
    Outcome outcome;
    const auto selection = store::select_archives(store, {"t"});
    if (!selection) {
        outcome.error = selection.error().message();
        return outcome;
    }
    outcome.nothing = !selection->missing.empty();
    for (const store::ArchiveName& name : selection->archives) {
        const auto removed = store.remove(to_string(name));
        if (removed) {
            outcome.done.insert(to_string(name));
        } else if (outcome.error.empty()) {
            outcome.error = removed.error().message();
        }
    }
    return outcome;
}

using Work = Outcome (*)(CrashFs&, objects::ObjectStore&);

std::string log_of(std::int64_t base_offset, int batches) {
    std::string log;
    for (int i = 0; i < batches; ++i) {
        const std::int64_t offset = base_offset + 3 * i;
        log += test::make_batch(static_cast<std::uint64_t>(offset), {.records = 3, .base_offset = offset}).text();
    }
    return log;
}

/// What is on the disk before.
enum class Before : std::uint8_t { nothing, leftovers, other_archives, these_archives };
constexpr std::array kBefore{Before::nothing, Before::leftovers, Before::other_archives, Before::these_archives};

struct Situation {
    std::string name;
    Work work = nullptr;
    std::unique_ptr<CrashFs> fs;
    Files before;
    Files wanted;
    std::set<std::string> archives;  // names of objects that an undisturbed run leaves
    Files sources;
    std::uint64_t operations = 0;
    std::uint64_t calls = 0;
};

std::unique_ptr<CrashFs> disk_of(Before before) {
    auto fs = std::make_unique<CrashFs>();
    fs->put(kLogs + "/t-0/00000000000000000000.log", log_of(0, 4));
    fs->put(kLogs + "/t-0/00000000000000000000.txnindex", std::string(34, '\1'));
    fs->put(kLogs + "/t-0/00000000000000000012.log", log_of(12, 3) + "torn");
    fs->put(kLogs + "/t-0/00000000000000000021.log", "");  // the last: not sealed
    fs->put(kLogs + "/t-0/partition.metadata", "version: 0\ntopic_id: 4Vd1GyL6QWmDC_ybrQZx0w");
    fs->put(kLogs + "/u-3/00000000000000000005.log", log_of(5, 1));
    fs->put(kLogs + "/u-3/00000000000000000008.log", "");
    fs->put(kScratch + "/of another program", "text");
    const auto store = objects::directory_store(*fs, kStore);
    index::BuildOptions options;
    if (before == Before::other_archives) {
        options.writer.fields.headers = false;
        if (!test::make_indexes(*fs, kLogs, kIndexes, options).empty() || !pack(*fs, *store).error.empty()) {
            return nullptr;
        }
        options.writer.fields.headers = true;
        fs->put(kStore + "/t/0/readme", "no archive");
    }
    if (!test::make_indexes(*fs, kLogs, kIndexes, options).empty()) {
        return nullptr;
    }
    if (before == Before::these_archives && !pack(*fs, *store).error.empty()) {
        return nullptr;
    }
    if (before == Before::leftovers) {
        fs->put(kScratch + "/kseg-pack-0", "");
        fs->put(kStore + "/t/0/" + std::string(objects::kTemporaryPrefix) + "00000000-0", "half");
    }
    fs->settle();
    return fs;
}

/// False where an undisturbed run fails.
bool complete(Situation& situation) {
    situation.before = files_of(*situation.fs, kStore);
    situation.sources = files_of(*situation.fs, kIndexes);
    situation.sources.merge(files_of(*situation.fs, kLogs));
    const auto fs = situation.fs->copy();
    const std::uint64_t first = fs->operations();
    FaultyStore store(objects::directory_store(*fs, kStore));
    const Outcome outcome = situation.work(*fs, store);
    situation.operations = fs->operations() - first;
    situation.calls = store.calls();
    situation.wanted = files_of(*fs, kStore);
    situation.archives = objects_of(*fs);
    return outcome.error.empty() && !outcome.done.empty();
}

std::vector<Situation> situations() {
    const std::array<const char*, kBefore.size()> names{"nothing", "leftovers", "other archives", "these archives"};
    std::vector<Situation> all;
    for (std::size_t i = 0; i < kBefore.size(); ++i) {
        all.push_back({.name = fmt::format("pack, before: {}", names.at(i)), .work = pack, .fs = disk_of(kBefore.at(i))});
    }
    all.push_back({.name = "remove", .work = remove, .fs = disk_of(Before::these_archives)});
    for (Situation& situation : all) {
        if (situation.fs == nullptr || !complete(situation)) {
            return {};
        }
    }
    return all;
}

/// A fault of the disk or of the store.
struct Trial {
    const Situation& situation;
    Fault fault = Fault::none;
    StoreFault store_fault = StoreFault::none;
    std::uint64_t at = 0;
    std::uint64_t seed = 0;
};

/// What is wrong with what a disturbed run left, or nothing: objects are whole, of before or of an undisturbed run; nothing
/// is gone but what shall go; what was reported is done, and what it came from is as it was.
std::string check_between(const Situation& situation, CrashFs& fs, const Outcome& outcome) {
    const Files now = files_of(fs, kStore);
    for (const auto& [name, content] : now) {
        const auto old = situation.before.find(name);
        const auto made = situation.wanted.find(name);
        const bool whole = (old != situation.before.end() && old->second == content) ||
                           (made != situation.wanted.end() && made->second == content);
        if (!whole && !is_unfinished(name)) {
            return fmt::format("{} is neither what it was nor what it will be: {} bytes", name, content.size());
        }
    }
    for (const auto& [name, content] : situation.before) {
        if (!is_unfinished(name) && situation.wanted.contains(name) && !now.contains(name)) {
            return name + " is lost";
        }
    }
    for (const std::string& name : outcome.done) {
        if (now.contains(name) != situation.wanted.contains(name)) {
            return name + " was reported as done and is not";
        }
    }
    Files sources = files_of(fs, kIndexes);
    sources.merge(files_of(fs, kLogs));
    return sources == situation.sources ? "" : "indexes or logs are not what they were";
}

/// What is not as an undisturbed run leaves it, or nothing.
std::string differs(const Situation& situation, CrashFs& fs) {
    const Files now = files_of(fs, kStore);
    for (const auto& [name, content] : now) {
        const auto same = situation.wanted.find(name);
        if (same == situation.wanted.end() || same->second != content) {
            return name + (same == situation.wanted.end() ? " is left" : " is another");
        }
    }
    if (now.size() != situation.wanted.size()) {
        return "an archive is missing";
    }
    for (const auto& [name, content] : files_of(fs, kScratch)) {
        const bool shown = name != "of another program" && !(situation.work != pack && name == "kseg-pack-0");
        if (shown) {
            return name + " is left where scratch files are made";
        }
    }
    return "";
}

void end(CrashFs& fs, std::uint64_t seed) {
    if (fs.is_cut() || seed % 3 == 0) {
        fs.crash(seed);
    } else if (seed % 3 == 1) {
        fs.kill();
    } else {
        fs.fail_at(0, Fault::none);
    }
}

/// A run with a fault, and what comes behind it.
std::string disturb(const Trial& trial, CrashFs& fs) {
    FaultyStore store(objects::directory_store(fs, kStore));
    fs.fail_at(fs.operations() + trial.at, trial.fault);
    store.fail_at(trial.at, trial.store_fault);
    const Outcome outcome = trial.situation.work(fs, store);
    end(fs, trial.seed);
    // Where nobody was told, all is done in spite of the fault.
    if (outcome.error.empty() && !outcome.nothing && objects_of(fs) != trial.situation.archives) {
        return "nobody was told that something failed";
    }
    return check_between(trial.situation, fs, outcome);
}

std::string run(const Trial& trial) {
    std::mt19937_64 random(trial.seed);
    const auto fs = trial.situation.fs->copy();
    if (std::string wrong = disturb(trial, *fs); !wrong.empty()) {
        return wrong;
    }
    if (trial.seed % 3 == 2) {
        const Trial again{.situation = trial.situation,
                          .fault = static_cast<Fault>(1 + random() % 3),
                          .at = 1 + random() % trial.situation.operations,
                          .seed = random()};
        if (std::string wrong = disturb(again, *fs); !wrong.empty()) {
            return "second run: " + wrong;
        }
    }
    const auto store = objects::directory_store(*fs, kStore);
    const Outcome outcome = trial.situation.work(*fs, *store);
    if (!outcome.error.empty()) {
        return "the next run failed: " + outcome.error;
    }
    if (std::string wrong = differs(trial.situation, *fs); !wrong.empty()) {
        return wrong;
    }
    // What it made, and what it said is gone, is durable.
    fs->crash(random());
    const std::string wrong = check_between(trial.situation, *fs, outcome);
    return wrong.empty() ? wrong : "after a power cut: " + wrong;
}

struct Totals {
    std::uint64_t tried = 0;
    std::uint64_t failures = 0;
};

void run_all(const Situation& situation, std::uint64_t first, std::uint64_t seeds, Totals& totals) {
    const auto try_it = [&](Trial trial) {
        for (std::uint64_t seed = first + trial.at; seed < first + trial.at + seeds; ++seed) {
            trial.seed = seed;
            ++totals.tried;
            if (const std::string wrong = run(trial); !wrong.empty()) {
                ++totals.failures;
                fmt::print("{}; fault {} of the disk, {} of the store, at {}, seed {}: {}\n", situation.name,
                           static_cast<int>(trial.fault), static_cast<int>(trial.store_fault), trial.at, seed, wrong);
            }
        }
    };
    for (const Fault fault : {Fault::fail, Fault::shorten, Fault::cut}) {
        for (std::uint64_t at = 1; at <= situation.operations; ++at) {
            try_it({.situation = situation, .fault = fault, .at = at});
        }
    }
    for (const StoreFault fault : {StoreFault::before, StoreFault::after}) {
        for (std::uint64_t at = 1; at <= situation.calls; ++at) {
            try_it({.situation = situation, .store_fault = fault, .at = at});
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    const char* const variable = std::getenv("KSEG_CRASH_STATES");
    const std::uint64_t states = argc > 1 ? std::strtoull(argv[1], nullptr, 10)
                                          : (variable != nullptr ? std::strtoull(variable, nullptr, 10) : kDefaultStates);
    const std::uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
    const std::vector<Situation> all = situations();
    std::uint64_t faults = 0;
    for (const Situation& situation : all) {
        fmt::print("{}: {} operations of the disk and {} calls of the store leave {} objects\n", situation.name,
                   situation.operations, situation.calls, situation.wanted.size());
        faults += 3 * situation.operations + 2 * situation.calls;
    }
    if (faults == 0) {
        fmt::print("an undisturbed run failed\n");
        return 1;
    }
    Totals totals;
    for (const Situation& situation : all) {
        run_all(situation, first, std::max<std::uint64_t>(1, states / faults), totals);
    }
    fmt::print("{} states from seed {}, {} failures\n", totals.tried, first, totals.failures);
    return totals.failures == 0 ? 0 : 1;
}
