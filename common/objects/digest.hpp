// SPDX-License-Identifier: Apache-2.0
// SHA-256 and its keyed form, as request signatures need them. Source: FIPS 180-4, RFC 2104.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace kseg::objects {

using Sha256 = std::array<std::byte, 32>;

Sha256 sha256(Bytes bytes);
Sha256 hmac_sha256(Bytes key, std::string_view text);

/// Lower-case hex.
std::string hex_of(const Sha256& digest);

/// Whether the machine's OpenSSL computes SHA-256 at all; a policy may take it away. To be asked once before the others.
/// errors   unsupported
Result<void> check_digests();

}  // namespace kseg::objects
