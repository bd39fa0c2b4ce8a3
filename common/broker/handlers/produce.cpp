// SPDX-License-Identifier: Apache-2.0
// Produce: appends batches, and answers when they are as durable as the sync policy makes them.
// Source: Kafka 4.1, KafkaApis.handleProduceRequest, ProduceRequest.validateRecords, LogValidator.
#include <fmt/format.h>

#include "broker/handlers/handlers.hpp"
#include "kafka/protocol/messages/produce.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/wire/writer.hpp"

namespace kseg::broker {
namespace {

using protocol::ErrorCode;
using protocol::ProduceRequest;
using protocol::ProduceResponse;

using PartitionAnswer = ProduceResponse::PartitionProduceResponse;

constexpr protocol::Version kFirstWithBatches = 3;
constexpr protocol::Version kFirstWithZstd = 7;
constexpr protocol::Version kFirstWithTopicIds = 13;
constexpr std::size_t kAttributesAt = record::kCrcCoverAt;
constexpr std::size_t kMaxTimestampAt = kAttributesAt + 2 + 4 + 8;  // attributes, last_offset_delta, base_timestamp

/// An answer that is not complete: it waits for tickets.
struct Pending {
    CallPtr call;
    ProduceResponse response{};
    std::size_t waiting = 1;  // for the loop over the partitions itself
    bool any_error = false;
    std::int16_t acks = 0;

