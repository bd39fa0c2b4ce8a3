// SPDX-License-Identifier: Apache-2.0
// What is in the log: written as Kafka 4.3.1 writes it, read as it was written, and hostile bytes left out.
#include <doctest/doctest.h>

#include "support/group_world.hpp"
#include "support/hex.hpp"

using kseg::protocol::ErrorCode;
using kseg::test::GroupWorld;
using kseg::test::text_of;

namespace protocol = kseg::protocol;

namespace {

std::string bytes_of(std::string_view hex) {
    const auto bytes = kseg::test::from_hex(hex);
    return std::string(kseg::as_text(bytes.bytes()));
}

/// Records that a Kafka 4.3.1 wrote for a consumer of the topic "probe" and an offset that an administrator set.
const std::string kGroupKey = "0002 0002 7067";  // GroupMetadataKey version 2, group "pg"
const std::string kEmptyGroup =
    "0003"              // GroupMetadataValue version 3
    "0000 00000000"     // no protocol type, generation 0
    "ffff ffff"         // no protocol, no leader
    "000001a215850a35"  // since
    "00000000";         // no members
const std::string kMemberId = "0027 636c2d64396630643863362d323131332d343430302d396538632d383762366564336336623039";
const std::string kStableGroup =
    "0003 0008 636f6e73756d6572 00000001"  // "consumer", generation 1
    "0005 72616e6765" +
    kMemberId +  // "range", the leader
    "000001a21585163f"
    "00000001" +
    kMemberId +
    "ffff"                                            // one member, no instance
    "0002 636c 000a 2f3132372e302e302e31"             // "cl", "/127.0.0.1"
    "000493e0 00001770"                               // 5 minutes to rebalance, 6 seconds of session
    "00000011 000000000001 0005 70726f6265 00000000"  // subscription: version 0, "probe", empty user data
    "00000019 000000000001 0005 70726f6265 00000001 00000000 00000000";    // assignment: "probe" 0
const std::string kOffsetKey = "0001 0002 7067 0005 70726f6265 00000000";  // OffsetCommitKey version 1: "pg", "probe", 0
const std::string kOffset =
    "0004 000000000000000a 00000000"              // OffsetCommitValue version 4: offset 10, leader epoch 0
    "01 000001a2158516cb"                         // no metadata; committed at
    "01 00 10 f43bf97007934b9da26e161305e953f1";  // a tagged field: the topic's id
const std::string kExpiringOffset =
    "0001 0000000000000005 0001 6d"       // version 1: offset 5, metadata "m"
    "000001a215851b58 000001a21586a1f8";  // committed at, expires at

protocol::Uuid probe_id() {
    protocol::Uuid id;
    const std::string bytes = bytes_of("f43bf97007934b9da26e161305e953f1");
    for (std::size_t i = 0; i < 16; ++i) {
        id.bytes[i] = static_cast<std::byte>(bytes[i]);
    }
    return id;
}

}  // namespace

