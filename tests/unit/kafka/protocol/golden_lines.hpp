// SPDX-License-Identifier: Apache-2.0
// tests/data/protocol/messages.txt: bytes that Kafka wrote, with the JSON that it wrote them from.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "support/any_message.hpp"
#include "support/hex.hpp"

namespace kseg::test {

struct GoldenLine {
    std::string name;
    protocol::Version version = 0;
    ByteBuffer bytes;
    std::string json;
    const protocol::Schema* schema = nullptr;
};

inline std::vector<GoldenLine> golden_lines() {
    const ByteBuffer file = read_data("protocol/messages.txt");
    std::istringstream in{std::string(file.text())};
    std::vector<GoldenLine> lines;
    for (std::string text; std::getline(in, text);) {
        std::istringstream words(text);
        GoldenLine line;
        std::string hex;
        words >> line.name >> line.version >> hex >> std::ws;
        std::getline(words, line.json);
        line.bytes = from_hex(hex == "-" ? "" : hex);
        line.schema = schema_of(line.name);
        lines.push_back(std::move(line));
    }
    return lines;
}

}  // namespace kseg::test
