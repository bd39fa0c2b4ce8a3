// SPDX-License-Identifier: Apache-2.0
#include "kafka/codec/xxh32.hpp"

#include <doctest/doctest.h>

#include "support/hex.hpp"

using namespace kseg;

// The third and fourth are printed in many xxHash ports; all were made with python's xxhash: xxhash.xxh32(b"...", seed).
TEST_CASE("xxh32 gives the published values") {
    CHECK(codec::xxh32(as_bytes("")) == 0x02cc5d05);
    CHECK(codec::xxh32(as_bytes("a")) == 0x550d7456);
    CHECK(codec::xxh32(as_bytes("abc")) == 0x32d153ff);
    CHECK(codec::xxh32(as_bytes("Nobody inspects the spammish repetition")) == 0xe2293b2f);
    CHECK(codec::xxh32(as_bytes("0123456789abcdef")) == 0xc2c45b69);  // one stripe, nothing left over
    CHECK(codec::xxh32(as_bytes(""), 0x9e3779b1) == 0x36b78ae7);
    CHECK(codec::xxh32(as_bytes("abc"), 0x9e3779b1) == 0xa1ae7709);
    CHECK(codec::xxh32(as_bytes("0123456789abcdef"), 0x9e3779b1) == 0x72e8faf9);
}

TEST_CASE("xxh32 takes bytes over 127 as unsigned") {
    ByteBuffer all;
    for (int i = 0; i < 256; ++i) {
        all.push_back(static_cast<std::byte>(i));
    }
    CHECK(codec::xxh32(all.bytes()) == 0x59441253);
}
