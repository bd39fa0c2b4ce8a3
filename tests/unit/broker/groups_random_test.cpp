// SPDX-License-Identifier: Apache-2.0
// Clients that join, sync, leave, die and come back at random, on a log that syncs when it likes. They keep books of their
// own: of a generation there is one leader and one protocol, its members get what that leader assigned them, and every
// request has exactly one answer.
#include <doctest/doctest.h>

#include <array>
#include <deque>
#include <map>
#include <random>
#include <set>

#include "support/group_world.hpp"

namespace protocol = kseg::protocol;
using kseg::protocol::ErrorCode;
using kseg::test::blob;
using kseg::test::GroupWorld;
using kseg::test::Inbox;
using kseg::test::text_of;

namespace {

enum class Phase { idle, joining, joined, syncing, stable, fenced };

struct Client {
    std::string instance{};  ///< empty: dynamic
    std::string id{};
    std::int32_t generation = -1;
    Phase phase = Phase::idle;
    bool leads = false;
    std::string protocol{};
    std::vector<protocol::JoinGroupResponse::JoinGroupResponseMember> list{};
    Inbox<protocol::JoinGroupResponse> join{};
    Inbox<protocol::SyncGroupResponse> sync{};
};

/// What a generation must be to all of its members.
struct Generation {
    std::string leader;
    std::string protocol;
};

class Players {
  public:
    explicit Players(std::uint64_t seed) : random_(seed) {
        world_.log.is_synchronous = below(2) == 0;
        for (std::size_t i = 0; i < clients_.size(); ++i) {
            if (i % 3 == 2) {
                clients_[i].instance = "instance" + std::to_string(i);
            }
        }
    }

    void play(int steps) {
        for (int i = 0; i < steps; ++i) {
            step(clients_[below(clients_.size())]);
            for (Client& client : clients_) {
                hear(client);
            }
            check_group();
        }
    }

    /// Nobody does anything any more: all have to be answered, and the group has to end.
    void finish() {
        world_.log.is_synchronous = true;
        world_.log.sync_all();
        world_.timers.advance(7'200'000);
        for (const auto& inbox : joins_) {
            REQUIRE(inbox.count() == 1);
        }
        for (const auto& inbox : syncs_) {
            REQUIRE(inbox.count() == 1);
        }
        // Looked for every ten minutes, a group without members and offsets is gone; one with offsets is empty.
        REQUIRE((world_.group() == nullptr || world_.state() == "Empty"));
    }

    [[nodiscard]] std::size_t generations() const { return generations_.size(); }
    [[nodiscard]] int assigned() const { return assigned_; }

  private:
    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

