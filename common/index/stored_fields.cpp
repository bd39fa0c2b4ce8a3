// SPDX-License-Identifier: Apache-2.0
#include "index/stored_fields.hpp"

#include <algorithm>

namespace kseg::index {
namespace {

// Layout: Lucene 3.0, file formats, stored fields. Both files: format i32, here 2. Then `.fdt`: of each document the number
// of its fields, a varint, here 0; `.fdx`: of each document where that is in the other file, i64.
constexpr std::uint64_t kHeadBytes = 4;
constexpr std::uint64_t kPositionBytes = 8;

class StoredFields final : public io::ReadAt {
  public:
    StoredFields(bool positions, Ordinal documents) : entry_bytes_(positions ? kPositionBytes : 1), documents_(documents) {}

    [[nodiscard]] Result<std::uint64_t> size() const override { return kHeadBytes + documents_ * entry_bytes_; }

    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
        const std::uint64_t end = kHeadBytes + documents_ * entry_bytes_;
        const std::size_t part =
            offset >= end ? 0 : static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), end - offset));
        for (std::size_t i = 0; i < part; ++i) {
            into[i] = at(offset + i);
        }
        return part;
    }

  private:
    [[nodiscard]] std::byte at(std::uint64_t offset) const {
        if (offset < kHeadBytes) {
            return offset == kHeadBytes - 1 ? std::byte{2} : std::byte{0};
        }
        if (entry_bytes_ == 1) {
            return std::byte{0};
        }
        const std::uint64_t entry = (offset - kHeadBytes) / kPositionBytes;
        const std::uint64_t bytes_behind = kPositionBytes - 1 - (offset - kHeadBytes) % kPositionBytes;
        return static_cast<std::byte>(((kHeadBytes + entry) >> (8 * bytes_behind)) & 0xffU);
    }

    std::uint64_t entry_bytes_;
    std::uint64_t documents_;
};

}  // namespace

std::unique_ptr<io::ReadAt> stored_fields(std::string_view name, Ordinal documents) {
    return std::make_unique<StoredFields>(name == kStoredFieldFiles.back(), documents);
}

}  // namespace kseg::index
