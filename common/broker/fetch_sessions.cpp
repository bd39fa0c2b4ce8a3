// SPDX-License-Identifier: Apache-2.0
#include "broker/fetch_sessions.hpp"

namespace kseg::broker {
namespace {

constexpr protocol::Version kFirstWithTopicIds = 13;
constexpr std::int32_t kInitialEpoch = 0;
constexpr std::int32_t kFinalEpoch = -1;

std::int32_t next_epoch(std::int32_t epoch) {
    return epoch == INT32_MAX ? 1 : epoch + 1;
}

}  // namespace

void FetchTargets::set(const protocol::FetchRequest::FetchTopic& topic,
                       const protocol::FetchRequest::FetchPartition& partition) {
    const Key key{topic.topic, topic.topic_id, partition.partition};
    if (const auto found = by_key_.find(key); found != by_key_.end()) {
        found->second->asked = partition;
        return;
    }
    list_.push_back({.topic = topic.topic, .topic_id = topic.topic_id, .asked = partition});
    by_key_.emplace(key, std::prev(list_.end()));
}

void FetchTargets::remove(const protocol::FetchRequest::ForgottenTopic& topic) {
    for (const std::int32_t partition : topic.partitions) {
        if (const auto found = by_key_.find(Key{topic.topic, topic.topic_id, partition}); found != by_key_.end()) {
            list_.erase(found->second);
            by_key_.erase(found);
        }
    }
}

FetchSessions::Found FetchSessions::take(const protocol::FetchRequest& request, protocol::Version version) {
    const bool by_topic_id = version >= kFirstWithTopicIds;
    if (request.session_epoch == kInitialEpoch || request.session_epoch == kFinalEpoch) {
        // Either way a session that the client had is at its end.
        drop(request.session_id);
        return {.session = begin(request, by_topic_id, request.session_epoch == kInitialEpoch)};
    }
    const auto found = sessions_.find(request.session_id);
    if (found == sessions_.end()) {
        return {.error = protocol::ErrorCode::fetch_session_id_not_found};
    }
    FetchSession& session = *found->second.session;
    if (session.epoch != request.session_epoch) {
        return {.error = protocol::ErrorCode::invalid_fetch_session_epoch};
    }
    if (session.by_topic_id != by_topic_id) {
        return {.error = protocol::ErrorCode::fetch_session_topic_id_error};
    }
    by_use_.erase(found->second.used);
    found->second.used = ++uses_;
    by_use_.emplace(uses_, session.id);
    session.epoch = next_epoch(session.epoch);
    session.incremental = true;
    for (const auto& topic : request.topics) {
        for (const auto& partition : topic.partitions) {
            session.targets.set(topic, partition);
        }
    }
    for (const auto& topic : request.forgotten_topics_data) {
        session.targets.remove(topic);
    }
    const auto session_again = found->second.session;
    count(found->second);
    if (!make_room()) {
        return {.error = protocol::ErrorCode::fetch_session_id_not_found};
    }
    return {.session = session_again};
}

std::shared_ptr<FetchSession> FetchSessions::begin(const protocol::FetchRequest& request, bool by_topic_id, bool lasts) {
    auto session = std::make_shared<FetchSession>();
    session->by_topic_id = by_topic_id;
    for (const auto& topic : request.topics) {
        for (const auto& partition : topic.partitions) {
            session->targets.set(topic, partition);
        }
    }
    if (!lasts || request.topics.empty() || session->targets.size() > kMostTargets) {
        return session;
    }
    while (sessions_.size() >= kMostSessions) {
        drop(by_use_.begin()->second);
    }
    do {
        session->id = static_cast<std::int32_t>(random_() & INT32_MAX);
    } while (session->id == 0 || sessions_.contains(session->id));
    session->epoch = next_epoch(kInitialEpoch);
    const auto entry = sessions_.emplace(session->id, Entry{.session = session, .used = ++uses_}).first;
    by_use_.emplace(uses_, session->id);
    count(entry->second);
    (void)make_room();  // the oldest go first, and this one alone is not too large
    return session;
}

void FetchSessions::drop(std::int32_t id) {
    if (const auto found = sessions_.find(id); found != sessions_.end()) {
        targets_ -= found->second.targets;
        by_use_.erase(found->second.used);
        sessions_.erase(found);
    }
}

void FetchSessions::count(Entry& entry) {
    targets_ += entry.session->targets.size() - entry.targets;
    entry.targets = entry.session->targets.size();
}

/// Drops the sessions that were used longest ago; false where the last one, being too large alone, was dropped as well.
bool FetchSessions::make_room() {
    while (targets_ > kMostTargets) {
        drop(by_use_.begin()->second);
    }
    return !sessions_.empty();
}

}  // namespace kseg::broker
