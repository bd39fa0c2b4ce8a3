// SPDX-License-Identifier: Apache-2.0
// The types that fields of messages have, besides integers, bool, std::string, std::vector and std::optional (null).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace kseg::protocol {

/// The description of a message: a table of its fields. Only messages/<api>.cpp and the engine look inside.
struct Schema;

/// Version of a message's body, as in the request's header.
using Version = std::int16_t;

/// Owned bytes of which the protocol knows nothing further: assignments, subscriptions, tokens.
using Blob = std::vector<std::byte>;

/// Kafka's UUID: 16 bytes, all zero where there is none.
struct Uuid {
    std::array<std::byte, 16> bytes{};

    [[nodiscard]] bool is_zero() const { return *this == Uuid{}; }
    friend bool operator==(const Uuid&, const Uuid&) = default;
    friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

/// As Kafka prints it: base64 with the alphabet for URLs and without padding, 22 characters.
std::string to_string(const Uuid& uuid);

/// Record batches of one partition. Borrows: a message that was read points into the bytes that it was read from, and one
/// to be written points to the caller's. What lies in a file is not loaded: it is `external_size` bytes, which the caller
/// sends himself where the output has the hole. On the wire they follow `bytes`.
struct Records {
    NullableBytes bytes{};
    std::uint32_t external_size = 0;
    std::uint64_t external_id = 0;  ///< comes back in Hole::id
};

/// A place in an output where bytes go that are not in its buffer.
struct Hole {
    std::size_t at = 0;      ///< so many bytes of the buffer are before it
    std::uint32_t size = 0;  ///< more than 0
    std::uint64_t id = 0;
};

/// What messages are written to: bytes, and the holes between them in order.
struct Output {
    ByteBuffer bytes{};
    std::vector<Hole> holes{};

    /// Bytes on the wire, holes included.
    [[nodiscard]] std::uint64_t size() const {
        std::uint64_t sum = bytes.size();
        for (const Hole& hole : holes) {
            sum += hole.size;
        }
        return sum;
    }
};

/// A range of versions, both ends included.
struct Versions {
    Version from = 0;
    Version to = INT16_MAX;

    [[nodiscard]] constexpr bool contains(Version version) const { return from <= version && version <= to; }
    friend bool operator==(const Versions&, const Versions&) = default;
};

constexpr Versions since(Version version) {
    return {version, INT16_MAX};
}

inline constexpr Versions kNoVersions{1, 0};

}  // namespace kseg::protocol
