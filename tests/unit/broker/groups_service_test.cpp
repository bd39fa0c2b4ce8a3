// SPDX-License-Identifier: Apache-2.0
// Groups in a whole broker: every API in every version, what clients of old versions see, and what is there after a restart
// and after a power cut. Bytes that are expected are those that Kafka 4.3.1 answered.
#include <doctest/doctest.h>

#include "broker/group_service.hpp"
#include "kafka/protocol/messages/find_coordinator.hpp"
#include "support/broker_world.hpp"
#include "support/hex.hpp"

using namespace kseg;
using namespace kseg::protocol;
using kseg::test::BrokerWorld;

namespace {

broker::BrokerSettings with_topic() {
    broker::BrokerSettings settings;
    settings.topics = {{"t", 2}};
    return settings;
}

JoinGroupRequest join_request(std::string member_id = "") {
    JoinGroupRequest request;
    request.group_id = "g";
    request.member_id = std::move(member_id);
    request.session_timeout_ms = 6'000;
    request.rebalance_timeout_ms = 6'000;
    request.protocol_type = "consumer";
    request.protocols.push_back({"range", {}});
    return request;
}

OffsetCommitRequest commit_request(std::int64_t offset, std::int32_t partition = 0) {
    OffsetCommitRequest request;
    request.group_id = "g";
    request.topics.push_back({"t", {}, {{partition, offset, 3, -1, "note"}}});
    return request;
}

OffsetFetchResponse::OffsetFetchResponsePartitions committed(BrokerWorld& world, std::int32_t partition = 0) {
    OffsetFetchRequest request;
    request.groups.emplace_back().group_id = "g";
    request.groups[0].topics->push_back({"t", {}, {partition}});
    const auto asked = world.ask<OffsetFetchResponse>(ApiKey::offset_fetch, 8, request);
    REQUIRE(asked->message);
    return asked->message->groups.at(0).topics.at(0).partitions.at(0);
}

}  // namespace

TEST_CASE("every API of groups is answered in every version, for a group that is not there") {
    BrokerWorld world(with_topic());
    const auto all = [&]<typename Request, typename Response>(ApiKey key, auto make) {
        for (Version version = api_of(key).versions.from; version <= api_of(key).versions.to; ++version) {
            const auto asked = world.ask<Response>(key, version, make(version));
            CHECK_MESSAGE(asked->message.has_value(), api_of(key).name << " " << version);
            CHECK_FALSE(asked->got->close);
        }
    };
    all.operator()<JoinGroupRequest, JoinGroupResponse>(ApiKey::join_group, [](Version) { return join_request("m"); });
    all.operator()<JoinGroupRequest, JoinGroupResponse>(ApiKey::join_group, [](Version version) {
        auto request = join_request();
        request.session_timeout_ms = version == 0 ? 1 : 6'000;
        request.protocols.clear();
        return request;
    });
    all.operator()<SyncGroupRequest, SyncGroupResponse>(ApiKey::sync_group, [](Version) {
        SyncGroupRequest request;
        request.group_id = "g";
        return request;
    });
    all.operator()<HeartbeatRequest, HeartbeatResponse>(ApiKey::heartbeat, [](Version) {
        return HeartbeatRequest{"g", 1, "m", {}};
    });
    all.operator()<LeaveGroupRequest, LeaveGroupResponse>(ApiKey::leave_group, [](Version version) {
        LeaveGroupRequest request;
        request.group_id = "g";
        if (version < 3) {
            request.member_id = "m";
        } else {
            request.members.push_back({"m", std::nullopt, std::nullopt});
        }
        return request;
    });
    all.operator()<FindCoordinatorRequest, FindCoordinatorResponse>(ApiKey::find_coordinator, [](Version version) {
        FindCoordinatorRequest request;
        if (version < 4) {
            request.key = "g";
        } else {
            request.coordinator_keys = {"g", "h"};
        }
        return request;
    });
    all.operator()<DescribeGroupsRequest, DescribeGroupsResponse>(ApiKey::describe_groups, [](Version) {
        return DescribeGroupsRequest{{"g"}, false};
    });
    all.operator()<ListGroupsRequest, ListGroupsResponse>(ApiKey::list_groups, [](Version) { return ListGroupsRequest{}; });
    all.operator()<DeleteGroupsRequest, DeleteGroupsResponse>(ApiKey::delete_groups,
                                                              [](Version) { return DeleteGroupsRequest{{"g"}}; });
    all.operator()<OffsetDeleteRequest, OffsetDeleteResponse>(ApiKey::offset_delete, [](Version) {
        OffsetDeleteRequest request;
        request.group_id = "g";
        request.topics.push_back({"t", {{0}}});
        return request;
    });
    all.operator()<OffsetFetchRequest, OffsetFetchResponse>(ApiKey::offset_fetch, [&](Version version) {
        OffsetFetchRequest request;
        if (version < 8) {
            request.group_id = "g";
            request.topics->push_back({"t", {0}});
        } else {
            request.groups.emplace_back().group_id = "g";
            request.groups[0].topics->push_back({version < 10 ? "t" : "", world.broker->topics().find("t")->id, {0}});
        }
        return request;
    });
    all.operator()<OffsetCommitRequest, OffsetCommitResponse>(ApiKey::offset_commit, [&](Version version) {
        auto request = commit_request(version);
        if (version < 6) {
            request.topics[0].partitions[0].committed_leader_epoch = -1;
        }
        if (version >= 10) {
            request.topics[0].name = "";
            request.topics[0].topic_id = world.broker->topics().find("t")->id;
        }
        return request;
    });
    CHECK(committed(world).committed_offset == 10);
}

