// SPDX-License-Identifier: Apache-2.0
// The checksum that a manifest holds of itself, and the bounds that are checked before anything of it is read.
// Layout: man/kseg-index.5, MANIFEST.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace kseg::index {

/// Eight digits in lower case.
std::string crc_text(std::uint32_t crc);
/// Nothing where it is not as crc_text() writes it.
std::optional<std::uint32_t> parse_crc_text(std::string_view text);

/// Puts the checksum into a manifest whose last member is a CRC of 0.
void seal(std::string& manifest);

/// errors   corrupt   the checksum is wrong, or size or nesting are beyond their bounds
Result<void> check_seal(Bytes manifest);

}  // namespace kseg::index
