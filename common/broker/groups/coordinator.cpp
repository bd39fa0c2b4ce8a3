// SPDX-License-Identifier: Apache-2.0
#include "broker/groups/coordinator.hpp"

#include <utility>

namespace kseg::broker {

/// Puts into the coordinator what the log holds.
class GroupCoordinator::Loader final : public OffsetsLog::Visitor, private OffsetsRecordReader {
  public:
    explicit Loader(GroupCoordinator& to) : to_(&to) {}

    void on_record(std::int64_t offset, std::int64_t producer_id, Bytes key, NullableBytes value) override {
        offset_ = offset;
        producer_id_ = producer_id;
        if (!read(key, value)) {
            ++to_->unreadable_records_;
        }
    }
    void on_transaction_end(std::int64_t producer_id, bool is_commit) override {
        to_->offsets_.end_transaction(producer_id, is_commit);
    }

  private:
    void on_offset(const protocol::OffsetCommitKey& key, CommittedOffset offset) override {
        if (to_->find(key.group) == nullptr) {
            to_->create(key.group);
        }
        offset.record_offset = offset_;
        if (producer_id_ >= 0) {
            to_->offsets_.put_pending(producer_id_, key.group, key.topic, key.partition, std::move(offset));
        } else {
            to_->offsets_.put(key.group, key.topic, key.partition, std::move(offset));
        }
    }
    void on_offset_tombstone(const protocol::OffsetCommitKey& key) override {
        to_->offsets_.remove(key.group, key.topic, key.partition);
    }
    void on_group(const std::string& group, const protocol::GroupMetadataValue& value) override {
        on_group_tombstone(group);
        to_->groups_.emplace(group, Group(group, ++to_->last_incarnation_, to_->member_bytes_, value));
    }
    void on_group_tombstone(const std::string& group) override { to_->groups_.erase(group); }

    GroupCoordinator* to_;
    std::int64_t offset_ = 0;
    std::int64_t producer_id_ = -1;
};

GroupCoordinator::GroupCoordinator(Timers& timers, const Clock& clock, OffsetsLog& log,
                                   std::function<protocol::Uuid()> make_uuid, GroupSettings settings)
    : timers_(&timers),
      clock_(&clock),
      log_(&log),
      journal_(log),
      make_uuid_(std::move(make_uuid)),
      settings_(settings),
      cleanup_timer_(timers.at(timers.now() + settings.cleanup_interval_ms, [this] { clean_up(); })) {}

GroupCoordinator::~GroupCoordinator() {
    timers_->cancel(cleanup_timer_);
    while (!groups_.empty()) {
        erase(groups_.begin()->second);
    }
}

Result<void> GroupCoordinator::load() {
    Loader loader(*this);
    if (auto done = log_->replay(loader); !done) {
        return done;
    }
    for (auto& [id, group] : groups_) {
        for (auto& [member_id, member] : group.members()) {
            extend_session(group, member);
        }
        if (group.members().size() > settings_.max_members) {
            prepare_rebalance(group);
        }
    }
    return {};
}

Group* GroupCoordinator::find(std::string_view group_id) {
    const auto found = groups_.find(group_id);
    return found == groups_.end() ? nullptr : &found->second;
}

Group* GroupCoordinator::find(const GroupKey& key) {
    Group* group = find(key.id);
    return group != nullptr && group->incarnation() == key.incarnation ? group : nullptr;
}

Group& GroupCoordinator::create(std::string_view group_id) {
    const std::string id(group_id);
    return groups_.insert_or_assign(id, Group(id, ++last_incarnation_, member_bytes_)).first->second;
}

void GroupCoordinator::erase(Group& group) {
    timers_->cancel(group.join_timer);
    timers_->cancel(group.sync_timer);
    pending_joins_ -= group.pending_joins.size();
    for (const auto& [id, timer] : group.pending_joins) {
        timers_->cancel(timer);
    }
    for (const auto& [id, member] : group.members()) {
        timers_->cancel(member.session_timer);
    }
    groups_.erase(std::string(group.id()));
}

}  // namespace kseg::broker
