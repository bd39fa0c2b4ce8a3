// SPDX-License-Identifier: Apache-2.0
// Crash simulation of a broker that archives: crash_serve_store [STATES [FIRST_SEED]]. Records are appended and deleted,
// topics made, deleted and made again, while sealed segments go to a store. Every operation of the disk fails, falls short
// or loses the power, and every call of the store fails before or after it was done; then the power or the process goes, or
// neither. After the next start, and once there is nothing left to do, everything that was acknowledged has to be there
// once, what was deleted has to be gone, and the store must hold nothing but what partitions know of. STATES, or
// KSEG_CRASH_STATES, is how many states are tried, but never fewer than one for each operation and fault. A failure prints
// numbers, and `crash_serve_store 1 SEED DISK STORE_DISK STORE AT` runs it again.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "broker/archiver.hpp"
#include "broker/broker.hpp"
#include "broker/group_service.hpp"
#include "objects/directory_store.hpp"
#include "store/archived_log.hpp"
#include "support/crash_fs.hpp"
#include "support/fake_loop.hpp"
#include "support/faulty_store.hpp"
#include "support/inline_workers.hpp"
#include "support/make_batch.hpp"

using namespace kseg;
using test::CrashFs;
using test::Fault;
using test::FaultyStore;
using test::StoreFault;

namespace {

constexpr std::uint64_t kDefaultStates = 4000;
constexpr TimestampMs kLongerThanAnyDelay = 400'000;
const std::string kStore = "/store";

/// What clients were told of one topic, of which another one may have had the name.
struct Told {
    std::string name;
    std::map<std::int64_t, std::uint64_t> acknowledged{};  // number of the batch by offset
    std::int64_t deleted_below = 0;
    std::int64_t maybe_deleted_below = 0;
    bool deleted = false;
    bool maybe_deleted = false;
};
using Model = std::map<protocol::Uuid, Told>;

/// One process.
class Life {
  public:
    Life(CrashFs& fs, objects::ObjectStore& store, std::uint64_t seed) : random_(seed) {
        broker::BrokerSettings settings;
        settings.directory = "/data";
        settings.log.sync_threads = 1;
        settings.log.segment_bytes = 300;
        settings.defaults.retention_ms = -1;
        auto opened = broker::Broker::open({.fs = fs,
                                            .clock = clock_,
                                            .loop = loop_,
                                            .workers = workers_,
                                            .random = [this] { return random_(); },
                                            .store = &store,
                                            .archive_stores = {&store},
                                            .archive_workers = &workers_},
                                           settings);
        if (opened) {
            broker = *std::move(opened);
        } else {
            error = opened.error().message();
        }
    }

    /// Lets everything happen that waits for its time.
    bool settle() {
        for (int i = 0; i < 20; ++i) {
            loop_.run_until_idle();
            if (broker->archiver()->is_idle()) {
                return true;
            }
            clock_.now_ms += kLongerThanAnyDelay;
        }
        return false;
    }
    void make(Model& model, const std::string& name) {
        if (const auto made = broker->topics().create_now(name, 1, {})) {
            model[(*made)->id].name = name;
        }
    }
    void append(Model& model, const std::string& name, std::uint64_t number) {
        broker::Topic* const topic = broker->topics().find(name);
        if (topic == nullptr || topic->find(0) == nullptr) {
            return;
        }
        ByteBuffer batch = test::make_batch(number);
        const auto appended = topic->find(0)->append({batch.data(), batch.size()});
        if (!appended) {
            return;
        }
        std::optional<bool> good;
        topic->find(0)->when_complete(appended->ticket, [&good](const Result<void>& done) { good = done.has_value(); });
        (void)loop_.run_until([&good] { return good.has_value(); });
        if (good == true) {
            model[topic->id].name = name;
            model[topic->id].acknowledged[appended->base_offset] = number;
        }
    }
    void delete_records(Model& model, const std::string& name, std::int64_t offset) {
        broker::Topic* const topic = broker->topics().find(name);
        if (topic == nullptr || topic->find(0) == nullptr || topic->find(0)->high_watermark() < offset) {
            return;
        }
        Told& told = model[topic->id];
        told.name = name;
        told.maybe_deleted_below = std::max(told.maybe_deleted_below, offset);
        if (broker->topics().remove_records(*topic->find(0), offset)) {
            told.deleted_below = std::max(told.deleted_below, offset);
        }
        loop_.run_until_idle();
    }
    void delete_topic(Model& model, const std::string& name) {
        broker::Topic* const topic = broker->topics().find(name);
        if (topic == nullptr) {
            return;
        }
        Told& told = model[topic->id];
        told.name = name;
        told.maybe_deleted = true;
        told.deleted = broker->topics().remove(name).has_value();
        loop_.run_until_idle();
    }

