// SPDX-License-Identifier: Apache-2.0
#include "broker/cold_reads.hpp"

#include <algorithm>
#include <utility>

#include "broker/aborted.hpp"

namespace kseg::broker {
namespace {

// A segment that goes into an archive meanwhile makes looking begin again.
constexpr int kMostLooks = 5;

/// The aborted transactions of what was read, in archives and in what is not archived yet.
Result<std::vector<store::AbortedTransaction>> find_aborted(io::Fs& fs, const ColdReads::Ask& ask,
                                                            const store::ArchivedLog::Slice& slice) {
    for (int look = 0; look < kMostLooks; ++look) {
        const auto end_before = ask.log->end();
        store::OpenTransactions open = slice.open;
        auto archived = ask.log->aborted(ask.from, slice.next_offset, open);
        if (!archived) {
            return archived.error();
        }
        if (archived->complete) {
            return std::move(archived->transactions);
        }
        auto local = aborted_transactions(fs, ask.directory, ask.from, slice.next_offset);
        if (!local) {
            return local.error();
        }
        if (ask.log->end() != end_before) {
            continue;
        }
        auto& all = archived->transactions;
        for (const auto& one : *local) {
            const store::AbortedTransaction found{.producer_id = one.producer_id, .first_offset = one.first_offset};
            // A segment may be in an archive and here.
            if (std::ranges::find(all, found) == all.end()) {
                all.push_back(found);
            }
        }
        return std::move(all);
    }
    return Error{
        .code = Errc::io, .what = "segments are archived faster than they are looked through", .file = ask.directory};
}

Result<ColdReads::Answer> answer_for(io::Fs& fs, const ColdReads::Ask& ask) {
    auto slice = ask.log->read(ask.from, ask.end, ask.max_bytes, ask.at_least_one);
    if (!slice) {
        return slice.error();
    }
    ColdReads::Answer answer{.slice = *std::move(slice)};
    if (ask.aborted && answer.slice && answer.slice->transactional) {
        auto aborted = find_aborted(fs, ask, *answer.slice);
        if (!aborted) {
            return aborted.error();
        }
        answer.aborted = *std::move(aborted);
    }
    return answer;
}

}  // namespace

void ColdReads::read(std::vector<Ask> asks, std::weak_ptr<const void> owner, std::function<void(Answers)> then) {
    const auto request = std::make_shared<Request>();
    for (const Ask& ask : asks) {
        request->bytes += ask.max_bytes;
        request->answers.emplace_back(Answer{});
    }
    request->asks = std::move(asks);
    request->owner = std::move(owner);
    request->then = std::move(then);
    waiting_.push_back(request);
    go_on();
}

/// Begins as much as there is room for.
void ColdReads::go_on() {
    while (!waiting_.empty()) {
        if (waiting_.front()->owner.expired()) {
            waiting_.pop_front();
            continue;
        }
        if (bytes_ != 0 && bytes_ + waiting_.front()->bytes > limits_.bytes) {
            break;
        }
        bytes_ += waiting_.front()->bytes;
        admitted_.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
    }
    while (!admitted_.empty() && running_ < limits_.jobs) {
        const std::shared_ptr<Request> request = admitted_.front();
        if (request->owner.expired()) {
            // What did not begin need not.
            request->done += request->asks.size() - request->begun;
            request->begun = request->asks.size();
        } else {
            begin_next(request);
        }
        if (request->begun == request->asks.size()) {
            admitted_.pop_front();
            end_if_done(*request);
        }
    }
    while (admitted_.empty() && running_ < limits_.jobs && !ahead_.empty()) {
        begin_ahead();
    }
}

void ColdReads::begin_next(const std::shared_ptr<Request>& request) {
    const std::size_t number = request->begun++;
    ++running_;
    // Its end comes by the loop, so never while this runs.
    workers_.run(
        [&fs = fs_, ask = std::move(request->asks[number]), request, number, self = weak_from_this()]() -> Loop::Task {
            const auto answer = std::make_shared<Result<Answer>>(
                request->owner.expired() ? Result<Answer>(Error{.code = Errc::cancelled, .what = "the client left"})
                                         : answer_for(fs, ask));
            return [answer, request, number, self, log = ask.log] {
                const auto reads = self.lock();
                if (reads == nullptr) {
                    return;
                }
                const bool ahead = *answer && (*answer)->slice && (*answer)->slice->read_ahead;
                if (ahead && reads->ahead_.size() < reads->limits_.ahead) {
                    reads->ahead_.push_back({.log = log, .from = (*answer)->slice->next_offset});
                }
                reads->finish(request, number, std::move(*answer));
            };
        });
}

void ColdReads::begin_ahead() {
    Ahead ahead = std::move(ahead_.front());
    ahead_.pop_front();
    ++running_;
    workers_.run([ahead = std::move(ahead), self = weak_from_this()]() -> Loop::Task {
        ahead.log->read_ahead(ahead.from);
        return [self] {
            if (const auto reads = self.lock()) {
                --reads->running_;
                reads->go_on();
            }
        };
    });
}

void ColdReads::finish(const std::shared_ptr<Request>& request, std::size_t number, Result<Answer> answer) {
    --running_;
    request->answers[number] = std::move(answer);
    ++request->done;
    end_if_done(*request);
    go_on();
}

void ColdReads::end_if_done(Request& request) {
    if (request.done != request.asks.size()) {
        return;
    }
    if (!request.owner.expired()) {
        request.then(std::move(request.answers));
    }
    bytes_ -= request.bytes;
}

}  // namespace kseg::broker
