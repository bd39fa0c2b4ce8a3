// SPDX-License-Identifier: Apache-2.0
// What stands around a message's body on a connection: the frame's length, and the headers of requests and responses.
// Source: Kafka's protocol guide, its RequestHeader and ResponseHeader schemas, KIP-482, KIP-511.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "kafka/protocol/apis.hpp"
#include "kafka/protocol/message.hpp"
#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

inline constexpr std::size_t kFrameLengthBytes = 4;

struct RequestHeader {
    std::int16_t request_api_key = 0;
    std::int16_t request_api_version = 0;
    std::int32_t correlation_id = 0;
    std::optional<std::string> client_id{std::string{}};

    static const Schema kSchema;
};

struct ResponseHeader {
    std::int32_t correlation_id = 0;

    static const Schema kSchema;
};

/// Version of the header before a request of this API and version.
Version request_header_version(const Api& api, Version version);
/// Version of the header before its response. ApiVersions is always answered with 0: a client that does not know what the
/// broker speaks has to be able to read it.
Version response_header_version(const Api& api, Version version);

/// A request as it came. Borrows the frame.
struct Request {
    RequestHeader header{};
    /// The API that the key stands for; nullptr where we know none, or not this version of it. Then only the header's
    /// numbers are read: neither the client's id nor the body, since nobody knows their form.
    const Api* api = nullptr;
    Bytes body{};
};

/// Takes a frame's content, without the length, apart.
/// errors   corrupt  shorter than its header, or a header that does not parse
Result<Request> parse_request(Bytes frame);

/// The first frame of what a connection has received, without its length; nothing where more bytes have to come.
/// limit    a frame may have as many bytes, its length not counted
/// errors   corrupt    the length is negative
///          too_large  it is over the limit
Result<std::optional<Bytes>> first_frame(Bytes received, std::uint32_t limit);

/// Leaves room for a frame's length; returns where, for end_frame().
std::size_t begin_frame(Output& out);
/// Sets the length to what was written since, holes included.
/// errors   too_large  it does not fit the length
Result<void> end_frame(Output& out, std::size_t begin);

/// Appends a response as one frame: length, header, body. After an error the output is as it was.
/// errors   those of encode()
Result<void> write_response(Output& out, const Api& api, Version version, std::int32_t correlation_id, const Schema& schema,
                            const void* message);

template <typename T>
Result<void> encode_response(Output& out, const Api& api, Version version, std::int32_t correlation_id, const T& response) {
    return write_response(out, api, version, correlation_id, T::kSchema, &response);
}

/// Appends a request as one frame. `header` gives correlation_id and client_id.
Result<void> write_request(Output& out, const Api& api, Version version, const RequestHeader& header, const Schema& schema,
                           const void* message);

template <typename T>
Result<void> encode_request(Output& out, const Api& api, Version version, const RequestHeader& header, const T& request) {
    return write_request(out, api, version, header, T::kSchema, &request);
}

/// Body of a response's frame, and its correlation id.
struct Response {
    ResponseHeader header{};
    Bytes body{};
};

/// Takes the content of a response's frame apart. Borrows it.
Result<Response> parse_response(Bytes frame, const Api& api, Version version);

}  // namespace kseg::protocol
