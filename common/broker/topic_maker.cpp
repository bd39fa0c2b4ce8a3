// SPDX-License-Identifier: Apache-2.0
#include "broker/topic_maker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "broker/data_dir.hpp"

namespace kseg::broker {
namespace {

// So that whoever wants one partition does not wait for all that others want.
constexpr std::int32_t kMostAtOnce = 2000;

struct Work {
    TopicOrder order;
    TopicMaker::OnMade then{};
    Result<void> outcome{};
    MadePartitions made{};
    bool has_remains = false;  // an attempt before this one could not be undone
    bool is_undone = false;

    /// Whether it cannot be there in part: then nothing has to be announced of it.
    [[nodiscard]] bool is_one_name() const {
        return order.what == TopicOrder::What::set_configs ||
               (order.what == TopicOrder::What::create && order.count == 1 && order.configs.empty());
    }
};
using Works = std::vector<Work>;

/// What making takes, on whichever thread.
struct Place {
    TopicMaker::Surroundings around;
    std::atomic<bool> stopped{false};

    [[nodiscard]] std::string directory_of(const TopicOrder& order, std::int32_t number) const {
        return fmt::format("{}/{}-{}", around.directory, order.topic, number);
    }
    Result<void> make_one(Work& work, std::int32_t number) const;
    Result<void> make_files(Work& work) const;
    void undo(Work& work) const;
    Result<void> announce(Works& works) const;
    Result<void> confirm(const Works& works) const;
    void make_all(Works& works) const;
};

Result<void> Place::make_one(Work& work, std::int32_t number) const {
    const TopicOrder& order = work.order;
    const std::string directory = directory_of(order, number);
    const auto there = around.fs.info(directory);
    if (!there || (there->has_value() && !work.has_remains)) {
        // Somebody else's, which no undoing may take.
        return there ? Error{.code = Errc::exists, .what = "is there already", .file = directory} : there.error();
    }
    MadePartition& made = work.made.emplace_back();
    if (auto removed = io::remove_with_files(around.fs, directory); !removed) {
        return removed;
    }
    segment::PartitionName name{.topic = order.topic, .partition = number};
    auto log = around.wal->make(name, order.segments);
    if (!log) {
        return log.error();
    }
    made.log = *std::move(log);
    if (auto put = put_topic_id(around.fs, directory, order.id); !put) {
        return put;
    }
    auto partition = Partition::open(around.partition_around(order.topic), std::move(name), directory, made.log.get(), 0);
    if (!partition) {
        return partition.error();
    }
    made.partition = *std::move(partition);
    return {};
}

Result<void> Place::make_files(Work& work) const {
    work.made.reserve(static_cast<std::size_t>(work.order.count));
    for (std::int32_t i = 0; i < work.order.count; ++i) {
        if (stopped) {
            return Error{.code = Errc::cancelled, .what = "the broker ends", .file = work.order.topic};
        }
        if (auto made = make_one(work, work.order.first + i); !made) {
            return made;
        }
    }
    return {};
}

/// Takes away what was made of it.
void Place::undo(Work& work) const {
    const auto count = static_cast<std::int32_t>(work.made.size());
    work.made.clear();
    work.is_undone = true;
    for (std::int32_t i = 0; i < count; ++i) {
        work.is_undone = io::remove_with_files(around.fs, directory_of(work.order, work.order.first + i)) && work.is_undone;
    }
}

/// Makes it known, durably, that there may be something of them.
Result<void> Place::announce(Works& works) const {
    return around.registry.change([&](Registry& registry) {
        for (Work& work : works) {
            if (work.order.what == TopicOrder::What::set_configs) {
                continue;
            }
            TopicEntry& entry = registry.topics[work.order.topic];
            work.has_remains = entry.making_from.has_value();
            entry.id = work.order.id;
            entry.making_from = work.order.first;
            if (work.order.what == TopicOrder::What::create) {
                entry.configs = work.order.configs;
            }
        }
    });
}

/// Makes it known, durably, that they are there, or that nothing of them is.
Result<void> Place::confirm(const Works& works) const {
    return around.registry.change([&](Registry& registry) {
        for (const Work& work : works) {
            const bool is_new = work.order.what == TopicOrder::What::create;
            if (work.order.what == TopicOrder::What::set_configs) {
                registry.topics[work.order.topic].configs = work.order.configs;
            } else if (work.outcome && is_new) {
                registry.topics[work.order.topic] = {.configs = work.order.configs, .id = work.order.id};
            } else if (work.is_undone && is_new) {
                registry.topics.erase(work.order.topic);
            } else if (work.outcome || work.is_undone) {
                registry.topics[work.order.topic].making_from.reset();
            }
        }
    });
}

void Place::make_all(Works& works) const {
    const auto fail_all = [&](const Error& error) {
        for (Work& work : works) {
            if (work.outcome) {
                work.outcome = error;
                undo(work);
            }
        }
    };
    // The sync that ends the change of the registry makes the names of new directories durable too. Where it takes several
    // to make a topic, or settings, what is there of it has to be known before, or it could be taken for the whole.
    const bool announced = !std::ranges::all_of(works, &Work::is_one_name);
    if (const auto done = announced ? announce(works) : Result<void>(); !done) {
        fail_all(done.error());
        return;
    }
    for (Work& work : works) {
        work.outcome = make_files(work);
        if (!work.outcome) {
            undo(work);
        }
    }
    // One for all, and for what was undone: no name of it may come back once nothing tells that it has to go.
    if (const auto synced = announced ? around.fs.sync_directory(around.directory) : Result<void>(); !synced) {
        fail_all(synced.error());
    } else if (stopped) {
        fail_all(Error{.code = Errc::cancelled, .what = "the broker ends"});
    } else if (const auto confirmed = confirm(works); !confirmed) {
        fail_all(confirmed.error());
    }
}

}  // namespace

/// Outlives the maker where a job or a task of the loop still has it, but holds nothing then.
struct TopicMaker::State : std::enable_shared_from_this<TopicMaker::State> {
    explicit State(Surroundings around) : place{.around = std::move(around)} {}

