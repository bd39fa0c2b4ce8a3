// SPDX-License-Identifier: Apache-2.0
// Reads all of a partition's log and says what is wrong with it, without changing anything.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.hpp"
#include "io/fs.hpp"
#include "wal/options.hpp"

namespace kseg::wal {

struct VerifyTotals {
    std::uint64_t segments = 0;
    std::uint64_t batches = 0;  ///< good ones
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
    std::int64_t start_offset = 0;
    std::int64_t end_offset = 0;
};

/// Bodies are decoded, and index files compared with what they index. A segment that is written to meanwhile may seem torn.
/// found    called for everything that is wrong
/// errors   io, among them that the directory holds no segment
Result<VerifyTotals> verify(io::Fs& fs, const std::string& directory, const std::function<void(const Finding&)>& found);

}  // namespace kseg::wal
