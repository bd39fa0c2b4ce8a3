// SPDX-License-Identifier: Apache-2.0
// A file whose reads cost by their number: where reads follow one another, each fetches more than it was asked for, so that
// a scan of an archive in an object store is few requests.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "io/file.hpp"

namespace kseg::archive {

/// Knows a few places at which somebody reads on, so that several threads may go through several members.
class ReadAhead final : public io::ReadAt {
  public:
    /// most_bytes   of one request beyond what is asked for
    ReadAhead(std::shared_ptr<const io::ReadAt> file, std::size_t most_bytes)
        : file_(std::move(file)), most_bytes_(most_bytes) {}

    [[nodiscard]] Result<std::uint64_t> size() const override { return file_->size(); }
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override;

  private:
    struct Place {
        std::mutex mutex;        // of what is below
        std::uint64_t next = 0;  // of the file: where the kept bytes that are not used begin
        ByteBuffer kept;
        std::size_t used = 0;
        std::size_t window = 0;
    };
    struct Slot {
        std::uint64_t next = ~std::uint64_t{0};  // where who reads on will read
        std::uint64_t last_use = 0;
        std::shared_ptr<Place> place;
    };
    std::shared_ptr<Place> place_of(std::uint64_t offset, std::size_t size, bool& follows) const;
    Result<std::size_t> read_on(Place& place, std::uint64_t offset, std::span<std::byte> into) const;

    std::shared_ptr<const io::ReadAt> file_;
    std::size_t most_bytes_;
    mutable std::mutex mutex_;  // of slots_ and uses_
    mutable std::array<Slot, 4> slots_;
    mutable std::uint64_t uses_ = 0;
};

}  // namespace kseg::archive
