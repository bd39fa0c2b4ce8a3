// SPDX-License-Identifier: Apache-2.0
// Records of __consumer_offsets: a group's committed positions and its members. Keys and values begin with their version.
// Source: Kafka's OffsetCommitKey, OffsetCommitValue, GroupMetadataKey and GroupMetadataValue schemas, 3.9 and 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

struct OffsetCommitKey {
    std::string group{};
    std::string topic{};
    std::int32_t partition = 0;

    static const Schema kSchema;
};

struct OffsetCommitValue {
    std::int64_t offset = 0;
    std::int32_t leader_epoch = -1;
    std::string metadata{};
    std::int64_t commit_timestamp = 0;
    std::int64_t expire_timestamp = -1;
    Uuid topic_id{};

    static const Schema kSchema;
};

struct GroupMetadataKey {
    std::string group{};

    static const Schema kSchema;
};

struct GroupMetadataValue {
    struct MemberMetadata {
        std::string member_id{};
        std::optional<std::string> group_instance_id{};
        std::string client_id{};
        std::string client_host{};
        std::int32_t rebalance_timeout = -1;
        std::int32_t session_timeout = 0;
        Blob subscription{};
        Blob assignment{};
    };

    std::string protocol_type{};
    std::int32_t generation = 0;
    std::optional<std::string> protocol{std::string{}};
    std::optional<std::string> leader{std::string{}};
    std::int64_t current_state_timestamp = -1;
    std::vector<MemberMetadata> members{};

    static const Schema kSchema;
};

}  // namespace kseg::protocol
