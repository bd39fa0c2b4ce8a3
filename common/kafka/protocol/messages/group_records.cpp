// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/group_records.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

constexpr auto kOffsetCommitKey = structure<OffsetCommitKey>(field<&OffsetCommitKey::group>("group", {0, 1}),
                                                             field<&OffsetCommitKey::topic>("topic", {0, 1}),
                                                             field<&OffsetCommitKey::partition>("partition", {0, 1}));

constexpr auto kOffsetCommitValue =
    structure<OffsetCommitValue>(field<&OffsetCommitValue::offset>("offset", since(0)),
                                 field<&OffsetCommitValue::leader_epoch>("leaderEpoch", since(3)).ignorable(),
                                 field<&OffsetCommitValue::metadata>("metadata", since(0)),
                                 field<&OffsetCommitValue::commit_timestamp>("commitTimestamp", since(0)),
                                 field<&OffsetCommitValue::expire_timestamp>("expireTimestamp", {1, 1}).ignorable(),
                                 field<&OffsetCommitValue::topic_id>("topicId", since(4)).tagged(0, since(4)).ignorable());

constexpr auto kGroupMetadataKey = structure<GroupMetadataKey>(field<&GroupMetadataKey::group>("group", {2, 2}));

using MemberMetadata = GroupMetadataValue::MemberMetadata;
constexpr auto kMemberMetadata = structure<MemberMetadata>(
    field<&MemberMetadata::member_id>("memberId", since(0)),
    field<&MemberMetadata::group_instance_id>("groupInstanceId", since(3)).nullable(since(3)).ignorable(),
    field<&MemberMetadata::client_id>("clientId", since(0)), field<&MemberMetadata::client_host>("clientHost", since(0)),
    field<&MemberMetadata::rebalance_timeout>("rebalanceTimeout", since(1)).ignorable(),
    field<&MemberMetadata::session_timeout>("sessionTimeout", since(0)),
    field<&MemberMetadata::subscription>("subscription", since(0)),
    field<&MemberMetadata::assignment>("assignment", since(0)));

constexpr auto kGroupMetadataValue = structure<GroupMetadataValue>(
    field<&GroupMetadataValue::protocol_type>("protocolType", since(0)),
    field<&GroupMetadataValue::generation>("generation", since(0)),
    field<&GroupMetadataValue::protocol>("protocol", since(0)).nullable(since(0)),
    field<&GroupMetadataValue::leader>("leader", since(0)).nullable(since(0)),
    field<&GroupMetadataValue::current_state_timestamp>("currentStateTimestamp", since(2)).ignorable(),
    field<&GroupMetadataValue::members>("members", since(0), kMemberMetadata));

}  // namespace

constinit const Schema OffsetCommitKey::kSchema = message("OffsetCommitKey", {0, 1}, kNoVersions, kOffsetCommitKey);
constinit const Schema OffsetCommitValue::kSchema = message("OffsetCommitValue", {0, 4}, since(4), kOffsetCommitValue);
constinit const Schema GroupMetadataKey::kSchema = message("GroupMetadataKey", {2, 2}, kNoVersions, kGroupMetadataKey);
constinit const Schema GroupMetadataValue::kSchema = message("GroupMetadataValue", {0, 4}, since(4), kGroupMetadataValue);

}  // namespace kseg::protocol
