// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/frame_flip.hpp"

#include <algorithm>
#include <array>

#include "kafka/segment/frame.hpp"
#include "kafka/wire/reader.hpp"

namespace kseg::segment {
namespace {

using record::kFrameBytes;
using record::kMagicAt;

constexpr std::uint64_t kLengthAt = 8;
constexpr std::uint64_t kFirstLengthBit = 8 * kLengthAt;
constexpr std::uint64_t kEndOfLengthBits = 8 * record::kLengthFieldEnd;
constexpr std::uint64_t kFirstMagicBit = 8 * kMagicAt;
constexpr std::uint64_t kEndOfMagicBits = 8 * (kMagicAt + 1);

}  // namespace

/// Whether the bytes at `at` are a batch whose CRC is right, once the bit is flipped.
bool FrameFlipFinder::fits(FileOffset at, Bytes bytes, std::uint64_t bit) {
    std::array<std::byte, kFrameBytes> first{};
    std::copy_n(bytes.begin(), kFrameBytes, first.begin());
    first[bit / 8] ^= std::byte{1} << (bit % 8);
    const Frame frame = Frame::of(first.data());
    if (!frame.known_magic() || !frame.length_can_be() || static_cast<std::uint64_t>(frame.size) > bytes.size()) {
        return false;
    }
    const CrcKind kind = record::crc_kind(frame.magic);
    const std::size_t cover = record::crc_cover_at(frame.magic);
    const Bytes covered = bytes.subspan(cover, static_cast<std::size_t>(frame.size) - cover);
    std::uint32_t made = crcs_.of(kind, at + cover, covered);
    if (bit / 8 >= cover) {
        made ^= crc_of_flip(kind, static_cast<unsigned>(bit % 8), covered.size() - 1 - (bit / 8 - cover));
    }
    return made == wire::load_big<std::uint32_t>(bytes.data() + record::crc_at(frame.magic));
}

std::optional<std::uint64_t> FrameFlipFinder::find(FileOffset at, Bytes bytes, ByteBuffer& mended) {
    mended.clear();
    if (bytes.size() < kFrameBytes) {
        return std::nullopt;
    }
    for (std::uint64_t bit = kFirstLengthBit; bit < kEndOfMagicBits; ++bit) {
        const bool is_frame_bit = bit < kEndOfLengthBits || bit >= kFirstMagicBit;
        if (!is_frame_bit || !fits(at, bytes, bit)) {
            continue;
        }
        std::array<std::byte, kFrameBytes> first{};
        std::copy_n(bytes.begin(), kFrameBytes, first.begin());
        first[bit / 8] ^= std::byte{1} << (bit % 8);
        mended.append(bytes.first(static_cast<std::size_t>(Frame::of(first.data()).size)));
        mended.data()[bit / 8] = first[bit / 8];
        const auto batch = record::BatchView::parse(mended.bytes(), at);
        if (batch && batch->compute_crc() == batch->header().crc && judge_.parses(*batch)) {
            return bit;
        }
        mended.clear();
    }
    return std::nullopt;
}

}  // namespace kseg::segment
