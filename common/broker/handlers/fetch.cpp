// SPDX-License-Identifier: Apache-2.0
// Fetch: whole batches from files, at once or when enough has come. Source: Kafka 4.1, KafkaApis.handleFetchRequest,
// ReplicaManager.readFromLog, DelayedFetch; KIP-227, KIP-320, KIP-516.
#include <algorithm>

#include "broker/aborted.hpp"
#include "broker/handlers/handlers.hpp"
#include "kafka/protocol/messages/fetch.hpp"

namespace kseg::broker {
namespace {

using protocol::ErrorCode;
using protocol::FetchRequest;
using protocol::FetchResponse;

using PartitionData = FetchResponse::PartitionData;

constexpr protocol::Version kFirstWithBatches = 4;
constexpr protocol::Version kFirstWithTopicIds = 13;
constexpr std::int8_t kReadCommitted = 1;
// A client that is gone must not be waited for much longer than a connection may be silent.
constexpr std::int32_t kLongestWaitMs = 600'000;

/// One request until it is answered.
class Fetch final : public std::enable_shared_from_this<Fetch> {
  public:
    Fetch(Broker& broker, CallPtr call, FetchRequest request, std::shared_ptr<FetchSession> session)
        : broker_(broker), call_(std::move(call)), request_(std::move(request)), session_(std::move(session)) {}
    Fetch(const Fetch&) = delete;
    Fetch& operator=(const Fetch&) = delete;
    ~Fetch() { stop_waiting(); }

    /// Answers now, or waits for as much as is asked for.
    void begin() {
        // The session has them; one that waits need not hold them twice.
        request_.topics = {};
        request_.forgotten_topics_data = {};
        read_all();
        if (is_enough()) {
            answer();
            return;
        }
        timer_ = broker_.loop().at(broker_.loop().now() + std::min(request_.max_wait_ms, kLongestWaitMs),
                                   [self = weak_from_this()] {
                                       if (const auto fetch = self.lock()) {
                                           fetch->timer_ = 0;
                                           fetch->read_all();
                                           fetch->answer();
                                       }
                                   });
        // Nobody else does: what wakes it must not keep it.
        broker_.keep(call_->connection(), shared_from_this());
        for (const FetchTarget& target : session_->targets.list()) {
            const Topic* const topic = topic_of(target);
            Partition* const partition = topic == nullptr ? nullptr : topic->find(target.asked.partition);
            if (partition != nullptr) {
                const auto waiter = partition->add_waiter([self = weak_from_this()] {
                    if (const auto fetch = self.lock()) {
                        fetch->look_again();
                    }
                });
                waits_.emplace_back(partition->weak_from_this(), waiter);
            }
        }
    }

  private:
    struct Read {
        std::list<FetchTarget>::iterator target;
        PartitionData data{};
        FileRange range{};
    };

    [[nodiscard]] const Topic* topic_of(const FetchTarget& target) const {
        return session_->by_topic_id ? broker_.topics().find(target.topic_id) : broker_.topics().find(target.topic);
    }

    [[nodiscard]] bool is_enough() const {
        return request_.max_wait_ms <= 0 || has_error_ || reads_.empty() ||
               bytes_ >= static_cast<std::uint64_t>(std::max(request_.min_bytes, 0));
    }

    /// Something has come to one of the partitions. Others may follow in the same turn.
    void look_again() {
        if (answered_ || look_posted_) {
            return;
        }
        look_posted_ = true;
        broker_.loop().post([self = weak_from_this()] {
            const auto fetch = self.lock();
            if (fetch && !fetch->answered_) {
                fetch->look_posted_ = false;
                fetch->read_all();
                if (fetch->is_enough()) {
                    fetch->answer();
                }
            }
        });
    }

    void read_all() {
        reads_.clear();
        bytes_ = 0;
        has_error_ = false;
        auto& targets = session_->targets.list();
        for (auto target = targets.begin(); target != targets.end(); ++target) {
            Read& read = reads_.emplace_back(Read{.target = target});
            read.data.partition_index = target->asked.partition;
            read.data.high_watermark = -1;
            read.data.aborted_transactions = std::nullopt;
            read.data.records.bytes = Bytes{};
            read.data.error_code = read_one(*target, read);
            has_error_ = has_error_ || read.data.error_code != ErrorCode::none || read.data.diverging_epoch.end_offset >= 0;
        }
    }

