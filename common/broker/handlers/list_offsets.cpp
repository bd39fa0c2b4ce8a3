// SPDX-License-Identifier: Apache-2.0
// ListOffsets: the ends of a partition, and offsets by time. Source: Kafka 4.1, ListOffsetsRequest, UnifiedLog.
// fetchOffsetByTimestamp; KIP-734, KIP-405, KIP-1005, KIP-1023.
#include "kafka/protocol/messages/list_offsets.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "broker/handlers/handlers.hpp"
#include "broker/offset_lookup.hpp"

namespace kseg::broker {
namespace {

using protocol::ErrorCode;
using protocol::ListOffsetsRequest;
using protocol::ListOffsetsResponse;

using Answer = ListOffsetsResponse::ListOffsetsPartitionResponse;

// What stands in the place of a time.
constexpr std::int64_t kLatest = -1;
constexpr std::int64_t kEarliest = -2;
constexpr std::int64_t kMaxTimestamp = -3;
constexpr std::int64_t kEarliestLocal = -4;
constexpr std::int64_t kLatestTiered = -5;
constexpr std::int64_t kEarliestPendingUpload = -6;

constexpr std::int8_t kReadCommitted = 1;
constexpr protocol::Version kFirstWithEpoch = 4;
// Segments are archived one after another, each by a job that takes longer than a look-up.
constexpr int kMostLooks = 5;

/// The version from which on a client may ask for one of them.
protocol::Version first_version_of(std::int64_t timestamp) {
    switch (timestamp) {
        case kMaxTimestamp: return 7;
        case kEarliestLocal: return 8;
        case kLatestTiered: return 9;
        case kEarliestPendingUpload: return 11;
        default: return timestamp < kEarliestPendingUpload ? protocol::Version{INT16_MAX} : protocol::Version{0};
    }
}

void set(Answer& answer, TimestampMs timestamp, std::int64_t offset, std::int32_t leader_epoch) {
    answer.timestamp = timestamp;
    answer.offset = offset;
    answer.leader_epoch = leader_epoch;
}

/// The epoch of the records at an offset.
std::int32_t epoch_at(const Partition& partition, std::int64_t offset) {
    std::int32_t epoch = -1;
    for (const wal::LeaderEpoch& known : partition.epochs()) {
        if (known.start_offset <= offset) {
            epoch = known.epoch;
        }
    }
    return epoch;
}

/// The ends of a partition; nothing where files have to be read.
std::optional<ErrorCode> look_up_end(const Partition& partition, std::int64_t timestamp, bool stable, Answer& answer) {
    const store::ArchivedLog* const archived = partition.archived().get();
    // Behind the last archived record; 0 without one.
    const std::int64_t tiered_end = archived == nullptr ? 0 : archived->end().value_or(0);
    switch (timestamp) {
        case kLatest:
            set(answer, -1, stable ? partition.last_stable_offset() : partition.high_watermark(), partition.leader_epoch());
            return ErrorCode::none;
        case kEarliestLocal:
            set(answer, -1, partition.local_start(), epoch_at(partition, partition.local_start()));
            return ErrorCode::none;
        default: break;
    }
    if (!partition.archives_known()) {
        return ErrorCode::kafka_storage_error;
    }
    switch (timestamp) {
        case kEarliest:
            set(answer, -1, partition.log_start(), epoch_at(partition, partition.log_start()));
            return ErrorCode::none;
        case kLatestTiered:
            if (tiered_end > 0) {
                set(answer, -1, tiered_end - 1, epoch_at(partition, tiered_end - 1));
            }
            return ErrorCode::none;
        case kEarliestPendingUpload:
            if (archived != nullptr) {
                const std::int64_t pending = std::max(tiered_end, partition.log_start());
                set(answer, -1, pending, epoch_at(partition, pending));
            }
            return ErrorCode::none;
        default: return std::nullopt;
    }
}

/// One request until it is answered. What reads files is done by a worker, once more where meanwhile the partition has come
/// to begin elsewhere.
class ListOffsets final : public std::enable_shared_from_this<ListOffsets> {
  public:
    ListOffsets(Broker& broker, CallPtr call, const ListOffsetsRequest& request)
        : broker_(broker), call_(std::move(call)), stable_(request.isolation_level == kReadCommitted) {
        for (const auto& topic : request.topics) {
            auto& answers = response_.topics.emplace_back();
            answers.name = topic.name;
            for (const auto& asked : topic.partitions) {
                answers.partitions.push_back({.partition_index = asked.partition_index});
                begin(asked, {response_.topics.size() - 1, answers.partitions.size() - 1});
            }
        }
    }

