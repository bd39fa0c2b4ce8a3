// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>

using kseg::ByteBuffer;

TEST_CASE("A buffer keeps its bytes wherever it moves") {
    ByteBuffer buffer;
    std::string expected;
    for (int i = 0; i < 20'000; ++i) {
        const char c = static_cast<char>('a' + i % 26);
        buffer.push_back(c);
        expected.push_back(c);
    }
    CHECK(buffer.text() == expected);
    buffer.reserve(1 << 20);
    CHECK(buffer.text() == expected);
    const ByteBuffer moved = std::move(buffer);
    CHECK(moved.text() == expected);
    CHECK(moved.capacity() == 1 << 20);
}

#if !defined(__SANITIZE_ADDRESS__)
TEST_CASE("Room of a page or more begins at a page's begin, and is all there") {
    for (const std::size_t capacity : {4096U, 4097U, 8191U, 65536U, 300'000U, 5'000'000U}) {
        ByteBuffer buffer;
        buffer.resize(capacity);
        const bool on_page = reinterpret_cast<std::uintptr_t>(buffer.data()) % ByteBuffer::kPageBytes == 0;
#if defined(__has_feature)
        CHECK((on_page || __has_feature(address_sanitizer)));
#else
        CHECK(on_page);
#endif
        buffer.data()[0] = std::byte{1};
        buffer.data()[capacity - 1] = std::byte{2};
        CHECK(buffer.capacity() == capacity);
    }
}
#endif
