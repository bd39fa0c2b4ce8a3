// SPDX-License-Identifier: Apache-2.0
// The engine: walks the table of a message's fields to read, write, measure, print and make it up. It knows no message:
// what it is given is a schema and the address of an instance. Callers use message.hpp, which has the types.
// Format: KIP-482 and Kafka's protocol guide.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

/// Heap that arrays of a message that is read may take. One element of a few bytes may become a struct of some hundred.
inline constexpr std::size_t kMaxDecodedBytes = std::size_t{64} << 20;

/// Reads the body of a message into `message`, an instance with every default; `used` gets the bytes that it took.
/// errors   unsupported  the schema has no such version
///          corrupt      the bytes are no such message: too short, a count or length that does not fit, null where the
///                       version has none, tags out of order
///          too_large    arrays would take more than kMaxDecodedBytes
Result<void> read_fields(const Schema& schema, void* message, Bytes in, Version version, std::size_t& used);

/// Appends the body. After an error the output is as it was.
/// errors   unsupported  the schema has no such version, or the version cannot carry a field that is neither its default
///                       nor ignorable
///          invalid      null where the version has none, a string over 32767 bytes
///          too_large    a length that does not fit its field
Result<void> write_fields(const Schema& schema, const void* message, Version version, Output& out);

/// Bytes that write_fields() would write, holes included; the same errors.
Result<std::size_t> measure_fields(const Schema& schema, const void* message, Version version);

/// Appends the fields that the version carries as JSON, in the form of Kafka's generated JsonConverter classes: names in
/// camelCase, bytes and records in base64, tagged fields only where they are not the default. External bytes of records
/// are not shown.
void json_fields(const Schema& schema, const void* message, Version version, ByteBuffer& out);

/// A small generator of pseudo-random numbers (splitmix64): the same seed, the same messages, on every machine.
class RandomSource {
  public:
    explicit RandomSource(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }
    /// 0 to bound - 1.
    std::uint64_t below(std::uint64_t bound) { return next() % bound; }
    bool one_in(std::uint64_t n) { return below(n) == 0; }

  private:
    std::uint64_t state_;
};

/// Fills the fields that the version carries, of an instance with every default: extremes, empty and null among the rest.
void random_fields(const Schema& schema, void* message, Version version, RandomSource& random);

}  // namespace kseg::protocol
