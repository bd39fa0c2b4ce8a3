// SPDX-License-Identifier: Apache-2.0
#include "broker/dispatcher.hpp"

#include "broker/handlers/handlers.hpp"

namespace kseg::broker {

std::vector<const protocol::Api*> Dispatcher::served() const {
    std::vector<const protocol::Api*> found;
    for (const auto& [key, handler] : handlers_) {
        found.push_back(&protocol::api_of(key));
    }
    return found;
}

void Dispatcher::handle(std::shared_ptr<Frame> frame, Reply reply) {
    auto request = protocol::parse_request(frame->bytes.bytes());
    if (!request) {
        reply({.pieces = {}, .close = true});
        return;
    }
    if (request->api == nullptr) {
        answer_unknown_versions(std::move(frame), *request, reply);
        return;
    }
    const auto found = handlers_.find(request->api->key);
    if (found == handlers_.end()) {
        reply({.pieces = {}, .close = true});
        return;
    }
    found->second(std::make_shared<const Call>(std::move(frame), *std::move(request), std::move(reply)));
}

void Dispatcher::answer_unknown_versions(std::shared_ptr<Frame> frame, const protocol::Request& request,
                                         const Reply& reply) const {
    if (request.header.request_api_key != static_cast<std::int16_t>(protocol::ApiKey::api_versions)) {
        reply({.pieces = {}, .close = true});
        return;
    }
    protocol::Request known = request;
    known.api = &protocol::api_of(protocol::ApiKey::api_versions);
    const Call call(std::move(frame), std::move(known), reply);
    // In the layout of version 0, which every client can read (KIP-511).
    call.answer_as(0, api_versions_response(*this, 0, protocol::ErrorCode::unsupported_version));
}

void Dispatcher::closed(ConnectionId connection) {
    for (const auto& listener : listeners_) {
        listener(connection);
    }
}

}  // namespace kseg::broker
