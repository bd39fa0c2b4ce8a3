// SPDX-License-Identifier: Apache-2.0
#include "broker/archiver.hpp"

#include <doctest/doctest.h>

#include "store/archived_log.hpp"
#include "support/broker_world.hpp"

using namespace kseg;
using namespace kseg::test;

namespace {

broker::BrokerSettings small_segments() {
    broker::BrokerSettings settings;
    settings.log.segment_bytes = 300;
    settings.defaults.retention_ms = -1;
    settings.topics = {{"t", 1}};
    return settings;
}

/// A broker that archives; each segment holds two batches of one record.
struct World : BrokerWorld {
    explicit World(broker::BrokerSettings wanted = small_segments()) : BrokerWorld(std::move(wanted), true) { settle(); }

    void settle() {
        loop.run_until_idle();
        REQUIRE(broker->archiver()->is_idle());
    }
    broker::Partition& partition(const std::string& topic = "t") {
        broker::Topic* const found = broker->topics().find(topic);
        REQUIRE(found != nullptr);
        return *found->find(0);
    }
    void produce_some(int count, const std::string& topic = "t") {
        for (int i = 0; i < count; ++i) {
            CHECK(produce(topic, make_batch(++number_).bytes()).error_code == protocol::ErrorCode::none);
        }
        loop.run_until_idle();
    }
    std::vector<std::string> archives() {
        std::vector<std::string> names;
        REQUIRE(objects->list("", [&names](const objects::ObjectInfo& object) {
            names.push_back(object.name);
            return true;
        }));
        return names;
    }

  private:
    std::uint64_t number_ = 0;
};

}  // namespace

TEST_CASE("sealed segments are archived and removed, and the log begins where it did") {
    World world;
    world.produce_some(11);
    world.settle();
    CHECK_FALSE(world.partition().first_sealed().has_value());
    CHECK(world.partition().log_start() == 0);
    CHECK(world.partition().local_start() > 0);
    CHECK(world.partition().archived()->end() == world.partition().local_start());
    CHECK(world.archives().size() == world.partition().archived()->names().size());
    const std::int64_t local = world.partition().local_start();
    world.restart();
    world.settle();
    CHECK(world.partition().log_start() == 0);
    CHECK(world.partition().local_start() == local);
    CHECK(world.partition().high_watermark() == 11);
}

TEST_CASE("a store that fails loses nothing, and is tried again later and later") {
    World world;
    world.fs.fail_when([](const std::string&, const std::string& path) { return path.starts_with("/archives"); });
    world.produce_some(11);
    CHECK(world.archives().empty());
    CHECK(world.partition().local_start() == 0);
    CHECK_FALSE(world.broker->archiver()->is_idle());
    const std::uint64_t before = world.fs.operations();
    world.produce_some(2);  // a segment that is sealed meanwhile does not bring the next attempt forward
    CHECK(world.fs.operations() - before < 40);
    world.clock.now_ms += 1000;
    world.loop.run_until_idle();
    CHECK(world.partition().local_start() == 0);
    world.fs.fail_when(nullptr);
    world.clock.now_ms += 2000;
    world.settle();
    CHECK(world.partition().local_start() > 0);
    CHECK_FALSE(world.partition().first_sealed().has_value());
}

TEST_CASE("an idle broker does nothing for its archives") {
    World world;
    world.produce_some(11);
    world.settle();
    const std::uint64_t before = world.fs.operations();
    world.fs.forget_reads();
    world.loop.advance(1000);
    CHECK(world.fs.operations() == before);
}

TEST_CASE("compacted topics and the broker's own are not archived") {
    World world;
    REQUIRE(world.broker->topics().create_now("compacted", 1, {{"cleanup.policy", "compact"}}));
    REQUIRE(world.broker->topics().create_now("both", 1, {{"cleanup.policy", "compact,delete"}}));
    REQUIRE(world.broker->topics().create_now("__consumer_offsets", 1, {}));
    CHECK(world.broker->topics().find("__consumer_offsets")->find(0)->archived() == nullptr);
    world.produce_some(9, "compacted");
    world.produce_some(9, "both");
    world.settle();
    CHECK(world.archives().empty());
    CHECK(world.partition("both").first_sealed().has_value());
}

TEST_CASE("deleted records leave the store, also after a crash before they did") {
    World world;
    world.produce_some(11);
    world.settle();
    const std::size_t all = world.archives().size();
    world.archive_workers.held_back = true;
    REQUIRE(world.broker->topics().remove_records(world.partition(), 5));
    world.loop.run_until_idle();
    CHECK(world.partition().log_start() == 5);
    CHECK(world.archives().size() == all);
    world.archive_workers.waiting.clear();
    world.archive_workers.held_back = false;
    world.crash(7);
    world.settle();
    CHECK(world.partition().log_start() == 5);
    CHECK(world.archives().size() < all);
    for (const store::ArchiveName& name : world.partition().archived()->names()) {
        CHECK(name.last_offset >= 5);
    }
}

