// SPDX-License-Identifier: Apache-2.0
// OffsetCommit, OffsetFetch, OffsetDelete, and groups as administrators see them.
#include <doctest/doctest.h>

#include "support/group_world.hpp"

using kseg::broker::GroupSettings;
using kseg::protocol::ErrorCode;
using kseg::test::GroupWorld;
using kseg::test::Inbox;
using kseg::test::text_of;

namespace protocol = kseg::protocol;

TEST_CASE("who is no member commits to a group without members, and makes it") {
    GroupWorld world;
    CHECK(error_of(world.commit(42)) == ErrorCode::none);
    const auto fetched = world.fetch();
    REQUIRE(fetched.has());
    const auto& partition = fetched->topics[0].partitions[0];
    CHECK(partition.committed_offset == 42);
    CHECK(partition.committed_leader_epoch == 7);
    CHECK(partition.metadata == "note");
    CHECK(partition.error_code == ErrorCode::none);
    CHECK(world.state() == "Empty");
    CHECK(world.group()->protocol_type() == std::nullopt);
    CHECK(world.committed(1) == -1);
    CHECK(world.fetch(1)->topics[0].partitions[0].metadata == "");
    CHECK(world.committed(0, "other") == -1);
    CHECK(world.groups->groups().size() == 1);
}

TEST_CASE("a group with members takes commits of these, in their generation") {
    GroupWorld world;
    const auto [leader, follower] = world.stable_pair();
    CHECK(error_of(world.commit(1, 2, leader)) == ErrorCode::none);
    CHECK(error_of(world.commit(2, 1, leader)) == ErrorCode::illegal_generation);
    CHECK(error_of(world.commit(3, 2, "stranger")) == ErrorCode::unknown_member_id);
    CHECK(error_of(world.commit(4, -1, "")) == ErrorCode::unknown_member_id);
    CHECK(error_of(world.commit(5, -1, leader)) == ErrorCode::illegal_generation);
    CHECK(world.committed() == 1);

    world.join(follower);
    const std::string third = world.new_id();
    world.join(third);
    REQUIRE(world.state() == "PreparingRebalance");
    CHECK(error_of(world.commit(6, 2, leader)) == ErrorCode::none);
    world.join(leader);
    world.join(follower);
    REQUIRE(world.state() == "CompletingRebalance");
    CHECK(error_of(world.commit(7, 3, leader)) == ErrorCode::rebalance_in_progress);
    CHECK(error_of(world.commit(7, 2, leader)) == ErrorCode::illegal_generation);
    CHECK(world.committed() == 6);
}

TEST_CASE("a generation of a group that is not there is an error whose name depends on the version") {
    GroupWorld world;
    CHECK(error_of(world.commit(1, 5, "m", 0, 8)) == ErrorCode::illegal_generation);
    CHECK(error_of(world.commit(1, 5, "m", 0, 9)) == ErrorCode::group_id_not_found);
    CHECK(world.group() == nullptr);
    world.commit(1);
    CHECK(error_of(world.commit(1, 5, "m", 0, 9)) == ErrorCode::unknown_member_id);
}

