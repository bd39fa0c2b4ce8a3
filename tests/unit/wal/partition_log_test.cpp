// SPDX-License-Identifier: Apache-2.0
#include "wal/partition_log.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <set>
#include <thread>

#include "support/wal_run.hpp"

using namespace kseg;
using test::CrashFs;
using test::Fault;
using test::WalRun;

namespace {

const std::string kLog = "/wal/t-0/00000000000000000000.log";

wal::Options options_with(wal::SyncPolicy policy) {
    return {.sync = policy, .interval_ms = 5, .sync_threads = 2};
}

/// Lets syncs wait until they are let through, and counts them.
class Gate {
  public:
    explicit Gate(CrashFs& fs) {
        fs.fail_when([this](const std::string& operation, const std::string& path) {
            if (operation == "sync" && path.ends_with(".log")) {
                ++syncs_;
            }
            return false;
        });
    }
    [[nodiscard]] int syncs() const { return syncs_; }

  private:
    std::atomic<int> syncs_ = 0;
};

}  // namespace

TEST_CASE("one sync completes all tickets that were open when it began") {
    CrashFs fs;
    const Gate gate(fs);
    WalRun run(fs, options_with(wal::SyncPolicy::interval));
    REQUIRE(run.open());
    for (int i = 0; i < 64; ++i) {
        REQUIRE(run.append({}));
    }
    CHECK(run.ticket == 64);
    REQUIRE(run.wait());
    CHECK(run.log->completed() == 64);
    CHECK(run.log->durable_offset() == 64);
    CHECK(gate.syncs() <= 64 / 4);  // by the clock, not by the append
    fs.crash(1);
}

TEST_CASE("nothing is complete before it is durable") {
    CrashFs fs;
    WalRun run(fs, options_with(wal::SyncPolicy::always));
    REQUIRE(run.open());
    std::atomic<wal::Ticket> told = 0;
    run.log->on_complete = [&](wal::Ticket up_to, const Result<void>& outcome) {
        CHECK(outcome);
        wal::Ticket before = told;
        while (before < up_to && !told.compare_exchange_weak(before, up_to)) {
        }
    };
    for (int i = 0; i < 50; ++i) {
        REQUIRE(run.append({}));
        REQUIRE(run.wait());
        CHECK(run.log->durable_offset() == i + 1);
    }
    CHECK(told == 50);
    run.drop();
    fs.crash(3);
    REQUIRE(run.open());
    CHECK(run.check() == "");
    CHECK(run.count() == 50);
}

TEST_CASE("what comes during a sync is not covered by it") {
    CrashFs fs;
    WalRun run(fs, options_with(wal::SyncPolicy::none));
    REQUIRE(run.open());
    REQUIRE(run.append({}));
    bool once = true;
    fs.on_sync = [&](const std::string& path) {
        if (path == kLog && std::exchange(once, false)) {
            REQUIRE(run.append({}));
        }
    };
    REQUIRE(run.log->sync());
    CHECK(run.log->end_offset() == 2);
    CHECK(run.log->durable_offset() == 1);
    fs.on_sync = nullptr;
    REQUIRE(run.sync());
    CHECK(run.log->durable_offset() == 2);
}

TEST_CASE(
    "where nobody waits for syncs, what came is synced by large pieces all the same, so that a roll waits for little") {
    CrashFs fs;
    wal::Options options = options_with(wal::SyncPolicy::none);
    options.most_unsynced_bytes = 1000;
    WalRun run(fs, options);
    REQUIRE(run.open());
    REQUIRE(run.append({}));
    std::int64_t appended = 1;
    for (std::uint64_t bytes = fs.content(kLog).value().size();
         fs.content(kLog).value().size() + bytes < options.most_unsynced_bytes; ++appended) {
        REQUIRE(run.append({}));
    }
    CHECK(run.log->completed() == run.ticket);
    CHECK(run.log->durable_offset() == 0);
    REQUIRE(run.append({}));
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (run.log->durable_offset() <= appended && std::chrono::steady_clock::now() < patience) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    CHECK(run.log->durable_offset() == appended + 1);
}

TEST_CASE("a duplicate is answered when its original is durable, also one that was found by recovery") {
    CrashFs fs;
    WalRun run(fs, options_with(wal::SyncPolicy::none));
    REQUIRE(run.open());
    const test::BatchPlan plan{.producer_id = 4, .producer_epoch = 0, .base_sequence = 0};
    REQUIRE(run.append(plan));
    run.drop();
    fs.kill();
    WalRun again(fs, options_with(wal::SyncPolicy::always));
    REQUIRE(again.open());
    CHECK(again.log->durable_offset() == 0);
    ByteBuffer batch = test::make_batch(0, plan);
    const auto done = again.log->append({batch.data(), batch.size()});
    REQUIRE(done);
    CHECK(done->duplicate);
    CHECK(done->base_offset == 0);
    REQUIRE(again.log->wait(done->ticket));
    CHECK(again.log->durable_offset() == 1);
    again.drop();
    fs.crash(2);
    REQUIRE(again.open());
    CHECK(again.log->end_offset() == 1);
}

