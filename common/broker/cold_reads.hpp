// SPDX-License-Identifier: Apache-2.0
// Reads of archives for those who fetch: so many at once, and so many bytes under way; who comes when there is no room
// waits for his turn. By the loop's thread; what is read is read by workers.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "broker/workers.hpp"
#include "io/fs.hpp"
#include "store/archived_log.hpp"

namespace kseg::broker {

class ColdReads final : public std::enable_shared_from_this<ColdReads> {
  public:
    struct Limits {
        std::uint64_t bytes = std::uint64_t{64} << 20;         ///< of all that is asked for and not answered
        std::uint64_t request_bytes = std::uint64_t{8} << 20;  ///< of one request; a single batch may be larger
        std::size_t jobs = 2;                                  ///< under way at once
        std::size_t ahead = 16;                                ///< reads ahead that wait
    };

    /// Whole batches of one partition.
    struct Ask {
        std::shared_ptr<store::ArchivedLog> log;
        std::int64_t from = 0;
        std::int64_t end = 0;
        std::uint64_t max_bytes = 0;
        bool at_least_one = false;
        bool aborted = false;     ///< whether aborted transactions are asked for
        std::string directory{};  ///< of what of the partition is not in archives
    };
    struct Answer {
        std::optional<store::ArchivedLog::Slice> slice{};  ///< nothing where archives have nothing
        std::vector<store::AbortedTransaction> aborted{};
    };
    using Answers = std::vector<Result<Answer>>;

    /// Borrows; a job that is under way may outlive this, but not the workers and the file system.
    ColdReads(io::Fs& fs, Workers& workers, const Limits& limits) : fs_(fs), workers_(workers), limits_(limits) {}
    ColdReads(const ColdReads&) = delete;
    ColdReads& operator=(const ColdReads&) = delete;
    ~ColdReads() = default;

    [[nodiscard]] const Limits& limits() const { return limits_; }

    /// Calls `then`, later, with an answer for each of what is asked, none of which is empty. What has not begun when
    /// `owner` has gone is not done, and nobody is told.
    void read(std::vector<Ask> asks, std::weak_ptr<const void> owner, std::function<void(Answers)> then);

    [[nodiscard]] std::uint64_t bytes_under_way() const { return bytes_; }
    [[nodiscard]] std::size_t jobs_under_way() const { return running_; }

  private:
    struct Request {
        std::vector<Ask> asks;
        std::weak_ptr<const void> owner;
        std::function<void(Answers)> then;
        std::uint64_t bytes = 0;
        Answers answers;
        std::size_t begun = 0;
        std::size_t done = 0;
    };
    struct Ahead {
        std::shared_ptr<store::ArchivedLog> log;
        std::int64_t from = 0;
    };

    void go_on();
    void begin_next(const std::shared_ptr<Request>& request);
    void begin_ahead();
    void finish(const std::shared_ptr<Request>& request, std::size_t number, Result<Answer> answer);
    void end_if_done(Request& request);

    io::Fs& fs_;
    Workers& workers_;
    const Limits limits_;
    std::uint64_t bytes_ = 0;
    std::size_t running_ = 0;
    std::deque<std::shared_ptr<Request>> waiting_;   // for bytes
    std::deque<std::shared_ptr<Request>> admitted_;  // which have asks that did not begin
    std::deque<Ahead> ahead_;
};

}  // namespace kseg::broker
