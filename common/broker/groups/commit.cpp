// SPDX-License-Identifier: Apache-2.0
// OffsetCommit and TxnOffsetCommit. Source: OffsetMetadataManager and ClassicGroup of Kafka 4's group coordinator, KIP-447.
#include <limits>
#include <memory>
#include <utility>

#include "broker/groups/coordinator.hpp"
#include "broker/groups/utf16.hpp"

namespace kseg::broker {

using protocol::ErrorCode;

namespace {

/// From this version on a client knows what a group is that does not exist.
constexpr protocol::Version kGroupNotFoundVersion = 9;

ErrorCode error_of_commit(const Error& error) {
    return error.code == Errc::too_large ? ErrorCode::invalid_commit_offset_size : ErrorCode::not_coordinator;
}

/// One offset of a request on its way into the log.
struct NewOffset {
    std::string topic;
    std::int32_t partition;
    CommittedOffset offset;
};

/// What OffsetCommit and TxnOffsetCommit have in common: an answer of the request's shape, and the offsets that are taken.
template <typename Response>
struct Commit {
    std::shared_ptr<Response> response = std::make_shared<Response>();
    std::vector<NewOffset> offsets{};
    OffsetsBatch batch{};
};

template <typename Response>
void fail(Response& response, ErrorCode error) {
    for (auto& topic : response.topics) {
        for (auto& partition : topic.partitions) {
            partition.error_code = error;
        }
    }
}

/// Sets the answer's error of each partition, and gathers the others' offsets and records.
template <typename Response, typename Topics>
void gather(Commit<Response>& commit, std::string_view group, const Topics& topics, std::size_t max_metadata,
            TimestampMs now, TimestampMs expire_timestamp) {
    for (const auto& topic : topics) {
        auto& answered = commit.response->topics.emplace_back();
        answered.name = topic.name;
        for (const auto& partition : topic.partitions) {
            auto& slot = answered.partitions.emplace_back();
            slot.partition_index = partition.partition_index;
            const std::string metadata = partition.committed_metadata.value_or("");
            if (utf16_length(metadata) > max_metadata) {
                slot.error_code = ErrorCode::offset_metadata_too_large;
                continue;
            }
            CommittedOffset offset{partition.committed_offset, partition.committed_leader_epoch, metadata, now,
                                   expire_timestamp};
            if constexpr (requires { partition.commit_timestamp; }) {
                offset.commit_timestamp = partition.commit_timestamp == -1 ? now : partition.commit_timestamp;
                offset.topic_id = topic.topic_id;
                answered.topic_id = topic.topic_id;
            }
            auto record = offset_record(group, topic.name, partition.partition_index, offset);
            if (!record) {
                slot.error_code = ErrorCode::unknown_server_error;
                continue;
            }
            commit.batch.records.push_back(*std::move(record));
            commit.offsets.push_back({topic.name, partition.partition_index, std::move(offset)});
        }
    }
}

/// When offsets of a request expire, which in old versions may say so.
TimestampMs expiry(std::int64_t retention_time_ms, TimestampMs now) {
    if (retention_time_ms < 0) {
        return -1;
    }
    return retention_time_ms > std::numeric_limits<TimestampMs>::max() - now ? std::numeric_limits<TimestampMs>::max()
                                                                             : now + retention_time_ms;
}

}  // namespace

ErrorCode GroupCoordinator::check_commit(std::string_view group_id, std::string_view member_id,
                                         const std::optional<std::string>& instance_id, std::int32_t generation,
                                         ErrorCode no_group, bool in_transaction) {
    const Group* group = find(group_id);
    if (group == nullptr) {
        // Who needs no group to be made of members gets a group for his offsets.
        return generation < 0 ? ErrorCode::none : no_group;
    }
    if (generation < 0 && group->is_in(GroupState::empty)) {
        return ErrorCode::none;
    }
    if (generation >= 0 || !member_id.empty() || instance_id) {
        if (const ErrorCode error = group->check_member(member_id, instance_id); error != ErrorCode::none) {
            return error;
        }
        if (generation != group->generation()) {
            return ErrorCode::illegal_generation;
        }
    } else if (!in_transaction) {
        return ErrorCode::unknown_member_id;
    }
    const bool has_no_assignment = group->is_in(GroupState::completing_rebalance);
    return has_no_assignment && !in_transaction ? ErrorCode::rebalance_in_progress : ErrorCode::none;
}

void GroupCoordinator::commit(const Caller& caller, const protocol::OffsetCommitRequest& request,
                              Answer<protocol::OffsetCommitResponse> answer) {
    const TimestampMs now = clock_->now();
    Commit<protocol::OffsetCommitResponse> commit;
    gather(commit, request.group_id, request.topics, settings_.max_offset_metadata, now,
           expiry(request.retention_time_ms, now));
    const ErrorCode no_group =
        caller.version >= kGroupNotFoundVersion ? ErrorCode::group_id_not_found : ErrorCode::illegal_generation;
    const ErrorCode error = check_commit(request.group_id, request.member_id, request.group_instance_id,
                                         request.generation_id_or_member_epoch, no_group, false);
    if (error != ErrorCode::none) {
        fail(*commit.response, error);
        answer(std::move(*commit.response));
        return;
    }
    if (Group* group = find(request.group_id); group != nullptr) {
        Member* member = group->find_member(request.member_id);
        if (member != nullptr && (group->is_in(GroupState::stable) || group->is_in(GroupState::preparing_rebalance))) {
            extend_session(*group, *member);
        }
    }
    if (commit.batch.records.empty()) {
        answer(std::move(*commit.response));
        return;
    }
    const auto apply = [&](std::int64_t record_offset) {
        if (find(request.group_id) == nullptr) {
            create(request.group_id);
        }
        for (NewOffset& each : commit.offsets) {
            each.offset.record_offset = record_offset++;
            offsets_.put(request.group_id, each.topic, each.partition, std::move(each.offset));
        }
    };
    journal_.append(request.group_id, std::move(commit.batch), apply,
                    [response = commit.response, answer = std::move(answer)](const Result<void>& result) {
                        if (!result) {
                            fail(*response, error_of_commit(result.error()));
                        }
                        answer(std::move(*response));
                    });
}

void GroupCoordinator::commit_in_transaction(const protocol::TxnOffsetCommitRequest& request,
                                             Answer<protocol::TxnOffsetCommitResponse> answer) {
    Commit<protocol::TxnOffsetCommitResponse> commit;
    gather(commit, request.group_id, request.topics, settings_.max_offset_metadata, clock_->now(), -1);
    ErrorCode error = request.group_id.empty() ? ErrorCode::invalid_group_id : ErrorCode::none;
    if (error == ErrorCode::none) {
        error = check_commit(request.group_id, request.member_id, request.group_instance_id, request.generation_id,
                             ErrorCode::illegal_generation, true);
    }
    if (error != ErrorCode::none) {
        fail(*commit.response, error);
    }
    if (error != ErrorCode::none || commit.batch.records.empty()) {
        answer(std::move(*commit.response));
        return;
    }
    commit.batch.producer_id = request.producer_id;
    commit.batch.producer_epoch = request.producer_epoch;
    const auto apply = [&](std::int64_t record_offset) {
        if (find(request.group_id) == nullptr) {
            create(request.group_id);
        }
        for (NewOffset& each : commit.offsets) {
            each.offset.record_offset = record_offset++;
            offsets_.put_pending(request.producer_id, request.group_id, each.topic, each.partition, std::move(each.offset));
        }
    };
    journal_.append(request.group_id, std::move(commit.batch), apply,
                    [response = commit.response, answer = std::move(answer)](const Result<void>& result) {
                        if (!result) {
                            fail(*response, error_of_commit(result.error()));
                        }
                        answer(std::move(*response));
                    });
}

void GroupCoordinator::end_transaction(std::int64_t producer_id, bool is_commit) {
    offsets_.end_transaction(producer_id, is_commit);
}

}  // namespace kseg::broker
