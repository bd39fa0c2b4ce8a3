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
        if (const auto old = sessions_.find(request.session_id); old != sessions_.end()) {
            by_use_.erase(old->second.used);
            sessions_.erase(old);
        }
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
    return {.session = found->second.session};
}

std::shared_ptr<FetchSession> FetchSessions::begin(const protocol::FetchRequest& request, bool by_topic_id, bool lasts) {
    auto session = std::make_shared<FetchSession>();
    session->by_topic_id = by_topic_id;
    for (const auto& topic : request.topics) {
        for (const auto& partition : topic.partitions) {
            session->targets.set(topic, partition);
        }
    }
    if (!lasts || request.topics.empty()) {
        return session;
    }
    drop_oldest();
    do {
        session->id = static_cast<std::int32_t>(random_() & INT32_MAX);
    } while (session->id == 0 || sessions_.contains(session->id));
    session->epoch = next_epoch(kInitialEpoch);
    sessions_.emplace(session->id, Entry{.session = session, .used = ++uses_});
    by_use_.emplace(uses_, session->id);
    return session;
}

void FetchSessions::drop_oldest() {
    while (sessions_.size() >= kMostSessions) {
        sessions_.erase(by_use_.begin()->second);
        by_use_.erase(by_use_.begin());
    }
}

}  // namespace kseg::broker
