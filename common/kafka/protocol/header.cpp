// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/header.hpp"

#include <fmt/format.h>

#include "kafka/protocol/schema.hpp"
#include "kafka/wire/reader.hpp"
#include "kafka/wire/writer.hpp"

namespace kseg::protocol {

namespace {

constexpr auto kRequest = structure<RequestHeader>(
    field<&RequestHeader::request_api_key>("requestApiKey", since(0)),
    field<&RequestHeader::request_api_version>("requestApiVersion", since(0)),
    field<&RequestHeader::correlation_id>("correlationId", since(0)),
    // Not compact in any version, so that a broker can read it before it knows the version.
    field<&RequestHeader::client_id>("clientId", since(1)).nullable(since(1)).ignorable().never_compact());

constexpr auto kResponse = structure<ResponseHeader>(field<&ResponseHeader::correlation_id>("correlationId", since(0)));

/// Writes a frame of two parts; puts the output back where one fails.
template <typename Header, typename Body>
Result<void> write_frame(Output& out, Header&& header, Body&& body) {
    const std::size_t old_size = out.bytes.size();
    const std::size_t old_holes = out.holes.size();
    const std::size_t begin = begin_frame(out);
    Result<void> done = header();
    if (done) {
        done = body();
    }
    if (done) {
        done = end_frame(out, begin);
    }
    if (!done) {
        out.bytes.resize(old_size);
        out.holes.resize(old_holes);
    }
    return done;
}

}  // namespace

constinit const Schema RequestHeader::kSchema = message("RequestHeader", {0, 2}, since(2), kRequest);
constinit const Schema ResponseHeader::kSchema = message("ResponseHeader", {0, 1}, since(1), kResponse);

Version request_header_version(const Api& api, Version version) {
    return api.request->flexible.contains(version) ? 2 : 1;
}

Version response_header_version(const Api& api, Version version) {
    return api.key != ApiKey::api_versions && api.response->flexible.contains(version) ? 1 : 0;
}

Result<Request> parse_request(Bytes frame) {
    Request request;
    wire::Reader in(frame);
    request.header.request_api_key = in.i16();
    request.header.request_api_version = in.i16();
    request.header.correlation_id = in.i32();
    if (!in.ok()) {
        return Error{Errc::corrupt, fmt::format("a request of {} bytes", frame.size())};
    }
    const Version version = request.header.request_api_version;
    request.api = find_api(request.header.request_api_key, version);
    if (request.api == nullptr) {
        return request;
    }
    std::size_t used = 0;
    const Version header_version = request_header_version(*request.api, version);
    if (auto done = read_fields(RequestHeader::kSchema, &request.header, frame, header_version, used); !done) {
        return done.error();
    }
    request.body = frame.subspan(used);
    return request;
}

Result<std::optional<Bytes>> first_frame(Bytes received, std::uint32_t limit) {
    if (received.size() < kFrameLengthBytes) {
        return std::optional<Bytes>{};
    }
    const auto length = wire::load_big<std::int32_t>(received.data());
    if (length < 0) {
        return Error{Errc::corrupt, fmt::format("a frame of {} bytes", length)};
    }
    const auto size = static_cast<std::uint32_t>(length);
    if (size > limit) {
        return Error{Errc::too_large, fmt::format("a frame of {} bytes; at most {}", size, limit)};
    }
    received = received.subspan(kFrameLengthBytes);
    return received.size() < size ? std::optional<Bytes>{} : std::optional<Bytes>{received.first(size)};
}

std::size_t begin_frame(Output& out) {
    const std::size_t begin = out.bytes.size();
    out.bytes.resize(begin + kFrameLengthBytes);
    return begin;
}

Result<void> end_frame(Output& out, std::size_t begin) {
    std::uint64_t size = out.bytes.size() - begin - kFrameLengthBytes;
    // A frame begins with its length, so that a hole at its begin is the end of the frame before.
    for (std::size_t i = out.holes.size(); i > 0 && out.holes[i - 1].at > begin; --i) {
        size += out.holes[i - 1].size;
    }
    if (size > INT32_MAX) {
        return Error{Errc::too_large, fmt::format("a frame of {} bytes", size)};
    }
    wire::store_big(out.bytes.data() + begin, static_cast<std::int32_t>(size));
    return {};
}

Result<void> write_response(Output& out, const Api& api, Version version, std::int32_t correlation_id, const Schema& schema,
                            const void* message) {
    const ResponseHeader header{correlation_id};
    return write_frame(
        out, [&] { return encode(header, response_header_version(api, version), out); },
        [&] { return write_fields(schema, message, version, out); });
}

Result<void> write_request(Output& out, const Api& api, Version version, const RequestHeader& header, const Schema& schema,
                           const void* message) {
    RequestHeader full = header;
    full.request_api_key = static_cast<std::int16_t>(api.key);
    full.request_api_version = version;
    return write_frame(
        out, [&] { return encode(full, request_header_version(api, version), out); },
        [&] { return write_fields(schema, message, version, out); });
}

Result<Response> parse_response(Bytes frame, const Api& api, Version version) {
    Response response;
    std::size_t used = 0;
    const Version header_version = response_header_version(api, version);
    if (auto done = read_fields(ResponseHeader::kSchema, &response.header, frame, header_version, used); !done) {
        return done.error();
    }
    response.body = frame.subspan(used);
    return response;
}

}  // namespace kseg::protocol
