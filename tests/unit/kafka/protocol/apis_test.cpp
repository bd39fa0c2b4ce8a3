// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <set>
#include <string_view>
#include <utility>

#include "kafka/protocol/apis.hpp"
#include "kafka/protocol/error_code.hpp"
#include "support/any_message.hpp"

using namespace kseg;
using namespace kseg::protocol;

namespace {

void check_structure(const Schema& schema, const Structure& type) {
    std::set<std::string_view> names;
    std::set<std::uint32_t> tags;
    for (const Field& field : type) {
        CAPTURE(schema.name);
        CAPTURE(field.name);
        CHECK(names.insert(field.name).second);
        const bool may_be_null = field.nullable_in != kNoVersions;
        CHECK(may_be_null == (field.optional != nullptr || (field.kind == Kind::records && may_be_null)));
        if (field.tagged_in != kNoVersions) {
            CHECK(tags.insert(field.tag).second);
            CHECK(schema.flexible.contains(field.tagged_in.from));
            CHECK(field.versions.contains(field.tagged_in.from));
        }
        CHECK((field.kind == Kind::structure) == (field.nested.count > 0));
        check_structure(schema, field.nested);
    }
    if (!tags.empty()) {
        CHECK(*tags.rbegin() == tags.size() - 1);
    }
}

}  // namespace

TEST_CASE("the tables are consistent") {
    for (const Schema* const schema : test::all_schemas()) {
        check_structure(*schema, schema->root);
    }
}

TEST_CASE("every API's versions are those of its messages") {
    std::int16_t last = -1;
    for (const Api& api : apis()) {
        CAPTURE(api.name);
        CHECK(static_cast<std::int16_t>(api.key) > last);
        last = static_cast<std::int16_t>(api.key);
        CHECK(api.request->name == std::string(api.name) + "Request");
        CHECK(api.response->name == std::string(api.name) + "Response");
        CHECK(api.request->versions == api.response->versions);
        CHECK(api.request->flexible == api.response->flexible);
        CHECK(api.versions.from == api.request->versions.from);
        CHECK(api.versions.to <= api.request->versions.to);
        CHECK(find_api(last) == &api);
        CHECK(find_api(last, api.versions.to) == &api);
        CHECK(find_api(last, static_cast<Version>(api.versions.to + 1)) == nullptr);
        CHECK(find_api(last, -1) == nullptr);
    }
    CHECK(find_api(-1) == nullptr);
    CHECK(find_api(INT16_MAX) == nullptr);
}

TEST_CASE("versions are there that old clients look for") {
    // librdkafka's feature map: exact versions of these keys have to be inside the ranges.
    const std::pair<std::int16_t, Version> wanted[] = {{0, 0},  {0, 2},  {0, 3},  {1, 2},  {1, 4},  {2, 0},
                                                       {3, 0},  {8, 1},  {8, 2},  {9, 1},  {10, 0}, {11, 0},
                                                       {12, 0}, {13, 0}, {14, 0}, {18, 0}, {19, 0}, {20, 0}};
    for (const auto& one : wanted) {
        CAPTURE(one.first);
        CAPTURE(one.second);
        CHECK(find_api(one.first, one.second) != nullptr);
    }
    // Kafka's protocol guide.
    CHECK(first_flexible_version(api_of(ApiKey::produce)) == 9);
    CHECK(first_flexible_version(api_of(ApiKey::sasl_handshake)) == INT16_MAX);
    CHECK(api_of(ApiKey::init_producer_id).versions.to == 5);
}

TEST_CASE("error codes have Kafka's names") {
    CHECK(to_string(ErrorCode::unknown_server_error) == "UNKNOWN_SERVER_ERROR");
    CHECK(to_string(ErrorCode::none) == "NONE");
    CHECK(to_string(static_cast<ErrorCode>(3)) == "UNKNOWN_TOPIC_OR_PARTITION");
    CHECK(to_string(static_cast<ErrorCode>(35)) == "UNSUPPORTED_VERSION");
    CHECK(to_string(static_cast<ErrorCode>(100)) == "UNKNOWN_TOPIC_ID");
    CHECK(to_string(static_cast<ErrorCode>(-2)).empty());
    CHECK(to_string(static_cast<ErrorCode>(INT16_MIN)).empty());
    CHECK(to_string(static_cast<ErrorCode>(INT16_MAX)).empty());
}