    /// Whether there is something to be done, and is not too late.
    bool begin() {
        const std::lock_guard lock(mutex);
        running = !place.stopped;
        return running;
    }
    void end() {
        {
            const std::lock_guard lock(mutex);
            running = false;
        }
        ended.notify_all();
    }
    void start();
    void deliver();

    Place place;
    std::mutex mutex;
    std::condition_variable ended;
    bool running = false;  // guarded by mutex: a job is at work on `current`, which nobody else touches then
    Works current;
    // Of the loop's thread.
    std::deque<Work> queue;
    bool is_busy = false;
};

TopicMaker::TopicMaker(Surroundings around) : state_(std::make_shared<State>(std::move(around))) {}

void TopicMaker::make(TopicOrder order, OnMade then) {
    state_->queue.push_back({.order = std::move(order), .then = std::move(then)});
    if (!std::exchange(state_->is_busy, true)) {
        // With what else comes in this turn.
        state_->place.around.loop.post([weak = std::weak_ptr(state_)] {
            if (const auto state = weak.lock()) {
                state->start();
            }
        });
    }
}

void TopicMaker::State::start() {
    for (std::int32_t sum = 0; !queue.empty() && sum < kMostAtOnce; queue.pop_front()) {
        sum += queue.front().order.count;
        current.push_back(std::move(queue.front()));
    }
    if (current.empty()) {
        is_busy = false;
        return;
    }
    place.around.workers.run([weak = weak_from_this()]() -> Loop::Task {
        if (const auto state = weak.lock(); state && state->begin()) {
            state->place.make_all(state->current);
            state->end();
        }
        return [weak] {
            if (const auto state = weak.lock()) {
                state->deliver();
            }
        };
    });
}

void TopicMaker::State::deliver() {
    Works done = std::exchange(current, {});
    // The next ones are made while these are told.
    start();
    for (Work& work : done) {
        const OnMade then = std::move(work.then);
        if (work.outcome) {
            then(std::move(work.made));
        } else {
            then(work.outcome.error());
        }
    }
}

Result<MadePartitions> TopicMaker::make_now(TopicOrder order) {
    Works works(1);
    works.front().order = std::move(order);
    state_->place.make_all(works);
    Work& work = works.front();
    return work.outcome ? Result<MadePartitions>(std::move(work.made)) : work.outcome.error();
}

void TopicMaker::stop() {
    std::unique_lock lock(state_->mutex);
    state_->place.stopped = true;
    state_->ended.wait(lock, [this] { return !state_->running; });
    // The logs have to go before the Wal does, and whoever was to be told holds requests.
    state_->current.clear();
    state_->queue.clear();
}

Result<void> TopicMaker::remove_remains(io::Fs& fs, const std::string& directory, RegistryFile& registry) {
    const Registry known = registry.now();
    if (std::ranges::none_of(known.topics, [](const auto& topic) { return topic.second.making_from.has_value(); })) {
        return {};
    }
    const auto names = fs.list(directory);
    if (!names) {
        return names.error();
    }
    for (const std::string& each : *names) {
        const auto name = segment::is_set_aside(each) ? std::nullopt : segment::parse_partition_name(each);
        const auto topic = name ? known.topics.find(name->topic) : known.topics.end();
        if (topic != known.topics.end() && topic->second.making_from && name->partition >= *topic->second.making_from) {
            if (auto removed = io::remove_with_files(fs, directory + "/" + each); !removed) {
                return removed;
            }
        }
    }
    if (auto synced = fs.sync_directory(directory); !synced) {
        return synced;
    }
    return registry.change([](Registry& changed) {
        for (auto& [name, entry] : changed.topics) {
            entry.making_from = entry.making_from == 0 ? entry.making_from : std::nullopt;
        }
        std::erase_if(changed.topics, [](const auto& topic) { return topic.second.making_from.has_value(); });
    });
}

}  // namespace kseg::broker
