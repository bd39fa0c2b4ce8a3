// SPDX-License-Identifier: Apache-2.0
// A file in memory that counts what is read of it, and fails where it is told to.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>

#include "io/file.hpp"

namespace kseg::test {

struct ReadCounts {
    std::uint64_t reads = 0;
    std::uint64_t bytes = 0;
};

class MemoryFile final : public io::ReadAt {
  public:
    explicit MemoryFile(Bytes content, ReadCounts* counts = nullptr) : content_(content), counts_(counts) {}

    [[nodiscard]] Result<std::uint64_t> size() const override { return says_size.value_or(content_.size()); }

    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
        if (fails_at && offset + into.size() > *fails_at) {
            return Error{.code = Errc::io, .what = "read: made to fail", .at = *fails_at};
        }
        const std::size_t part =
            offset >= content_.size() ? 0 : std::min<std::size_t>(into.size(), content_.size() - offset);
        if (part != 0) {
            std::memcpy(into.data(), content_.data() + offset, part);
        }
        if (counts_ != nullptr) {
            ++counts_->reads;
            counts_->bytes += part;
        }
        return part;
    }

    std::optional<std::uint64_t> says_size{};  ///< instead of how many bytes there are
    std::optional<std::uint64_t> fails_at{};   ///< a read that reaches behind it

  private:
    ByteBuffer content_;
    ReadCounts* counts_;
};

inline std::unique_ptr<MemoryFile> memory_file(Bytes content, ReadCounts* counts = nullptr) {
    return std::make_unique<MemoryFile>(content, counts);
}

}  // namespace kseg::test
