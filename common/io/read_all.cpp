// SPDX-License-Identifier: Apache-2.0
#include "io/read_all.hpp"

#include <fmt/format.h>

namespace kseg::io {

Result<ByteBuffer> read_all(const ReadAt& file, std::uint64_t limit_bytes) {
    const auto size = file.size();
    if (!size) {
        return size.error();
    }
    if (*size > limit_bytes) {
        return Error{.code = Errc::too_large, .what = fmt::format("expected at most {} bytes, got {}", limit_bytes, *size)};
    }
    ByteBuffer content;
    content.resize(static_cast<std::size_t>(*size));
    const auto got = file.read_at(0, {content.data(), content.size()});
    if (!got) {
        return got.error();
    }
    content.resize(*got);
    return content;
}

}  // namespace kseg::io
