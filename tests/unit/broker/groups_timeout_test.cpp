// SPDX-License-Identifier: Apache-2.0
// What happens to members that are silent, and to groups that wait for them.
#include <doctest/doctest.h>

#include "support/group_world.hpp"

using kseg::broker::GroupSettings;
using kseg::protocol::ErrorCode;
using kseg::test::GroupWorld;

TEST_CASE("a member without heartbeats is out when its session ends, and not before") {
    GroupWorld world;
    const auto [leader, follower] = world.stable_pair();
    world.timers.advance(9'999);
    CHECK(world.heartbeat(follower, 2) == ErrorCode::none);
    CHECK(world.state() == "Stable");
    world.timers.advance(1);
    CHECK(world.state() == "PreparingRebalance");
    CHECK(world.heartbeat(leader, 2) == ErrorCode::unknown_member_id);
    CHECK(world.heartbeat(follower, 2) == ErrorCode::rebalance_in_progress);
    CHECK(world.join(follower)->generation_id == 3);
}

TEST_CASE("heartbeats keep a session alive") {
    GroupWorld world;
    const std::string id = world.stable_alone();
    for (int i = 0; i < 1'000; ++i) {
        world.timers.advance(9'000);
        REQUIRE(world.heartbeat(id, 1) == ErrorCode::none);
    }
    CHECK(world.state() == "Stable");
    world.timers.advance(10'000);
    CHECK(world.state() == "Empty");
}

TEST_CASE("commits keep a session alive in a stable group") {
    GroupWorld world;
    const std::string id = world.stable_alone();
    for (int i = 0; i < 5; ++i) {
        world.timers.advance(9'000);
        REQUIRE(error_of(world.commit(i, 1, id)) == ErrorCode::none);
    }
    CHECK(world.state() == "Stable");
}

TEST_CASE("an id that nobody joins with is forgotten after its session time-out") {
    GroupWorld world;
    const std::string id = world.new_id();
    world.timers.advance(10'000);
    CHECK(world.group()->pending_joins.empty());
    CHECK(world.join(id)->error_code == ErrorCode::unknown_member_id);
}

TEST_CASE("a round does not end while an id that was given out may still join, and ends when it is forgotten") {
    GroupWorld world;
    const std::string first = world.stable_alone();
    const std::string second = world.new_id();
    world.timers.advance(5'000);
    const std::string third = world.new_id();
    const auto joining = world.join(second);
    const auto rejoined = world.join(first);
    CHECK_FALSE(joining.has());
    world.timers.advance(9'999);
    CHECK_FALSE(rejoined.has());
    world.timers.advance(1);
    REQUIRE(joining.has());
    CHECK(rejoined->generation_id == 2);
    CHECK(world.group()->members().size() == 2);
}

TEST_CASE("who does not join again within the rebalance time-out is out") {
    GroupWorld world;
    const auto [leader, follower] = world.stable_pair();
    const std::string third = world.new_id();
    const auto joining = world.join(third);
    // The old members live on, but do not join.
    for (int i = 0; i < 6; ++i) {
        world.timers.advance(9'999);
        CHECK(world.heartbeat(leader, 2) == ErrorCode::rebalance_in_progress);
        CHECK(world.heartbeat(follower, 2) == ErrorCode::rebalance_in_progress);
    }
    CHECK_FALSE(joining.has());
    world.timers.advance(6);
    REQUIRE(joining.has());
    CHECK(joining->generation_id == 3);
    CHECK(joining->leader == third);
    CHECK(joining->members.size() == 1);
    CHECK(world.heartbeat(leader, 2) == ErrorCode::unknown_member_id);
}

TEST_CASE("who waits for others to join needs no heartbeats, and gets a whole session with the answer") {
    GroupWorld world;
    const auto [leader, follower] = world.stable_pair();
    const auto waiting = world.join(leader);
    CHECK(world.state() == "PreparingRebalance");
    for (int i = 0; i < 3; ++i) {
        world.timers.advance(9'000);
        world.heartbeat(follower, 2);
    }
    CHECK_FALSE(waiting.has());
    const auto rejoined = world.join(follower);
    REQUIRE(waiting.has());
    CHECK(waiting->error_code == ErrorCode::none);
    world.timers.advance(9'999);
    CHECK(world.group()->members().size() == 2);
    CHECK(world.heartbeat(leader, 3) == ErrorCode::none);
}

TEST_CASE("who waits for its assignment needs no heartbeats, and is watched again once it has it") {
    GroupWorld world;
    const auto [leader, follower] = world.stable_pair();
    const auto joining = world.join(leader);
    world.join(follower);
    REQUIRE(joining.has());
    const auto waiting = world.sync(follower, 3);
    for (int i = 0; i < 4; ++i) {
        world.timers.advance(9'000);
        REQUIRE(world.heartbeat(leader, 3) == ErrorCode::none);
    }
    CHECK_FALSE(waiting.has());
    world.sync(leader, 3, {{follower, "b"}});
    REQUIRE(waiting.has());
    CHECK(waiting->error_code == ErrorCode::none);
    world.timers.advance(9'999);
    CHECK(world.state() == "Stable");
    CHECK(world.heartbeat(leader, 3) == ErrorCode::none);
    world.timers.advance(1);
    CHECK(world.state() == "PreparingRebalance");
    CHECK(world.group()->members().size() == 1);
}

TEST_CASE("a new member is waited for five minutes: its client may be gone") {
    GroupWorld world;
    auto request = GroupWorld::join_request("");
    request.rebalance_timeout_ms = 1'000'000;
    const auto first = world.join(request, 3);
    world.timers.settle();
    REQUIRE(first.has());
    const std::string keeper = first->member_id;
    world.sync(keeper, 1, {{keeper, "all"}});
    const auto lost = world.join(request, 3);
    for (int i = 0; i < 33; ++i) {
        world.timers.advance(9'000);
        world.heartbeat(keeper, 1);
    }
    world.timers.advance(2'999);
    CHECK_FALSE(lost.has());
    world.timers.advance(1);
    REQUIRE(lost.has());
    CHECK(lost->error_code == ErrorCode::unknown_member_id);
}

TEST_CASE("who does not sync within the rebalance time-out is out, and the others join again") {
    GroupWorld world;
    const std::string first = world.stable_alone();
    const std::string second = world.new_id();
    const auto joining = world.join(second);
    world.join(first);
    SUBCASE("the leader") {
        const auto waiting = world.sync(second, 2);
        for (int i = 0; i < 6; ++i) {
            world.timers.advance(9'999);
            REQUIRE(world.heartbeat(first, 2) == ErrorCode::none);
        }
        CHECK_FALSE(waiting.has());
        world.timers.advance(6);
        REQUIRE(waiting.has());
        CHECK(waiting->error_code == ErrorCode::rebalance_in_progress);
        CHECK(world.heartbeat(first, 2) == ErrorCode::unknown_member_id);
        CHECK(world.join(second)->generation_id == 3);
    }
    SUBCASE("a follower, of a group that is stable already") {
        world.sync(first, 2, {{first, "a"}, {second, "b"}});
        for (int i = 0; i < 6; ++i) {
            world.timers.advance(9'999);
            REQUIRE(world.heartbeat(first, 2) == ErrorCode::none);
            REQUIRE(world.heartbeat(second, 2) == ErrorCode::none);
        }
        CHECK(world.state() == "Stable");
        world.timers.advance(6);
        CHECK(world.heartbeat(second, 2) == ErrorCode::unknown_member_id);
        CHECK(world.heartbeat(first, 2) == ErrorCode::rebalance_in_progress);
    }
}

TEST_CASE("without a delay the first member of a group is answered in the same millisecond") {
    GroupWorld world;
    const std::string id = world.new_id();
    const auto joined = world.join(id);
    world.timers.settle();
    CHECK(joined.has());
}

TEST_CASE("with a delay an empty group waits for more members, longer with each, and not over the rebalance time-out") {
    GroupSettings settings;
    settings.initial_rebalance_delay_ms = 3'000;
    GroupWorld world(settings);
    auto request = GroupWorld::join_request("");
    request.rebalance_timeout_ms = 7'000;
    const auto first = world.join(request, 3);
    world.timers.advance(2'999);
    CHECK_FALSE(first.has());
    SUBCASE("nobody comes") {
        world.timers.advance(1);
        CHECK(first.has());
    }
    SUBCASE("others come") {
        const auto second = world.join(request, 3);
        world.timers.advance(1);
        CHECK_FALSE(first.has());
        world.timers.advance(2'999);
        CHECK_FALSE(first.has());
        const auto third = world.join(request, 3);
        world.timers.advance(1);
        CHECK_FALSE(first.has());
        // 7 seconds after the first: 3, 3, and the second that was left.
        world.timers.advance(999);
        CHECK_FALSE(first.has());
        world.timers.advance(1);
        REQUIRE(first.has());
        CHECK(second.has());
        CHECK(third.has());
        CHECK(world.group()->members().size() == 3);
    }
    SUBCASE("it leaves again") {
        world.leave(world.group()->members().begin()->first);
        CHECK(first.has());
        CHECK(world.state() == "PreparingRebalance");
        world.timers.advance(1);
        CHECK(world.state() == "Empty");
    }
}

TEST_CASE("nothing is left to do for a group that is empty") {
    GroupWorld world;
    const std::size_t before = world.timers.size();
    world.stable_pair();
    CHECK(world.timers.size() > before);
    world.timers.advance(100'000);
    CHECK(world.state() == "Empty");
    CHECK(world.timers.size() == before);
}

TEST_CASE("a group of which only static members are left that do not come back is looked at until their sessions end") {
    GroupWorld world;
    auto request = GroupWorld::join_request("");
    request.group_instance_id = "i";
    request.rebalance_timeout_ms = 1;
    const auto first = world.join(request);
    request.group_instance_id = "j";
    const auto second = world.join(request);
    world.timers.settle();
    REQUIRE(second.has());
    world.sync(first->member_id, 1, {}, "i");
    world.sync(second->member_id, 1, {}, "j");
    REQUIRE(world.state() == "Stable");
    world.leave("", "j");
    CHECK(world.state() == "PreparingRebalance");
    world.timers.advance(9'999);
    CHECK(world.group()->members().size() == 1);
    CHECK(world.state() == "PreparingRebalance");
    world.timers.advance(1);
    CHECK(world.state() == "Empty");
}
