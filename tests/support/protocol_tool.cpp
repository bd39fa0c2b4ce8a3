// SPDX-License-Identifier: Apache-2.0
// Makes and reads messages, for tests that compare them with what Kafka makes and reads. Lines are NAME VERSION HEX JSON,
// with a space between; an empty message's HEX is "-".
#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>

#include "base/text.hpp"
#include "support/any_message.hpp"

using namespace kseg;

namespace {

constexpr const char* kUsage = R"(usage: protocol_tool list           NAME FROM TO of every message
       protocol_tool random N SEED  N lines for every message and version
       protocol_tool read           from lines NAME VERSION HEX on stdin: the same with JSON, written again
       protocol_tool convert        from the same: NAME VERSION HEX TO RESULT for each version TO of the message, RESULT being
                                    the bytes in that version, or "error"
       protocol_tool defaults       NAME PATH VERSION JSON of every struct of every message, with its defaults; PATH is "-" for
                                    the message itself
)";

std::string hex_of(const protocol::Output& out) {
    ByteBuffer hex;
    append_hex(hex, out.bytes.bytes());
    return hex.empty() ? "-" : std::string(hex.text());
}

std::string line(const protocol::Schema& schema, protocol::Version version, const test::AnyMessage& message) {
    protocol::Output out;
    if (auto done = message.write(version, out); !done) {
        return fmt::format("{} {} error {}", schema.name, version, done.error().message());
    }
    const auto measured = message.measure(version);
    if (!measured || *measured != out.bytes.size()) {
        return fmt::format("{} {} error measured otherwise", schema.name, version);
    }
    return fmt::format("{} {} {} {}", schema.name, version, hex_of(out), message.json(version));
}

void random_lines(int count, std::uint64_t seed) {
    protocol::RandomSource random(seed);
    for (const protocol::Schema* const schema : test::all_schemas()) {
        for (int version = schema->versions.from; version <= schema->versions.to; ++version) {
            for (int i = 0; i < count; ++i) {
                test::AnyMessage message(*schema);
                message.randomize(static_cast<protocol::Version>(version), random);
                fmt::print("{}\n", line(*schema, static_cast<protocol::Version>(version), message));
            }
        }
    }
}

void print_converted(const protocol::Schema& schema, const std::string& from, const test::AnyMessage& message) {
    for (int to = schema.versions.from; to <= schema.versions.to; ++to) {
        protocol::Output out;
        const bool done = message.write(static_cast<protocol::Version>(to), out).has_value();
        fmt::print("{} {} {}\n", from, to, done ? hex_of(out) : "error");
    }
}

bool read_lines(bool convert) {
    for (std::string text; std::getline(std::cin, text);) {
        std::istringstream words(text);
        std::string name;
        std::string hex;
        protocol::Version version = 0;
        words >> name >> version >> hex;
        const protocol::Schema* const schema = test::schema_of(name);
        const auto bytes = parse_hex(hex == "-" ? "" : hex);
        if (schema == nullptr || !bytes) {
            fmt::print(stderr, "not a line: {}\n", text);
            return false;
        }
        test::AnyMessage message(*schema);
        if (auto done = message.read(bytes->bytes(), version); !done) {
            fmt::print("{} {} error {}\n", name, version, done.error().message());
        } else if (convert) {
            print_converted(*schema, fmt::format("{} {} {}", name, version, hex), message);
        } else {
            fmt::print("{}\n", line(*schema, version, message));
        }
    }
    return true;
}

/// The struct at `path` and those inside of it.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
void print_defaults(const protocol::Schema& schema, const protocol::Structure& type, const std::string& path) {
    protocol::Schema alone = schema;
    alone.root = type;
    for (int version = schema.versions.from; version <= schema.versions.to; ++version) {
        ByteBuffer json;
        protocol::json_fields(alone, type.defaults(), static_cast<protocol::Version>(version), json);
        fmt::print("{} {} {} {}\n", schema.name, path.empty() ? "-" : path, version, json.text());
    }
    for (const protocol::Field& field : type) {
        if (field.kind == protocol::Kind::structure) {
            print_defaults(schema, field.nested, path + (path.empty() ? "" : ".") + field.name);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::string command = argc > 1 ? argv[1] : "";
    if (command == "list" && argc == 2) {
        for (const protocol::Schema* const schema : test::all_schemas()) {
            fmt::print("{} {} {}\n", schema->name, schema->versions.from, schema->versions.to);
        }
    } else if (command == "random" && argc == 4) {
        random_lines(std::stoi(argv[2]), std::stoull(argv[3]));
    } else if ((command == "read" || command == "convert") && argc == 2) {
        return read_lines(command == "convert") ? 0 : 1;
    } else if (command == "defaults" && argc == 2) {
        for (const protocol::Schema* const schema : test::all_schemas()) {
            print_defaults(*schema, schema->root, "");
        }
    } else {
        fmt::print(stderr, "{}", kUsage);
        return 2;
    }
    return 0;
}
