// SPDX-License-Identifier: Apache-2.0
// Each API has a file here, which registers what serves it with the broker's dispatcher.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/broker.hpp"
#include "broker/topic_config.hpp"
#include "kafka/protocol/messages/api_versions.hpp"

namespace kseg::broker {

/// Everything but groups and transactions.
void serve_core(Broker& broker);

/// Also IncrementalAlterConfigs.
void serve_alter_configs(Broker& broker);
void serve_api_versions(Broker& broker);
void serve_create_partitions(Broker& broker);
void serve_create_topics(Broker& broker);
void serve_delete_records(Broker& broker);
void serve_delete_topics(Broker& broker);
void serve_describe_cluster(Broker& broker);
void serve_describe_configs(Broker& broker);
void serve_describe_log_dirs(Broker& broker);
void serve_describe_topic_partitions(Broker& broker);
void serve_fetch(Broker& broker);
void serve_init_producer_id(Broker& broker);
void serve_list_offsets(Broker& broker);
void serve_metadata(Broker& broker);
void serve_offset_for_leader_epoch(Broker& broker);
void serve_produce(Broker& broker);

/// What ApiVersions says.
protocol::ApiVersionsResponse api_versions_response(const Dispatcher& dispatcher, protocol::Version version,
                                                    protocol::ErrorCode error);

/// Bit sets of what a client may do where nobody is kept from anything, as Kafka without an authorizer says it.
/// Source: KIP-430, Kafka 4.1, AclEntry.supportedOperations.
inline constexpr std::int32_t kTopicOperations = 3576;    // 3 to 8, 10, 11
inline constexpr std::int32_t kClusterOperations = 8096;  // 5, 7 to 12

/// Whether a client knows a newer or an older leader of the partition than we are.
protocol::ErrorCode check_leader_epoch(const Partition& partition, std::int32_t current_leader_epoch);

/// The error of Kafka that stands for one of ours, where nothing more special does.
protocol::ErrorCode error_code_of(const Error& error);

/// A request whose answer is put together from parts that may come later. It lives as long as its connection; what is
/// called back holds it weakly.
template <typename Request, typename Response>
struct Gathering {
    Gathering(CallPtr of, Request&& asked) : call(std::move(of)), request(std::move(asked)) {}

    CallPtr call;
    Request request;
    Response response{};
    std::size_t open_parts = 1;  ///< one for whoever begins them

    /// Holds a new one with the broker.
    static std::shared_ptr<Gathering> begin(Broker& broker, const CallPtr& call, Request&& request) {
        auto gathering = std::make_shared<Gathering>(call, std::move(request));
        broker.keep(call->connection(), gathering);
        return gathering;
    }
    /// Answers when it was the last.
    void done_with_one(Broker& broker) {
        if (--open_parts == 0) {
            call->answer(response);
            broker.let_go(call->connection(), this);
        }
    }
};

/// One setting of a topic as it is in force.
struct EffectiveConfig {
    const ConfigDefinition* definition = nullptr;
    std::string value;
    std::int8_t source = 0;                     ///< one of the numbers below
    std::optional<std::string> broker_value{};  ///< where the broker has another default than Kafka
};
inline constexpr std::int8_t kTopicSource = 1;
inline constexpr std::int8_t kStaticBrokerSource = 4;
inline constexpr std::int8_t kDefaultSource = 5;

std::vector<EffectiveConfig> effective_configs(const Broker& broker, const ConfigValues& values);

}  // namespace kseg::broker
