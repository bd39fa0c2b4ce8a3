// SPDX-License-Identifier: Apache-2.0
// Fetch sessions: a consumer names its partitions once, and afterwards only what changes. Source: KIP-227, KIP-516,
// Kafka 4.1, FetchSession.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "broker/data_dir.hpp"
#include "kafka/protocol/messages/fetch.hpp"

namespace kseg::broker {

/// One partition that is fetched, and what was told of it last.
struct FetchTarget {
    std::string topic;
    protocol::Uuid topic_id{};
    protocol::FetchRequest::FetchPartition asked{};
    std::int64_t told_high_watermark = -2;
    std::int64_t told_last_stable = -2;
    std::int64_t told_log_start = -2;
};

/// In the order in which they are served: those that gave records go behind the others.
class FetchTargets {
  public:
    /// Adds a partition, or changes how it is fetched.
    void set(const protocol::FetchRequest::FetchTopic& topic, const protocol::FetchRequest::FetchPartition& partition);
    void remove(const protocol::FetchRequest::ForgottenTopic& topic);
    void move_to_end(std::list<FetchTarget>::iterator target) { list_.splice(list_.end(), list_, target); }
    [[nodiscard]] std::list<FetchTarget>& list() { return list_; }
    [[nodiscard]] std::size_t size() const { return list_.size(); }

  private:
    using Key = std::tuple<std::string, protocol::Uuid, std::int32_t>;

    std::list<FetchTarget> list_;
    std::map<Key, std::list<FetchTarget>::iterator> by_key_;
};

struct FetchSession {
    std::int32_t id = 0;     ///< 0: it lasts for one request
    std::int32_t epoch = 0;  ///< that the next request has to name
    bool by_topic_id = false;
    bool incremental = false;  ///< this request only hears of what has changed
    FetchTargets targets{};
};

class FetchSessions {
  public:
    static constexpr std::size_t kMostSessions = 1000;
    /// Of all sessions together, of which each takes a few hundred bytes.
    static constexpr std::size_t kMostTargets = 200'000;

    explicit FetchSessions(Random random) : random_(std::move(random)) {}

    struct Found {
        protocol::ErrorCode error = protocol::ErrorCode::none;
        std::shared_ptr<FetchSession> session{};
    };
    /// The session that a request goes on with or begins, with what the request changes.
    Found take(const protocol::FetchRequest& request, protocol::Version version);

    [[nodiscard]] std::size_t size() const { return sessions_.size(); }

  private:
    struct Entry {
        std::shared_ptr<FetchSession> session;
        std::uint64_t used = 0;
        std::size_t targets = 0;  ///< as counted in targets_
    };

    std::shared_ptr<FetchSession> begin(const protocol::FetchRequest& request, bool by_topic_id, bool lasts);
    void drop(std::int32_t id);
    void count(Entry& entry);
    bool make_room();

    Random random_;
    std::map<std::int32_t, Entry> sessions_;
    std::map<std::uint64_t, std::int32_t> by_use_;
    std::uint64_t uses_ = 0;
    std::size_t targets_ = 0;
};

}  // namespace kseg::broker
