// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <set>
#include <utility>

#include "unit/kafka/protocol/golden_lines.hpp"

using namespace kseg;
using namespace kseg::test;

TEST_CASE("what Kafka wrote reads as what Kafka wrote it from, and is written as the same bytes") {
    std::set<std::pair<std::string, protocol::Version>> seen;
    for (const GoldenLine& line : golden_lines()) {
        CAPTURE(line.name);
        CAPTURE(line.version);
        CAPTURE(line.json);
        REQUIRE(line.schema != nullptr);
        seen.emplace(line.name, line.version);
        AnyMessage message(*line.schema);
        const auto read = message.read(line.bytes.bytes(), line.version);
        REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().message()));
        CHECK(message.json(line.version) == line.json);
        protocol::Output out;
        REQUIRE(message.write(line.version, out));
        CHECK(out.bytes.text() == line.bytes.text());
        CHECK(*message.measure(line.version) == line.bytes.size());
    }
    for (const protocol::Schema* const schema : all_schemas()) {
        for (int version = schema->versions.from; version <= schema->versions.to; ++version) {
            CAPTURE(schema->name);
            CAPTURE(version);
            CHECK(seen.count({schema->name, static_cast<protocol::Version>(version)}) == 1);
        }
    }
}

TEST_CASE("no message is read from a part of one") {
    for (const GoldenLine& line : golden_lines()) {
        CAPTURE(line.name);
        CAPTURE(line.version);
        for (std::size_t size = 0; size < line.bytes.size(); ++size) {
            CAPTURE(size);
            // A copy of its own, so that reading past the end shows under the sanitizers.
            const ByteBuffer cut(line.bytes.bytes().first(size));
            AnyMessage message(*line.schema);
            const auto read = message.read(cut.bytes(), line.version);
            REQUIRE_FALSE(read.has_value());
            CHECK(read.error().code == Errc::corrupt);
        }
        ByteBuffer longer(line.bytes.bytes());
        longer.push_back(std::byte{0});
        CHECK_FALSE(AnyMessage(*line.schema).read(longer.bytes(), line.version));
    }
}

TEST_CASE("whatever a byte is changed to, a message is refused, or is one that can be written") {
    std::size_t taken = 0;
    std::size_t refused = 0;
    for (const GoldenLine& line : golden_lines()) {
        CAPTURE(line.name);
        CAPTURE(line.version);
        for (std::size_t at = 0; at < line.bytes.size(); ++at) {
            for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
                ByteBuffer changed(line.bytes.bytes());
                changed.data()[at] = static_cast<std::byte>(value);
                AnyMessage message(*line.schema);
                if (!message.read(changed.bytes(), line.version)) {
                    ++refused;
                    continue;
                }
                ++taken;
                protocol::Output out;
                REQUIRE(message.write(line.version, out));
                AnyMessage again(*line.schema);
                REQUIRE(again.read(out.bytes.bytes(), line.version));
                CHECK(again.json(line.version) == message.json(line.version));
            }
        }
    }
    CHECK(taken > 100'000);
    CHECK(refused > 20'000);
}

TEST_CASE("messages of a version beside the described ones are refused") {
    for (const protocol::Schema* const schema : all_schemas()) {
        for (const int version : {-1, schema->versions.from - 1, schema->versions.to + 1, INT16_MAX}) {
            AnyMessage message(*schema);
            protocol::Output out;
            const auto as = static_cast<protocol::Version>(version);
            CHECK(message.read({}, as).error().code == Errc::unsupported);
            CHECK(message.write(as, out).error().code == Errc::unsupported);
            CHECK(message.measure(as).error().code == Errc::unsupported);
            CHECK(out.bytes.empty());
        }
    }
}

TEST_CASE("random messages are as their seed") {
    protocol::RandomSource one(7);
    protocol::RandomSource two(7);
    const auto& schema = *schema_of("FetchResponse");
    AnyMessage a(schema);
    AnyMessage b(schema);
    a.randomize(13, one);
    b.randomize(13, two);
    CHECK(a.json(13) == b.json(13));
}
