// SPDX-License-Identifier: Apache-2.0
// A store as a command line names it: a directory, or s3://bucket/prefix.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "io/fs.hpp"
#include "objects/object_store.hpp"

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
    io::Fs* fs = nullptr;  ///< of a directory; null is the machine's. Borrowed.
};

/// Opens a store. Nothing is asked of it yet: one that is not there is found by the first call.
/// errors   invalid, unsupported
Result<std::unique_ptr<ObjectStore>> open_store(const StoreUrl& url, const StoreOptions& options);

}  // namespace kseg::objects
