// SPDX-License-Identifier: Apache-2.0
// The segment indexes below a directory, at any depth.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "io/fs.hpp"

namespace kseg::store {

/// The directories of indexes at or below `path`, in the order of their names: those that hold a manifest. What begins with
/// a dot is passed over. One that holds other files of an index and no manifest is an error.
/// on_error   told of what cannot be looked at, or is no index; the search goes on
std::vector<std::string> find_indexes(io::Fs& fs, const std::string& path,
                                      const std::function<void(const Error&)>& on_error);

}  // namespace kseg::store
