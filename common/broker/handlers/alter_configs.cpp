// SPDX-License-Identifier: Apache-2.0
// AlterConfigs and IncrementalAlterConfigs: the settings of topics. The broker's own are given when it is started.
// Source: Kafka 4.3, ConfigAdminManager, ConfigurationControlManager.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <type_traits>
#include <vector>

#include "broker/handlers/handlers.hpp"
#include "kafka/protocol/messages/alter_configs.hpp"
#include "kafka/protocol/messages/incremental_alter_configs.hpp"

namespace kseg::broker {
namespace {

using protocol::AlterConfigsRequest;
using protocol::AlterConfigsResponse;
using protocol::ErrorCode;
using protocol::IncrementalAlterConfigsRequest;
using protocol::IncrementalAlterConfigsResponse;

constexpr std::int8_t kTopicResource = 2;
enum Operation : std::int8_t { kSet = 0, kDelete = 1, kAppend = 2, kSubtract = 3 };

/// What is wrong with a request for one resource.
struct Refusal {
    ErrorCode error = ErrorCode::none;
    std::string message{};
};

std::vector<std::string> words_of(std::string_view list) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at <= list.size();) {
        const std::size_t end = std::min(list.find(',', at), list.size());
        if (end != at) {
            words.emplace_back(list.substr(at, end - at));
        }
        at = end + 1;
    }
    return words;
}

/// A list with words added to it or taken away.
std::string changed_list(const ConfigDefinition& config, const ConfigValues& values, std::string_view words, bool adds) {
    const auto set = values.find(std::string(config.name));
    std::vector<std::string> list = words_of(set == values.end() ? config.default_value : std::string_view(set->second));
    for (const std::string& word : words_of(words)) {
        const bool there = std::ranges::find(list, word) != list.end();
        if (adds && !there) {
            list.push_back(word);
        } else if (!adds && there) {
            std::erase(list, word);
        }
    }
    return fmt::format("{}", fmt::join(list, ","));
}

/// The settings after a request that replaces all.
Refusal apply(const AlterConfigsRequest::AlterConfigsResource& asked, ConfigValues& values) {
    values.clear();
    for (const auto& config : asked.configs) {
        values[config.name] = *config.value;
    }
    return {};
}

/// The settings after a request that changes some.
Refusal apply(const IncrementalAlterConfigsRequest::AlterConfigsResource& asked, ConfigValues& values) {
    for (const auto& config : asked.configs) {
        const ConfigDefinition* const known = find_topic_config(config.name);
        switch (config.config_operation) {
            case kSet: values[config.name] = *config.value; break;
            case kDelete: values.erase(config.name); break;
            case kAppend:
            case kSubtract: {
                const bool adds = config.config_operation == kAppend;
                if (known == nullptr || known->type != ConfigType::list) {
                    return {ErrorCode::invalid_config, fmt::format("Can't {} to key {} because its type is not LIST.",
                                                                   adds ? "APPEND" : "SUBTRACT", config.name)};
                }
                values[config.name] = changed_list(*known, values, *config.value, adds);
                break;
            }
            default: return {ErrorCode::unknown_server_error, fmt::format("Unknown operation {}", config.config_operation)};
        }
    }
    return {};
}

/// Whether a value may be missing.
bool needs_no_value(const AlterConfigsRequest::AlterableConfig& /*config*/) {
    return false;
}
bool needs_no_value(const IncrementalAlterConfigsRequest::AlterableConfig& config) {
    return config.config_operation == kDelete;
}

/// What is wrong with a resource before anything is looked up.
template <typename Request, typename Resource>
Refusal check_form(const Request& request, const Resource& asked) {
    const auto same = [&](const Resource& other) {
        return other.resource_type == asked.resource_type && other.resource_name == asked.resource_name;
    };
    if (std::ranges::count_if(request.resources, same) > 1) {
        return {ErrorCode::invalid_request, "Each resource must appear at most once."};
    }
    std::set<std::string_view> names;
    for (const auto& config : asked.configs) {
        if (!names.insert(config.name).second) {
            return {ErrorCode::invalid_request, "Error due to duplicate config keys"};
        }
        if (!config.value && !needs_no_value(config)) {
            return {ErrorCode::invalid_request, fmt::format("Null value not supported for : {}", config.name)};
        }
    }
    if (asked.resource_type != kTopicResource) {
        return {ErrorCode::invalid_request, "Only the settings of topics can be altered here."};
    }
    return {};
}

