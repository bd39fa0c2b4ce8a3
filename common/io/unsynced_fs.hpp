// SPDX-License-Identifier: Apache-2.0
// The machine's file system for files that nobody keeps, such as those of a broker for tests.
#pragma once

#include "io/fs.hpp"

namespace kseg::io {

/// The same as posix_fs(), but nothing is made durable: a sync succeeds at once. Locks are those of posix_fs().
Fs& unsynced_fs();

}  // namespace kseg::io
