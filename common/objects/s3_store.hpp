// SPDX-License-Identifier: Apache-2.0
// Objects in a bucket of S3 or of a server that speaks its protocol, under a prefix. Source: Amazon S3 API Reference.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "objects/object_store.hpp"
#include "objects/s3_client.hpp"
#include "objects/s3_settings.hpp"

namespace kseg::objects {

/// Puts are conditional (If-None-Match: *). Where a server answers that it knows no such thing, the store looks right
/// before it puts, and says so to options.detail; where a server ignores it in silence, as old ones do, that look, which
/// comes before every put, is what is left. Then of two puts of one name at the same moment the later one stays, whole.
/// errors   invalid, unsupported
Result<std::unique_ptr<ObjectStore>> s3_store(std::string bucket, const std::string& prefix, S3Settings settings,
                                              S3Options options);

}  // namespace kseg::objects