    std::unique_ptr<broker::Broker> broker;
    std::string error;

  private:
    test::FakeClock clock_;
    test::FakeLoop loop_{clock_};
    test::InlineWorkers workers_{loop_};
    std::mt19937_64 random_;
};

/// What clients do.
void work(Life& life, Model& model) {
    std::uint64_t number = 0;
    life.make(model, "t");
    for (int i = 0; i < 8; ++i) {
        life.append(model, "t", ++number);
    }
    life.delete_records(model, "t", 4);
    life.make(model, "u");
    for (int i = 0; i < 7; ++i) {
        life.append(model, "u", ++number);
    }
    life.delete_topic(model, "u");
    life.make(model, "u");
    for (int i = 0; i < 5; ++i) {
        life.append(model, i % 2 == 0 ? "u" : "t", ++number);
    }
    for (int i = 0; i < 4; ++i) {
        life.append(model, "u", ++number);
    }
    life.delete_records(model, "t", 7);
}

/// All records of a partition from where it begins on: the bytes behind what a broker sets, by offset. An error text
/// where they do not follow one another.
std::string read_all(broker::Partition& partition, std::map<std::int64_t, std::string>& records) {
    for (std::int64_t at = partition.log_start(); at < partition.high_watermark();) {
        std::string bytes;
        if (at < partition.local_start()) {
            const auto slice = partition.archived()->read(at, partition.local_start(), 1, true);
            if (!slice || !*slice) {
                return fmt::format("offset {} is in no archive: {}", at, slice ? "none" : slice.error().message());
            }
            bytes = (*slice)->bytes.text();
        } else {
            const auto slice = partition.read(at, false, 1, true);
            if (!slice || slice->range.file == nullptr) {
                return fmt::format("offset {} is not here: {}", at, slice ? "none" : slice.error().message());
            }
            bytes.resize(slice->range.size);
            const auto got = slice->range.file->read_at(
                slice->range.offset, std::as_writable_bytes(std::span<char>(bytes.data(), bytes.size())));
            if (!got || *got != bytes.size()) {
                return fmt::format("offset {} cannot be read", at);
            }
        }
        const auto base = wire::load_big<std::int64_t>(as_bytes(bytes).data());
        if (base != at) {
            return fmt::format("offset {} comes where {} was expected", base, at);
        }
        records[at] = bytes.substr(16);
        ++at;
    }
    return "";
}

/// What of a topic is not as clients were told, or nothing.
std::string check_topic(broker::Broker& broker, const protocol::Uuid& id, const Told& told) {
    broker::Topic* const topic = broker.topics().find(id);
    if (topic == nullptr) {
        return told.maybe_deleted ? "" : told.name + " is gone";
    }
    if (told.deleted) {
        return told.name + " was deleted and is there";
    }
    broker::Partition* const partition = topic->find(0);
    if (partition == nullptr) {
        return told.maybe_deleted ? "" : told.name + " has no partition";
    }
    if (partition->log_start() < told.deleted_below ||
        partition->log_start() > std::max(told.deleted_below, told.maybe_deleted_below)) {
        return fmt::format("{} begins at {}, not between {} and {}", told.name, partition->log_start(), told.deleted_below,
                           told.maybe_deleted_below);
    }
    std::map<std::int64_t, std::string> records;
    if (std::string wrong = read_all(*partition, records); !wrong.empty()) {
        return told.name + ": " + wrong;
    }
    for (const auto& [offset, number] : told.acknowledged) {
        if (offset < partition->log_start()) {
            continue;
        }
        const auto found = records.find(offset);
        if (found == records.end() || found->second != test::make_batch(number).text().substr(16)) {
            return fmt::format("{}: offset {} is {}", told.name, offset, found == records.end() ? "lost" : "another");
        }
    }
    return partition->first_sealed() ? told.name + " has a sealed segment that was not archived" : "";
}

/// What is in the store that should not be, or nothing.
std::string check_store(broker::Broker& broker, objects::ObjectStore& store) {
    std::string wrong;
    const auto listed = store.list("", [&](const objects::ObjectInfo& object) {
        const auto name = store::parse_archive_name(object.name);
        const auto id = name ? broker::parse_uuid(name->topic_id) : std::nullopt;
        broker::Topic* const topic = id ? broker.topics().find(*id) : nullptr;
        broker::Partition* const partition = topic == nullptr ? nullptr : topic->find(name->partition.partition);
        const auto names = partition == nullptr ? std::vector<store::ArchiveName>() : partition->archived()->names();
        if (std::ranges::find(names, *name) == names.end()) {
            wrong = object.name + " is nobody's";
        } else if (name->last_offset < partition->log_start()) {
            wrong = object.name + " was deleted";
        } else if (name->base_offset >= partition->local_start()) {
            wrong = object.name + " is here as well";
        }
        return wrong.empty();
    });
    return listed || !wrong.empty() ? wrong : listed.error().message();
}

std::string check(Life& life, const Model& model, objects::ObjectStore& store, CrashFs& fs) {
    if (!life.settle()) {
        return "it does not come to rest";
    }
    for (const auto& [id, told] : model) {
        if (std::string wrong = check_topic(*life.broker, id, told); !wrong.empty()) {
            return wrong;
        }
    }
    if (!life.broker->topics().deleted().empty()) {
        return "a deletion is not at its end";
    }
    const auto names = fs.list("/data");
    for (const std::string& name : *names) {
        if (name.ends_with("-delete") && !name.starts_with("kseg-0.")) {
            return name + " is left";
        }
    }
    return check_store(*life.broker, store);
}

struct Trial {
    Fault fault = Fault::none;
    Fault store_disk_fault = Fault::none;
    StoreFault store_fault = StoreFault::none;
    std::uint64_t at = 0;
    std::uint64_t seed = 0;
};

struct Counts {
    std::uint64_t operations = 0;
    std::uint64_t store_operations = 0;
    std::uint64_t calls = 0;
    std::uint64_t archives = 0;
};

std::string run(const Trial& trial, Counts* counts) {
    CrashFs fs(trial.seed + 1);
    CrashFs store_fs(trial.seed + 2);
    (void)store_fs.make_directories(kStore);
    (void)fs.make_directories("/data");
    fs.settle();
    store_fs.settle();
    FaultyStore store(objects::directory_store(store_fs, kStore));
    Model model;
    fs.fail_at(fs.operations() + trial.at, trial.fault, 1 + trial.seed % 2 * 3);
    store_fs.fail_at(store_fs.operations() + trial.at, trial.store_disk_fault);
    store.fail_at(trial.at, trial.store_fault);
    {
        Life life(fs, store, 11 + trial.seed);
        if (life.broker != nullptr) {
            (void)life.settle();
            work(life, model);
            if (counts != nullptr) {
                (void)life.settle();
                *counts = {
                    .operations = fs.operations(), .store_operations = store_fs.operations(), .calls = store.calls()};
                (void)store.list("", [&](const objects::ObjectInfo&) { return ++counts->archives > 0; });
            }
            if (trial.seed % 4 == 3 && !fs.is_cut() && !store_fs.is_cut()) {
                // It goes on, and what failed is tried again.
                fs.fail_at(0, Fault::none);
                (void)life.settle();
            }
        }
    }
    const bool power_goes = fs.is_cut() || store_fs.is_cut() || trial.seed % 2 == 0;
    for (CrashFs* const disk : {&fs, &store_fs}) {
        power_goes ? disk->crash(trial.seed) : disk->kill();
        disk->fail_at(0, Fault::none);
    }
    store.fail_at(1'000'000'000, StoreFault::none);
    for (int again = 0; again < 2; ++again) {
        Life life(fs, store, 12 + trial.seed);
        if (life.broker == nullptr) {
            return "it does not start again: " + life.error;
        }
        if (std::string wrong = check(life, model, store, fs); !wrong.empty()) {
            return (again == 0 ? "" : "after another crash: ") + wrong;
        }
        life.broker.reset();
        fs.crash(trial.seed + 99);
        store_fs.crash(trial.seed + 98);
    }
    return "";
}

struct Totals {
    std::uint64_t tried = 0;
    std::uint64_t failures = 0;
};

void run_all(Trial trial, std::uint64_t most, std::uint64_t first, std::uint64_t seeds, Totals& totals) {
    for (trial.at = 1; trial.at <= most; ++trial.at) {
        for (std::uint64_t seed = first + trial.at; seed < first + trial.at + seeds; ++seed) {
            trial.seed = seed;
            ++totals.tried;
            if (const std::string wrong = run(trial, nullptr); !wrong.empty()) {
                ++totals.failures;
                fmt::print("fault {} of the disk, {} of the store's disk, {} of the store, at {}, seed {}: {}\n",
                           static_cast<int>(trial.fault), static_cast<int>(trial.store_disk_fault),
                           static_cast<int>(trial.store_fault), trial.at, seed, wrong);
            }
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    const char* const variable = std::getenv("KSEG_CRASH_STATES");
    const std::uint64_t states = argc > 1 ? std::strtoull(argv[1], nullptr, 10)
                                          : (variable != nullptr ? std::strtoull(variable, nullptr, 10) : kDefaultStates);
    const std::uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
    if (argc > 6) {
        const Trial trial{.fault = static_cast<Fault>(std::atoi(argv[3])),
                          .store_disk_fault = static_cast<Fault>(std::atoi(argv[4])),
                          .store_fault = static_cast<StoreFault>(std::atoi(argv[5])),
                          .at = std::strtoull(argv[6], nullptr, 10),
                          .seed = first};
        fmt::print("{}\n", run(trial, nullptr));
        return 0;
    }
    Counts counts;
    if (const std::string wrong = run({}, &counts); !wrong.empty() || counts.archives == 0) {
        fmt::print("an undisturbed run: {}; {} archives\n", wrong, counts.archives);
        return 1;
    }
    fmt::print("{} operations of the disk, {} of the store's and {} calls of the store leave {} archives\n",
               counts.operations, counts.store_operations, counts.calls, counts.archives);
    const std::uint64_t faults = 3 * counts.operations + counts.store_operations + 2 * counts.calls;
    const std::uint64_t seeds = std::max<std::uint64_t>(1, states / faults);
    Totals totals;
    for (const Fault fault : {Fault::fail, Fault::shorten, Fault::cut}) {
        run_all({.fault = fault}, counts.operations, first, seeds, totals);
    }
    // Failures are the store's: what a sync of its directory that failed was for, nobody can make durable later.
    run_all({.store_disk_fault = Fault::cut}, counts.store_operations, first, seeds, totals);
    for (const StoreFault fault : {StoreFault::before, StoreFault::after}) {
        run_all({.store_fault = fault}, counts.calls, first, seeds, totals);
    }
    fmt::print("{} states from seed {}, {} failures\n", totals.tried, first, totals.failures);
    return totals.failures == 0 ? 0 : 1;
}
