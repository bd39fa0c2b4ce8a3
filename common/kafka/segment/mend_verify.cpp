// SPDX-License-Identifier: Apache-2.0
// Reads back what was mended.
#include <fmt/format.h>

#include "base/crc.hpp"
#include "io/window.hpp"
#include "kafka/segment/cursor.hpp"
#include "kafka/segment/mend.hpp"

namespace kseg::segment {
namespace {

/// Takes the CRC of all that is read through it.
class CheckedSource final : public io::ByteSource {
  public:
    explicit CheckedSource(const io::ReadAt& file) : source_(io::source_of(file, 0)) {}

    Result<std::size_t> read(std::span<std::byte> into) override {
        auto got = source_->read(into);
        if (got) {
            crc_ = crc32c(Bytes(into).first(*got), crc_);
            size_ += *got;
        }
        return got;
    }
    [[nodiscard]] std::uint32_t crc() const { return crc_; }
    [[nodiscard]] std::uint64_t size() const { return size_; }

  private:
    std::unique_ptr<io::ByteSource> source_;
    std::uint32_t crc_ = 0;
    std::uint64_t size_ = 0;
};

}  // namespace

Result<void> verify_mended(const io::ReadAt& written, const MendTotals& totals,
                           const std::function<Result<void>(const Item&)>& visit) {
    CheckedSource source(written);
    io::Window window(source, {});
    SegmentCursor cursor(window, {});
    std::uint64_t good = 0;
    for (;;) {
        if (!visit) {
            const auto run = cursor.next_run();
            if (!run) {
                return run.error();
            }
            good += run->batches;
        }
        const auto item = cursor.next();
        if (!item) {
            return item.error();
        }
        if (item->outcome == Outcome::end) {
            break;
        }
        if (item->outcome == Outcome::batch && item->crc_valid) {
            ++good;
            if (visit) {
                if (auto visited = visit(*item); !visited) {
                    return visited;
                }
            }
        }
    }
    const bool as_many = good == totals.good_out || totals.bad_bytes_out != 0;
    if (source.size() != totals.bytes_out || source.crc() != totals.crc_out || !as_many) {
        return Error{
            .code = Errc::corrupt,
            .what = fmt::format("read back; expected {} bytes, {} good batches and crc 0x{:08x}, got {}, {} and 0x{:08x}",
                                totals.bytes_out, totals.good_out, totals.crc_out, source.size(), good, source.crc())};
    }
    return {};
}

}  // namespace kseg::segment
