// SPDX-License-Identifier: Apache-2.0
// JoinGroup, SyncGroup, Heartbeat, LeaveGroup of dynamic members. What is expected is what Kafka 4's coordinator does.
#include <doctest/doctest.h>

#include "support/group_world.hpp"

using kseg::protocol::ErrorCode;
using kseg::test::blob;
using kseg::test::GroupWorld;
using kseg::test::text_of;

TEST_CASE("a new member is given an id and joins with it") {
    GroupWorld world;
    const auto first = world.join("");
    REQUIRE(first.has());
    CHECK(first->error_code == ErrorCode::member_id_required);
    CHECK(first->member_id == "client-00000000-0000-0000-0000-000000000001");
    CHECK(first->generation_id == -1);
    CHECK(world.state() == "Empty");

    const auto joined = world.join(first->member_id);
    world.timers.settle();
    REQUIRE(joined.has());
    CHECK(joined->error_code == ErrorCode::none);
    CHECK(joined->generation_id == 1);
    CHECK(joined->leader == first->member_id);
    CHECK(joined->protocol_type == "consumer");
    CHECK(joined->protocol_name == "range");
    CHECK_FALSE(joined->skip_assignment);
    REQUIRE(joined->members.size() == 1);
    CHECK(joined->members[0].member_id == first->member_id);
    CHECK(text_of(joined->members[0].metadata) == "range");
    CHECK(world.state() == "CompletingRebalance");

    const auto synced = world.sync(first->member_id, 1, {{first->member_id, "all"}});
    REQUIRE(synced.has());
    CHECK(synced->error_code == ErrorCode::none);
    CHECK(text_of(synced->assignment) == "all");
    CHECK(synced->protocol_type == "consumer");
    CHECK(synced->protocol_name == "range");
    CHECK(world.state() == "Stable");
}