TEST_CASE("the coordinator of everything is this broker") {
    BrokerWorld world(with_topic());
    FindCoordinatorRequest request;
    request.key = "g";
    const auto old = world.ask<FindCoordinatorResponse>(ApiKey::find_coordinator, 1, request);
    CHECK(old->message->error_message == "NONE");
    CHECK(old->message->host == "broker.test");
    CHECK(old->message->port == 9092);
    CHECK(old->message->node_id == 1);
    request.key = "";
    request.coordinator_keys = {"a", "b"};
    request.key_type = 1;
    const auto several = world.ask<FindCoordinatorResponse>(ApiKey::find_coordinator, 4, request);
    REQUIRE(several->message->coordinators.size() == 2);
    CHECK(several->message->coordinators[1].key == "b");
    CHECK(several->message->coordinators[1].error_message == "");
    CHECK(several->message->coordinators[1].host == "broker.test");
    request.key_type = 7;
    const auto unknown = world.ask<FindCoordinatorResponse>(ApiKey::find_coordinator, 4, request);
    CHECK(unknown->message->coordinators[0].error_code == ErrorCode::invalid_request);
    CHECK(unknown->message->coordinators[0].node_id == -1);
}

TEST_CASE("a failed JoinGroup has no protocol, in old versions an empty one") {
    BrokerWorld world(with_topic());
    const auto bytes_behind_id = [&](Version version) {
        auto request = join_request();
        request.session_timeout_ms = 1;
        return world.ask<JoinGroupResponse>(ApiKey::join_group, version, request)->frame.substr(4);
    };
    // Throttle, INVALID_SESSION_TIMEOUT, generation -1, protocol, leader, member, members.
    CHECK(bytes_behind_id(5) == test::from_hex("00000000 001a ffffffff 0000 0000 0000 00000000").text());
    // Tags of the header; protocol type and name null; leader, member and members empty.
    CHECK(bytes_behind_id(7) == test::from_hex("00 00000000 001a ffffffff 00 00 01 01 01 00").text());
}

TEST_CASE("commits name what there is; the rest is told so in its place") {
    BrokerWorld world(with_topic());
    OffsetCommitRequest request;
    request.group_id = "g";
    request.topics.push_back({"none", {}, {{0, 1, -1, -1, ""}}});
    request.topics.push_back({"t", {}, {{5, 1, -1, -1, ""}, {1, 2, -1, -1, ""}, {-1, 3, -1, -1, ""}}});
    const auto asked = world.ask<OffsetCommitResponse>(ApiKey::offset_commit, 8, request);
    const auto& topics = asked->message->topics;
    REQUIRE(topics.size() == 2);
    CHECK(topics[0].partitions.at(0).error_code == ErrorCode::unknown_topic_or_partition);
    REQUIRE(topics[1].partitions.size() == 3);
    CHECK(topics[1].partitions[0].error_code == ErrorCode::unknown_topic_or_partition);
    CHECK(topics[1].partitions[0].partition_index == 5);
    CHECK(topics[1].partitions[1].error_code == ErrorCode::none);
    CHECK(topics[1].partitions[2].error_code == ErrorCode::unknown_topic_or_partition);
    CHECK(committed(world, 1).committed_offset == 2);

    request.topics.resize(1);
    request.topics[0].name = "";
    request.topics[0].topic_id.bytes[0] = std::byte{9};
    const auto by_id = world.ask<OffsetCommitResponse>(ApiKey::offset_commit, 10, request);
    CHECK(by_id->message->topics.at(0).partitions.at(0).error_code == ErrorCode::unknown_topic_id);
    CHECK(by_id->message->topics.at(0).topic_id == request.topics[0].topic_id);
}