TEST_CASE("after a sync that failed nothing is completed or appended until the log is opened anew") {
    CrashFs fs;
    WalRun run(fs, options_with(wal::SyncPolicy::none));
    REQUIRE(run.open());
    REQUIRE(run.append({}));
    REQUIRE(run.sync());
    REQUIRE(run.append({}));
    fs.fail_at(fs.operations() + 1, Fault::fail);
    CHECK_FALSE(run.sync());
    CHECK_FALSE(run.sync());
    CHECK_FALSE(run.append({}));
    CHECK_FALSE(run.log->seal());
    CHECK_FALSE(run.close());
    CHECK(run.log->failure());
    CHECK(run.log->end_offset() == 1);
    CHECK_FALSE(fs.content("/wal/.kafka_cleanshutdown"));
    run.drop();
    REQUIRE(run.open());
    CHECK(run.check() == "");
    CHECK(run.count() == 1);
    CHECK(run.append({}));
    CHECK(run.close());
}

TEST_CASE("those who wait for a sync that fails are told") {
    for (const wal::SyncPolicy policy : {wal::SyncPolicy::always, wal::SyncPolicy::interval}) {
        CrashFs fs;
        WalRun run(fs, options_with(policy));
        REQUIRE(run.open());
        fs.fail_when(
            [](const std::string& operation, const std::string& path) { return operation == "sync" && path == kLog; });
        REQUIRE(run.append({}));
        CHECK_FALSE(run.wait());
        CHECK(run.log->completed() == 0);
    }
}

TEST_CASE("a full disk refuses appends, burns no offset and takes more when there is room") {
    CrashFs fs;
    WalRun run(fs, options_with(wal::SyncPolicy::none));
    REQUIRE(run.open());
    REQUIRE(run.append({}));
    for (int i = 0; i < 3; ++i) {
        fs.fail_at(fs.operations() + 1, Fault::shorten);
        CHECK_FALSE(run.append({.value_bytes = 500}));
    }
    CHECK(fs.content(kLog)->size() == run.appended[0].size());
    REQUIRE(run.append({}));
    CHECK(run.log->end_offset() == 2);
    CHECK(run.check() == "");
    // Where what was left cannot be cut, nothing may come behind it.
    fs.fail_at(fs.operations() + 1, Fault::shorten, 2);
    CHECK_FALSE(run.append({.value_bytes = 500}));
    CHECK(run.log->failure());
    CHECK_FALSE(run.append({}));
}

TEST_CASE("index entries that cannot be written are written later, and fail no append") {
    CrashFs fs;
    WalRun run(fs, options_with(wal::SyncPolicy::none));
    REQUIRE(run.open());
    fs.fail_when([](const std::string& operation, const std::string& path) {
        return operation == "write" && path.ends_with("index");
    });
    for (int i = 0; i < 20; ++i) {
        REQUIRE(run.append({.value_bytes = 1000}));
    }
    CHECK_FALSE(run.log->seal());
    CHECK(run.append({.value_bytes = 1000}));
    CHECK(fs.content("/wal/t-0/00000000000000000000.index") == "");
    fs.fail_when(nullptr);
    REQUIRE(run.log->seal());
    // One entry for each batch that begins more than 4096 bytes behind that of the entry before: every fourth.
    CHECK(fs.content("/wal/t-0/00000000000000000000.index")->size() == 5 * 8);
    CHECK(run.check() == "");
}

TEST_CASE("a directory is open for writing once") {
    CrashFs fs;
    WalRun first(fs, options_with(wal::SyncPolicy::none));
    WalRun second(fs, options_with(wal::SyncPolicy::none));
    REQUIRE(first.open());
    CHECK_FALSE(second.open());
    first.drop();
    CHECK(second.open());
}

TEST_CASE("on the machine's file system too, and within one process") {
    const std::string directory =
        (std::filesystem::temp_directory_path() / fmt::format("kseg_wal_{}", std::random_device()())).string();
    test::FixedClock clock;
    {
        auto first = wal::Wal::open(io::posix_fs(), clock, directory, {});
        REQUIRE(first);
        CHECK_FALSE(wal::Wal::open(io::posix_fs(), clock, directory, {}));
        const auto log = (*first)->partition({.topic = "a-b", .partition = 3});
        REQUIRE(log);
        ByteBuffer batch = test::make_batch(1);
        const auto done = (*log)->append({batch.data(), batch.size()});
        REQUIRE(done);
        CHECK((*log)->wait(done->ticket));
        // What failed to open it has not taken the lock away.
        CHECK_FALSE(wal::Wal::open(io::posix_fs(), clock, directory, {}));
        CHECK((*first)->close());
    }
    CHECK(wal::Wal::open(io::posix_fs(), clock, directory, {}));
    std::filesystem::remove_all(directory);
}

