// SPDX-License-Identifier: Apache-2.0
// What a file or a stream of things to append holds, told by its beginning.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"

namespace kseg::wal {

enum class AppendForm : std::uint8_t {
    automatic,  ///< not known yet
    batches,    ///< record batches, or a Chronik write-ahead log
    lines,      ///< each a value, or a key and a value
    jsonl,      ///< record lines
};

/// No line that has more than this before its end is a record line.
inline constexpr std::size_t kMostLineBytes = std::size_t{1} << 30;

/// The form of what begins with `head`; automatic where that does not tell yet, which it does at the end.
/// file_name   without directories; only a Chronik write-ahead log is told by it
/// at_end      there is nothing behind `head`
AppendForm form_of(std::string_view file_name, Bytes head, bool at_end);

}  // namespace kseg::wal
