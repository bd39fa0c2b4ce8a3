// SPDX-License-Identifier: Apache-2.0
#include "append_session.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "kafka/record/batch.hpp"

namespace kseg::tools {
namespace {

// So many acknowledgements may be due before input waits for the disk.
constexpr std::size_t kMostPending = 4096;

}  // namespace

void AppendSession::append(std::span<std::byte> batch, const std::string& file, std::uint64_t at) {
    const auto header = record::BatchView::parse(batch, {});
    const auto appended = log_.append(batch, how_);
    if (!appended) {
        Error error = appended.error().in_file(file);
        if (!error.at && error.file == file) {
            error.at = at;
        }
        if (error.code == Errc::corrupt) {
            report_.damage(error.file, at, error.what + "; refused");
        } else {
            fail(error);
        }
        return;
    }
    if (appended->duplicate) {
        report_.detail(fmt::format("{}: offset {}: batch of producer {}; was appended before, as offsets {} to {}", file,
                                   at, header->header().producer_id, appended->base_offset, appended->last_offset));
    }
    if (acks_ == nullptr) {
        return;
    }
    pending_.push_back({.base_offset = appended->base_offset,
                        .last_offset = appended->last_offset,
                        .records = header->header().records_count,
                        .ticket = appended->ticket});
    acknowledge();
    while (pending_.size() > kMostPending && !stopped()) {
        // Under --sync none a ticket does not mean a sync.
        auto durable = log_.wait(pending_.front().ticket);
        if (durable && log_.durable_offset() <= pending_.front().last_offset) {
            durable = log_.sync();
        }
        if (!durable) {
            fail(durable.error());
        }
        acknowledge();
    }
}

void AppendSession::settle() {
    if (acks_ == nullptr || pending_.empty() || stopped()) {
        return;
    }
    auto durable = log_.wait(pending_.back().ticket);
    if (durable && log_.durable_offset() <= pending_.back().last_offset) {
        durable = log_.sync();
    }
    if (!durable) {
        fail(durable.error());
    }
    acknowledge();
}

void AppendSession::acknowledge() {
    if (acks_ == nullptr || pending_.empty() || reader_gone_) {
        return;
    }
    const std::int64_t durable = log_.durable_offset();
    text_.clear();
    for (; !pending_.empty() && pending_.front().last_offset < durable; pending_.pop_front()) {
        const Pending& batch = pending_.front();
        text_.append(R"({"base_offset":)");
        append_number(text_, batch.base_offset);
        text_.append(R"(,"last_offset":)");
        append_number(text_, batch.last_offset);
        text_.append(R"(,"records":)");
        append_number(text_, batch.records);
        text_.append("}\n");
    }
    if (text_.empty()) {
        return;
    }
    if (const auto written = acks_->write(text_.bytes()); !written) {
        reader_gone_ = true;
        if (written.error().what != io::kBrokenPipe) {
            fail(written.error());
        }
    }
}

void AppendSession::fail(const Error& error) {
    if (!failed_) {
        report_.error(error);
    }
    failed_ = true;
}

}  // namespace kseg::tools
