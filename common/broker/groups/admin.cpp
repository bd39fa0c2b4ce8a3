// SPDX-License-Identifier: Apache-2.0
// DescribeGroups, ListGroups, DeleteGroups, and groups that nobody needs any more.
// Source: GroupCoordinatorShard and GroupMetadataManager of Kafka 4, KIP-518, KIP-848 (types), KIP-1043.
#include <algorithm>
#include <cctype>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "broker/groups/coordinator.hpp"

namespace kseg::broker {

using protocol::ErrorCode;

namespace {

constexpr std::string_view kClassicType = "classic";
constexpr std::string_view kDeadState = "Dead";
/// From this version on a group that is not there is an error; before, it is a group in state Dead.
constexpr protocol::Version kGroupNotFoundVersion = 6;
/// Operations on a group where there are no rules about who may do what: read (3), delete (6), describe (8),
/// describe_configs (10), alter_configs (11), a bit each.
constexpr std::int32_t kAllOperations = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11;
/// Tombstones of one batch: each is complete in itself, and a batch has to fit the log.
constexpr std::size_t kMaxTombstones = 500;

bool is_same_word(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
    });
}

bool passes(const std::vector<std::string>& filter, std::string_view word) {
    return filter.empty() ||
           std::any_of(filter.begin(), filter.end(), [&](const std::string& wanted) { return is_same_word(wanted, word); });
}

protocol::DescribeGroupsResponse::DescribedGroup described(const Group& group) {
    protocol::DescribeGroupsResponse::DescribedGroup result;
    result.group_id = group.id();
    result.group_state = to_string(group.state());
    result.protocol_type = group.protocol_type().value_or("");
    const bool is_stable = group.is_in(GroupState::stable);
    if (is_stable) {
        result.protocol_data = group.protocol_name().value_or("");
    }
    for (const auto& [id, member] : group.members()) {
        auto& listed = result.members.emplace_back();
        listed.member_id = id;
        listed.group_instance_id = member.instance_id;
        listed.client_id = member.client_id;
        listed.client_host = member.client_host;
        listed.member_assignment = member.assignment;
        if (is_stable) {
            listed.member_metadata = member.metadata(result.protocol_data);
        }
    }
    return result;
}

}  // namespace

protocol::DescribeGroupsResponse GroupCoordinator::describe(const Caller& caller,
                                                            const protocol::DescribeGroupsRequest& request) const {
    protocol::DescribeGroupsResponse response;
    for (const std::string& id : request.groups) {
        const auto found = groups_.find(id);
        if (found == groups_.end()) {
            auto& missing = response.groups.emplace_back();
            missing.group_id = id;
            missing.group_state = kDeadState;
            if (caller.version >= kGroupNotFoundVersion) {
                missing.error_code = ErrorCode::group_id_not_found;
                missing.error_message = "Group " + id + " not found.";
            } else if (request.include_authorized_operations) {
                missing.authorized_operations = kAllOperations;
            }
            continue;
        }
        response.groups.push_back(described(found->second));
        if (request.include_authorized_operations) {
            response.groups.back().authorized_operations = kAllOperations;
        }
    }
    return response;
}

protocol::ListGroupsResponse GroupCoordinator::list(const protocol::ListGroupsRequest& request) const {
    protocol::ListGroupsResponse response;
    if (!passes(request.types_filter, kClassicType)) {
        return response;
    }
    for (const auto& [id, group] : groups_) {
        if (passes(request.states_filter, to_string(group.state()))) {
            response.groups.push_back(
                {id, group.protocol_type().value_or(""), std::string(to_string(group.state())), std::string(kClassicType)});
        }
    }
    return response;
}

void GroupCoordinator::delete_groups(const protocol::DeleteGroupsRequest& request,
                                     Answer<protocol::DeleteGroupsResponse> answer) {
    protocol::DeleteGroupsResponse response;
    std::set<std::string_view> seen;
    for (const std::string& id : request.groups_names) {
        if (seen.insert(id).second) {
            response.results.push_back({id, delete_group(id)});
        }
    }
    journal_.when_durable([response = std::move(response), answer = std::move(answer)](const Result<void>& result) mutable {
        for (auto& each : response.results) {
            if (!result && each.error_code == ErrorCode::none) {
                each.error_code = ErrorCode::not_coordinator;
            }
        }
        answer(std::move(response));
    });
}