TEST_CASE("offsets by topic id: of that topic, not of one that had its name before") {
    BrokerWorld world(with_topic());
    world.ask<OffsetCommitResponse>(ApiKey::offset_commit, 8, commit_request(7));
    OffsetFetchRequest request;
    auto& group = request.groups.emplace_back();
    group.group_id = "g";
    group.topics->push_back({"", world.broker->topics().find("t")->id, {0}});
    group.topics->push_back({"", Uuid{{std::byte{1}}}, {4}});
    const auto asked = world.ask<OffsetFetchResponse>(ApiKey::offset_fetch, 10, request);
    const auto& topics = asked->message->groups.at(0).topics;
    REQUIRE(topics.size() == 2);
    CHECK(topics[0].partitions.at(0).committed_offset == 7);
    CHECK(topics[0].partitions.at(0).committed_leader_epoch == 3);
    CHECK(topics[1].partitions.at(0).error_code == ErrorCode::unknown_topic_id);
    CHECK(topics[1].partitions.at(0).committed_offset == -1);

    group.topics = std::nullopt;
    const auto every = world.ask<OffsetFetchResponse>(ApiKey::offset_fetch, 10, request);
    REQUIRE(every->message->groups.at(0).topics.size() == 1);
    CHECK(every->message->groups[0].topics[0].topic_id == world.broker->topics().find("t")->id);
}

TEST_CASE("in version 0 a missing offset is an error, and old LeaveGroups have one") {
    BrokerWorld world(with_topic());
    OffsetFetchRequest request;
    request.group_id = "g";
    request.topics->push_back({"t", {0}});
    const auto fetched = [&](Version version) {
        return world.ask<OffsetFetchResponse>(ApiKey::offset_fetch, version, request)
            ->message->topics.at(0)
            .partitions.at(0);
    };
    CHECK(fetched(0).error_code == ErrorCode::unknown_topic_or_partition);
    CHECK(fetched(1).error_code == ErrorCode::none);
    CHECK(fetched(1).committed_offset == -1);
    LeaveGroupRequest leave;
    leave.group_id = "g";
    leave.member_id = "m";
    CHECK(world.ask<LeaveGroupResponse>(ApiKey::leave_group, 1, leave)->message->error_code ==
          ErrorCode::unknown_member_id);
}

TEST_CASE("what was committed is there after a restart and after a power cut, and so are members") {
    BrokerWorld world(with_topic());
    CHECK(world.broker->topics().find("__consumer_offsets") == nullptr);
    const auto given = world.ask<JoinGroupResponse>(ApiKey::join_group, 9, join_request());
    const std::string id = given->message->member_id;
    const auto joined = world.ask<JoinGroupResponse>(ApiKey::join_group, 9, join_request(id));
    REQUIRE(joined->message->error_code == ErrorCode::none);
    SyncGroupRequest sync;
    sync.group_id = "g";
    sync.generation_id = 1;
    sync.member_id = id;
    sync.protocol_type = "consumer";
    sync.protocol_name = "range";
    sync.assignments.push_back({id, {std::byte{1}, std::byte{2}}});
    const auto synced = world.ask<SyncGroupResponse>(ApiKey::sync_group, 5, sync);
    REQUIRE(synced->message->error_code == ErrorCode::none);
    auto commit = commit_request(41);
    commit.generation_id_or_member_epoch = 1;
    commit.member_id = id;
    const auto done = world.ask<OffsetCommitResponse>(ApiKey::offset_commit, 9, commit);
    REQUIRE(done->message->topics.at(0).partitions.at(0).error_code == ErrorCode::none);
    REQUIRE(world.broker->topics().find("__consumer_offsets") != nullptr);
    CHECK_FALSE(world.broker->topics().find("__consumer_offsets")->settings.deletes);

    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        if (seed % 2 == 0) {
            world.crash(seed);
        } else {
            world.restart();
        }
        const auto offset = committed(world);
        CHECK(offset.committed_offset == 41);
        CHECK(offset.metadata == "note");
        const auto beat = world.ask<HeartbeatResponse>(ApiKey::heartbeat, 4, HeartbeatRequest{"g", 1, id, std::nullopt});
        CHECK(beat->message->error_code == ErrorCode::none);
        sync.assignments.clear();
        const auto again = world.ask<SyncGroupResponse>(ApiKey::sync_group, 5, sync);
        CHECK(again->message->assignment == Blob{std::byte{1}, std::byte{2}});
    }
}

TEST_CASE("a deleted topic takes its offsets with it") {
    BrokerWorld world(with_topic());
    world.ask<OffsetCommitResponse>(ApiKey::offset_commit, 8, commit_request(7));
    world.broker->groups()->coordinator().on_topic_deleted("t");
    CHECK(committed(world).committed_offset == -1);
    world.restart();
    CHECK(committed(world).committed_offset == -1);
}

TEST_CASE("a broker that only reads keeps groups in memory") {
    auto settings = with_topic();
    BrokerWorld world(settings);
    world.ask<OffsetCommitResponse>(ApiKey::offset_commit, 8, commit_request(7));
    REQUIRE(world.broker->close());
    world.broker.reset();
    world.settings.read_only = true;
    world.settings.topics.clear();
    world.start();
    CHECK(committed(world).committed_offset == 7);
    const auto done = world.ask<OffsetCommitResponse>(ApiKey::offset_commit, 8, commit_request(8));
    CHECK(done->message->topics.at(0).partitions.at(0).error_code == ErrorCode::none);
    CHECK(committed(world).committed_offset == 8);
    world.broker.reset();
    world.settings.read_only = false;
    world.start();
    CHECK(committed(world).committed_offset == 7);
}
