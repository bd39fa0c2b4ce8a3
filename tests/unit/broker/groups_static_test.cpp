// SPDX-License-Identifier: Apache-2.0
// Static members: they come back under their instance's name and cause no rebalance (KIP-345, KIP-814).
#include <doctest/doctest.h>

#include "support/group_world.hpp"

using kseg::protocol::ErrorCode;
using kseg::test::GroupWorld;
using kseg::test::text_of;

namespace {

/// Two static members, "i" and "j", of a stable group: their ids, the leader "i" first.
std::pair<std::string, std::string> stable_instances(GroupWorld& world) {
    const auto first = world.join_static("i");
    world.timers.settle();
    world.sync(first->member_id, 1, {{first->member_id, "all"}}, "i");
    const auto second = world.join_static("j");
    const auto again = world.join_static("i", first->member_id);
    REQUIRE(second.has());
    REQUIRE(again->leader == first->member_id);
    world.sync(second->member_id, 2, {}, "j");
    world.sync(first->member_id, 2, {{first->member_id, "a"}, {second->member_id, "b"}}, "i");
    REQUIRE(world.state() == "Stable");
    return {first->member_id, second->member_id};
}

}  // namespace

TEST_CASE("a static member needs no id first") {
    GroupWorld world;
    const auto joined = world.join_static("i");
    world.timers.settle();
    REQUIRE(joined.has());
    CHECK(joined->error_code == ErrorCode::none);
    CHECK(joined->member_id.substr(0, 2) == "i-");
    CHECK(joined->members[0].group_instance_id == "i");
}

TEST_CASE("a static member that comes back to a stable group keeps its assignment") {
    GroupWorld world;
    const auto [leader, follower] = stable_instances(world);
    const auto back = world.join_static("j");
    REQUIRE(back.has());
    CHECK(back->error_code == ErrorCode::none);
    CHECK(back->generation_id == 2);
    CHECK(back->member_id != follower);
    CHECK(back->leader == leader);
    CHECK(back->members.empty());
    CHECK_FALSE(back->skip_assignment);
    CHECK(world.state() == "Stable");
    CHECK(text_of(world.sync(back->member_id, 2, {}, "j")->assignment) == "b");
    CHECK(world.heartbeat(leader, 2, "i") == ErrorCode::none);

    CHECK(world.heartbeat(follower, 2, "j") == ErrorCode::fenced_instance_id);
    CHECK(world.heartbeat(follower, 2) == ErrorCode::unknown_member_id);
    CHECK(world.heartbeat(follower, 2, "k") == ErrorCode::unknown_member_id);
    CHECK(world.sync(follower, 2, {}, "j")->error_code == ErrorCode::fenced_instance_id);
    CHECK(world.join_static("j", follower)->error_code == ErrorCode::fenced_instance_id);
    CHECK(world.leave(follower, "j").members[0].error_code == ErrorCode::fenced_instance_id);
}

TEST_CASE("a static leader that comes back is told not to assign, or is not told that it leads") {
    GroupWorld world;
    const auto [leader, follower] = stable_instances(world);
    SUBCASE("version 9") {
        const auto back = world.join_static("i");
        REQUIRE(back.has());
        CHECK(back->skip_assignment);
        CHECK(back->leader == back->member_id);
        CHECK(back->members.size() == 2);
        CHECK(text_of(world.sync(back->member_id, 2, {}, "i")->assignment) == "a");
    }
    SUBCASE("version 8") {
        const auto back = world.join_static("i", "", {"range"}, 8);
        REQUIRE(back.has());
        CHECK_FALSE(back->skip_assignment);
        CHECK(back->leader == leader);
        CHECK(back->members.empty());
    }
    CHECK(world.state() == "Stable");
    CHECK(world.group()->generation() == 2);
}

TEST_CASE("a static member that comes back before its new id is durable waits for that") {
    GroupWorld world;
    const auto [leader, follower] = stable_instances(world);
    world.log.is_synchronous = false;
    const auto back = world.join_static("j");
    CHECK_FALSE(back.has());
    SUBCASE("it becomes durable") {
        world.log.sync_all();
        REQUIRE(back.has());
        CHECK(back->generation_id == 2);
    }
    SUBCASE("it does not") {
        world.log.sync_one(kseg::Error{kseg::Errc::io, "no"});
        REQUIRE(back.has());
        CHECK(back->error_code == ErrorCode::not_coordinator);
        CHECK(world.heartbeat(follower, 2, "j") == ErrorCode::none);
    }
    SUBCASE("a rebalance comes first") {
        const auto third = world.join_static("k");
        CHECK(world.state() == "PreparingRebalance");
        world.log.sync_all();
        CHECK_FALSE(back.has());
        world.join_static("i", leader);
        REQUIRE(back.has());
        CHECK(back->generation_id == 3);
        CHECK(third->generation_id == 3);
    }
}