    ErrorCode read_one(const FetchTarget& target, Read& read) {
        const Topic* const topic = topic_of(target);
        Partition* const partition = topic == nullptr ? nullptr : topic->find(target.asked.partition);
        if (partition == nullptr) {
            // Here, and only here, Kafka's list is empty where nothing was asked about transactions.
            read.data.aborted_transactions.emplace();
        }
        if (topic == nullptr) {
            return session_->by_topic_id ? ErrorCode::unknown_topic_id : ErrorCode::unknown_topic_or_partition;
        }
        if (partition == nullptr) {
            return ErrorCode::unknown_topic_or_partition;
        }
        if (const ErrorCode error = check_leader_epoch(*partition, target.asked.current_leader_epoch);
            error != ErrorCode::none) {
            return error;
        }
        const std::int64_t offset = target.asked.fetch_offset;
        if (offset < partition->log_start() || offset > partition->end_offset()) {
            return ErrorCode::offset_out_of_range;
        }
        const bool stable = request_.isolation_level == kReadCommitted;
        read.data.high_watermark = partition->high_watermark();
        read.data.last_stable_offset = partition->last_stable_offset();
        read.data.log_start_offset = partition->log_start();
        if (diverges(*partition, target, read.data)) {
            return ErrorCode::none;
        }
        const std::uint64_t left =
            static_cast<std::uint64_t>(std::max(request_.max_bytes, 0)) - std::min(bytes_, max_bytes());
        const std::uint64_t most =
            std::min<std::uint64_t>(left, static_cast<std::uint64_t>(std::max(target.asked.partition_max_bytes, 0)));
        // The first batch of an answer is given whole however large it is, so that a consumer can go on.
        auto slice = partition->read(offset, stable, most, bytes_ == 0);
        if (!slice) {
            return error_code_of(slice.error());
        }
        if (stable) {
            auto aborted =
                aborted_transactions(broker_.fs(), partition->directory(), offset,
                                     slice->next_offset >= 0 ? slice->next_offset : read.data.last_stable_offset);
            if (!aborted) {
                return error_code_of(aborted.error());
            }
            read.data.aborted_transactions = *std::move(aborted);
        }
        bytes_ += slice->range.size;
        read.range = std::move(slice->range);
        return ErrorCode::none;
    }

    [[nodiscard]] std::uint64_t max_bytes() const { return static_cast<std::uint64_t>(std::max(request_.max_bytes, 0)); }

    /// Whether the consumer has records of an epoch that ended before them.
    static bool diverges(const Partition& partition, const FetchTarget& target, PartitionData& data) {
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

    void answer() {
        answered_ = true;
        stop_waiting();
        FetchResponse response;
        response.session_id = session_->id;
        std::vector<FileRange> files;
        std::map<std::pair<std::string, protocol::Uuid>, std::size_t> places;
        for (Read& read : reads_) {
            FetchTarget& target = *read.target;
            const bool told = tell(target, read);
            if (!told) {
                continue;
            }
            const auto [place, is_new] = places.try_emplace({target.topic, target.topic_id}, response.responses.size());
            if (is_new) {
                response.responses.push_back({.topic = target.topic, .topic_id = target.topic_id});
            }
            if (read.range.size != 0) {
                read.data.records.external_size = static_cast<std::uint32_t>(read.range.size);
                read.data.records.external_id = files.size();
                files.push_back(std::move(read.range));
                session_->targets.move_to_end(read.target);
            }
            response.responses[place->second].partitions.push_back(std::move(read.data));
        }
        call_->answer(response, std::move(files));
        reads_.clear();
        broker_.let_go(call_->connection(), this);
    }

    /// Whether a partition is in the answer: in a session that goes on only where there is news.
    [[nodiscard]] bool tell(FetchTarget& target, const Read& read) const {
        const bool news =
            read.data.error_code != ErrorCode::none || read.range.size != 0 || read.data.diverging_epoch.end_offset >= 0 ||
            read.data.high_watermark != target.told_high_watermark ||
            read.data.last_stable_offset != target.told_last_stable || read.data.log_start_offset != target.told_log_start;
        target.told_high_watermark = read.data.high_watermark;
        target.told_last_stable = read.data.last_stable_offset;
        target.told_log_start = read.data.log_start_offset;
        return news || !session_->incremental;
    }

    void stop_waiting() {
        broker_.loop().cancel(timer_);
        timer_ = 0;
        for (const auto& [partition, waiter] : waits_) {
            if (const auto there = partition.lock()) {
                there->forget_waiter(waiter);
            }
        }
        waits_.clear();
    }

    Broker& broker_;
    CallPtr call_;
    FetchRequest request_;
    std::shared_ptr<FetchSession> session_;
    std::vector<Read> reads_;
    std::uint64_t bytes_ = 0;
    bool has_error_ = false;
    bool answered_ = false;
    bool look_posted_ = false;
    TimerId timer_ = 0;
    std::vector<std::pair<std::weak_ptr<Partition>, Partition::WaiterId>> waits_;
};

FetchResponse refuse_old(const FetchRequest& request) {
    FetchResponse response;
    for (const auto& topic : request.topics) {
        auto& answers = response.responses.emplace_back();
        answers.topic = topic.topic;
        for (const auto& partition : topic.partitions) {
            auto& answer = answers.partitions.emplace_back();
            answer.partition_index = partition.partition;
            answer.error_code = ErrorCode::unsupported_version;
            answer.high_watermark = -1;
            answer.aborted_transactions = std::nullopt;
            answer.records.bytes = Bytes{};
        }
    }
    return response;
}

}  // namespace

void serve_fetch(Broker& broker) {
    broker.dispatcher().serve<FetchRequest>(
        protocol::ApiKey::fetch, [&broker](const CallPtr& call, FetchRequest&& request) {
            if (call->version() < kFirstWithBatches) {
                call->answer(refuse_old(request));
                return;
            }
            auto found = broker.fetch_sessions().take(request, call->version());
            if (found.error != ErrorCode::none) {
                call->answer(FetchResponse{.error_code = found.error});
                return;
            }
            std::make_shared<Fetch>(broker, call, std::move(request), std::move(found.session))->begin();
        });
}

}  // namespace kseg::broker
