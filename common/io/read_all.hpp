// SPDX-License-Identifier: Apache-2.0
// All of a file that is known to be small.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "io/file.hpp"

namespace kseg::io {

/// Reads a file from its first byte to its last.
/// errors   io;   too_large   it has more than limit_bytes
Result<ByteBuffer> read_all(const ReadAt& file, std::uint64_t limit_bytes);

}  // namespace kseg::io
