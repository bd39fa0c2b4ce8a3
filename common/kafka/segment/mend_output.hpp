// SPDX-License-Identifier: Apache-2.0
// Internal to this folder: where mended bytes go.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "base/crc.hpp"
#include "base/result.hpp"
#include "io/sink.hpp"

namespace kseg::segment {

/// The output: large runs are written where they stand, small ones gathered. Without a sink it only counts.
class MendOutput {
  public:
    explicit MendOutput(io::Sink* sink) : sink_(sink) {}

    Result<void> write(Bytes bytes) {
        size_ += bytes.size();
        if (sink_ == nullptr) {
            return {};
        }
        crc_ = crc32c(bytes, crc_);
        if (bytes.size() < kDirectBytes) {
            gathered_.append(bytes);
            return gathered_.size() < kGatherBytes ? Result<void>() : flush();
        }
        const auto flushed = flush();
        return flushed ? sink_->write(bytes) : flushed;
    }

    Result<void> flush() {
        if (sink_ == nullptr || gathered_.empty()) {
            return {};
        }
        auto written = sink_->write(gathered_.bytes());
        gathered_.clear();
        return written;
    }

    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] std::uint32_t crc() const { return crc_; }

  private:
    // What is smaller is gathered before it is written: a write for each batch ran at a tenth of the speed.
    static constexpr std::size_t kDirectBytes = std::size_t{256} << 10;
    static constexpr std::size_t kGatherBytes = std::size_t{1} << 20;

    io::Sink* sink_;
    ByteBuffer gathered_;
    std::uint64_t size_ = 0;
    std::uint32_t crc_ = 0;
};

}  // namespace kseg::segment
