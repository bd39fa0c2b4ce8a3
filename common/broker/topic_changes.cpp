// SPDX-License-Identifier: Apache-2.0
// How topics come into being and grow, beside the loop, and what must not happen to them meanwhile.
#include <fmt/format.h>

#include <algorithm>

#include "broker/topics.hpp"

namespace kseg::broker {
namespace {

/// A name as Kafka's metrics have it.
std::string plain(std::string_view name) {
    std::string same(name);
    std::ranges::replace(same, '.', '_');
    return same;
}

}  // namespace

std::optional<std::string> Topics::colliding(const std::string& name) const {
    const auto alike = alike_.find(plain(name));
    if (alike == alike_.end()) {
        return std::nullopt;
    }
    const auto other = std::ranges::find_if(alike->second, [&](const std::string& each) { return each != name; });
    return other == alike->second.end() ? std::nullopt : std::optional(*other);
}

void Topics::note_name(const std::string& name) {
    alike_[plain(name)].insert(name);
}

void Topics::forget_name(const std::string& name) {
    const auto alike = alike_.find(plain(name));
    if (alike != alike_.end() && alike->second.erase(name) != 0 && alike->second.empty()) {
        alike_.erase(alike);
    }
}

Result<void> Topics::check_new(const std::string& name) const {
    if (is_read_only()) {
        return Error{.code = Errc::unsupported, .what = "is served read-only", .file = around_.directory};
    }
    if (is_changing(name)) {
        return Error{.code = Errc::cancelled, .what = fmt::format("Topic '{}' is being made.", name)};
    }
    if (topics_.contains(name)) {
        return Error{.code = Errc::exists, .what = fmt::format("Topic '{}' already exists.", name)};
    }
    return {};
}

TopicOrder Topics::new_topic(const std::string& name, std::int32_t count, const ConfigValues& configs) {
    note_name(name);
    return {.topic = name,
            .id = random_uuid(around_.random),
            .configs = configs,
            .segments = settings_of(configs, around_.defaults).segments,
            .count = count};
}

/// Takes what was made among the topics.
Topic* Topics::take(const TopicOrder& order, MadePartitions made) {
    auto& topic = topics_[order.topic];
    if (topic == nullptr) {
        topic = std::make_unique<Topic>(Topic{.name = order.topic, .id = order.id, .configs = order.configs});
        topic->settings = settings_of(order.configs, around_.defaults);
        by_id_[order.id] = topic.get();
    }
    for (MadePartition& each : made) {
        const segment::PartitionName& name = each.partition->name();
        around_.wal->adopt(name, std::move(each.log));
        each.partition->learn_archives(std::nullopt);  // it is new
        topic->partitions[name.partition] = std::move(each.partition);
    }
    return topic.get();
}

/// Ends what changing_ says of a topic. Those who waited come after whoever changed it.
void Topics::settle(const std::string& name) {
    const auto done = changing_.extract(name);
    for (const auto& then : done.mapped()) {
        around_.loop.post(then);
    }
}

void Topics::create(const std::string& name, std::int32_t count, const ConfigValues& configs, OnCreated then) {
    if (auto checked = check_new(name); !checked) {
        around_.loop.post([then = std::move(then), error = checked.error()] { then(error); });
        return;
    }
    changing_[name];
    TopicOrder order = new_topic(name, count, configs);
    maker_.make(order, [this, order, then = std::move(then)](Result<MadePartitions> made) {
        settle(order.topic);
        if (made) {
            then(take(order, *std::move(made)));
        } else {
            forget_name(order.topic);
            then(made.error());
        }
    });
}

Result<Topic*> Topics::create_now(const std::string& name, std::int32_t count, const ConfigValues& configs) {
    if (auto checked = check_new(name); !checked) {
        return checked.error();
    }
    const TopicOrder order = new_topic(name, count, configs);
    auto made = maker_.make_now(order);
    if (!made) {
        forget_name(name);
        return made.error();
    }
    return take(order, *std::move(made));
}

void Topics::add_partitions(Topic& topic, std::int32_t count, std::function<void(const Result<void>&)> then) {
    changing_[topic.name];
    TopicOrder order{.what = TopicOrder::What::add_partitions,
                     .topic = topic.name,
                     .id = topic.id,
                     .configs = topic.configs,
                     .segments = topic.settings.segments,
                     .first = topic.partitions.empty() ? 0 : topic.partitions.rbegin()->first + 1,
                     .count = count};
    maker_.make(order, [this, order, then = std::move(then)](Result<MadePartitions> made) {
        settle(order.topic);
        const Result<void> outcome = made ? Result<void>() : made.error();
        if (outcome) {
            take(order, *std::move(made));
        }
        then(outcome);
    });
}

void Topics::set_configs(const Topic& topic, const ConfigValues& configs, std::function<void(const Result<void>&)> then) {
    changing_[topic.name];
    TopicOrder order{.what = TopicOrder::What::set_configs, .topic = topic.name, .configs = configs};
    maker_.make(order, [this, order, then = std::move(then)](const Result<MadePartitions>& made) {
        settle(order.topic);
        if (made) {
            Topic& changed = *find(order.topic);
            changed.configs = order.configs;
            changed.settings = settings_of(order.configs, around_.defaults);
            for (const auto& [number, partition] : changed.partitions) {
                around_.wal->set_limits(partition->name(), changed.settings.segments);
            }
        }
        then(made ? Result<void>() : made.error());
    });
}

}  // namespace kseg::broker