TEST_CASE("what Kafka wrote is taken up") {
    GroupWorld world;
    world.log.records.push_back({-1, bytes_of(kGroupKey), bytes_of(kEmptyGroup), {}});
    world.log.records.push_back({-1, bytes_of(kGroupKey), bytes_of(kStableGroup), {}});
    world.log.records.push_back({-1, bytes_of(kOffsetKey), bytes_of(kOffset), {}});
    world.start();
    REQUIRE(world.loaded);
    CHECK(world.groups->unreadable_records() == 0);
    const kseg::broker::Group* group = world.group("pg");
    REQUIRE(group != nullptr);
    CHECK(group->is_in(kseg::broker::GroupState::stable));
    CHECK(group->generation() == 1);
    CHECK(group->protocol_type() == "consumer");
    CHECK(group->protocol_name() == "range");
    CHECK(group->state_since() == 0x1a21585163f);
    REQUIRE(group->members().size() == 1);
    const kseg::broker::Member& member = group->members().begin()->second;
    CHECK(member.id == "cl-d9f0d8c6-2113-4400-9e8c-87b6ed3c6b09");
    CHECK(group->leader() == member.id);
    CHECK(member.client_host == "/127.0.0.1");
    CHECK(member.session_timeout_ms == 6'000);
    CHECK(member.rebalance_timeout_ms == 300'000);
    CHECK(member.assignment.size() == 0x19);
    CHECK(group->is_subscribed_to("probe"));
    CHECK_FALSE(group->is_subscribed_to("other"));
    const auto* offset = world.groups->offsets().find("pg", "probe", 0);
    REQUIRE(offset != nullptr);
    CHECK(offset->offset == 10);
    CHECK(offset->leader_epoch == 0);
    CHECK(offset->metadata == "");
    CHECK(offset->topic_id == probe_id());

    SUBCASE("its member goes on as if nothing had been") {
        CHECK(world.groups->heartbeat({"pg", 1, member.id, std::nullopt}).error_code == ErrorCode::none);
    }
    SUBCASE("its member has a whole session to come back, and no more") {
        world.timers.advance(5'999);
        CHECK(world.group("pg")->members().size() == 1);
        world.timers.advance(1);
        CHECK(world.group("pg")->is_in(kseg::broker::GroupState::empty));
    }
    SUBCASE("an offset of version 1, and tombstones") {
        world.log.records.push_back({-1, bytes_of(kOffsetKey), bytes_of(kExpiringOffset), {}});
        world.start();
        const auto* expiring = world.groups->offsets().find("pg", "probe", 0);
        REQUIRE(expiring != nullptr);
        CHECK(expiring->offset == 5);
        CHECK(expiring->metadata == "m");
        CHECK(expiring->expire_timestamp == 0x1a21586a1f8);
        world.log.records.push_back({-1, bytes_of(kOffsetKey), std::nullopt, {}});
        world.log.records.push_back({-1, bytes_of(kGroupKey), std::nullopt, {}});
        world.start();
        CHECK(world.group("pg") == nullptr);
        CHECK(world.groups->offsets().find("pg") == nullptr);
    }
}

TEST_CASE("records are the bytes that Kafka writes") {
    using kseg::broker::OffsetsRecord;
    const auto check = [](const kseg::Result<OffsetsRecord>& record, const std::string& key,
                          const std::optional<std::string>& value) {
        REQUIRE(record);
        CHECK(record->key.text() == bytes_of(key));
        REQUIRE(record->value.has_value() == value.has_value());
        if (value) {
            CHECK(record->value->text() == bytes_of(*value));
        }
    };
    check(kseg::broker::offset_record("pg", "probe", 0, {10, 0, "", 0x1a2158516cb, -1, probe_id()}), kOffsetKey, kOffset);
    check(kseg::broker::offset_record("pg", "probe", 0, {5, -1, "m", 0x1a215851b58, 0x1a21586a1f8, probe_id()}), kOffsetKey,
          kExpiringOffset);
    check(kseg::broker::offset_tombstone("pg", "probe", 0), kOffsetKey, std::nullopt);
    check(kseg::broker::group_tombstone("pg"), kGroupKey, std::nullopt);

    GroupWorld world;
    world.log.records.push_back({-1, bytes_of(kGroupKey), bytes_of(kStableGroup), {}});
    world.start();
    const kseg::broker::Group& group = *world.group("pg");
    check(kseg::broker::group_record(group, kseg::broker::assignments_of(group)), kGroupKey, kStableGroup);
    std::uint64_t member_bytes = 0;
    kseg::broker::Group empty("pg", 1, member_bytes);
    empty.change_state(kseg::broker::GroupState::empty, 0x1a215850a35);
    check(kseg::broker::group_record(empty, {}), kGroupKey, kEmptyGroup);
}

TEST_CASE("a group is kept in the partition that Kafka keeps it in") {
    // By Python's own arithmetic: h = 31 h + unit over UTF-16, the sign bit cleared.
    CHECK(kseg::broker::partition_of_group("", 50) == 0);
    CHECK(kseg::broker::partition_of_group("pg", 50) == 25);
    CHECK(kseg::broker::partition_of_group("consumer-group-1", 50) == 20);
    CHECK(kseg::broker::partition_of_group("polygenelubricants", 50) == 0);
    CHECK(kseg::broker::partition_of_group("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80", 50) == 31);
}

TEST_CASE("hostile records are left out, counted, and harm no other") {
    GroupWorld world;
    const auto good = bytes_of(kStableGroup);
    std::uint64_t bad = 0;
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
        world.log.records.push_back({-1, bytes_of(kGroupKey), good.substr(0, cut), {}});
        ++bad;
    }
    const auto key = bytes_of(kOffsetKey);
    for (std::size_t cut = 0; cut < key.size(); ++cut) {
        world.log.records.push_back({-1, key.substr(0, cut), bytes_of(kOffset), {}});
        ++bad;
    }
    world.log.records.push_back({-1, bytes_of("0003 0002 7067"), bytes_of("0000"), {}});  // of KIP-848's groups
    world.log.records.push_back({-1, bytes_of(kOffsetKey), bytes_of(kOffset), {}});
    world.start();
    REQUIRE(world.loaded);
    CHECK(world.groups->unreadable_records() == bad);
    CHECK(world.groups->groups().size() == 1);
    CHECK(world.groups->offsets().find("pg", "probe", 0) != nullptr);
}

TEST_CASE("members, instances and leaders that contradict each other make a group that works") {
    GroupWorld world;
    const std::string member = "0001 6d 0001 69 0000 0000 00001770 00001770 00000000 00000000";  // "m" of instance "i"
    const std::string other = "0001 6e 0001 69 0000 0000 00001770 00001770 00000000 00000000";   // "n" of instance "i"
    world.log.records.push_back({-1,
                                 bytes_of("0002 0001 67"),
                                 bytes_of("0003 0008 636f6e73756d6572 7fffffff 0001 72 0001 7a 0000000000000001 00000003" +
                                          member + member + other),
                                 {}});
    world.start();
    REQUIRE(world.group() != nullptr);
    CHECK(world.group()->members().size() == 1);
    CHECK(world.group()->leader() == "m");
    CHECK(world.heartbeat("m", INT32_MAX, "i") == ErrorCode::none);
    world.leave("m", "i");
    CHECK(world.state() == "Empty");
    CHECK(world.group()->generation() == 0);
}

TEST_CASE("after a restart a group is what it was, and its members go on") {
    GroupWorld world;
    const auto [leader, follower] = world.stable_pair();
    CHECK(error_of(world.commit(11, 2, leader)) == ErrorCode::none);
    CHECK(error_of(world.commit(12, 2, follower, 1)) == ErrorCode::none);
    world.start();
    CHECK(world.state() == "Stable");
    CHECK(world.heartbeat(leader, 2) == ErrorCode::none);
    CHECK(world.heartbeat(follower, 2) == ErrorCode::none);
    CHECK(text_of(world.sync(follower, 2)->assignment) == "b");
    CHECK(world.committed(0) == 11);
    CHECK(world.committed(1) == 12);
    CHECK(error_of(world.commit(13, 2, leader)) == ErrorCode::none);
    world.leave(follower);
    CHECK(world.join(leader)->generation_id == 3);
    SUBCASE("a round that was not finished is begun anew, from the last one that was") {
        world.start();
        CHECK(world.state() == "Stable");
        CHECK(world.group()->generation() == 2);
        CHECK(world.heartbeat(leader, 3) == ErrorCode::illegal_generation);
        world.timers.advance(10'000);
        CHECK(world.state() == "Empty");
    }
    SUBCASE("an empty group stays empty, with its offsets and its generation") {
        world.leave(leader);
        const auto generation = world.group()->generation();
        world.start();
        CHECK(world.state() == "Empty");
        CHECK(world.group()->generation() == generation);
        CHECK(world.committed(0) == 13);
        const std::string next = world.new_id();
        const auto joined = world.join(next);
        world.timers.settle();
        CHECK(joined->generation_id == generation + 1);
    }
}

TEST_CASE("transactions that are open at a restart are open after it") {
    GroupWorld world;
    protocol::TxnOffsetCommitRequest request;
    request.group_id = "g";
    request.producer_id = 5;
    request.topics.push_back({"t", {{0, 50, -1, ""}}});
    kseg::test::Inbox<protocol::TxnOffsetCommitResponse> inbox;
    world.groups->commit_in_transaction(request, inbox.answer());
    world.start();
    CHECK(world.fetch(0, true)->topics[0].partitions[0].error_code == ErrorCode::unstable_offset_commit);
    world.log.end_transaction(5, true);
    world.start();
    CHECK(world.committed() == 50);
    request.topics[0].partitions[0].committed_offset = 60;
    world.groups->commit_in_transaction(request, inbox.answer());
    world.log.end_transaction(5, false);
    world.start();
    CHECK(world.committed() == 50);
}