    void step(Client& client) {
        switch (below(20)) {
            case 0: world_.timers.advance(static_cast<std::int64_t>(below(9'000))); return;
            case 1: die(client); return;
            case 2: restart_if_quiet(); return;
            case 3:
                if (client.phase == Phase::stable || client.phase == Phase::joined) {
                    leave(client);
                }
                return;
            case 4: send_again(client); return;
            default: break;
        }
        if (below(3) == 0 && !world_.log.waiting.empty()) {
            world_.log.sync_one();
        }
        world_.timers.advance(static_cast<std::int64_t>(below(50)));
        switch (client.phase) {
            case Phase::idle: join(client); break;
            case Phase::joined: sync(client); break;
            case Phase::stable: live(client); break;
            case Phase::joining:
            case Phase::syncing:
            case Phase::fenced: break;
        }
    }

    void join(Client& client) {
        auto request = GroupWorld::join_request(client.id, below(2) == 0 ? std::vector<std::string>{"range", "sticky"}
                                                                         : std::vector<std::string>{"sticky", "range"});
        if (below(4) == 0) {
            request.protocols[0].metadata = blob("changed" + std::to_string(below(3)));
        }
        if (!client.instance.empty()) {
            request.group_instance_id = client.instance;
        }
        const std::array<protocol::Version, 4> versions{2, 5, 8, 9};
        const protocol::Version version = versions[client.instance.empty() ? below(4) : 1 + below(3)];
        client.join = world_.join(std::move(request), version);
        joins_.push_back(client.join);
        client.phase = Phase::joining;
    }

    void sync(Client& client) {
        std::vector<std::pair<std::string, std::string>> assignments;
        for (const auto& member : client.list) {
            const std::string label = member.group_instance_id.value_or(member.member_id);
            assignments.emplace_back(member.member_id, std::to_string(client.generation) + "/" + label);
        }
        client.sync = sync_request(client, assignments);
        syncs_.push_back(client.sync);
        client.phase = Phase::syncing;
    }

    Inbox<protocol::SyncGroupResponse> sync_request(const Client& client,
                                                    const std::vector<std::pair<std::string, std::string>>& assignments) {
        protocol::SyncGroupRequest request;
        request.group_id = "g";
        request.member_id = client.id;
        request.generation_id = client.generation;
        if (!client.instance.empty()) {
            request.group_instance_id = client.instance;
        }
        for (const auto& [id, assignment] : assignments) {
            request.assignments.push_back({id, blob(assignment)});
        }
        Inbox<protocol::SyncGroupResponse> inbox;
        world_.groups->sync({3, "client", "/127.0.0.1"}, std::move(request), inbox.answer());
        return inbox;
    }

    void live(Client& client) {
        if (below(8) == 0) {
            world_.commit(static_cast<std::int64_t>(below(1'000)), client.generation, client.id);
        }
        if (below(12) == 0) {
            client.phase = Phase::idle;  // its subscription may have changed
            return;
        }
        switch (world_.heartbeat(client.id, client.generation, instance_of(client))) {
            case ErrorCode::none: REQUIRE(client.generation == latest_); break;
            case ErrorCode::rebalance_in_progress:
            case ErrorCode::illegal_generation: client.phase = Phase::idle; break;
            case ErrorCode::unknown_member_id:
                client.id.clear();
                client.phase = Phase::idle;
                break;
            case ErrorCode::fenced_instance_id: client.phase = Phase::fenced; break;
            default: REQUIRE_MESSAGE(false, "no answer to a heartbeat");
        }
    }

    static std::optional<std::string> instance_of(const Client& client) {
        return client.instance.empty() ? std::nullopt : std::optional(client.instance);
    }

    void leave(Client& client) {
        protocol::LeaveGroupRequest request;
        request.group_id = "g";
        request.members.push_back({client.id, instance_of(client), std::nullopt});
        Inbox<protocol::LeaveGroupResponse> inbox;
        world_.groups->leave(request, inbox.answer());
        client.id.clear();
        client.phase = Phase::idle;
    }

    /// The process ends without a word, and another one takes its place.
    void die(Client& client) {
        client.id.clear();
        client.join = {};
        client.sync = {};
        client.phase = Phase::idle;
    }

    /// The connection was lost, and the request is sent over another one.
    void send_again(Client& client) {
        if (client.phase == Phase::joining && !client.id.empty()) {
            join(client);
        } else if (client.phase == Phase::syncing) {
            sync(client);
        }
    }

    void hear(Client& client) {
        if (client.phase == Phase::joining && client.join.count() > 0) {
            hear_join(client, *client.join);
        } else if (client.phase == Phase::syncing && client.sync.count() > 0) {
            hear_sync(client, *client.sync);
        }
    }

    void hear_join(Client& client, const protocol::JoinGroupResponse& answer) {
        client.phase = Phase::idle;
        switch (answer.error_code) {
            case ErrorCode::none: break;
            case ErrorCode::member_id_required:
                REQUIRE(ids_.insert(answer.member_id).second);
                client.id = answer.member_id;
                return;
            case ErrorCode::unknown_member_id: client.id.clear(); return;
            case ErrorCode::fenced_instance_id: client.phase = Phase::fenced; return;
            case ErrorCode::rebalance_in_progress: return;
            default: REQUIRE_MESSAGE(false, to_string(answer.error_code));
        }
        if (client.id != answer.member_id) {
            REQUIRE(client.id.empty());
            REQUIRE(ids_.insert(answer.member_id).second);
        }
        client.id = answer.member_id;
        client.generation = answer.generation_id;
        client.list = answer.skip_assignment ? decltype(answer.members){} : answer.members;
        labels_[client.id] = client.instance.empty() ? client.id : client.instance;
        for (const auto& member : answer.members) {
            labels_[member.member_id] = member.group_instance_id.value_or(member.member_id);
        }
        REQUIRE(answer.generation_id >= latest_);
        latest_ = answer.generation_id;
        const Generation said{labels_.contains(answer.leader) ? labels_[answer.leader] : answer.leader,
                              answer.protocol_name.value_or("")};
        const auto [known, is_first] = generations_.emplace(answer.generation_id, said);
        if (!is_first) {
            REQUIRE(known->second.protocol == said.protocol);
            // The leader's name may not be known yet where it is an instance's.
            const bool is_same = known->second.leader == said.leader || labels_[known->second.leader] == said.leader;
            REQUIRE(is_same);
        }
        // Only who leads learns who the members are.
        if (!answer.members.empty()) {
            REQUIRE(answer.leader == answer.member_id);
        }
        client.phase = Phase::joined;
    }

    void hear_sync(Client& client, const protocol::SyncGroupResponse& answer) {
        client.phase = Phase::idle;
        switch (answer.error_code) {
            case ErrorCode::none: {
                client.phase = Phase::stable;
                const std::string label = client.instance.empty() ? client.id : client.instance;
                REQUIRE(text_of(answer.assignment) == std::to_string(client.generation) + "/" + label);
                ++assigned_;
                return;
            }
            case ErrorCode::rebalance_in_progress:
            case ErrorCode::illegal_generation: return;
            case ErrorCode::unknown_member_id: client.id.clear(); return;
            case ErrorCode::fenced_instance_id: client.phase = Phase::fenced; return;
            default: REQUIRE_MESSAGE(false, to_string(answer.error_code));
        }
    }

    void check_group() {
        const kseg::broker::Group* group = world_.group();
        if (group == nullptr) {
            latest_ = 0;
            generations_.clear();
            return;
        }
        REQUIRE((group->is_in(kseg::broker::GroupState::empty) == group->members().empty() ||
                 group->is_in(kseg::broker::GroupState::preparing_rebalance)));
        std::size_t waiting = 0;
        std::set<std::string> instances;
        for (const auto& [id, member] : group->members()) {
            REQUIRE(member.id == id);
            REQUIRE_FALSE((member.awaits_join() && member.awaits_sync()));
            waiting += member.awaits_join() ? 1U : 0U;
            if (member.instance_id) {
                REQUIRE(instances.insert(*member.instance_id).second);
            }
        }
        REQUIRE(waiting == group->waiting_joins());
        REQUIRE(group->leader().has_value() == !group->members().empty());
        if (group->leader()) {
            REQUIRE(group->members().contains(*group->leader()));
        }
    }

    /// Where nobody waits and all is durable, a restart changes nothing.
    void restart_if_quiet() {
        const kseg::broker::Group* before = world_.group();
        if (before == nullptr || !before->is_in(kseg::broker::GroupState::stable) || !world_.log.waiting.empty() ||
            before->waiting_joins() != 0) {
            return;
        }
        const std::int32_t generation = before->generation();
        const auto leader = before->leader();
        const auto protocol_name = before->protocol_name();
        const auto members = before->members();
        const kseg::broker::OffsetStore offsets = world_.groups->offsets();
        world_.start();
        REQUIRE(world_.loaded);
        const kseg::broker::Group* after = world_.group();
        REQUIRE(after != nullptr);
        REQUIRE(after->is_in(kseg::broker::GroupState::stable));
        REQUIRE(after->generation() == generation);
        REQUIRE(after->leader() == leader);
        REQUIRE(after->protocol_name() == protocol_name);
        REQUIRE(after->members().size() == members.size());
        for (const auto& [id, member] : members) {
            const kseg::broker::Member& loaded = after->members().at(id);
            REQUIRE(loaded.instance_id == member.instance_id);
            REQUIRE(loaded.assignment == member.assignment);
            REQUIRE(loaded.session_timeout_ms == member.session_timeout_ms);
            REQUIRE(loaded.metadata(*protocol_name) == member.metadata(*protocol_name));
        }
        REQUIRE(world_.groups->offsets().all() == offsets.all());
        ++restarts;
    }

    std::mt19937_64 random_;
    GroupWorld world_;
    std::array<Client, 7> clients_;
    std::deque<Inbox<protocol::JoinGroupResponse>> joins_;
    std::deque<Inbox<protocol::SyncGroupResponse>> syncs_;
    std::set<std::string> ids_;
    std::map<std::string, std::string> labels_;
    std::map<std::int32_t, Generation> generations_;
    std::int32_t latest_ = 0;
    int assigned_ = 0;

  public:
    int restarts = 0;
};

}  // namespace

TEST_CASE("clients at random: one leader a generation, its assignments, one answer to every request") {
    int assigned = 0;
    int restarts = 0;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        Players players(seed);
        players.play(600);
        players.finish();
        assigned += players.assigned();
        restarts += players.restarts;
    }
    // The game is played in earnest.
    CHECK(assigned > 3'000);
    CHECK(restarts > 100);
}
