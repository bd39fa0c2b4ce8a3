// SPDX-License-Identifier: Apache-2.0
// A store as a command line names it: a directory, or s3://bucket/prefix.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "io/fs.hpp"
#include "objects/object_store.hpp"
#include "objects/s3_client.hpp"
#include "objects/s3_settings.hpp"

namespace kseg::objects {

struct StoreUrl {
    std::string directory{};  ///< empty where it is a bucket
    std::string bucket{};
    std::string prefix{};  ///< of every object's key, without a '/' at either end; may be empty

    [[nodiscard]] bool is_s3() const { return directory.empty(); }
};

/// errors   invalid   it is empty, of another scheme, or its bucket or prefix cannot be one
Result<StoreUrl> parse_store_url(std::string_view text);

struct StoreOptions {
    io::Fs* fs = nullptr;       ///< of a directory; null is the machine's. Borrowed.
    Lookup lookup{};            ///< of the environment, for S3
    std::string s3_endpoint{};  ///< empty: as the variables say
    S3Options s3{};             ///< its clock is needed where the store is a bucket
};

/// Opens a store. Nothing is asked of it yet: one that is not there is found by the first call.
/// Opened again with the same options, it is a second one, with connections of its own.
/// errors   invalid, unsupported, io   of read_s3_settings()
Result<std::unique_ptr<ObjectStore>> open_store(const StoreUrl& url, const StoreOptions& options);

}  // namespace kseg::objects