TEST_CASE("before version 4 a new member joins at once, in version 0 with its session as rebalance time-out") {
    GroupWorld world;
    auto request = GroupWorld::join_request("");
    request.rebalance_timeout_ms = -1;
    const auto joined = world.join(request, 0);
    world.timers.settle();
    REQUIRE(joined.has());
    CHECK(joined->error_code == ErrorCode::none);
    CHECK(joined->generation_id == 1);
    CHECK(world.group()->rebalance_timeout_ms() == 10'000);
    const auto second = world.join("", 3);
    CHECK_FALSE(second.has());
    CHECK(world.group()->members().size() == 2);
}

TEST_CASE("what members say of themselves is limited, for each and for all, and counts as long as they are there") {
    kseg::broker::GroupSettings settings;
    settings.max_member_bytes = 10'000;
    settings.max_all_member_bytes = 25'000;
    GroupWorld world(settings);
    const auto join = [&](const std::string& group, std::size_t bytes) {
        auto request = GroupWorld::join_request("");
        request.group_id = group;
        request.protocols[0].metadata = blob(std::string(bytes, 'x'));
        const auto joined = world.join(request, 3);
        world.timers.settle();
        REQUIRE(joined.has());
        return std::pair(joined->error_code, joined->member_id);
    };
    CHECK(join("too large", 10'000).first == ErrorCode::invalid_request);
    CHECK(join("a", 9'000).first == ErrorCode::none);
    const auto [error, member] = join("b", 9'000);
    CHECK(error == ErrorCode::none);
    CHECK(join("c", 9'000).first == ErrorCode::invalid_request);
    CHECK(join("c", 100).first == ErrorCode::none);
    world.timers.advance(1'800'001);  // the sessions of all end
    CHECK(join("d", 9'000).first == ErrorCode::none);
}

TEST_CASE("joins that cannot be are refused with Kafka's errors") {
    GroupWorld world;
    auto request = GroupWorld::join_request("");
    SUBCASE("no group") {
        request.group_id = "";
        CHECK(world.join(request)->error_code == ErrorCode::invalid_group_id);
    }
    SUBCASE("sessions outside 6 seconds to 30 minutes") {
        for (const auto& [timeout, error] :
             {std::pair(5'999, ErrorCode::invalid_session_timeout), std::pair(6'000, ErrorCode::member_id_required),
              std::pair(1'800'000, ErrorCode::member_id_required), std::pair(1'800'001, ErrorCode::invalid_session_timeout),
              std::pair(-1, ErrorCode::invalid_session_timeout)}) {
            request.session_timeout_ms = timeout;
            CHECK(world.join(request)->error_code == error);
        }
    }
    SUBCASE("an id that nobody gave, of a group that is not there, and of one that is") {
        CHECK(world.join("stranger")->error_code == ErrorCode::unknown_member_id);
        CHECK(world.join("stranger")->member_id == "stranger");
        world.stable_alone();
        CHECK(world.join("stranger")->error_code == ErrorCode::unknown_member_id);
        CHECK(world.join("stranger")->protocol_name == std::nullopt);
    }
    SUBCASE("no protocol") {
        request.protocols.clear();
        CHECK(world.join(request)->error_code == ErrorCode::inconsistent_group_protocol);
        request = GroupWorld::join_request("");
        request.protocol_type = "";
        CHECK(world.join(request)->error_code == ErrorCode::inconsistent_group_protocol);
        CHECK(world.group() == nullptr);
    }
    SUBCASE("another type, or no protocol in common") {
        const std::string id = world.stable_alone();
        request.protocol_type = "connect";
        CHECK(world.join(request)->error_code == ErrorCode::inconsistent_group_protocol);
        CHECK(world.join(GroupWorld::join_request("", {"sticky"}))->error_code == ErrorCode::inconsistent_group_protocol);
        CHECK(world.heartbeat(id, 1) == ErrorCode::none);
    }
}

TEST_CASE("a group takes no more members than the limit") {
    kseg::broker::GroupSettings settings;
    settings.max_members = 2;
    GroupWorld world(settings);
    world.stable_pair();
    const auto third = world.join("", 3);
    REQUIRE(third.has());
    CHECK(third->error_code == ErrorCode::group_max_size_reached);
    CHECK(third->member_id.empty());
    CHECK(world.state() == "Stable");
}

TEST_CASE("ids are given out up to a limit, and again when some were used or forgotten") {
    kseg::broker::GroupSettings settings;
    settings.max_pending_joins = 2;
    GroupWorld world(settings);
    const std::string first = world.new_id();
    const std::string second = world.new_id();
    CHECK(world.join("")->error_code == ErrorCode::coordinator_not_available);
    world.join(first);
    const std::string third = world.new_id();
    CHECK(world.join("")->error_code == ErrorCode::coordinator_not_available);
    world.leave(second);
    world.new_id();
    CHECK(world.join("")->error_code == ErrorCode::coordinator_not_available);
    world.timers.advance(10'000);
    CHECK(world.join("")->error_code == ErrorCode::member_id_required);
    CHECK(world.join("")->error_code == ErrorCode::member_id_required);
    CHECK(world.join("")->error_code == ErrorCode::coordinator_not_available);
}

TEST_CASE("the protocol is the one that all members know and most prefer") {
    GroupWorld world;
    // Three members in one round: settled only once all have asked.
    const auto a = world.join(GroupWorld::join_request("", {"range", "sticky", "only-a"}), 3);
    const auto b = world.join(GroupWorld::join_request("", {"sticky", "range"}), 3);
    const auto c = world.join(GroupWorld::join_request("", {"only-c", "sticky", "range"}), 3);
    world.timers.settle();
    for (const auto& each : {a, b, c}) {
        REQUIRE(each.has());
        CHECK(each->protocol_name == "sticky");
        CHECK(each->generation_id == 1);
        CHECK(each->leader == a->leader);
    }
    const std::size_t listed = a->members.size() + b->members.size() + c->members.size();
    CHECK(listed == 3);
}

TEST_CASE("who joins a stable group makes the others join again") {
    GroupWorld world;
    const std::string first = world.stable_alone();
    const std::string second = world.new_id();
    CHECK(world.heartbeat(first, 1) == ErrorCode::none);
    const auto joining = world.join(second);
    CHECK_FALSE(joining.has());
    CHECK(world.state() == "PreparingRebalance");
    CHECK(world.heartbeat(first, 1) == ErrorCode::rebalance_in_progress);
    CHECK(world.sync(first, 1)->error_code == ErrorCode::rebalance_in_progress);
    const auto rejoined = world.join(first);
    REQUIRE(rejoined.has());
    REQUIRE(joining.has());
    CHECK(rejoined->generation_id == 2);
    CHECK(joining->generation_id == 2);
    CHECK(rejoined->leader == first);
    CHECK(rejoined->members.size() == 2);
    CHECK(joining->members.empty());

    const auto follower = world.sync(second, 2);
    CHECK_FALSE(follower.has());
    const auto leader = world.sync(first, 2, {{first, "a"}, {second, "b"}, {"stranger", "c"}});
    REQUIRE(follower.has());
    CHECK(text_of(follower->assignment) == "b");
    CHECK(text_of(leader->assignment) == "a");
    CHECK(text_of(world.sync(second, 2)->assignment) == "b");
}

TEST_CASE("a member whom the leader forgot gets an empty assignment") {
    GroupWorld world;
    const std::string first = world.stable_alone();
    const std::string second = world.new_id();
    const auto joining = world.join(second);
    world.join(first);
    const auto synced = world.sync(second, 2);
    world.sync(first, 2, {{first, "all"}});
    REQUIRE(synced.has());
    CHECK(synced->error_code == ErrorCode::none);
    CHECK(synced->assignment.empty());
}

TEST_CASE("joining again without a change is answered at once, but for a stable group's leader") {
    GroupWorld world;
    const std::string first = world.new_id();
    const auto joined = world.join(first);
    world.timers.settle();
    const auto again = world.join(first);
    REQUIRE(again.has());
    CHECK(again->generation_id == 1);
    CHECK(again->members.size() == 1);
    world.sync(first, 1, {{first, "all"}});
    CHECK(world.state() == "Stable");

    const auto forced = world.join(first);
    REQUIRE(forced.has());
    CHECK(forced->generation_id == 2);
}

TEST_CASE("a follower that joins a stable group again gets its generation, unless its metadata changed") {
    GroupWorld world;
    const auto [leader, follower] = world.stable_pair();
    const auto same = world.join(follower);
    REQUIRE(same.has());
    CHECK(same->generation_id == 2);
    CHECK(same->members.empty());
    CHECK(world.state() == "Stable");

    auto changed = GroupWorld::join_request(follower);
    changed.protocols[0].metadata = blob("other topics");
    const auto waiting = world.join(changed);
    CHECK_FALSE(waiting.has());
    CHECK(world.state() == "PreparingRebalance");
    const auto led = world.join(leader);
    CHECK(led->generation_id == 3);
    CHECK(waiting.has());
}

TEST_CASE("metadata that changes before the assignments are there begin another round") {
    GroupWorld world;
    const std::string first = world.stable_alone();
    const std::string second = world.new_id();
    const auto joining = world.join(second);
    world.join(first);
    const auto waiting = world.sync(second, 2);
    CHECK(world.state() == "CompletingRebalance");
    auto changed = GroupWorld::join_request(first);
    changed.protocols[0].metadata = blob("other topics");
    const auto rejoined = world.join(changed);
    CHECK_FALSE(rejoined.has());
    REQUIRE(waiting.has());
    CHECK(waiting->error_code == ErrorCode::rebalance_in_progress);
    CHECK(world.join(second)->generation_id == 3);
    CHECK(rejoined.has());
}

TEST_CASE("a request that is sent twice has two answers, and the first says to ask again") {
    GroupWorld world;
    const auto [leader, follower] = world.stable_pair();
    auto changed = GroupWorld::join_request(follower);
    changed.protocols[0].metadata = blob("other topics");
    const auto once = world.join(changed);
    const auto twice = world.join(changed);
    REQUIRE(once.has());
    CHECK(once->error_code == ErrorCode::rebalance_in_progress);
    CHECK_FALSE(twice.has());
    world.join(leader);
    REQUIRE(twice.has());
    CHECK(twice->generation_id == 3);
    CHECK(once.count() == 1);

    const auto sync_once = world.sync(follower, 3);
    const auto sync_twice = world.sync(follower, 3);
    REQUIRE(sync_once.has());
    CHECK(sync_once->error_code == ErrorCode::rebalance_in_progress);
    world.sync(leader, 3, {{follower, "b"}});
    REQUIRE(sync_twice.has());
    CHECK(text_of(sync_twice->assignment) == "b");
}

TEST_CASE("SyncGroup and Heartbeat of the wrong member, generation or protocol are told so") {
    GroupWorld world;
    CHECK(world.sync("nobody", 1)->error_code == ErrorCode::unknown_member_id);
    CHECK(world.heartbeat("nobody", 1) == ErrorCode::unknown_member_id);
    const std::string id = world.stable_alone();
    CHECK(world.sync("nobody", 1)->error_code == ErrorCode::unknown_member_id);
    CHECK(world.sync(id, 0)->error_code == ErrorCode::illegal_generation);
    CHECK(world.sync(id, 2)->error_code == ErrorCode::illegal_generation);
    CHECK(world.heartbeat("nobody", 1) == ErrorCode::unknown_member_id);
    CHECK(world.heartbeat(id, 2) == ErrorCode::illegal_generation);
    CHECK(world.groups->heartbeat({"", 1, id, std::nullopt}).error_code == ErrorCode::invalid_group_id);

    kseg::protocol::SyncGroupRequest request;
    request.group_id = "g";
    request.member_id = id;
    request.generation_id = 1;
    const auto error_of = [&](kseg::protocol::Version version) {
        kseg::test::Inbox<kseg::protocol::SyncGroupResponse> inbox;
        world.groups->sync({version, "", ""}, request, inbox.answer());
        return inbox->error_code;
    };
    CHECK(error_of(4) == ErrorCode::none);
    CHECK(error_of(5) == ErrorCode::inconsistent_group_protocol);
    request.protocol_type = "consumer";
    request.protocol_name = "sticky";
    CHECK(error_of(5) == ErrorCode::inconsistent_group_protocol);
    request.protocol_name = "range";
    CHECK(error_of(5) == ErrorCode::none);
    request.group_id = "";
    CHECK(error_of(5) == ErrorCode::invalid_group_id);
}

TEST_CASE("who leaves is forgotten, and the others join again") {
    GroupWorld world;
    const auto [leader, follower] = world.stable_pair();
    const auto left = world.leave(leader);
    REQUIRE(left.members.size() == 1);
    CHECK(left.members[0].error_code == ErrorCode::none);
    CHECK(world.state() == "PreparingRebalance");
    CHECK(world.heartbeat(leader, 2) == ErrorCode::unknown_member_id);
    CHECK(world.heartbeat(follower, 2) == ErrorCode::rebalance_in_progress);
    const auto alone = world.join(follower);
    REQUIRE(alone.has());
    CHECK(alone->generation_id == 3);
    CHECK(alone->leader == follower);

    CHECK(world.leave(leader).members[0].error_code == ErrorCode::unknown_member_id);
    CHECK(world.leave(follower).members[0].error_code == ErrorCode::none);
    CHECK(world.state() == "Empty");
    CHECK(world.group()->generation() == 4);
    CHECK(world.group()->protocol_type() == "consumer");
    CHECK(world.group()->leader() == std::nullopt);
}

TEST_CASE("several members leave in one request, each with an answer of its own") {
    GroupWorld world;
    const auto [leader, follower] = world.stable_pair();
    const std::string pending = world.new_id();
    kseg::protocol::LeaveGroupRequest request;
    request.group_id = "g";
    for (const std::string& id : {leader, std::string("stranger"), pending, follower, std::string()}) {
        request.members.push_back({id, std::nullopt, "going"});
    }
    kseg::test::Inbox<kseg::protocol::LeaveGroupResponse> inbox;
    world.groups->leave(request, inbox.answer());
    REQUIRE(inbox.has());
    CHECK(inbox->error_code == ErrorCode::none);
    REQUIRE(inbox->members.size() == 5);
    const std::vector<ErrorCode> expected{ErrorCode::none, ErrorCode::unknown_member_id, ErrorCode::none, ErrorCode::none,
                                          ErrorCode::unknown_member_id};
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(inbox->members[i].member_id == request.members[i].member_id);
        CHECK(inbox->members[i].error_code == expected[i]);
    }
    CHECK(world.state() == "Empty");
    CHECK(world.join(pending)->error_code == ErrorCode::unknown_member_id);

    request.group_id = "other";
    world.groups->leave(request, inbox.answer());
    CHECK(inbox->members[0].error_code == ErrorCode::unknown_member_id);
    request.group_id = "";
    world.groups->leave(request, inbox.answer());
    CHECK(inbox->error_code == ErrorCode::invalid_group_id);
}

TEST_CASE("a waiting request of a member that leaves is answered") {
    GroupWorld world;
    const auto [leader, follower] = world.stable_pair();
    world.leave(leader);
    const std::string third = world.new_id();
    const auto joining = world.join(third);
    world.leave(third);
    REQUIRE(joining.has());
    CHECK(joining->error_code == ErrorCode::unknown_member_id);
    CHECK(joining->member_id.empty());
    const auto alone = world.join(follower);
    CHECK(alone->generation_id == 3);
}
