// SPDX-License-Identifier: Apache-2.0
// Signature Version 4 of a request to S3, in its Authorization header. Source: Amazon S3 API Reference, "Authenticating
// Requests: Using the Authorization Header".
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/units.hpp"

namespace kseg::objects {

/// Who asks. The secret and the token never get into a message.
struct Credentials {
    std::string key_id{};
    std::string secret{};
    std::string token{};  ///< of temporary credentials; else empty
};

using NamedValues = std::vector<std::pair<std::string, std::string>>;

/// What of a request is signed.
struct SignedParts {
    std::string_view method;
    std::string_view path;       ///< encoded as it is sent, from its first '/'
    const NamedValues& query;    ///< not encoded
    const NamedValues& headers;  ///< all of them are signed; `host`, `x-amz-date` and `x-amz-content-sha256` among them
    std::string_view payload_hash;
};

/// Every byte but A-Z a-z 0-9 '-' '.' '_' '~' as %XX, in a path also but '/'.
std::string encode_query(std::string_view text);
std::string encode_path(std::string_view text);

/// "20130524T000000Z"; the year must have four digits.
std::string signing_time(TimestampMs time);

/// The request in the one form of it that is hashed.
std::string canonical_request(const SignedParts& parts);

/// The value of the Authorization header.
/// time   signing_time(), as in x-amz-date
std::string authorization(const SignedParts& parts, const Credentials& credentials, std::string_view region,
                          std::string_view time);

}  // namespace kseg::objects