ErrorCode GroupCoordinator::delete_group(const std::string& group_id) {
    Group* group = find(group_id);
    if (group == nullptr) {
        return ErrorCode::group_id_not_found;
    }
    if (!group->is_in(GroupState::empty)) {
        return ErrorCode::non_empty_group;
    }
    std::vector<std::pair<std::string, std::int32_t>> removed;
    if (const GroupOffsets* offsets = offsets_.find(group_id); offsets != nullptr) {
        for (const auto& [topic, partitions] : *offsets) {
            for (const auto& [partition, offset] : partitions) {
                removed.emplace_back(topic, partition);
            }
        }
    }
    offsets_.each_pending(group_id, [&](const std::string& topic, std::int32_t partition) {
        if (offsets_.find(group_id, topic, partition) == nullptr) {
            removed.emplace_back(topic, partition);
        }
    });
    remove_offsets(group_id, std::move(removed));
    auto tombstone = group_tombstone(group_id);
    if (!tombstone) {
        return error_of_append(tombstone.error());
    }
    OffsetsBatch batch;
    batch.records.push_back(*std::move(tombstone));
    // Shared, since the log may tell of its failure long after this has returned.
    const auto error = std::make_shared<ErrorCode>(ErrorCode::none);
    journal_.append(
        group_id, std::move(batch), [&](std::int64_t) { erase(*group); },
        [error](const Result<void>& result) {
            if (!result) {
                *error = error_of_append(result.error());
            }
        });
    return *error;
}

void GroupCoordinator::remove_offsets(std::string_view group_id,
                                      std::vector<std::pair<std::string, std::int32_t>> offsets) {
    for (std::size_t from = 0; from < offsets.size(); from += kMaxTombstones) {
        const std::size_t to = std::min(offsets.size(), from + kMaxTombstones);
        OffsetsBatch batch;
        for (std::size_t i = from; i < to; ++i) {
            if (auto record = offset_tombstone(group_id, offsets[i].first, offsets[i].second)) {
                batch.records.push_back(*std::move(record));
            }
        }
        journal_.append(
            group_id, std::move(batch),
            [&](std::int64_t) {
                for (std::size_t i = from; i < to; ++i) {
                    offsets_.remove(group_id, offsets[i].first, offsets[i].second);
                }
            },
            [](const Result<void>&) {});
    }
}

void GroupCoordinator::clean_up() {
    cleanup_timer_ = timers_->at(timers_->now() + settings_.cleanup_interval_ms, [this] { clean_up(); });
    std::vector<std::string> unused;
    for (auto& [id, group] : groups_) {
        expire_offsets(group);
        if (group.is_in(GroupState::empty) && group.pending_joins.empty() && offsets_.find(id) == nullptr &&
            !offsets_.has_pending(id)) {
            unused.push_back(id);
        }
    }
    for (const std::string& id : unused) {
        // What cannot be written now is tried again the next time.
        static_cast<void>(delete_group(id));
    }
}

void GroupCoordinator::expire_offsets(Group& group) {
    const GroupOffsets* offsets = offsets_.find(group.id());
    // While a group that is not of consumers has members, nobody knows what they read.
    const bool is_empty = group.is_in(GroupState::empty);
    const bool is_watched = is_empty || !group.protocol_type() ||
                            (group.is_of_consumers() && group.is_in(GroupState::stable) && group.subscribed_topics());
    if (offsets == nullptr || !is_watched) {
        return;
    }
    const TimestampMs now = clock_->now();
    std::vector<std::pair<std::string, std::int32_t>> expired;
    for (const auto& [topic, partitions] : *offsets) {
        if (group.is_subscribed_to(topic) && !is_empty) {
            continue;
        }
        for (const auto& [partition, offset] : partitions) {
            bool is_expired = offset.expire_timestamp != -1 && now >= offset.expire_timestamp;
            if (offset.expire_timestamp == -1 && settings_.offset_retention_ms) {
                // Offsets of a group that had members are kept for this long after the last one left.
                const bool had_members = is_empty && group.protocol_type() && group.state_since() != -1;
                const TimestampMs since = had_members ? group.state_since() : offset.commit_timestamp;
                is_expired = now - since >= *settings_.offset_retention_ms;
            }
            if (is_expired && !offsets_.is_pending(group.id(), topic, partition)) {
                expired.emplace_back(topic, partition);
            }
        }
    }
    remove_offsets(group.id(), std::move(expired));
}

}  // namespace kseg::broker