TEST_CASE("metadata have at most 4096 UTF-16 units, and what is too long fails alone") {
    GroupWorld world;
    protocol::OffsetCommitRequest request;
    request.group_id = "g";
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    std::string wide;
    for (int i = 0; i < 2'048; ++i) {
        wide += "\xf0\x9f\x98\x80";  // a face: two units, four bytes
    }
    topic.partitions.push_back({0, 1, -1, -1, std::string(4'096, 'x')});
    topic.partitions.push_back({1, 1, -1, -1, std::string(4'097, 'x')});
    topic.partitions.push_back({2, 1, -1, -1, wide});
    topic.partitions.push_back({3, 1, -1, -1, wide + "x"});
    topic.partitions.push_back({4, 1, -1, -1, std::nullopt});
    Inbox<protocol::OffsetCommitResponse> inbox;
    world.groups->commit({8, "", ""}, request, inbox.answer());
    REQUIRE(inbox.has());
    const auto& answered = inbox->topics[0].partitions;
    const std::vector<ErrorCode> expected{ErrorCode::none, ErrorCode::offset_metadata_too_large, ErrorCode::none,
                                          ErrorCode::offset_metadata_too_large, ErrorCode::none};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        CHECK(answered[i].partition_index == static_cast<int>(i));
        CHECK(answered[i].error_code == expected[i]);
    }
    CHECK(world.committed(0) == 1);
    CHECK(world.committed(1) == -1);
    CHECK(world.fetch(2)->topics[0].partitions[0].metadata == wide);
    CHECK(world.fetch(4)->topics[0].partitions[0].metadata == "");
    CHECK(world.log.appends == 1);
}

TEST_CASE("a commit is answered when it is durable, and nobody reads it before") {
    GroupWorld world;
    world.log.is_synchronous = false;
    const auto committed = world.commit(9);
    CHECK_FALSE(committed.has());
    const auto fetched = world.fetch();
    CHECK_FALSE(fetched.has());
    world.log.sync_one();
    REQUIRE(committed.has());
    REQUIRE(fetched.has());
    CHECK(fetched->topics[0].partitions[0].committed_offset == 9);
}

TEST_CASE("a commit that the log does not take changes nothing, one that it loses ends the coordinator's word") {
    GroupWorld world;
    world.commit(1);
    world.log.refuse_with = kseg::Error{kseg::Errc::too_large, "too large"};
    CHECK(error_of(world.commit(2)) == ErrorCode::invalid_commit_offset_size);
    world.log.refuse_with = kseg::Error{kseg::Errc::io, "full"};
    CHECK(error_of(world.commit(3)) == ErrorCode::not_coordinator);
    world.log.refuse_with.reset();
    CHECK(world.committed() == 1);
    CHECK(world.group()->is_in(kseg::broker::GroupState::empty));

    world.log.is_synchronous = false;
    const auto lost = world.commit(4);
    const auto fetched = world.fetch();
    world.log.sync_one(kseg::Error{kseg::Errc::io, "lost"});
    REQUIRE(lost.has());
    CHECK(error_of(lost) == ErrorCode::not_coordinator);
    REQUIRE(fetched.has());
    CHECK(fetched->error_code == ErrorCode::not_coordinator);
    CHECK(fetched->topics.empty());
    CHECK(error_of(world.commit(5)) == ErrorCode::not_coordinator);
    CHECK(world.fetch()->error_code == ErrorCode::not_coordinator);
}

TEST_CASE("assignments are handed out when they are durable") {
    GroupWorld world;
    const std::string id = world.new_id();
    world.join(id);
    world.timers.settle();
    world.log.is_synchronous = false;
    const auto synced = world.sync(id, 1, {{id, "all"}});
    CHECK_FALSE(synced.has());
    CHECK(world.state() == "CompletingRebalance");
    SUBCASE("they become so") {
        world.log.sync_one();
        REQUIRE(synced.has());
        CHECK(text_of(synced->assignment) == "all");
        CHECK(world.state() == "Stable");
    }
    SUBCASE("they are lost") {
        world.log.sync_one(kseg::Error{kseg::Errc::io, "lost"});
        REQUIRE(synced.has());
        CHECK(synced->error_code == ErrorCode::not_coordinator);
        CHECK(synced->assignment.empty());
        CHECK(world.state() == "PreparingRebalance");
    }
    SUBCASE("somebody joins meanwhile") {
        const auto second = world.join("", 3);
        REQUIRE(synced.has());
        CHECK(synced->error_code == ErrorCode::rebalance_in_progress);
        world.log.sync_one();
        CHECK(synced.count() == 1);
        CHECK(world.state() == "PreparingRebalance");
        world.join(id);
        CHECK(second->generation_id == 2);
    }
}

TEST_CASE("all offsets of a group are fetched with null topics") {
    GroupWorld world;
    world.commit(1, -1, "", 0);
    world.commit(2, -1, "", 5);
    protocol::OffsetFetchRequest::OffsetFetchRequestGroup request;
    request.group_id = "g";
    request.topics = std::nullopt;
    Inbox<protocol::OffsetFetchResponse::OffsetFetchResponseGroup> inbox;
    world.groups->fetch_offsets(request, false, inbox.answer());
    REQUIRE(inbox->topics.size() == 1);
    CHECK(inbox->topics[0].name == "t");
    REQUIRE(inbox->topics[0].partitions.size() == 2);
    CHECK(inbox->topics[0].partitions[1].partition_index == 5);
    CHECK(inbox->topics[0].partitions[1].committed_offset == 2);
    request.group_id = "other";
    Inbox<protocol::OffsetFetchResponse::OffsetFetchResponseGroup> other;
    world.groups->fetch_offsets(request, false, other.answer());
    CHECK(other->topics.empty());
    CHECK(other->error_code == ErrorCode::none);
}

TEST_CASE("offsets of a transaction count when it is committed; who wants stable ones waits") {
    GroupWorld world;
    world.commit(1);
    protocol::TxnOffsetCommitRequest request;
    request.group_id = "g";
    request.transactional_id = "x";
    request.producer_id = 77;
    request.producer_epoch = 3;
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    topic.partitions.push_back({0, 50, -1, "in"});
    Inbox<protocol::TxnOffsetCommitResponse> inbox;
    world.groups->commit_in_transaction(request, inbox.answer());
    REQUIRE(inbox.has());
    CHECK(inbox->topics[0].partitions[0].error_code == ErrorCode::none);
    CHECK(world.log.records.back().producer_id == 77);
    CHECK(world.committed() == 1);
    const auto unstable = world.fetch(0, true);
    CHECK(unstable->topics[0].partitions[0].error_code == ErrorCode::unstable_offset_commit);
    CHECK(unstable->topics[0].partitions[0].committed_offset == -1);
    SUBCASE("committed") {
        world.groups->end_transaction(77, true);
        CHECK(world.committed() == 50);
        CHECK(world.fetch(0, true)->topics[0].partitions[0].committed_offset == 50);
    }
    SUBCASE("aborted") {
        world.groups->end_transaction(77, false);
        CHECK(world.committed() == 1);
        CHECK(world.fetch(0, true)->topics[0].partitions[0].error_code == ErrorCode::none);
    }
    SUBCASE("another commit came after it") {
        world.commit(60);
        world.groups->end_transaction(77, true);
        CHECK(world.committed() == 60);
    }
    SUBCASE("the group is deleted meanwhile") {
        protocol::DeleteGroupsRequest all;
        all.groups_names = {"g"};
        Inbox<protocol::DeleteGroupsResponse> deleted;
        world.groups->delete_groups(all, deleted.answer());
        CHECK(deleted->results[0].error_code == ErrorCode::none);
        world.groups->end_transaction(77, true);
        CHECK(world.committed() == -1);
    }
}

TEST_CASE("offsets are deleted, but not of topics that members read") {
    GroupWorld world;
    protocol::OffsetDeleteRequest request;
    request.group_id = "g";
    for (const char* name : {"t", "u"}) {
        auto& topic = request.topics.emplace_back();
        topic.name = name;
        topic.partitions.push_back({0});
    }
    const auto deleted = [&] {
        Inbox<protocol::OffsetDeleteResponse> inbox;
        world.groups->delete_offsets(request, inbox.answer());
        return *inbox;
    };
    CHECK(deleted().error_code == ErrorCode::group_id_not_found);
    world.commit(1);
    SUBCASE("nobody is there") {
        const auto response = deleted();
        CHECK(response.error_code == ErrorCode::none);
        CHECK(response.topics[0].partitions[0].error_code == ErrorCode::none);
        CHECK(world.committed() == -1);
    }
    SUBCASE("a consumer of the topic") {
        auto join = GroupWorld::join_request("");
        // Subscription version 1: the topic "t", no user data, nothing owned.
        const std::string_view subscription(
            "\0\1"
            "\0\0\0\1"
            "\0\1t"
            "\377\377\377\377"
            "\0\0\0\0",
            17);
        join.protocols[0].metadata = kseg::test::blob(subscription);
        world.join(join, 3);
        world.timers.settle();
        const auto response = deleted();
        CHECK(response.error_code == ErrorCode::none);
        CHECK(response.topics[0].partitions[0].error_code == ErrorCode::group_subscribed_to_topic);
        CHECK(response.topics[1].partitions[0].error_code == ErrorCode::none);
        CHECK(world.committed() == 1);
    }
    SUBCASE("members that are no consumers") {
        auto join = GroupWorld::join_request("");
        join.protocol_type = "connect";
        world.join(join, 3);
        world.timers.settle();
        CHECK(deleted().error_code == ErrorCode::non_empty_group);
    }
    request.group_id = "";
    CHECK(deleted().error_code == ErrorCode::invalid_group_id);
}

TEST_CASE("groups are described, listed and deleted") {
    GroupWorld world;
    world.commit(1, -1, "", 0, 8, "simple");
    const std::string id = world.stable_alone();
    const auto described = world.groups->describe({5, "", ""}, {{"g", "simple", "none"}, true});
    REQUIRE(described.groups.size() == 3);
    const auto& stable = described.groups[0];
    CHECK(stable.error_code == ErrorCode::none);
    CHECK(stable.group_state == "Stable");
    CHECK(stable.protocol_type == "consumer");
    CHECK(stable.protocol_data == "range");
    REQUIRE(stable.members.size() == 1);
    CHECK(stable.members[0].member_id == id);
    CHECK(stable.members[0].client_id == "client");
    CHECK(stable.members[0].client_host == "/127.0.0.1");
    CHECK(text_of(stable.members[0].member_metadata) == "range");
    CHECK(text_of(stable.members[0].member_assignment) == "all");
    CHECK(described.groups[1].group_state == "Empty");
    CHECK(described.groups[2].group_state == "Dead");
    CHECK(described.groups[2].error_code == ErrorCode::none);
    const auto newer = world.groups->describe({6, "", ""}, {{"none"}, false});
    CHECK(newer.groups[0].error_code == ErrorCode::group_id_not_found);
    CHECK(newer.groups[0].authorized_operations == INT32_MIN);

    CHECK(world.groups->list({}).groups.size() == 2);
    const auto empty = world.groups->list({{"empty"}, {}});
    REQUIRE(empty.groups.size() == 1);
    CHECK(empty.groups[0].group_id == "simple");
    CHECK(empty.groups[0].protocol_type == "");
    CHECK(world.groups->list({{"Stable", "Dead"}, {"Classic"}}).groups.size() == 1);
    CHECK(world.groups->list({{}, {"consumer"}}).groups.empty());
    CHECK(world.groups->list({{"nonsense"}, {}}).groups.empty());

    protocol::DeleteGroupsRequest request;
    request.groups_names = {"g", "simple", "none", "simple"};
    Inbox<protocol::DeleteGroupsResponse> deleted;
    world.groups->delete_groups(request, deleted.answer());
    REQUIRE(deleted->results.size() == 3);
    CHECK(deleted->results[0].error_code == ErrorCode::non_empty_group);
    CHECK(deleted->results[1].error_code == ErrorCode::none);
    CHECK(deleted->results[2].error_code == ErrorCode::group_id_not_found);
    CHECK(world.group("simple") == nullptr);
    CHECK(world.committed(0, "simple") == -1);
}

TEST_CASE("offsets of a topic that is deleted are forgotten") {
    GroupWorld world;
    world.commit(1);
    world.commit(2, -1, "", 1, 8, "other");
    world.groups->on_topic_deleted("u");
    CHECK(world.committed() == 1);
    world.groups->on_topic_deleted("t");
    CHECK(world.committed() == -1);
    CHECK(world.committed(1, "other") == -1);
    world.start();
    CHECK(world.committed() == -1);
}

TEST_CASE("groups without members and offsets go, those with offsets stay for ever unless a retention is set") {
    GroupSettings settings;
    SUBCASE("none") {
        GroupWorld world(settings);
        world.stable_alone();
        world.commit(1, -1, "", 0, 8, "kept");
        world.timers.advance(100LL * 24 * 3'600'000);
        CHECK(world.group() == nullptr);
        CHECK(world.committed(0, "kept") == 1);
        world.start();
        CHECK(world.group() == nullptr);
        CHECK(world.group("kept") != nullptr);
    }
    SUBCASE("a week, from the last commit or since the last member left") {
        settings.offset_retention_ms = 7LL * 24 * 3'600'000;
        GroupWorld world(settings);
        const std::string id = world.stable_alone();
        world.commit(1, 1, id);
        world.commit(1, -1, "", 0, 8, "simple");
        for (int i = 0; i < 24 * 3'600 / 9; ++i) {
            world.timers.advance(9'000);
            world.heartbeat(id, 1);
        }
        world.leave(id);
        world.timers.advance(6LL * 24 * 3'600'000 - 1'000);
        CHECK(world.committed(0, "simple") == 1);
        world.timers.advance(601'000);
        CHECK(world.committed(0, "simple") == -1);
        CHECK(world.group("simple") == nullptr);
        CHECK(world.committed() == 1);
        world.timers.advance(24LL * 3'600'000);
        CHECK(world.committed() == -1);
    }
    SUBCASE("a retention of the request itself, as versions 2 to 4 have it") {
        GroupWorld world(settings);
        protocol::OffsetCommitRequest request;
        request.group_id = "g";
        request.retention_time_ms = 3'600'000;
        auto& topic = request.topics.emplace_back();
        topic.name = "t";
        topic.partitions.push_back({0, 5, -1, -1, ""});
        Inbox<protocol::OffsetCommitResponse> inbox;
        world.groups->commit({2, "", ""}, request, inbox.answer());
        world.timers.advance(3'599'000);
        CHECK(world.committed() == 5);
        world.start();
        CHECK(world.committed() == 5);
        world.timers.advance(601'000);
        CHECK(world.committed() == -1);
        request.retention_time_ms = INT64_MAX;
        world.groups->commit({2, "", ""}, request, inbox.answer());
        world.timers.advance(100LL * 24 * 3'600'000);
        CHECK(world.committed() == 5);
    }
}
