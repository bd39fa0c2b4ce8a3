// SPDX-License-Identifier: Apache-2.0
// The APIs whose messages this layer describes: keys, names, versions. A broker serves a part of these.
// Source: Kafka's ApiKeys, 4.3, and 3.9 for the versions that clients of their time still send and look for
// before they use a feature (KAFKA-18659).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

enum class ApiKey : std::int16_t {
    produce = 0,
    fetch = 1,
    list_offsets = 2,
    metadata = 3,
    offset_commit = 8,
    offset_fetch = 9,
    find_coordinator = 10,
    join_group = 11,
    heartbeat = 12,
    leave_group = 13,
    sync_group = 14,
    describe_groups = 15,
    list_groups = 16,
    sasl_handshake = 17,
    api_versions = 18,
    create_topics = 19,
    delete_topics = 20,
    delete_records = 21,
    init_producer_id = 22,
    offset_for_leader_epoch = 23,
    add_partitions_to_txn = 24,
    add_offsets_to_txn = 25,
    end_txn = 26,
    write_txn_markers = 27,
    txn_offset_commit = 28,
    describe_configs = 32,
    alter_configs = 33,
    describe_log_dirs = 35,
    sasl_authenticate = 36,
    create_partitions = 37,
    delete_groups = 42,
    incremental_alter_configs = 44,
    offset_delete = 47,
    describe_cluster = 60,
    describe_topic_partitions = 75,
};

/// One API.
struct Api {
    ApiKey key;
    std::string_view name;  ///< Kafka's, "ApiVersions"
    Versions versions;      ///< of requests and responses alike
    const Schema* request;
    const Schema* response;
};

/// All of them, by ascending key.
std::span<const Api> apis();

/// The API of a key; nullptr where there is none.
const Api* find_api(std::int16_t key);
/// The same; nullptr also where it has no such version.
const Api* find_api(std::int16_t key, Version version);
/// The API of a key, which is there.
const Api& api_of(ApiKey key);

/// The first version of the API whose messages are flexible; INT16_MAX where none is.
Version first_flexible_version(const Api& api);

}  // namespace kseg::protocol
