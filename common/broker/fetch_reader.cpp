// SPDX-License-Identifier: Apache-2.0
#include "broker/fetch_reader.hpp"

#include <algorithm>
#include <utility>

#include "broker/aborted.hpp"
#include "broker/handlers/handlers.hpp"

namespace kseg::broker {
namespace {

using protocol::ErrorCode;
using protocol::FetchRequest;
using PartitionData = protocol::FetchResponse::PartitionData;

constexpr std::int8_t kReadCommitted = 1;

std::uint64_t at_least_zero(std::int32_t number) {
    return static_cast<std::uint64_t>(std::max(number, 0));
}

/// Whether the consumer has records of an epoch that ended before them.
bool diverges(const Partition& partition, const FetchTarget& target, PartitionData& data) {
    const std::int32_t epoch = target.asked.last_fetched_epoch;
    if (epoch < 0) {
        return false;
    }
    const auto end = partition.end_of_epoch(epoch);
    if (!end || (end->epoch >= epoch && end->start_offset >= target.asked.fetch_offset)) {
        return false;
    }
    data.diverging_epoch = {.epoch = end->epoch, .end_offset = end->start_offset};
    return true;
}

void set_aborted(PartitionData& data, const std::vector<store::AbortedTransaction>& aborted) {
    auto& told = data.aborted_transactions.emplace();
    for (const store::AbortedTransaction& one : aborted) {
        told.push_back({.producer_id = one.producer_id, .first_offset = one.first_offset});
    }
}

}  // namespace

FetchReader::FetchReader(Broker& broker, const FetchRequest& request, std::shared_ptr<FetchSession> session)
    : broker_(broker),
      max_bytes_(at_least_zero(request.max_bytes)),
      stable_(request.isolation_level == kReadCommitted),
      session_(std::move(session)) {}

FetchReader::Found FetchReader::find(const FetchTarget& target) const {
    const Topic* const topic =
        session_->by_topic_id ? broker_.topics().find(target.topic_id) : broker_.topics().find(target.topic);
    if (topic == nullptr) {
        return {.error = session_->by_topic_id ? ErrorCode::unknown_topic_id : ErrorCode::unknown_topic_or_partition};
    }
    Partition* const partition = topic->find(target.asked.partition);
    return {.partition = partition,
            .error = partition == nullptr ? ErrorCode::unknown_topic_or_partition : ErrorCode::none};
}

void FetchReader::read_all() {
    reads_.clear();
    bytes_ = 0;
    cold_bytes_ = 0;
    has_error_ = false;
    auto& targets = session_->targets.list();
    for (auto target = targets.begin(); target != targets.end(); ++target) {
        FetchRead& read = reads_.emplace_back(FetchRead{.target = target});
        read.data.partition_index = target->asked.partition;
        read.data.high_watermark = -1;
        read.data.aborted_transactions = std::nullopt;
        read.data.records.bytes = Bytes{};
        read.data.error_code = read_one(read);
        note(read);
    }
}

void FetchReader::note(const FetchRead& read) {
    has_error_ = has_error_ || read.data.error_code != ErrorCode::none || read.data.diverging_epoch.end_offset >= 0;
}

/// Bytes that a partition may still add to the answer.
std::uint64_t FetchReader::room(const FetchTarget& target) const {
    return std::min(max_bytes_ - std::min(bytes_ + cold_bytes_, max_bytes_),
                    at_least_zero(target.asked.partition_max_bytes));
}

void FetchReader::describe(const Partition& partition, FetchRead& read) const {
    read.data.high_watermark = partition.high_watermark();
    read.data.last_stable_offset = partition.last_stable_offset();
    read.data.log_start_offset = partition.log_start();
}

ErrorCode FetchReader::read_one(FetchRead& read) {
    const FetchTarget& target = *read.target;
    const auto [partition, error] = find(target);
    if (partition == nullptr) {
        // Here, and only here, Kafka's list is empty where nothing was asked about transactions.
        read.data.aborted_transactions.emplace();
        return error;
    }
    if (const ErrorCode epoch = check_leader_epoch(*partition, target.asked.current_leader_epoch);
        epoch != ErrorCode::none) {
        return epoch;
    }
    const std::int64_t offset = target.asked.fetch_offset;
    if (offset >= partition->high_watermark()) {
        partition->refresh();
    }
    if (!partition->archives_known() && offset >= 0 && offset < partition->local_start()) {
        return ErrorCode::kafka_storage_error;  // it may be in an archive
    }
    if (offset < partition->log_start() || offset > partition->end_offset()) {
        return ErrorCode::offset_out_of_range;
    }
    describe(*partition, read);
    if (diverges(*partition, target, read.data)) {
        return ErrorCode::none;
    }
    return offset < partition->local_start() && partition->archived() != nullptr ? ask_archives(*partition, read)
                                                                                 : read_local(*partition, read, offset);
}

ErrorCode FetchReader::read_local(Partition& partition, FetchRead& read, std::int64_t from) {
    // The first batch of an answer is given whole however large it is, so that a consumer can go on.
    auto slice = partition.read(from, stable_, room(*read.target), bytes_ + cold_bytes_ == 0);
    if (!slice) {
        return error_code_of(slice.error());
    }
    if (stable_) {
        const auto aborted =
            aborted_transactions(broker_.fs(), partition.directory(), from,
                                 slice->next_offset >= 0 ? slice->next_offset : read.data.last_stable_offset);
        if (!aborted) {
            return error_code_of(aborted.error());
        }
        set_aborted(read.data, *aborted);
    }
    read.size = slice->range.size;
    bytes_ += read.size;
    read.records = std::move(slice->range);
    return ErrorCode::none;
}

ErrorCode FetchReader::ask_archives(const Partition& partition, FetchRead& read) {
    const std::int64_t shown = stable_ ? partition.last_stable_offset() : partition.high_watermark();
    const std::uint64_t limit = broker_.cold_reads().limits().request_bytes;
    const std::uint64_t most = std::min(room(*read.target), limit - std::min(cold_bytes_, limit));
    const bool at_least_one = bytes_ + cold_bytes_ == 0;
    if (stable_) {
        read.data.aborted_transactions.emplace();
    }
    const std::int64_t from = read.target->asked.fetch_offset;
    if (from >= shown || (most == 0 && !at_least_one)) {
        return ErrorCode::none;
    }
    read.cold = {.log = partition.archived(),
                 .from = from,
                 .end = std::min(partition.local_start(), shown),
                 .max_bytes = most,
                 .at_least_one = at_least_one,
                 .aborted = stable_,
                 .directory = partition.directory()};
    cold_bytes_ += std::max<std::uint64_t>(most, 1);
    return ErrorCode::none;
}

std::vector<ColdReads::Ask> FetchReader::asks() const {
    std::vector<ColdReads::Ask> asks;
    for (const FetchRead& read : reads_) {
        if (read.cold) {
            asks.push_back(*read.cold);
        }
    }
    return asks;
}

void FetchReader::take(ColdReads::Answers answers) {
    // What is read here now, where archives had nothing, finds the room that is left.
    cold_bytes_ = 0;
    for (const auto& answer : answers) {
        cold_bytes_ += answer && answer->slice ? answer->slice->bytes.size() : 0;
    }
    std::size_t number = 0;
    for (FetchRead& read : reads_) {
        if (read.cold) {
            read.data.error_code = take_one(read, std::move(answers[number++]));
            note(read);
            read.cold.reset();
        }
    }
    cold_bytes_ = 0;
}

ErrorCode FetchReader::take_one(FetchRead& read, Result<ColdReads::Answer> answer) {
    // Meanwhile the topic may have been deleted, and the records.
    const auto [partition, error] = find(*read.target);
    if (partition == nullptr) {
        read.data.aborted_transactions.emplace();
        return error;
    }
    if (partition->archived() != read.cold->log) {
        return ErrorCode::kafka_storage_error;  // another topic of that name; who asks again is told
    }
    if (read.target->asked.fetch_offset < partition->log_start()) {
        return ErrorCode::offset_out_of_range;
    }
    if (!answer) {
        return error_code_of(answer.error());
    }
    describe(*partition, read);
    if (!answer->slice) {
        const std::int64_t shown = stable_ ? partition->last_stable_offset() : partition->high_watermark();
        // What was here may have gone to an archive meanwhile: then the next fetch finds it there.
        const bool is_here = partition->local_start() <= read.cold->end;
        return is_here && read.cold->end < shown ? read_local(*partition, read, read.cold->end) : ErrorCode::none;
    }
    if (stable_) {
        set_aborted(read.data, answer->aborted);
    }
    read.size = answer->slice->bytes.size();
    read.records = std::move(answer->slice->bytes);
    bytes_ += read.size;
    cold_bytes_ -= read.size;
    return ErrorCode::none;
}

void FetchReader::give_up_cold() {
    for (FetchRead& read : reads_) {
        read.cold.reset();
    }
    cold_bytes_ = 0;
}

}  // namespace kseg::broker
