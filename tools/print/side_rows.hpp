// SPDX-License-Identifier: Apache-2.0
// The rows of files beside a segment, for people and as JSON.
#pragma once

#include <span>

#include "base/bytes.hpp"
#include "kafka/segment/side_files.hpp"
#include "print/printer.hpp"

namespace kseg::tools {

/// Appends a line for one row.
void append_side_row(ByteBuffer& out, std::span<const segment::RowField> row, const SegmentInfo& info, bool jsonl);

}  // namespace kseg::tools
