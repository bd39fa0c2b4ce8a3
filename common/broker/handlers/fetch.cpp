// SPDX-License-Identifier: Apache-2.0
// Fetch: whole batches, of files at once or when enough has come, of archives when they have been read. Source: Kafka 4.1,
// KafkaApis.handleFetchRequest, DelayedFetch, DelayedRemoteFetch; KIP-227, KIP-405, KIP-516.
#include <algorithm>

#include "broker/fetch_reader.hpp"
#include "broker/handlers/handlers.hpp"
#include "kafka/protocol/messages/fetch.hpp"

namespace kseg::broker {
namespace {

using protocol::ErrorCode;
using protocol::FetchRequest;
using protocol::FetchResponse;

constexpr protocol::Version kFirstWithBatches = 4;
// A client that is gone must not be waited for much longer than a connection may be silent.
constexpr std::int32_t kLongestWaitMs = 600'000;
// Clients wait 30 seconds for an answer unless they were told otherwise.
constexpr TimestampMs kLongestReadMs = 15'000;

/// One request until it is answered.
class Fetch final : public std::enable_shared_from_this<Fetch> {
  public:
    Fetch(Broker& broker, CallPtr call, const FetchRequest& request, std::shared_ptr<FetchSession> session)
        : broker_(broker),
          call_(std::move(call)),
          max_wait_ms_(std::min(request.max_wait_ms, kLongestWaitMs)),
          min_bytes_(static_cast<std::uint64_t>(std::max(request.min_bytes, 0))),
          reader_(broker, request, std::move(session)) {}
    Fetch(const Fetch&) = delete;
    Fetch& operator=(const Fetch&) = delete;
    ~Fetch() { stop_waiting(); }

    /// Answers now, or waits for as much as is asked for.
    void begin() {
        look(max_wait_ms_ <= 0);
        if (!answered_ && !reads_archives_) {
            wait();
        }
    }

  private:
    /// Reads all that is there; answers where that is enough, or is to be `enough` whatever it is.
    void look(bool enough) {
        reader_.read_all();
        if (auto asks = reader_.asks(); !asks.empty()) {
            read_archives(std::move(asks));
        } else if (enough || reader_.has_error() || reader_.reads().empty() || reader_.bytes() >= min_bytes_) {
            answer();
        }
    }

    void wait() {
        timer_ = broker_.loop().at(broker_.loop().now() + max_wait_ms_, [self = weak_from_this()] {
            if (const auto fetch = self.lock()) {
                fetch->timer_ = 0;
                fetch->look(true);
            }
        });
        // Nobody else does: what wakes it must not keep it.
        broker_.keep(call_->connection(), shared_from_this());
        for (const FetchTarget& target : reader_.session().targets.list()) {
            if (Partition* const partition = reader_.find(target).partition) {
                const auto waiter = partition->add_waiter([self = weak_from_this()] {
                    if (const auto fetch = self.lock()) {
                        fetch->look_again();
                    }
                });
                waits_.emplace_back(partition->weak_from_this(), waiter);
            }
        }
    }

    /// Something has come to one of the partitions. Others may follow in the same turn.
    void look_again() {
        if (answered_ || look_posted_ || reads_archives_) {
            return;
        }
        look_posted_ = true;
        broker_.loop().post([self = weak_from_this()] {
            const auto fetch = self.lock();
            if (fetch && !fetch->answered_ && !fetch->reads_archives_) {
                fetch->look_posted_ = false;
                fetch->look(false);
            }
        });
    }

    /// Answers once archives have been read, with whatever they gave.
    void read_archives(std::vector<ColdReads::Ask> asks) {
        reads_archives_ = true;
        session_epoch_ = reader_.session().epoch;
        stop_waiting();
        broker_.keep(call_->connection(), shared_from_this());
        timer_ = broker_.loop().at(broker_.loop().now() + kLongestReadMs, [self = weak_from_this()] {
            if (const auto fetch = self.lock()) {
                // The client would give the connection up. What comes later is at hand when it asks again.
                fetch->timer_ = 0;
                if (fetch->is_of_session()) {
                    fetch->reader_.give_up_cold();
                    fetch->answer();
                }
            }
        });
        broker_.cold_reads().read(std::move(asks), weak_from_this(), [self = weak_from_this()](ColdReads::Answers answers) {
            const auto fetch = self.lock();
            if (fetch && !fetch->answered_) {
                fetch->reader_.take(std::move(answers));
                fetch->answer();
            }
        });
    }

    /// Whether the session is still that of this request; otherwise refuses it. Who does not wait for an answer may have
    /// changed what is fetched meanwhile.
    bool is_of_session() {
        if (reader_.session().epoch == session_epoch_) {
            return true;
        }
        answered_ = true;
        stop_waiting();
        call_->answer(FetchResponse{.error_code = ErrorCode::invalid_fetch_session_epoch});
        broker_.let_go(call_->connection(), this);
        return false;
    }

    void answer() {
        answered_ = true;
        stop_waiting();
        FetchSession& session = reader_.session();
        FetchResponse response;
        response.session_id = session.id;
        std::vector<Piece> records;
        std::map<std::pair<std::string, protocol::Uuid>, std::size_t> places;
        for (FetchRead& read : reader_.reads()) {
            FetchTarget& target = *read.target;
            const bool told = tell(target, read);
            if (!told) {
                continue;
            }
            const auto [place, is_new] = places.try_emplace({target.topic, target.topic_id}, response.responses.size());
            if (is_new) {
                response.responses.push_back({.topic = target.topic, .topic_id = target.topic_id});
            }
            if (read.size != 0) {
                read.data.records.external_size = static_cast<std::uint32_t>(read.size);
                read.data.records.external_id = records.size();
                records.push_back(std::move(read.records));
                session.targets.move_to_end(read.target);
            }
            response.responses[place->second].partitions.push_back(std::move(read.data));
        }
        call_->answer(response, std::move(records));
        reader_.reads().clear();
        broker_.let_go(call_->connection(), this);
    }

    /// Whether a partition is in the answer: in a session that goes on only where there is news.
    [[nodiscard]] bool tell(FetchTarget& target, const FetchRead& read) {
        const bool news =
            read.data.error_code != ErrorCode::none || read.size != 0 || read.data.diverging_epoch.end_offset >= 0 ||
            read.data.high_watermark != target.told_high_watermark ||
            read.data.last_stable_offset != target.told_last_stable || read.data.log_start_offset != target.told_log_start;
        target.told_high_watermark = read.data.high_watermark;
        target.told_last_stable = read.data.last_stable_offset;
        target.told_log_start = read.data.log_start_offset;
        return news || !reader_.session().incremental;
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
    const std::int32_t max_wait_ms_;
    const std::uint64_t min_bytes_;
    FetchReader reader_;
    bool answered_ = false;
    bool reads_archives_ = false;
    bool look_posted_ = false;
    std::int32_t session_epoch_ = 0;  // when archives were asked
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
            std::make_shared<Fetch>(broker, call, request, std::move(found.session))->begin();
        });
}

}  // namespace kseg::broker
