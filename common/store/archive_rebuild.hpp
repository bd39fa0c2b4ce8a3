// SPDX-License-Identifier: Apache-2.0
// What is derived from the log of an archive, made once more: an index of the same log and fields has the same bytes, so
// comparing them says all that there is to say of it.
#pragma once

#include <string>

#include "archive/archive.hpp"
#include "base/result.hpp"
#include "index/manifest.hpp"
#include "io/file.hpp"
#include "io/fs.hpp"

namespace kseg::store {

/// Decodes every batch of the log, makes index and Kafka's index files of it, and compares each with what is in the
/// archive. scratch  directory that takes the index while it is compared errors   corrupt   they differ, with what and
/// where;   io, cancelled
Result<void> check_by_log(const archive::Archive& archive, const index::Manifest& manifest, io::Fs& fs,
                          const std::string& scratch, const io::StopFlag& stop);

}  // namespace kseg::store
