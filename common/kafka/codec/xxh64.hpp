// SPDX-License-Identifier: Apache-2.0
// XXH64, the checksum of zstd frames. Source: the xxHash specification (doc/xxhash_spec.md), algorithm XXH64.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace kseg::codec {

/// XXH64 of `bytes`. xxh64("abc") = 0x44bc2cf5ad770999.
std::uint64_t xxh64(Bytes bytes, std::uint64_t seed = 0);

}  // namespace kseg::codec
