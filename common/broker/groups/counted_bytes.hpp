// SPDX-License-Identifier: Apache-2.0
// Bytes that somebody holds, as a part of a sum that many share.
#pragma once

#include <cstdint>
#include <utility>

namespace kseg::broker {

/// What it counts leaves the sum when it is destroyed.
class CountedBytes {
  public:
    /// Borrows the sum.
    explicit CountedBytes(std::uint64_t& sum) : sum_(&sum) {}
    CountedBytes(CountedBytes&& other) noexcept : sum_(other.sum_), own_(std::exchange(other.own_, 0)) {}
    CountedBytes& operator=(CountedBytes&& other) noexcept {
        std::swap(sum_, other.sum_);
        std::swap(own_, other.own_);
        return *this;
    }
    CountedBytes(const CountedBytes&) = delete;
    CountedBytes& operator=(const CountedBytes&) = delete;
    ~CountedBytes() { *sum_ -= own_; }

    void add(std::uint64_t bytes) {
        own_ += bytes;
        *sum_ += bytes;
    }
    void subtract(std::uint64_t bytes) {
        own_ -= bytes;
        *sum_ -= bytes;
    }

  private:
    std::uint64_t* sum_;
    std::uint64_t own_ = 0;
};

}  // namespace kseg::broker
