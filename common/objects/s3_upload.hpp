// SPDX-License-Identifier: Apache-2.0
// Puts an object into S3 under a name that must be free: in one request, or in parts that become an object at the end.
#pragma once

#include <atomic>
#include <string>

#include "base/result.hpp"
#include "io/file.hpp"
#include "objects/s3_client.hpp"

namespace kseg::objects {

/// What the store has learnt of its server.
struct S3Abilities {
    std::atomic<bool> conditions = true;  ///< it takes If-None-Match with a put, or ignores it
};

/// errors   as ObjectStore::put_if_absent(), but nothing is asked before
Result<void> s3_upload(S3Client& client, S3Abilities& abilities, const std::string& key, const io::ReadAt& content);

/// Ends an upload in parts for good. Nothing where it has ended.
Result<void> s3_abort_upload(S3Client& client, const std::string& key, const std::string& id);

}  // namespace kseg::objects
