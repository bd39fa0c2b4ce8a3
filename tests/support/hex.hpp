// SPDX-License-Identifier: Apache-2.0
// Bytes from annotated hex, files from the test data: what tests write their expectations with.
#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace kseg::test {

/// The bytes of "00 ff 1a"; spaces are ignored, anything else that is no hex digit is a mistake in the test.
inline ByteBuffer from_hex(std::string_view hex) {
    ByteBuffer bytes;
    int high = -1;
    for (const char c : hex) {
        if (c == ' ' || c == '\n') {
            continue;
        }
        const std::string_view digits = "0123456789abcdef";
        const auto digit = digits.find(c);
        if (digit == std::string_view::npos) {
            throw std::invalid_argument("not a hex digit");
        }
        if (high < 0) {
            high = static_cast<int>(digit);
        } else {
            bytes.push_back(static_cast<std::byte>(high * 16 + static_cast<int>(digit)));
            high = -1;
        }
    }
    if (high >= 0) {
        throw std::invalid_argument("odd number of hex digits");
    }
    return bytes;
}

/// All of a file below tests/data; throws where it cannot be read.
inline ByteBuffer read_data(const std::string& name) {
    std::ifstream in(std::string(KSEG_TEST_DATA) + "/" + name, std::ios::binary);
    if (!in) {
        throw std::runtime_error("no test data: " + name);
    }
    const std::string all{std::istreambuf_iterator<char>(in), {}};
    return ByteBuffer(as_bytes(all));
}

}  // namespace kseg::test
