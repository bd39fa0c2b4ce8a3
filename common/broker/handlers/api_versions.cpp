// SPDX-License-Identifier: Apache-2.0
// ApiVersions: what is served. Source: KIP-511, Kafka 4.1, ApiVersionsRequest.isValid.
#include <algorithm>

#include "broker/handlers/handlers.hpp"

namespace kseg::broker {
namespace {

constexpr protocol::Version kFirstWithSoftware = 3;

bool is_software_text(std::string_view text) {
    const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
    return !text.empty() && is_plain(text.front()) && is_plain(text.back()) &&
           std::ranges::all_of(text, [&](char c) { return is_plain(c) || c == '-' || c == '.'; });
}

}  // namespace

protocol::ApiVersionsResponse api_versions_response(const Dispatcher& dispatcher, protocol::Version /*version*/,
                                                    protocol::ErrorCode error) {
    protocol::ApiVersionsResponse response;
    response.error_code = error;
    for (const protocol::Api* const api : dispatcher.served()) {
        response.api_keys.push_back({.api_key = static_cast<std::int16_t>(api->key),
                                     .min_version = api->versions.from,
                                     .max_version = api->versions.to});
    }
    return response;
}

void serve_api_versions(Broker& broker) {
    broker.dispatcher().serve<protocol::ApiVersionsRequest>(
        protocol::ApiKey::api_versions, [&broker](const CallPtr& call, protocol::ApiVersionsRequest&& request) {
            const bool good = call->version() < kFirstWithSoftware || (is_software_text(request.client_software_name) &&
                                                                       is_software_text(request.client_software_version));
            call->answer(good ? api_versions_response(broker.dispatcher(), call->version(), protocol::ErrorCode::none)
                              : protocol::ApiVersionsResponse{.error_code = protocol::ErrorCode::invalid_request});
        });
}

}  // namespace kseg::broker
