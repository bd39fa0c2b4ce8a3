// SPDX-License-Identifier: Apache-2.0
// XXH32, the checksum of LZ4 frames. Source: the xxHash specification (doc/xxhash_spec.md), algorithm XXH32.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace kseg::codec {

/// XXH32 of `bytes`. xxh32("abc") = 0x32d153ff.
std::uint32_t xxh32(Bytes bytes, std::uint32_t seed = 0);

}  // namespace kseg::codec
