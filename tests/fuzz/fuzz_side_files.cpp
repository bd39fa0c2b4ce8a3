// SPDX-License-Identifier: Apache-2.0
// Files beside a segment; the first byte chooses the kind.
#include "fuzz_support.hpp"
#include "kafka/segment/side_files.hpp"

using namespace kseg;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    constexpr std::uint8_t kKinds = 7;
    std::uint64_t rows = 0;
    const auto read =
        segment::read_rows(static_cast<segment::SideFile>(data[0] % kKinds), fuzz::bytes_of(data + 1, size - 1),
                           (data[0] & 0x80) != 0 ? INT64_MAX - 5 : 1000,
                           [&rows](std::span<const segment::RowField> row) { rows += row.empty() ? 0U : 1U; });
    fuzz::require(rows <= size && (read || (read.error().at.has_value() && *read.error().at < size)));
    return 0;
}
