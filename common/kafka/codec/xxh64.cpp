// SPDX-License-Identifier: Apache-2.0
#include "kafka/codec/xxh64.hpp"

#include <array>
#include <bit>
#include <cstddef>

#include "kafka/codec/codec_impl.hpp"

namespace kseg::codec {
namespace {

constexpr std::uint64_t kPrime1 = 0x9e3779b185ebca87;
constexpr std::uint64_t kPrime2 = 0xc2b2ae3d27d4eb4f;
constexpr std::uint64_t kPrime3 = 0x165667b19e3779f9;
constexpr std::uint64_t kPrime4 = 0x85ebca77c2b2ae63;
constexpr std::uint64_t kPrime5 = 0x27d4eb2f165667c5;
constexpr std::size_t kStripeBytes = std::size_t{4} * 8;  // four lanes of 64 bits

constexpr std::uint64_t mix(std::uint64_t lane, std::uint64_t input) {
    return std::rotl(lane + input * kPrime2, 31) * kPrime1;
}

/// All whole stripes of `bytes`, as one hash.
std::uint64_t hash_stripes(Bytes bytes, std::uint64_t seed) {
    std::array<std::uint64_t, 4> lanes = {seed + kPrime1 + kPrime2, seed + kPrime2, seed, seed - kPrime1};
    for (std::size_t at = 0; bytes.size() - at >= kStripeBytes; at += kStripeBytes) {
        for (std::size_t i = 0; i < lanes.size(); ++i) {
            lanes[i] = mix(lanes[i], load_le<std::uint64_t>(bytes, at + 8 * i));
        }
    }
    std::uint64_t hash =
        std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) + std::rotl(lanes[3], 18);
    for (const std::uint64_t lane : lanes) {
        hash = (hash ^ mix(0, lane)) * kPrime1 + kPrime4;
    }
    return hash;
}

}  // namespace

std::uint64_t xxh64(Bytes bytes, std::uint64_t seed) {
    std::uint64_t hash = bytes.size() >= kStripeBytes ? hash_stripes(bytes, seed) : seed + kPrime5;
    std::size_t at = bytes.size() / kStripeBytes * kStripeBytes;
    hash += bytes.size();
    for (; bytes.size() - at >= 8; at += 8) {
        hash = std::rotl(hash ^ mix(0, load_le<std::uint64_t>(bytes, at)), 27) * kPrime1 + kPrime4;
    }
    if (bytes.size() - at >= 4) {
        hash = std::rotl(hash ^ load_le<std::uint32_t>(bytes, at) * kPrime1, 23) * kPrime2 + kPrime3;
        at += 4;
    }
    for (; at < bytes.size(); ++at) {
        hash = std::rotl(hash ^ to_u8(bytes[at]) * kPrime5, 11) * kPrime1;
    }
    hash = (hash ^ (hash >> 33)) * kPrime2;
    hash = (hash ^ (hash >> 29)) * kPrime3;
    return hash ^ (hash >> 32);
}

}  // namespace kseg::codec