    /// Answers now, or when a worker has looked.
    void go_on() {
        std::vector<TimeLookup> ranges;
        for (const Look& look : looks_) {
            ranges.push_back(look.range);
        }
        if (ranges.empty()) {
            answer();
            return;
        }
        broker_.keep(call_->connection(), shared_from_this());
        broker_.workers().run([&fs = broker_.fs(), ranges = std::move(ranges), self = weak_from_this()]() -> Loop::Task {
            std::vector<Found> found;
            for (const TimeLookup& range : ranges) {
                found.push_back(self.expired() ? Found(std::optional<TimedOffset>()) : look_up_time(fs, range));
            }
            return [found = std::move(found), self] {
                if (const auto there = self.lock()) {
                    there->take(found);
                }
            };
        });
    }

  private:
    using Found = Result<std::optional<TimedOffset>>;
    struct Place {
        std::size_t topic = 0;
        std::size_t partition = 0;
    };
    /// A look-up that reads files.
    struct Look {
        Place place;
        std::int64_t timestamp = 0;
        TimeLookup range{};
        int looks = 0;
    };

    Answer& answer_at(const Place& place) { return response_.topics[place.topic].partitions[place.partition]; }

    [[nodiscard]] Partition* find(const Place& place) {
        const Topic* const topic = broker_.topics().find(response_.topics[place.topic].name);
        return topic == nullptr ? nullptr : topic->find(answer_at(place).partition_index);
    }

    void begin(const ListOffsetsRequest::ListOffsetsPartition& asked, const Place& place) {
        Answer& answer = answer_at(place);
        Partition* const partition = find(place);
        if (partition != nullptr) {
            partition->refresh();
        }
        if (partition == nullptr) {
            answer.error_code = ErrorCode::unknown_topic_or_partition;
        } else if (call_->version() < first_version_of(asked.timestamp)) {
            answer.error_code = ErrorCode::unsupported_version;
        } else if (const ErrorCode error = check_leader_epoch(*partition, asked.current_leader_epoch);
                   error != ErrorCode::none) {
            answer.error_code = error;
        } else if (const auto done = look_up_end(*partition, asked.timestamp, stable_, answer)) {
            answer.error_code = *done;
        } else {
            looks_.push_back({.place = place, .timestamp = asked.timestamp});
            set_range(*partition, looks_.back());
        }
        max_num_offsets_.emplace(std::pair(place.topic, place.partition), asked.max_num_offsets);
    }

    void set_range(const Partition& partition, Look& look) const {
        look.range = {.archived = partition.archived(),
                      .archived_start = partition.log_start(),
                      .local = {.directory = partition.directory(),
                                .start = partition.local_start(),
                                .end = stable_ ? partition.last_stable_offset() : partition.high_watermark()}};
        if (look.timestamp != kMaxTimestamp) {
            look.range.time = look.timestamp;
        }
    }

    void take(const std::vector<Found>& found) {
        std::vector<Look> again;
        for (std::size_t i = 0; i < found.size(); ++i) {
            Look& look = looks_[i];
            Answer& answer = answer_at(look.place);
            const Partition* const partition = find(look.place);
            if (partition == nullptr) {
                answer.error_code = ErrorCode::unknown_topic_or_partition;
                continue;
            }
            const bool moved =
                partition->local_start() != look.range.local.start || partition->log_start() != look.range.archived_start;
            if (moved && look.looks < kMostLooks) {
                ++look.looks;
                set_range(*partition, look);
                again.push_back(look);
            } else if (!found[i] || moved) {
                answer.error_code = found[i] ? ErrorCode::kafka_storage_error : error_code_of(found[i].error());
            } else if (*found[i]) {
                set(answer, (*found[i])->timestamp, (*found[i])->offset, (*found[i])->leader_epoch);
            }
        }
        looks_ = std::move(again);
        go_on();
    }

    void answer() {
        for (std::size_t t = 0; t < response_.topics.size(); ++t) {
            for (std::size_t p = 0; p < response_.topics[t].partitions.size(); ++p) {
                finish(response_.topics[t].partitions[p], max_num_offsets_[{t, p}]);
            }
        }
        call_->answer(response_);
        broker_.let_go(call_->connection(), this);
    }

    /// Leaves out what the version does not have.
    void finish(Answer& answer, std::int32_t max_num_offsets) const {
        if (call_->version() < kFirstWithEpoch) {
            answer.leader_epoch = -1;
        }
        if (call_->version() == 0 && answer.error_code == ErrorCode::none) {
            // Version 0 has a list, of which clients take the first.
            if (answer.offset >= 0 && max_num_offsets > 0) {
                answer.old_style_offsets.push_back(answer.offset);
            }
            set(answer, -1, -1, -1);
        }
    }

    Broker& broker_;
    CallPtr call_;
    const bool stable_;
    ListOffsetsResponse response_;
    std::map<std::pair<std::size_t, std::size_t>, std::int32_t> max_num_offsets_;
    std::vector<Look> looks_;
};

}  // namespace

void serve_list_offsets(Broker& broker) {
    broker.dispatcher().serve<ListOffsetsRequest>(protocol::ApiKey::list_offsets,
                                                  [&broker](const CallPtr& call, ListOffsetsRequest&& request) {
                                                      std::make_shared<ListOffsets>(broker, call, request)->go_on();
                                                  });
}

}  // namespace kseg::broker