/// What is wrong with the change that is asked for; where nothing is, the settings after it.
template <typename Request, typename Resource>
Refusal check(Broker& broker, const Request& request, const Resource& asked, ConfigValues& values) {
    if (Refusal bad = check_form(request, asked); bad.error != ErrorCode::none) {
        return bad;
    }
    if (asked.resource_name.empty()) {
        return {ErrorCode::invalid_request, "Default topic resources are not allowed."};
    }
    if (broker.topics().is_read_only()) {
        return {ErrorCode::topic_authorization_failed, "The broker is read-only."};
    }
    const Topic* const topic = broker.topics().find(asked.resource_name);
    if (topic == nullptr) {
        return is_topic_name(asked.resource_name)
                   ? Refusal{ErrorCode::unknown_topic_or_partition,
                             fmt::format("The topic '{}' does not exist.", asked.resource_name)}
                   : Refusal{ErrorCode::invalid_topic_exception, "Topic name is invalid"};
    }
    values = topic->configs;
    if (Refusal bad = apply(asked, values); bad.error != ErrorCode::none) {
        return bad;
    }
    for (auto& [name, value] : values) {
        auto checked = check_config(name, value);
        if (!checked) {
            return {ErrorCode::invalid_config, checked.error().what};
        }
        value = *std::move(checked);
    }
    return {};
}

template <typename Asked>
void alter(Broker& broker, const std::shared_ptr<Asked>& gathering, std::size_t at) {
    const auto& asked = gathering->request.resources[at];
    const auto done = [&broker, weak = std::weak_ptr(gathering), at](const Result<void>& outcome) {
        if (const auto waiting = weak.lock()) {
            auto& answer = waiting->response.responses[at];
            if (!outcome) {
                answer.error_code = error_code_of(outcome.error());
                answer.error_message = outcome.error().message();
            }
            waiting->done_with_one(broker);
        }
    };
    if (broker.topics().is_changing(asked.resource_name)) {
        ++gathering->open_parts;
        broker.topics().when_settled(asked.resource_name, [&broker, weak = std::weak_ptr(gathering), at] {
            if (const auto waiting = weak.lock()) {
                alter(broker, waiting, at);
                waiting->done_with_one(broker);
            }
        });
        return;
    }
    auto& answer = gathering->response.responses[at];
    answer.resource_type = asked.resource_type;
    answer.resource_name = asked.resource_name;
    ConfigValues values;
    Refusal refusal = check(broker, gathering->request, asked, values);
    answer.error_code = refusal.error;
    answer.error_message = refusal.error == ErrorCode::none ? std::nullopt : std::optional(std::move(refusal.message));
    if (refusal.error == ErrorCode::none && !gathering->request.validate_only) {
        ++gathering->open_parts;
        broker.topics().set_configs(*broker.topics().find(asked.resource_name), values, done);
    }
}

template <typename Request, typename Response>
void serve(Broker& broker, protocol::ApiKey key) {
    broker.dispatcher().serve<Request>(key, [&broker](const CallPtr& call, Request&& request) {
        const auto gathering = Gathering<Request, Response>::begin(broker, call, std::move(request));
        gathering->response.responses.resize(gathering->request.resources.size());
        for (std::size_t i = 0; i < gathering->request.resources.size(); ++i) {
            alter(broker, gathering, i);
        }
        gathering->done_with_one(broker);
    });
}

}  // namespace

void serve_alter_configs(Broker& broker) {
    serve<AlterConfigsRequest, AlterConfigsResponse>(broker, protocol::ApiKey::alter_configs);
    serve<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(broker,
                                                                           protocol::ApiKey::incremental_alter_configs);
}

}  // namespace kseg::broker
