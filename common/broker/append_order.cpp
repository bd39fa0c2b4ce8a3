// SPDX-License-Identifier: Apache-2.0
#include "broker/append_order.hpp"

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <utility>

#include "kafka/record/batch.hpp"
#include "wal/batch_check.hpp"

namespace kseg::broker {
namespace {

// A thread that is woken costs some hundred microseconds, of two processors, and so much takes less to be decompressed.
constexpr std::size_t kMostPlainBytes = std::size_t{256} << 10;
constexpr std::size_t kMostPackedBytes = std::size_t{64} << 10;
// Of batches under way beside the loop; what comes beyond is checked on it, so that whoever sends it waits.
constexpr std::size_t kMostBeside = std::size_t{64} << 20;

struct Item {
    std::span<std::byte> batch{};
    bool needs_keys = false;
    std::shared_ptr<const void> owner{};
    AppendOrder::Checked then{};
    bool is_checked = false;
    Result<void> outcome{};
};

Result<void> check_with(const Item& item, record::RecordReader& reader) {
    const auto checked = wal::check_batch(item.batch, reader, item.needs_keys);
    return checked ? Result<void>() : checked.error();
}

bool is_compressed(std::span<std::byte> batch) {
    const auto view = record::BatchView::parse(batch, {});
    return view && view->header().codec_id() != 0;
}

}  // namespace

struct AppendOrder::State : std::enable_shared_from_this<AppendOrder::State> {
    State(Workers& with, std::size_t most) : workers(with), max_batch_bytes(most) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    /// A job that is under way keeps its bytes, but nothing of the broker.
    ~State() {
        for (auto& [partition, queue] : queues) {
            for (const auto& item : queue.items) {
                item->then = nullptr;
            }
        }
    }

    struct Queue {
        std::shared_ptr<Partition> partition{};  // held, so that its address is nobody else's
        std::deque<std::shared_ptr<Item>> items{};
    };

    /// Whether it was done on the loop.
    bool check_here(Item& item) {
        if (!is_compressed(item.batch)) {
            item.outcome = check_with(item, small);
            return true;
        }
        if (item.batch.size() <= kMostPackedBytes) {
            item.outcome = check_with(item, small);
            // What is wrong may be the limit.
            if (item.outcome || small.problem() != record::Problem::bad_codec) {
                return true;
            }
        }
        if (beside_bytes + item.batch.size() > kMostBeside) {
            record::RecordReader large(max_batch_bytes);
            item.outcome = check_with(item, large);
            return true;
        }
        return false;
    }

    void check_beside(const Partition* partition, const std::shared_ptr<Item>& item) {
        beside_bytes += item->batch.size();
        workers.run([weak = weak_from_this(), partition, item, most = max_batch_bytes]() -> Loop::Task {
            record::RecordReader large(most);
            item->outcome = check_with(*item, large);
            return [weak, partition, item] {
                if (const auto state = weak.lock()) {
                    item->is_checked = true;
                    state->beside_bytes -= item->batch.size();
                    state->go_on(partition);
                }
            };
        });
    }

    /// Hands on what is checked, from the oldest on.
    void go_on(const Partition* partition) {
        for (auto queue = queues.find(partition); queue != queues.end(); queue = queues.find(partition)) {
            const std::shared_ptr<Item> item = queue->second.items.front();
            if (!item->is_checked) {
                return;
            }
            queue->second.items.pop_front();
            if (queue->second.items.empty()) {
                queues.erase(queue);
            }
            item->then(item->outcome);
        }
    }

    Workers& workers;
    std::size_t max_batch_bytes;
    std::size_t beside_bytes = 0;
    record::RecordReader small{kMostPlainBytes};
    std::unordered_map<const Partition*, Queue> queues;
};

AppendOrder::AppendOrder(Workers& workers, std::size_t max_batch_bytes)
    : state_(std::make_shared<State>(workers, max_batch_bytes)) {}

AppendOrder::~AppendOrder() = default;

void AppendOrder::check(const std::shared_ptr<Partition>& partition, std::span<std::byte> batch, bool needs_keys,
                        std::shared_ptr<const void> owner, Checked then) {
    const auto queue = state_->queues.find(partition.get());
    Item here{.batch = batch, .needs_keys = needs_keys};
    here.is_checked = state_->check_here(here);
    if (here.is_checked && queue == state_->queues.end()) {
        then(here.outcome);
        return;
    }
    const auto item = std::make_shared<Item>(std::move(here));
    item->owner = std::move(owner);
    item->then = std::move(then);
    State::Queue& waiting = state_->queues[partition.get()];
    waiting.partition = partition;
    waiting.items.push_back(item);
    if (!item->is_checked) {
        state_->check_beside(partition.get(), item);
    }
}

}  // namespace kseg::broker