TEST_CASE("a static member that comes back with other protocols begins a rebalance only where the choice changes") {
    GroupWorld world;
    const auto first = world.join_static("i", "", {"range", "sticky"});
    world.timers.settle();
    CHECK(first->protocol_name == "range");
    world.sync(first->member_id, 1, {{first->member_id, "all"}}, "i");
    SUBCASE("the same choice") {
        const auto back = world.join_static("i", "", {"range"});
        REQUIRE(back.has());
        CHECK(back->generation_id == 1);
        CHECK(world.state() == "Stable");
    }
    SUBCASE("another") {
        const auto back = world.join_static("i", "", {"sticky", "range"});
        REQUIRE(back.has());
        CHECK(back->generation_id == 2);
        CHECK(back->protocol_name == "sticky");
    }
}

TEST_CASE("a static member that comes back while others wait begins another round, and fences its old self") {
    GroupWorld world;
    const auto [leader, follower] = stable_instances(world);
    const auto third = world.join_static("k");
    SUBCASE("while members join") {
        const auto old = world.join_static("j", follower);
        const auto back = world.join_static("j");
        REQUIRE(old.has());
        CHECK(old->error_code == ErrorCode::fenced_instance_id);
        CHECK(old->member_id == follower);
        CHECK(old->protocol_name == std::nullopt);
        world.join_static("i", leader);
        REQUIRE(back.has());
        CHECK(back->generation_id == 3);
    }
    SUBCASE("while assignments are awaited") {
        world.join_static("j", follower);
        world.join_static("i", leader);
        REQUIRE(third.has());
        const auto old = world.sync(follower, 3, {}, "j");
        const auto other = world.sync(third->member_id, 3, {}, "k");
        const auto back = world.join_static("j");
        REQUIRE(old.has());
        CHECK(old->error_code == ErrorCode::fenced_instance_id);
        CHECK(other->error_code == ErrorCode::rebalance_in_progress);
        CHECK_FALSE(back.has());
        CHECK(world.state() == "PreparingRebalance");
    }
}

TEST_CASE("a rebalance keeps a static member that is away, until its session ends") {
    GroupWorld world;
    const auto [leader, follower] = stable_instances(world);
    auto request = GroupWorld::join_request("");
    request.session_timeout_ms = 300'000;
    request.group_instance_id = "j";
    world.join(request);
    const std::string away = world.join(request)->member_id;
    world.join_static("k");
    const auto led = world.join_static("i", leader);
    CHECK_FALSE(led.has());
    world.timers.advance(60'000);
    REQUIRE(led.has());
    CHECK(led->generation_id == 3);
    CHECK(led->members.size() == 3);
    CHECK(world.group()->members().size() == 3);
}

TEST_CASE("a static member is removed by its instance, without its id") {
    GroupWorld world;
    const auto [leader, follower] = stable_instances(world);
    const auto removed = world.leave("", "j");
    CHECK(removed.members[0].error_code == ErrorCode::none);
    CHECK(removed.members[0].member_id.empty());
    CHECK(removed.members[0].group_instance_id == "j");
    CHECK(world.state() == "PreparingRebalance");
    CHECK(world.heartbeat(follower, 2, "j") == ErrorCode::unknown_member_id);
    CHECK(world.leave("", "j").members[0].error_code == ErrorCode::unknown_member_id);
}

TEST_CASE("who is removed while it waits for its assignment is told so") {
    GroupWorld world;
    const auto [leader, follower] = stable_instances(world);
    world.join_static("k");
    world.join_static("j", follower);
    world.join_static("i", leader);
    const auto waiting = world.sync(follower, 3, {}, "j");
    world.leave("", "j");
    REQUIRE(waiting.has());
    CHECK(waiting->error_code == ErrorCode::unknown_member_id);
}
