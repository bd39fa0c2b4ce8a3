// SPDX-License-Identifier: Apache-2.0
// The store of a command line: a directory or a bucket.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "cli_fwd.hpp"
#include "objects/object_store.hpp"

namespace kseg::tools {

struct StoreOption {
    std::string url{};          ///< empty where none was given
    std::string s3_endpoint{};  ///< empty: as the environment says
};

/// --store, --s3-endpoint. Returns the former, for whoever needs it or describes it in other words.
CLI::Option* add_store_options(CLI::App& app, StoreOption& options);

/// Opens the store that the options name, with the keys of the environment, the time of day and the user's wish to stop.
/// detail   told what is tried again and what a server cannot do; may be empty
/// errors   invalid   the URL, the endpoint or the keys, or --s3-endpoint for a directory;   unsupported, io
Result<std::unique_ptr<objects::ObjectStore>> open_store(const StoreOption& options,
                                                         std::function<void(std::string_view)> detail = {});

}  // namespace kseg::tools
