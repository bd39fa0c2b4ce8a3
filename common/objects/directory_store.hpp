// SPDX-License-Identifier: Apache-2.0
// Objects as files below a directory: an object's name is its path. What is being put has a hidden name beside its place
// until it is whole and synced, and then gets its own by a link, which no other writer can get as well.
#pragma once

#include <memory>
#include <string>

#include "io/fs.hpp"
#include "objects/object_store.hpp"

namespace kseg::objects {

/// Borrows the file system. The directory is made by the first put. Where the file system has no links, two puts of one
/// name at the same moment may both succeed; the object is then one of the two, whole.
std::unique_ptr<ObjectStore> directory_store(io::Fs& fs, std::string root);

}  // namespace kseg::objects
