// SPDX-License-Identifier: Apache-2.0
// Tells what a power cut leaves from what rots later. Writes that were not synced reach the disk in any order, sector by
// sector, so a batch may be there behind one that is not; what did not come reads as zeros up to the end of its sector.
#pragma once

#include "base/result.hpp"
#include "io/file.hpp"
#include "wal/segment_scan.hpp"

namespace kseg::wal {

/// Whether in some sector all that the bad bytes touch is zero, up to the sector's or the file's end. False where a few
/// zeros at the beginning are what would have been written anyway.
/// errors   io
Result<bool> looks_unwritten(const io::ReadAt& log, const BadRange& range);

}  // namespace kseg::wal