TEST_CASE("the clean shutdown marker speaks for every log of the directory") {
    CrashFs fs;
    test::FixedClock clock;
    const auto session = [&](std::initializer_list<int> partitions, bool close) {
        const auto wal = wal::Wal::open(fs, clock, "/wal", {.sync = wal::SyncPolicy::none, .sync_threads = 1});
        REQUIRE(wal);
        for (const int partition : partitions) {
            REQUIRE((*wal)->partition({.topic = "t", .partition = partition}));
        }
        CHECK_FALSE(fs.content("/wal/.kafka_cleanshutdown"));
        if (close) {
            REQUIRE((*wal)->close());
        }
    };
    session({0, 1}, true);
    CHECK(fs.content("/wal/.kafka_cleanshutdown") == R"({"version":0,"brokerEpoch":-1})");
    fs.put("/wal/.kafka_cleanshutdown", R"({"version":0,"brokerEpoch":77})");
    session({0}, true);  // the other was clean, and still is
    CHECK(fs.content("/wal/.kafka_cleanshutdown") == R"({"version":0,"brokerEpoch":77})");
    session({0}, false);
    session({0}, true);  // the other may not be: nobody has looked
    CHECK_FALSE(fs.content("/wal/.kafka_cleanshutdown"));
    session({0, 1}, true);
    CHECK(fs.content("/wal/.kafka_cleanshutdown"));
}

TEST_CASE("a transaction's state is carried over a restart, and its abort is in the transaction index") {
    CrashFs fs;
    WalRun run(fs, {.sync = wal::SyncPolicy::none, .sync_threads = 1});
    const auto corpus = io::read_small_file(std::string(KSEG_TEST_DATA) + "/corpus/v2-txn-none/00000000000000000100.log",
                                            std::uint64_t{1} << 20);
    const auto theirs = io::read_small_file(
        std::string(KSEG_TEST_DATA) + "/corpus/v2-txn-none/00000000000000000100.txnindex", std::uint64_t{1} << 20);
    REQUIRE(corpus);
    REQUIRE(theirs);
    for (const bool clean : {true, false}) {
        fs.crash(0);
        CrashFs fresh;
        WalRun each(fresh, {.sync = wal::SyncPolicy::none, .sync_threads = 1});
        REQUIRE(each.open());
        int count = 0;
        for (std::size_t at = 0; at < corpus->size();) {
            const std::size_t size = 12 + wire::load_big<std::uint32_t>(corpus->data() + at + 8);
            ByteBuffer batch(corpus->bytes().subspan(at, size));
            REQUIRE(each.log->append({batch.data(), batch.size()},
                                     {.keep_offset = true, .producer = wal::ProducerCheck::none}));
            at += size;
            if (++count % 10 == 0) {
                if (clean) {
                    REQUIRE(each.wal->close());
                }
                each.drop();
                fresh.kill();
                REQUIRE(each.open());
            }
        }
        REQUIRE(each.wal->close());
        CHECK(fresh.content("/wal/t-0/00000000000000000100.txnindex") == theirs->text());
    }
}

TEST_CASE("several partitions are appended to and synced by several threads") {
    CrashFs fs;
    test::FixedClock clock;
    const auto wal =
        wal::Wal::open(fs, clock, "/wal", {.segment_bytes = 3000, .checkpoint_bytes = 2000, .sync_threads = 3});
    REQUIRE(wal);
    std::vector<wal::PartitionLog*> logs;
    for (int i = 0; i < 4; ++i) {
        const auto log = (*wal)->partition({.topic = "t", .partition = i});
        REQUIRE(log);
        logs.push_back(*log);
    }
    std::vector<std::thread> threads;
    std::atomic<int> wrong = 0;
    for (wal::PartitionLog* const log : logs) {
        threads.emplace_back([log, &wrong] {
            for (std::uint64_t i = 0; i < 200; ++i) {
                ByteBuffer batch = test::make_batch(i, {.value_bytes = i});
                const auto done = log->append({batch.data(), batch.size()});
                if (!done || (i % 7 == 0 && !log->wait(done->ticket))) {
                    ++wrong;
                }
            }
        });
        threads.emplace_back([log, &wrong] {
            for (int i = 0; i < 100; ++i) {
                const std::int64_t durable = log->durable_offset();
                if (durable > log->end_offset() || !log->sync() || log->durable_offset() < durable) {
                    ++wrong;
                }
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    CHECK(wrong == 0);
    REQUIRE((*wal)->close());
    for (wal::PartitionLog* const log : logs) {
        CHECK(log->end_offset() == 200);
        CHECK(log->durable_offset() == 200);
    }
}
