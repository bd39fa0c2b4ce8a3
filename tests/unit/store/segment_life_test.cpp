// SPDX-License-Identifier: Apache-2.0
#include "store/segment_life.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "archive/archive.hpp"
#include "objects/directory_store.hpp"
#include "support/crash_fs.hpp"
#include "support/faulty_store.hpp"
#include "support/make_batch.hpp"

using namespace kseg;
using store::LifeOutcome;

namespace {

const std::string kId = "4Vd1GyL6QWmDC_ybrQZx0w";
const std::string kLog = "/data/t-0/00000000000000000012.log";

struct World {
    test::CrashFs fs;
    std::unique_ptr<objects::ObjectStore> objects = objects::directory_store(fs, "/store");
    store::LifeOptions options{.scratch = "/scratch", .topic_id = kId};

    World() {
        REQUIRE(fs.make_directories("/store"));
        fs.put(kLog, std::string(test::make_batch(1, {.records = 3, .base_offset = 12}).text()));
    }
    Result<store::SegmentLife> live(objects::ObjectStore& store) {
        return store::archive_sealed(
            fs, store, {.path = kLog, .partition = {.topic = "t", .partition = 0}, .base_offset = 12}, options);
    }
    std::vector<std::string> names() {
        std::vector<std::string> found;
        REQUIRE(objects->list("", [&found](const objects::ObjectInfo& object) {
            found.push_back(object.name);
            return true;
        }));
        return found;
    }
    /// Changes a byte of the one archive, whose name stays.
    void damage() {
        const std::string path = "/store/" + names().at(0);
        std::string content = fs.content(path).value();
        content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
        fs.put(path, content);
    }
};

}  // namespace

TEST_CASE("a sealed segment is archived under a name that says what it holds, and nothing else is left") {
    World world;
    const auto life = world.live(*world.objects);
    REQUIRE_MESSAGE(life, (life ? std::string() : life.error().message()));
    CHECK(life->outcome == LifeOutcome::archived);
    CHECK(life->name.base_offset == 12);
    CHECK(life->name.last_offset == 14);
    CHECK(life->name.topic_id == kId);
    CHECK(world.names() == std::vector<std::string>{to_string(life->name)});
    const auto left = world.fs.list("/scratch/t-0");
    REQUIRE(left);
    CHECK(*left == std::vector<std::string>{".lock"});
}

TEST_CASE("a segment that the store has is not archived again, and makes no index") {
    World world;
    const auto first = world.live(*world.objects);
    REQUIRE(first);
    world.options.scratch = "/elsewhere";
    const auto again = world.live(*world.objects);
    REQUIRE(again);
    CHECK(again->outcome == LifeOutcome::was_archived);
    CHECK(again->name == first->name);
    CHECK_FALSE(world.fs.info("/elsewhere")->has_value());
    CHECK(world.names().size() == 1);
}

TEST_CASE("an archive of other bytes of the same offsets does not count") {
    World world;
    const auto first = world.live(*world.objects);
    REQUIRE(first);
    world.fs.put(kLog, std::string(test::make_batch(2, {.records = 3, .base_offset = 12}).text()));
    const auto other = world.live(*world.objects);
    REQUIRE(other);
    CHECK(other->outcome == LifeOutcome::archived);
    CHECK(other->name != first->name);
    CHECK(world.names().size() == 2);
}

TEST_CASE("an archive of another topic id does not count") {
    World world;
    REQUIRE(world.live(*world.objects));
    world.options.topic_id = "AAAAAAAAAAAAAAAAAAAAAQ";
    const auto other = world.live(*world.objects);
    REQUIRE(other);
    CHECK(other->outcome == LifeOutcome::archived);
    CHECK(world.names().size() == 2);
}

TEST_CASE("an archive that reads back otherwise never lets the log go") {
    World world;
    REQUIRE(world.live(*world.objects));
    world.damage();
    const auto again = world.live(*world.objects);
    REQUIRE_FALSE(again);
    CHECK(again.error().code == Errc::corrupt);
    CHECK(world.fs.content(kLog).has_value());
}

TEST_CASE("a segment that is gone is no error") {
    World world;
    REQUIRE(world.fs.remove(kLog));
    const auto life = world.live(*world.objects);
    REQUIRE(life);
    CHECK(life->outcome == LifeOutcome::gone);
    CHECK(world.names().empty());
}

TEST_CASE("whatever call of the store fails, the next attempt ends with the one archive") {
    std::uint64_t calls = 0;
    {
        World world;
        test::FaultyStore store(objects::directory_store(world.fs, "/store"));
        REQUIRE(world.live(store));
        calls = store.calls();
    }
    REQUIRE(calls >= 4);  // list twice, put, open and read
    for (const auto fault : {test::StoreFault::before, test::StoreFault::after}) {
        for (std::uint64_t at = 1; at <= calls; ++at) {
            CAPTURE(at);
            World world;
            test::FaultyStore store(objects::directory_store(world.fs, "/store"));
            store.fail_at(at, fault);
            const auto first = world.live(store);
            if (!first) {
                CHECK(first.error().code == Errc::io);
            }
            const auto second = world.live(store);
            REQUIRE(second);
            CHECK(world.names() == std::vector<std::string>{to_string(second->name)});
        }
    }
}

TEST_CASE("all archives of a topic's id are removed, and no others") {
    World world;
    REQUIRE(world.live(*world.objects));
    world.options.topic_id = "AAAAAAAAAAAAAAAAAAAAAQ";
    const auto other = world.live(*world.objects);
    REQUIRE(other);
    const auto removed = store::remove_archives_of(*world.objects, "t", kId, {});
    REQUIRE(removed);
    CHECK(*removed == 1);
    CHECK(world.names() == std::vector<std::string>{to_string(other->name)});
    const auto again = store::remove_archives_of(*world.objects, "t", kId, {});
    REQUIRE(again);
    CHECK(*again == 0);
}
