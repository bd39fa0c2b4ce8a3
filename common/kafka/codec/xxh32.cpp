// SPDX-License-Identifier: Apache-2.0
#include "kafka/codec/xxh32.hpp"

#include <array>
#include <bit>
#include <cstddef>

#include "kafka/codec/codec_impl.hpp"

namespace kseg::codec {
namespace {

constexpr std::uint32_t kPrime1 = 0x9e3779b1;
constexpr std::uint32_t kPrime2 = 0x85ebca77;
constexpr std::uint32_t kPrime3 = 0xc2b2ae3d;
constexpr std::uint32_t kPrime4 = 0x27d4eb2f;
constexpr std::uint32_t kPrime5 = 0x165667b1;
constexpr std::size_t kStripeBytes = std::size_t{4} * 4;  // four lanes of 32 bits

constexpr std::uint32_t mix(std::uint32_t lane, std::uint32_t input) {
    return std::rotl(lane + input * kPrime2, 13) * kPrime1;
}

}  // namespace

std::uint32_t xxh32(Bytes bytes, std::uint32_t seed) {
    std::size_t at = 0;
    std::uint32_t hash = seed + kPrime5;
    if (bytes.size() >= kStripeBytes) {
        std::array<std::uint32_t, 4> lanes = {seed + kPrime1 + kPrime2, seed + kPrime2, seed, seed - kPrime1};
        for (; bytes.size() - at >= kStripeBytes; at += kStripeBytes) {
            for (std::size_t i = 0; i < lanes.size(); ++i) {
                lanes[i] = mix(lanes[i], load_le<std::uint32_t>(bytes, at + 4 * i));
            }
        }
        hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) + std::rotl(lanes[3], 18);
    }
    hash += static_cast<std::uint32_t>(bytes.size());
    for (; bytes.size() - at >= 4; at += 4) {
        hash = std::rotl(hash + load_le<std::uint32_t>(bytes, at) * kPrime3, 17) * kPrime4;
    }
    for (; at < bytes.size(); ++at) {
        hash = std::rotl(hash + to_u8(bytes[at]) * kPrime5, 11) * kPrime1;
    }
    hash = (hash ^ (hash >> 15)) * kPrime2;
    hash = (hash ^ (hash >> 13)) * kPrime3;
    return hash ^ (hash >> 16);
}

}  // namespace kseg::codec