TEST_CASE("a deleted topic leaves the store, also after a crash, and one made anew has nothing of it") {
    World world;
    world.produce_some(11);
    world.settle();
    CHECK_FALSE(world.archives().empty());
    world.archive_workers.held_back = true;
    REQUIRE(world.broker->topics().remove("t"));
    world.loop.run_until_idle();
    CHECK(world.broker->topics().deleted().size() == 1);
    world.archive_workers.waiting.clear();
    world.archive_workers.held_back = false;
    world.crash(8);  // and "t" is made again at the start
    world.settle();
    CHECK(world.archives().empty());
    CHECK(world.broker->topics().deleted().empty());
    CHECK(world.partition().high_watermark() == 0);
    CHECK(world.partition().archived()->empty());
}

TEST_CASE("retention by size counts archives and takes the oldest") {
    World world;
    world.produce_some(21);
    world.settle();
    const auto before = world.partition().archived()->names();
    REQUIRE(before.size() > 4);
    const std::uint64_t keep = 2 * before.back().size + 400;
    bool set = false;
    world.broker->topics().set_configs(*world.broker->topics().find("t"), {{"retention.bytes", std::to_string(keep)}},
                                       [&set](const Result<void>& done) { set = done.has_value(); });
    REQUIRE(world.loop.run_until([&set] { return set; }));
    REQUIRE(world.broker->topics().apply_retention());
    world.settle();
    const auto after = world.partition().archived()->names();
    CHECK(after.size() < before.size());
    CHECK_FALSE(after.empty());
    CHECK(world.partition().log_start() == after.front().base_offset);
    CHECK(world.archives().size() == after.size());
    CHECK(world.partition().high_watermark() == 21);
}

TEST_CASE("a broker without its directory serves the topics that the store has, and goes on behind them") {
    World world;
    world.produce_some(11);
    world.settle();
    const std::int64_t end = world.partition().archived()->end().value();
    const protocol::Uuid id = world.broker->topics().find("t")->id;
    world.broker.reset();
    world.settings.directory = "/another";
    world.start();
    world.settle();
    REQUIRE(world.broker->topics().find("t") != nullptr);
    CHECK(world.broker->topics().find("t")->id == id);
    CHECK(world.partition().log_start() == 0);
    CHECK(world.partition().local_start() == end);
    CHECK(world.partition().high_watermark() == end);
    world.produce_some(5);
    world.settle();
    CHECK(world.partition().high_watermark() == end + 5);
    CHECK(world.partition().archived()->end().value() > end);
    world.crash(9);
    world.settle();
    CHECK(world.partition().log_start() == 0);
    CHECK(world.partition().high_watermark() == end + 5);
}

TEST_CASE("without a listing the broker serves what is here, and makes no topic that the store may have") {
    World world;
    world.produce_some(11);
    world.settle();
    const std::int64_t local = world.partition().local_start();
    REQUIRE(world.broker->close());
    world.broker.reset();
    REQUIRE(world.fs.rename("/archives", "/away"));
    world.start();
    world.loop.run_until_idle();
    CHECK_FALSE(world.broker->archiver()->is_listed());
    CHECK_FALSE(world.partition().archives_known());
    CHECK(world.partition().local_start() == local);
    CHECK_FALSE(world.broker->make_if_missing("u", [] {}));
    world.produce_some(4);
    // What is deleted meanwhile is not shown when the rest comes back.
    REQUIRE(world.broker->topics().remove_records(world.partition(), 3));
    REQUIRE(world.fs.rename("/away", "/archives"));
    world.clock.now_ms += 2000;
    world.settle();
    CHECK(world.partition().archives_known());
    CHECK(world.partition().log_start() == 3);
    CHECK(world.partition().high_watermark() == 15);
}

TEST_CASE("a log that ends before its archives is not archived any more") {
    World world;
    world.produce_some(11);
    world.settle();
    const std::size_t before = world.archives().size();
    // The directory of an earlier day.
    world.broker.reset();
    world.settings.directory = "/old";
    world.settings.topics.clear();
    REQUIRE(world.fs.make_directories("/old/t-0"));
    world.fs.put("/old/t-0/partition.metadata", world.fs.content("/data/t-0/partition.metadata").value());
    world.fs.put("/old/t-0/00000000000000000000.log", std::string(make_batch(1).text()));
    world.start();
    world.loop.run_until_idle();
    world.produce_some(7);
    CHECK(world.archives().size() == before);
    CHECK(world.partition().first_sealed().has_value());
}
