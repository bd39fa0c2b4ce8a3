// SPDX-License-Identifier: Apache-2.0
// A segment of arbitrary bytes is mended. The first byte chooses options, and whether the CRCs of what looks like batches
// are made right first, since random bytes hold no good batch; the second how the bytes are handed out.
#include <string>

#include "base/crc.hpp"
#include "fuzz_support.hpp"
#include "kafka/segment/frame.hpp"
#include "kafka/segment/mend.hpp"
#include "kafka/wire/writer.hpp"
#include "support/piece_source.hpp"

using namespace kseg;

namespace {

class MemoryFile final : public io::Sink, public io::ReadAt {
  public:
    Result<void> write(Bytes bytes) override {
        all_.append(bytes);
        return {};
    }
    Result<void> commit() override { return {}; }
    [[nodiscard]] Result<std::uint64_t> size() const override { return all_.size(); }
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
        const std::size_t part = offset >= all_.size() ? 0 : std::min<std::size_t>(into.size(), all_.size() - offset);
        if (part != 0) {
            std::copy_n(all_.data() + offset, part, into.data());
        }
        return part;
    }
    [[nodiscard]] Bytes bytes() const { return all_.bytes(); }

  private:
    ByteBuffer all_;
};

/// Makes right the CRC of what could be batches, every third of them but for one bit.
void restamp(ByteBuffer& all) {
    int nth = 0;
    for (std::size_t at = 0; at + record::kMessageV0Bytes <= all.size(); ++at) {
        const auto frame = segment::Frame::of(all.data() + at);
        if (!frame.known_magic() || !frame.length_can_be() || static_cast<std::uint64_t>(frame.size) > all.size() - at) {
            continue;
        }
        const std::size_t cover = record::crc_cover_at(frame.magic);
        const Bytes covered = all.bytes().subspan(at + cover, static_cast<std::size_t>(frame.size) - cover);
        const std::uint32_t flip = ++nth % 3 == 0 ? 1U << (nth % 32) : 0U;
        wire::store_big(all.data() + at + record::crc_at(frame.magic), crc(record::crc_kind(frame.magic), covered) ^ flip);
        at += static_cast<std::size_t>(frame.size) - 1;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    ByteBuffer all(fuzz::bytes_of(data + 2, size - 2));
    if ((data[0] & 1) != 0) {
        restamp(all);
    }
    segment::MendOptions options{.trust_body = (data[0] & 2) != 0,
                                 .force = (data[0] & 4) != 0,
                                 .salvage = (data[0] & 8) != 0,
                                 .max_batch_bytes = std::uint64_t{1} << 20};
    options.edits.canonical = (data[0] & 16) != 0;
    if ((data[0] & 32) != 0) {
        options.edits.codec = static_cast<codec::Codec>(data[1] % 4);
    }
    if ((data[0] & 64) != 0) {
        options.base_offset = data[1];
    }
    MemoryFile out;
    MemoryFile rejects;
    std::uint64_t last = 0;
    const auto finding = [&last](const segment::Finding& found) {
        fuzz::require(found.item.position.value >= last && found.item.size > 0);
        last = found.item.position.value + found.item.size;
    };
    test::PieceSource source(all.bytes(), std::size_t{1} + data[1] % 64 * 37, (data[0] & 128) != 0);
    const auto totals = segment::mend(source, options, {.mended = &out, .rejects = &rejects, .finding = finding});
    if (!totals) {
        fuzz::require(totals.error().code == Errc::corrupt || totals.error().code == Errc::invalid);
        fuzz::require(totals.error().what.find("verify") == std::string::npos);
        return 0;
    }
    fuzz::require(totals->bytes_in == all.size() && totals->bytes_out == out.bytes().size());
    fuzz::require(segment::verify_mended(out, *totals).has_value());
    if (!options.changes_good_batches()) {
        fuzz::require(out.bytes().size() + rejects.bytes().size() == all.size());
    }
    if (options.salvage && totals->kept == 0) {
        // What was salvaged is good batches and nothing else.
        test::PieceSource again(out.bytes(), out.bytes().size() + 1, true);
        const auto clean = segment::mend(again, {}, {});
        fuzz::require(clean.has_value() && clean->left_over() == 0 && clean->mended() == 0);
    }
    return 0;
}
