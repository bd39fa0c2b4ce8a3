// SPDX-License-Identifier: Apache-2.0
#include "broker/server.hpp"

namespace kseg::broker {
namespace {

constexpr int kAcceptsPerTurn = 32;

}  // namespace

Server::Server(EpollLoop& loop, FrameHandler& handler, const ServerLimits& limits)
    : loop_(loop), handler_(handler), limits_(limits) {
    budget_.limit_bytes = limits.receive_bytes;
    budget_.on_change = [this] { on_budget(); };
}

Server::~Server() {
    close();
}

Result<void> Server::listen(const Address& address) {
    auto sockets = listen_on(address);
    if (!sockets) {
        return sockets.error();
    }
    for (io::Descriptor& socket : *sockets) {
        const int fd = socket.get();
        if (auto watched = loop_.watch(fd, {.readable = true}, [this, fd](Readiness) { accept_from(fd); }); !watched) {
            return watched;
        }
        listeners_.push_back(std::move(socket));
    }
    const auto port = port_of(listeners_.front().get());
    if (!port) {
        return port.error();
    }
    port_ = *port;
    return {};
}

void Server::accept_from(int listener) {
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
        auto accepted = accept_one(listener);
        if (!accepted) {
            // Level-triggered, it would be told again at once.
            loop_.change(listener, {});
            loop_.at(loop_.now() + limits_.accept_pause_ms, [this, listener, alive = std::weak_ptr(alive_)] {
                if (alive.lock()) {
                    loop_.change(listener, {.readable = true});
                }
            });
            return;
        }
        if (!*accepted) {
            return;
        }
        add(std::move((*accepted)->socket), std::move((*accepted)->peer));
    }
}

void Server::add(io::Descriptor socket, std::string peer) {
    if (connections_.size() >= limits_.connections) {
        return;  // closed by going out of scope
    }
    const ConnectionId id = ++last_id_;
    const Connection::Surroundings around{
        .loop = loop_, .handler = handler_, .budget = budget_, .on_closed = [this](ConnectionId closed) {
            handler_.closed(closed);
            // It is at work in the call that ends it.
            const auto found = connections_.find(closed);
            if (found != connections_.end()) {
                loop_.post([gone = std::move(found->second)] {});
                connections_.erase(found);
            }
        }};
    auto connection = std::make_shared<Connection>(around, std::move(socket), id, std::move(peer), limits_.connection);
    connections_.emplace(id, connection);
    if (!connection->start()) {
        connection->close();
    }
}

/// What all hold of requests has reached its limit, or is below it again.
void Server::on_budget() {
    if (budget_.is_spent()) {
        if (stuck_timer_ == 0) {
            stuck_timer_ = loop_.at(loop_.now() + limits_.stuck_ms, [this] { close_stuck(); });
        }
        return;
    }
    loop_.cancel(stuck_timer_);
    stuck_timer_ = 0;
    loop_.post([this, alive = std::weak_ptr(alive_)] {
        if (alive.lock()) {
            for (const auto& [id, connection] : connections_) {
                connection->resume();
            }
        }
    });
}

/// Frees what is held by those who began a request and do not go on, so that they cannot keep everybody else waiting.
void Server::close_stuck() {
    stuck_timer_ = 0;
    std::vector<std::shared_ptr<Connection>> stuck;
    for (const auto& [id, connection] : connections_) {
        if (connection->is_stuck_since(loop_.now() - limits_.stuck_ms + 1)) {
            stuck.push_back(connection);
        }
    }
    for (const auto& connection : stuck) {
        connection->close();
    }
    if (budget_.is_spent() && stuck_timer_ == 0) {
        stuck_timer_ = loop_.at(loop_.now() + limits_.stuck_ms, [this] { close_stuck(); });
    }
}

void Server::close() {
    for (const io::Descriptor& listener : listeners_) {
        loop_.forget(listener.get());
    }
    listeners_.clear();
    loop_.cancel(stuck_timer_);
    stuck_timer_ = 0;
    budget_.on_change = nullptr;
    while (!connections_.empty()) {
        const std::shared_ptr<Connection> connection = connections_.begin()->second;
        connection->close();
    }
}

}  // namespace kseg::broker
