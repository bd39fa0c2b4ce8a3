// SPDX-License-Identifier: Apache-2.0
// Reading and writing messages. A handler includes this and messages/<api>.hpp, and has
//     const auto request = decode<HeartbeatRequest>(body, version);
//     encode(response, version, out);
// with header.hpp for what stands before the body.
#pragma once

#include <cstddef>
#include <utility>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "kafka/protocol/engine.hpp"
#include "kafka/protocol/types.hpp"
#include "kafka/wire/writer.hpp"

namespace kseg::protocol {

/// Reads a body that `in` begins with. Everything is copied but Records, which are views of `in`. For requests: Kafka
/// passes over what stands behind them, and librdkafka 2.16 sends 3 bytes more behind its Metadata request for all topics.
/// errors   those of read_fields()
template <typename T>
Result<T> decode_prefix(Bytes in, Version version) {
    T message;
    std::size_t used = 0;
    if (auto done = read_fields(T::kSchema, &message, in, version, used); !done) {
        return done.error();
    }
    return message;
}

/// Reads a body that takes the whole of `in`: see decode_prefix().
/// errors   those of read_fields(); corrupt also where bytes are left
template <typename T>
Result<T> decode(Bytes in, Version version) {
    T message;
    std::size_t used = 0;
    if (auto done = read_fields(T::kSchema, &message, in, version, used); !done) {
        return done.error();
    }
    if (used != in.size()) {
        return Error{Errc::corrupt, "bytes behind the message", {}, used};
    }
    return message;
}

/// Appends the body of a message: see write_fields().
template <typename T>
Result<void> encode(const T& message, Version version, Output& out) {
    return write_fields(T::kSchema, &message, version, out);
}

/// A message behind its version, as in the records of internal topics and in what consumers put into JoinGroup.
template <typename T>
struct Versioned {
    Version version = 0;
    T message{};
};

/// The version that `in` begins with: it tells OffsetCommitKey (0, 1) from GroupMetadataKey (2).
/// errors   corrupt  fewer than 2 bytes
Result<Version> leading_version(Bytes in);

/// Reads a version and a body of it: see decode().
template <typename T>
Result<Versioned<T>> decode_versioned(Bytes in) {
    const auto version = leading_version(in);
    if (!version) {
        return version.error();
    }
    auto message = decode<T>(in.subspan(sizeof(Version)), *version);
    if (!message) {
        return message.error();
    }
    return Versioned<T>{*version, std::move(*message)};
}

/// Appends the version and the body: see encode().
template <typename T>
Result<void> encode_versioned(const T& message, Version version, Output& out) {
    const std::size_t old_size = out.bytes.size();
    wire::Writer(out.bytes).i16(version);
    auto done = encode(message, version, out);
    if (!done) {
        out.bytes.resize(old_size);
    }
    return done;
}

/// Bytes that encode() would write, holes included.
template <typename T>
Result<std::size_t> measure(const T& message, Version version) {
    return measure_fields(T::kSchema, &message, version);
}

/// Appends the message as JSON: see json_fields().
template <typename T>
void append_json(ByteBuffer& out, const T& message, Version version) {
    json_fields(T::kSchema, &message, version, out);
}

/// A message with random content that the version can carry.
template <typename T>
T random_message(Version version, RandomSource& random) {
    T message;
    random_fields(T::kSchema, &message, version, random);
    return message;
}

}  // namespace kseg::protocol
