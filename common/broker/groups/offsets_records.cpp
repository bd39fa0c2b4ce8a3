// SPDX-License-Identifier: Apache-2.0
#include "broker/groups/offsets_records.hpp"

#include <utility>

#include "kafka/protocol/message.hpp"

namespace kseg::broker {

namespace {

constexpr protocol::Version kOffsetKeyVersion = 1;
constexpr protocol::Version kGroupKeyVersion = 2;
constexpr protocol::Version kOffsetValueVersion = 4;
/// The only version that has a time of expiry.
constexpr protocol::Version kExpiringOffsetValueVersion = 1;
constexpr protocol::Version kGroupValueVersion = 3;

template <typename T>
Result<ByteBuffer> versioned(const T& message, protocol::Version version) {
    protocol::Output out;
    if (auto done = protocol::encode_versioned(message, version, out); !done) {
        return done.error();
    }
    return std::move(out.bytes);
}

template <typename Key>
Result<OffsetsRecord> tombstone(const Key& key, protocol::Version version) {
    auto bytes = versioned(key, version);
    if (!bytes) {
        return bytes.error();
    }
    return OffsetsRecord{*std::move(bytes), std::nullopt};
}

template <typename Key, typename Value>
Result<OffsetsRecord> record(const Key& key, protocol::Version key_version, const Value& value,
                             protocol::Version value_version) {
    auto made = tombstone(key, key_version);
    if (!made) {
        return made.error();
    }
    auto bytes = versioned(value, value_version);
    if (!bytes) {
        return bytes.error();
    }
    made->value = *std::move(bytes);
    return made;
}

protocol::OffsetCommitKey offset_key(std::string_view group, std::string_view topic, std::int32_t partition) {
    return {std::string(group), std::string(topic), partition};
}

}  // namespace

Result<OffsetsRecord> offset_record(std::string_view group, std::string_view topic, std::int32_t partition,
                                    const CommittedOffset& offset) {
    protocol::OffsetCommitValue value;
    value.offset = offset.offset;
    value.leader_epoch = offset.leader_epoch;
    value.metadata = offset.metadata;
    value.commit_timestamp = offset.commit_timestamp;
    value.expire_timestamp = offset.expire_timestamp;
    value.topic_id = offset.topic_id;
    return record(offset_key(group, topic, partition), kOffsetKeyVersion, value,
                  offset.expire_timestamp == -1 ? kOffsetValueVersion : kExpiringOffsetValueVersion);
}

Result<OffsetsRecord> offset_tombstone(std::string_view group, std::string_view topic, std::int32_t partition) {
    return tombstone(offset_key(group, topic, partition), kOffsetKeyVersion);
}

Result<OffsetsRecord> group_record(const Group& group, const Assignments& assignments) {
    protocol::GroupMetadataValue value;
    value.protocol_type = group.protocol_type().value_or("");
    value.generation = group.generation();
    value.protocol = group.protocol_name();
    value.leader = group.leader();
    value.current_state_timestamp = group.state_since();
    for (const auto& [id, member] : group.members()) {
        const auto assigned = assignments.find(id);
        value.members.push_back({id, member.instance_id, member.client_id, member.client_host, member.rebalance_timeout_ms,
                                 member.session_timeout_ms, member.metadata(group.protocol_name().value_or("")),
                                 assigned == assignments.end() ? protocol::Blob{} : assigned->second});
    }
    return record(protocol::GroupMetadataKey{group.id()}, kGroupKeyVersion, value, kGroupValueVersion);
}

Result<OffsetsRecord> group_tombstone(std::string_view group) {
    return tombstone(protocol::GroupMetadataKey{std::string(group)}, kGroupKeyVersion);
}

Assignments assignments_of(const Group& group) {
    Assignments assignments;
    for (const auto& [id, member] : group.members()) {
        assignments.emplace(id, member.assignment);
    }
    return assignments;
}

Result<void> OffsetsRecordReader::read(Bytes key, NullableBytes value) {
    const auto version = protocol::leading_version(key);
    if (!version) {
        return version.error();
    }
    if (*version == 0 || *version == kOffsetKeyVersion) {
        const auto decoded = protocol::decode_versioned<protocol::OffsetCommitKey>(key);
        if (!decoded) {
            return decoded.error();
        }
        if (!value) {
            on_offset_tombstone(decoded->message);
            return {};
        }
        auto read = protocol::decode_versioned<protocol::OffsetCommitValue>(*value);
        if (!read) {
            return read.error();
        }
        protocol::OffsetCommitValue& stored = read->message;
        on_offset(decoded->message, {stored.offset, stored.leader_epoch, std::move(stored.metadata),
                                     stored.commit_timestamp, stored.expire_timestamp, stored.topic_id, -1});
    } else if (*version == kGroupKeyVersion) {
        const auto decoded = protocol::decode_versioned<protocol::GroupMetadataKey>(key);
        if (!decoded) {
            return decoded.error();
        }
        if (!value) {
            on_group_tombstone(decoded->message.group);
            return {};
        }
        const auto read = protocol::decode_versioned<protocol::GroupMetadataValue>(*value);
        if (!read) {
            return read.error();
        }
        on_group(decoded->message.group, read->message);
    }
    return {};
}

}  // namespace kseg::broker
