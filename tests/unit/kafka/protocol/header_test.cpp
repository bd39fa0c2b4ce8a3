// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <limits>

#include "kafka/protocol/header.hpp"
#include "kafka/protocol/messages/api_versions.hpp"
#include "kafka/protocol/messages/fetch.hpp"
#include "kafka/protocol/messages/heartbeat.hpp"
#include "kafka/wire/reader.hpp"
#include "support/hex.hpp"

using namespace kseg;
using namespace kseg::protocol;
using test::from_hex;

TEST_CASE("a request's header ends where the version says") {
    // Heartbeat 0: header version 1, client id "c".
    const ByteBuffer old = from_hex("000c 0000 00000009 0001 63  0001 67 00000007 0001 6d");
    const auto request = parse_request(old.bytes());
    REQUIRE(request);
    REQUIRE(request->api != nullptr);
    CHECK(request->api->name == "Heartbeat");
    CHECK(request->header.correlation_id == 9);
    CHECK(request->header.client_id == "c");
    CHECK(decode<HeartbeatRequest>(request->body, request->header.request_api_version)->group_id == "g");
    // Heartbeat 4: header version 2, whose client id is not compact and which has a tag section; client id null.
    const ByteBuffer flexible = from_hex("000c 0004 00000009 ffff 01 07 01 aa  02 67 00000007 02 6d 00 00");
    const auto later = parse_request(flexible.bytes());
    REQUIRE(later);
    CHECK_FALSE(later->header.client_id);
    CHECK(decode<HeartbeatRequest>(later->body, 4)->generation_id == 7);
}

TEST_CASE("of a request that nobody knows only the numbers are read") {
    for (const char* const hex :
         {"7fff 0000 00000009", "0012 0005 00000009 ff", "000c ffff 00000009", "ffff 0000 00000009 00"}) {
        const ByteBuffer bytes = from_hex(hex);
        const auto request = parse_request(bytes.bytes());
        REQUIRE(request);
        CHECK(request->api == nullptr);
        CHECK(request->header.correlation_id == 9);
        CHECK(request->body.empty());
    }
    CHECK_FALSE(parse_request(from_hex("0012 0003 000000").bytes()));
    CHECK_FALSE(parse_request({}));
    CHECK_FALSE(parse_request(from_hex("000c 0000 00000009 0005 63").bytes()));
    CHECK_FALSE(parse_request(from_hex("000c 0004 00000009 ffff 01").bytes()));
}

TEST_CASE("ApiVersions is answered with header version 0, everything else flexible with 1") {
    for (const Api& api : apis()) {
        for (Version v = api.versions.from; v <= api.versions.to; ++v) {
            CAPTURE(api.name);
            CAPTURE(v);
            const bool is_flexible = v >= first_flexible_version(api);
            CHECK(request_header_version(api, v) == (is_flexible ? 2 : 1));
            CHECK(response_header_version(api, v) == (is_flexible && api.name != "ApiVersions" ? 1 : 0));
        }
    }
    Output out;
    REQUIRE(encode_response(out, api_of(ApiKey::api_versions), 3, 5, ApiVersionsResponse{}));
    CHECK(out.bytes.text() == from_hex("0000000c 00000005  0000 01 00000000 00").text());
    out = {};
    REQUIRE(encode_response(out, api_of(ApiKey::heartbeat), 4, 5, HeartbeatResponse{}));
    CHECK(out.bytes.text() == from_hex("0000000c 00000005 00  00000000 0000 00").text());
    const auto response = parse_response(out.bytes.bytes().subspan(4), api_of(ApiKey::heartbeat), 4);
    REQUIRE(response);
    CHECK(response->header.correlation_id == 5);
    CHECK(decode<HeartbeatResponse>(response->body, 4));
}

TEST_CASE("a frame is there when all of it is, and never over the limit") {
    const ByteBuffer bytes = from_hex("00000003 aabbcc dd");
    for (std::size_t size = 0; size < 7; ++size) {
        const auto none = first_frame(bytes.bytes().first(size), 3);
        REQUIRE(none);
        CHECK_FALSE(*none);
    }
    const auto frame = first_frame(bytes.bytes(), 3);
    REQUIRE(frame);
    CHECK((*frame)->size() == 3);
    CHECK((*frame)->data() == bytes.data() + 4);
    CHECK(first_frame(bytes.bytes(), 2).error().code == Errc::too_large);
    CHECK(first_frame(from_hex("7fffffff").bytes(), 100).error().code == Errc::too_large);
    CHECK(first_frame(from_hex("ffffffff").bytes(), std::numeric_limits<std::uint32_t>::max()).error().code ==
          Errc::corrupt);
    CHECK((*first_frame(from_hex("00000000").bytes(), 0))->empty());
}

TEST_CASE("frames follow each other in one output, and count their holes only") {
    Output out;
    FetchResponse response;
    response.responses.resize(1);
    response.responses[0].partitions.resize(1);
    response.responses[0].partitions[0].records = {.bytes = {}, .external_size = 100, .external_id = 1};
    const Api& fetch = api_of(ApiKey::fetch);
    // Version 4 ends with the records, so that the hole is at the end of its frame.
    REQUIRE(encode_response(out, fetch, 4, 1, response));
    const std::size_t first = out.bytes.size();
    REQUIRE(out.holes.size() == 1);
    CHECK(out.holes[0].at == first);
    CHECK(wire::load_big<std::int32_t>(out.bytes.data()) == static_cast<std::int32_t>(first - 4 + 100));
    REQUIRE(encode_response(out, fetch, 4, 2, FetchResponse{}));
    CHECK(wire::load_big<std::int32_t>(out.bytes.data() + first) ==
          static_cast<std::int32_t>(out.bytes.size() - first - 4));
    REQUIRE(encode_response(out, fetch, 12, 3, response));
    CHECK(out.holes.size() == 2);
    // What cannot be written leaves nothing behind.
    const std::size_t before = out.bytes.size();
    response.session_id = 9;
    CHECK(encode_response(out, fetch, 4, 4, response).error().code == Errc::unsupported);
    CHECK(out.bytes.size() == before);
    CHECK(out.holes.size() == 2);
}

TEST_CASE("a frame of more than 2 GiB is refused") {
    Output out;
    FetchResponse response;
    response.responses.resize(1);
    response.responses[0].partitions.resize(2);
    for (auto& partition : response.responses[0].partitions) {
        partition.records = {.bytes = {}, .external_size = 1U << 30, .external_id = 1};
    }
    CHECK(encode_response(out, api_of(ApiKey::fetch), 4, 1, response).error().code == Errc::too_large);
    CHECK(out.bytes.empty());
    CHECK(out.holes.empty());
    response.responses[0].partitions[0].records.external_size = 1U << 31;
    CHECK(encode(response, 4, out).error().code == Errc::too_large);
}

TEST_CASE("a request is framed with its header") {
    Output out;
    const RequestHeader header{.correlation_id = 9, .client_id = "c"};
    REQUIRE(encode_request(out, api_of(ApiKey::heartbeat), 0, header, HeartbeatRequest{.group_id = "g"}));
    CHECK(out.bytes.text() == from_hex("00000014 000c 0000 00000009 0001 63  0001 67 00000000 0000").text());
}
