// SPDX-License-Identifier: Apache-2.0
// An object in S3, read in ranges.
#pragma once

#include <memory>
#include <string>

#include "io/file.hpp"
#include "objects/s3_client.hpp"

namespace kseg::objects {

/// size, etag   as the object had them; one that was replaced since is an error and not other bytes
std::unique_ptr<io::ReadAt> s3_object(std::shared_ptr<S3Client> client, std::string key, std::uint64_t size,
                                      std::string etag);

}  // namespace kseg::objects
