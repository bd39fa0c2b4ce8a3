// SPDX-License-Identifier: Apache-2.0
// Texts as Java counts them: in UTF-16 units. Kafka limits and hashes strings by these.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kseg::broker {

/// Units that a Java string of this UTF-8 has.
std::size_t utf16_length(std::string_view text);

/// String.hashCode() of it. Bytes that are no UTF-8 count as U+FFFD, one each.
std::uint32_t java_hash(std::string_view text);

}  // namespace kseg::broker
