// SPDX-License-Identifier: Apache-2.0
// Which API is served by whom: from a frame to the handler of its API.
#pragma once

#include <functional>
#include <map>
#include <type_traits>
#include <utility>
#include <vector>

#include "broker/call.hpp"
#include "broker/frame.hpp"

namespace kseg::broker {

class Dispatcher final : public FrameHandler {
  public:
    using Handler = std::function<void(const CallPtr&)>;

    /// What serves an API, in all versions that are described. Set before the first request.
    void serve(protocol::ApiKey key, Handler handler) { handlers_[key] = std::move(handler); }

    /// The same for a function that takes the message. A body that is none closes the connection, as with Kafka.
    ///     dispatcher.serve<protocol::HeartbeatRequest>(ApiKey::heartbeat, [&groups](const CallPtr& call, auto&& request) {
    ///         groups.heartbeat(call, request);
    ///     });
    template <typename Request, typename Function>
    void serve(protocol::ApiKey key, Function function) {
        serve(key, [function = std::move(function)](const CallPtr& call) {
            auto request = call->message<Request>();
            if (!request) {
                call->close();
                return;
            }
            function(call, *std::move(request));
        });
    }

    /// The APIs that are served, for ApiVersions.
    [[nodiscard]] std::vector<const protocol::Api*> served() const;

    /// Told of every connection that ends.
    void on_closed(std::function<void(ConnectionId)> listener) { listeners_.push_back(std::move(listener)); }

    // ---- FrameHandler
    /// An API that is unknown or not served closes the connection; so does a version of it that is unknown, but of
    /// ApiVersions: that is answered so that the client can ask again.
    void handle(std::shared_ptr<Frame> frame, Reply reply) override;
    void closed(ConnectionId connection) override;

  private:
    void answer_unknown_versions(std::shared_ptr<Frame> frame, const protocol::Request& request, const Reply& reply) const;

    std::map<protocol::ApiKey, Handler> handlers_;
    std::vector<std::function<void(ConnectionId)>> listeners_;
};

}  // namespace kseg::broker
