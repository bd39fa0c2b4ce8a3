// SPDX-License-Identifier: Apache-2.0
// Tar headers as this project writes them: POSIX.1-1988 (ustar), with a POSIX.1-2001 (pax) extended header before it where
// a name or a size does not fit. They depend on name and size alone. Layout: man/kseg-archive.5, TAR STREAM.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"

namespace kseg::archive {

inline constexpr std::size_t kTarBlockBytes = 512;
inline constexpr std::size_t kTarEndBytes = 2 * kTarBlockBytes;  // of zeros

/// Appends all that stands before the content of a regular file: at most kMaxTarHeaderBytes.
void append_tar_header(ByteBuffer& out, std::string_view name, std::uint64_t size);

/// A pax header, its content with a name of 4096 bytes, and the ustar header.
inline constexpr std::size_t kMaxTarHeaderBytes = 512 + 9 * 512 + 512;

/// Zeros that fill up a member's last block.
constexpr std::size_t tar_padding(std::uint64_t size) {
    return static_cast<std::size_t>((kTarBlockBytes - size % kTarBlockBytes) % kTarBlockBytes);
}

/// Appends zeros.
void append_zeros(ByteBuffer& out, std::size_t count);

}  // namespace kseg::archive