    void refuse(PartitionAnswer& answer, ErrorCode error, std::string message) {
        any_error = true;
        answer.error_code = error;
        answer.base_offset = -1;
        answer.log_append_time_ms = -1;
        answer.error_message = std::move(message);
    }
    void done_with_one() {
        if (--waiting != 0) {
            return;
        }
        if (acks != 0) {
            call->answer(response);
        } else if (any_error) {
            call->close();  // the only way to tell
        } else {
            call->answer_nothing();
        }
    }
};

/// What is wrong with records that a client sent; the batch where nothing is.
ErrorCode check_records(const protocol::Records& records, protocol::Version version, const TopicSettings& settings,
                        record::BatchView& batch, std::string& message) {
    const auto refuse = [&](ErrorCode error, std::string text) {
        message = std::move(text);
        return error;
    };
    if (!records.bytes || records.bytes->empty()) {
        return refuse(ErrorCode::invalid_record, "Produce requests must have a record batch per partition");
    }
    const Bytes bytes = *records.bytes;
    if (bytes.size() < record::kFrameBytes) {
        return refuse(ErrorCode::invalid_record, "Produce requests must contain exactly one record batch per partition");
    }
    if (static_cast<std::int8_t>(bytes[record::kMagicAt]) != 2) {
        return refuse(ErrorCode::invalid_record, "Produce requests may only contain record batches with magic 2");
    }
    const std::int64_t size =
        std::int64_t{wire::load_big<std::int32_t>(bytes.data() + 8)} + static_cast<std::int64_t>(record::kLengthFieldEnd);
    // A batch that is cut off is none to Kafka.
    if (size >= static_cast<std::int64_t>(record::kBatchHeaderBytes) && size != static_cast<std::int64_t>(bytes.size())) {
        return refuse(ErrorCode::invalid_record, "Produce requests must contain exactly one record batch per partition");
    }
    const auto parsed = record::BatchView::parse(bytes, {});
    if (!parsed) {
        return refuse(ErrorCode::corrupt_message, parsed.error().what);
    }
    batch = *parsed;
    const record::BatchHeader& header = batch.header();
    if (static_cast<std::int64_t>(bytes.size()) > settings.max_message_bytes) {
        return refuse(ErrorCode::message_too_large,
                      fmt::format("The record batch size is {} bytes which exceeds the maximum configured value of {}.",
                                  bytes.size(), settings.max_message_bytes));
    }
    if (batch.compute_crc() != header.crc) {
        return refuse(ErrorCode::corrupt_message, "Record is corrupt (stored crc does not match)");
    }
    if (header.has_known_codec() && header.codec() == codec::Codec::zstd && version < kFirstWithZstd) {
        return refuse(ErrorCode::unsupported_compression_type,
                      "Produce requests with zstd compression need version 7 or later");
    }
    if (header.is_control()) {
        return refuse(ErrorCode::invalid_record, "Clients are not allowed to write control records");
    }
    if (header.records_count <= 0 || header.last_offset_delta != header.records_count - 1) {
        return refuse(ErrorCode::invalid_record,
                      fmt::format("Inconsistency between the record count {} and the last offset delta {}",
                                  header.records_count, header.last_offset_delta));
    }
    return ErrorCode::none;
}

ErrorCode error_of(wal::ProducerStates::Verdict verdict) {
    switch (verdict) {
        case wal::ProducerStates::Verdict::old_epoch: return ErrorCode::invalid_producer_epoch;
        case wal::ProducerStates::Verdict::out_of_order: return ErrorCode::out_of_order_sequence_number;
        case wal::ProducerStates::Verdict::not_in_transaction: return ErrorCode::invalid_txn_state;
        case wal::ProducerStates::Verdict::append:
        case wal::ProducerStates::Verdict::duplicate: break;
    }
    return ErrorCode::none;
}

/// Sets the time of a batch to now, as topics with LogAppendTime have it: the records keep theirs unseen.
void set_append_time(std::span<std::byte> whole, TimestampMs now) {
    const auto attributes = static_cast<std::uint16_t>(wire::load_big<std::int16_t>(whole.data() + kAttributesAt));
    wire::store_big(whole.data() + kAttributesAt, static_cast<std::uint16_t>(attributes | record::kLogAppendTimeBit));
    wire::store_big(whole.data() + kMaxTimestampAt, now);
    wire::store_big(whole.data() + record::kCrcAt, crc32c(Bytes(whole).subspan(record::kCrcCoverAt)));
}

void append(Broker& broker, const std::shared_ptr<Pending>& pending, const Topic* topic,
            const ProduceRequest::PartitionProduceData& data, std::size_t topic_at, std::size_t partition_at) {
    PartitionAnswer& answer = pending->response.responses[topic_at].partition_responses[partition_at];
    Partition* const partition = topic == nullptr ? nullptr : topic->find(data.index);
    if (partition == nullptr) {
        pending->refuse(answer,
                        pending->call->version() >= kFirstWithTopicIds && topic == nullptr
                            ? ErrorCode::unknown_topic_id
                            : ErrorCode::unknown_topic_or_partition,
                        "This server does not host this topic-partition.");
        return;
    }
    if (partition->is_read_only()) {
        pending->refuse(answer, ErrorCode::topic_authorization_failed, "The broker is read-only.");
        return;
    }
    record::BatchView batch;
    std::string message;
    const ErrorCode error = check_records(data.records, pending->call->version(), topic->settings, batch, message);
    if (error != ErrorCode::none) {
        pending->refuse(answer, error, std::move(message));
        return;
    }
    if (!batch.header().has_known_codec()) {
        // As Kafka, which does not expect it, and finds it earlier where it looks for zstd.
        answer.log_start_offset = pending->call->version() < kFirstWithZstd ? -1 : partition->log_start();
        pending->refuse(answer, ErrorCode::unknown_server_error,
                        fmt::format("Unknown compression type id: {}", batch.header().attributes & record::kCodecMask));
        return;
    }
    const wal::ProducerStates::Check check = partition->check_producer(batch.header());
    if (const ErrorCode verdict = error_of(check.verdict); verdict != ErrorCode::none) {
        answer.log_start_offset = partition->log_start();
        pending->refuse(answer, verdict, check.text);
        return;
    }
    const std::span<std::byte> whole = pending->call->writable(batch.bytes());
    if (topic->settings.log_append_time) {
        answer.log_append_time_ms = broker.clock().now();
        set_append_time(whole, answer.log_append_time_ms);
    }
    const auto appended = partition->append(whole);
    if (!appended) {
        pending->refuse(
            answer, appended.error().code == Errc::corrupt ? ErrorCode::invalid_record : error_code_of(appended.error()),
            appended.error().message());
        return;
    }
    answer.base_offset = appended->base_offset;
    answer.log_start_offset = partition->log_start();
    if (pending->acks == 0) {
        return;
    }
    ++pending->waiting;
    partition->when_complete(appended->ticket, [pending, topic_at, partition_at](const Result<void>& outcome) {
        if (!outcome) {
            pending->refuse(pending->response.responses[topic_at].partition_responses[partition_at],
                            ErrorCode::kafka_storage_error, outcome.error().message());
        }
        pending->done_with_one();
    });
}

/// Gives every partition of a request the same error.
void refuse_all(Pending& pending, ErrorCode error, const std::string& message) {
    for (auto& topic : pending.response.responses) {
        for (PartitionAnswer& partition : topic.partition_responses) {
            pending.refuse(partition, error, message);
        }
    }
}

void produce(Broker& broker, const CallPtr& call, const ProduceRequest& request) {
    const auto pending = std::make_shared<Pending>();
    pending->call = call;
    pending->acks = request.acks;
    // All places first: answers that come later are found by their number.
    for (const auto& topic : request.topic_data) {
        auto& answers = pending->response.responses.emplace_back();
        answers.name = topic.name;
        answers.topic_id = topic.topic_id;
        for (const auto& partition : topic.partition_data) {
            answers.partition_responses.push_back({.index = partition.index, .error_message = std::nullopt});
        }
    }
    if (request.acks < -1 || request.acks > 1) {
        refuse_all(*pending, ErrorCode::invalid_required_acks, "Invalid required acks");
    } else if (call->version() < kFirstWithBatches) {
        refuse_all(*pending, ErrorCode::unsupported_version, "");
    } else {
        for (std::size_t t = 0; t < request.topic_data.size(); ++t) {
            const auto& data = request.topic_data[t];
            const Topic* const topic = call->version() >= kFirstWithTopicIds ? broker.topics().find(data.topic_id)
                                                                             : broker.topics().find(data.name);
            for (std::size_t p = 0; p < data.partition_data.size(); ++p) {
                append(broker, pending, topic, data.partition_data[p], t, p);
            }
        }
    }
    pending->done_with_one();
}

}  // namespace

void serve_produce(Broker& broker) {
    broker.dispatcher().serve<ProduceRequest>(
        protocol::ApiKey::produce,
        [&broker](const CallPtr& call, ProduceRequest&& request) { produce(broker, call, request); });
}

}  // namespace kseg::broker
