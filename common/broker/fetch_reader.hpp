// SPDX-License-Identifier: Apache-2.0
// The partitions of one fetch: what each of them has from the offset on that is asked for, read here or asked of archives.
// Source: Kafka 4.1, ReplicaManager.readFromLog; KIP-227, KIP-320, KIP-516.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "broker/broker.hpp"
#include "broker/cold_reads.hpp"
#include "broker/fetch_sessions.hpp"
#include "kafka/protocol/messages/fetch.hpp"

namespace kseg::broker {

/// What one partition gives.
struct FetchRead {
    std::list<FetchTarget>::iterator target;
    protocol::FetchResponse::PartitionData data{};
    Piece records{};
    std::uint64_t size = 0;                ///< of the records
    std::optional<ColdReads::Ask> cold{};  ///< they are still to be read, from archives
};

class FetchReader {
  public:
    /// Borrows the broker.
    FetchReader(Broker& broker, const protocol::FetchRequest& request, std::shared_ptr<FetchSession> session);

    /// Looks at all partitions of the session as they are now, in place of what was read before.
    void read_all();
    /// What has to be read from archives; its answers, in this order, are for take().
    [[nodiscard]] std::vector<ColdReads::Ask> asks() const;
    void take(ColdReads::Answers answers);
    /// Goes on without what is still to be read.
    void give_up_cold();

    [[nodiscard]] std::vector<FetchRead>& reads() { return reads_; }
    [[nodiscard]] FetchSession& session() { return *session_; }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    /// Whether one of the partitions has something to tell that the client must not wait for.
    [[nodiscard]] bool has_error() const { return has_error_; }

    /// Null where the topic or partition is not there, and then an error of which.
    struct Found {
        Partition* partition = nullptr;
        protocol::ErrorCode error = protocol::ErrorCode::none;
    };
    [[nodiscard]] Found find(const FetchTarget& target) const;

  private:
    protocol::ErrorCode read_one(FetchRead& read);
    protocol::ErrorCode read_local(Partition& partition, FetchRead& read, std::int64_t from);
    protocol::ErrorCode ask_archives(const Partition& partition, FetchRead& read);
    protocol::ErrorCode take_one(FetchRead& read, Result<ColdReads::Answer> answer);
    void describe(const Partition& partition, FetchRead& read) const;
    [[nodiscard]] std::uint64_t room(const FetchTarget& target) const;
    void note(const FetchRead& read);

    Broker& broker_;
    const std::uint64_t max_bytes_;
    const bool stable_;  // nothing of open transactions
    std::shared_ptr<FetchSession> session_;
    std::vector<FetchRead> reads_;
    std::uint64_t bytes_ = 0;       // of what was read
    std::uint64_t cold_bytes_ = 0;  // of what is asked of archives, at most
    bool has_error_ = false;
};

}  // namespace kseg::broker
