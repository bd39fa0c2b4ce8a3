// SPDX-License-Identifier: Apache-2.0
// Removes a directory with all that is in it.
#pragma once

#include <string>

#include "base/result.hpp"
#include "io/fs.hpp"

namespace kseg::io {

/// Nothing where there is none. Makes nothing durable. Links to directories are followed.
/// errors   io;   invalid   directories stand in one another more than 16 deep
Result<void> remove_tree(Fs& fs, const std::string& path);

}  // namespace kseg::io
