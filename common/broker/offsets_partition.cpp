// SPDX-License-Identifier: Apache-2.0
#include "broker/offsets_partition.hpp"

#include <utility>

#include "canonical/control.hpp"
#include "kafka/record/record.hpp"
#include "wal/log_reader.hpp"

namespace kseg::broker {

namespace {

constexpr std::int16_t kAbort = 0;
constexpr std::int16_t kCommit = 1;

void visit_batch(const record::BatchView& batch, OffsetsLog::Visitor& visitor, std::uint64_t& damaged) {
    const record::BatchHeader& header = batch.header();
    const std::int64_t producer_id = header.is_transactional() ? header.producer_id : -1;
    record::RecordReader reader;
    record::RecordView record;
    reader.open(batch);
    while (reader.next(record)) {
        if (header.is_control()) {
            const std::int16_t type = canonical::parse_control(record).type;
            if (type == kAbort || type == kCommit) {
                visitor.on_transaction_end(header.producer_id, type == kCommit);
            }
        } else if (record.key) {
            visitor.on_record(record.offset, producer_id, *record.key, record.value);
        }
    }
    damaged += reader.problem() == record::Problem::none ? 0U : 1U;
}

ConfigValues offsets_topic_configs() {
    return {{"cleanup.policy", "compact"}};
}

}  // namespace

bool make_offsets_topic(Broker& broker, std::function<void()> then) {
    Topics& topics = broker.topics();
    if (topics.is_read_only() || topics.find(kOffsetsTopic) != nullptr) {
        return false;
    }
    if (topics.is_changing(kOffsetsTopic)) {
        topics.when_settled(kOffsetsTopic, std::move(then));
    } else {
        topics.create(kOffsetsTopic, 1, offsets_topic_configs(),
                      [then = std::move(then)](const Result<Topic*>& /*made*/) { then(); });
    }
    return true;
}

void PartitionOffsetsLog::Queue::complete(std::uint64_t number, const Result<void>& result) {
    Entry& done = entries[static_cast<std::size_t>(number - first)];
    done.is_complete = true;
    done.result = result;
    while (!entries.empty() && entries.front().is_complete) {
        const Entry entry = std::move(entries.front());
        entries.pop_front();
        ++first;
        entry.on_durable(entry.result);
    }
}

Result<Partition*> PartitionOffsetsLog::partition_of(std::string_view group) {
    Topic* topic = broker_->topics().find(kOffsetsTopic);
    if (topic == nullptr) {
        // Of a client that did not ask for its coordinator first; while it is being made, that is what it is told to do.
        auto made = broker_->topics().create_now(kOffsetsTopic, 1, offsets_topic_configs());
        if (!made) {
            return made.error();
        }
        topic = *made;
    }
    const std::int32_t count = topic->partitions.empty() ? 1 : topic->partitions.rbegin()->first + 1;
    const std::int32_t number = partition_of_group(group, count);
    Partition* partition = topic->find(number);
    if (partition == nullptr) {
        return Error{Errc::unsupported, "the group's partition of __consumer_offsets is not in this directory"};
    }
    return partition;
}

Result<ByteBuffer> PartitionOffsetsLog::encode(const OffsetsBatch& batch, std::size_t limit) {
    record::BatchHeader header;
    header.producer_id = batch.producer_id;
    header.producer_epoch = batch.producer_epoch;
    header.attributes = batch.producer_id >= 0 ? record::kTransactionalBit : std::uint16_t{0};
    builder_.begin(header);
    record::RecordView record;
    record.timestamp = record.stored_timestamp = broker_->clock().now();
    for (const OffsetsRecord& each : batch.records) {
        record.key = each.key.bytes();
        record.value = each.value ? NullableBytes(each.value->bytes()) : std::nullopt;
        if (auto added = builder_.add(record); !added) {
            return added.error();
        }
        ++record.offset;
    }
    ByteBuffer out;
    if (auto done = builder_.finish(out); !done) {
        return done.error();
    }
    if (out.size() > limit) {
        return Error{Errc::too_large, "the records of a group do not fit a batch"};
    }
    return out;
}

Result<std::int64_t> PartitionOffsetsLog::append(std::string_view group, OffsetsBatch batch, OnDurable on_durable) {
    if (broker_->topics().is_read_only()) {
        const std::int64_t offset = unwritten_;
        unwritten_ += static_cast<std::int64_t>(batch.records.size());
        on_durable({});
        return offset;
    }
    const auto partition = partition_of(group);
    if (!partition) {
        return partition.error();
    }
    const Topic& topic = *broker_->topics().find(kOffsetsTopic);
    auto bytes = encode(batch, static_cast<std::size_t>(topic.settings.max_message_bytes));
    if (!bytes) {
        return bytes.error();
    }
    // Offsets of a transaction have no sequence: whoever writes them is the coordinator, not the producer.
    const auto appended = (*partition)->append({bytes->data(), bytes->size()}, {.producer = wal::ProducerCheck::none});
    if (!appended) {
        return appended.error();
    }
    const std::uint64_t number = queue_->first + queue_->entries.size();
    queue_->entries.push_back({false, {}, std::move(on_durable)});
    (*partition)
        ->when_complete(appended->ticket, [weak = std::weak_ptr<Queue>(queue_), number](const Result<void>& result) {
            if (const auto queue = weak.lock()) {
                queue->complete(number, result);
            }
        });
    return appended->base_offset;
}

Result<void> PartitionOffsetsLog::replay(Visitor& visitor) {
    const Topic* topic = broker_->topics().find(kOffsetsTopic);
    if (topic == nullptr) {
        return {};
    }
    for (const auto& [number, partition] : topic->partitions) {
        if (auto done = replay_partition(*partition, visitor); !done) {
            return done;
        }
    }
    return {};
}

Result<void> PartitionOffsetsLog::replay_partition(const Partition& partition, Visitor& visitor) {
    const std::int64_t end = partition.end_offset();
    wal::LogReader reader(broker_->fs(), partition.directory(),
                          {.from_offset = partition.log_start(), .committed_end = [end] { return end; }});
    for (;;) {
        const auto step = reader.next();
        if (!step) {
            return step.error();
        }
        switch (step->kind) {
            case wal::ReadStep::Kind::end: return {};
            case wal::ReadStep::Kind::damage: ++damaged_; break;
            case wal::ReadStep::Kind::batch: visit_batch(step->batch, visitor, damaged_); break;
        }
    }
}

}  // namespace kseg::broker
