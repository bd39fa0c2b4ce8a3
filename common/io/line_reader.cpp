// SPDX-License-Identifier: Apache-2.0
#include "io/line_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace kseg::io {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{256} << 10;

}  // namespace

Result<std::optional<LineReader::Line>> LineReader::next() {
    for (std::size_t searched = 0;;) {
        const std::string_view text = read_.text().substr(used_);
        std::size_t end = text.find('\n', searched);
        if (at_end_ && text.empty()) {
            return std::optional<Line>();
        }
        if (end == std::string_view::npos && at_end_) {
            end = text.size();
        }
        if (end != std::string_view::npos) {
            const Line line{.text = text.substr(0, end), .at = position_};
            const std::size_t taken = std::min(end + 1, text.size());
            used_ += taken;
            position_ += taken;
            return std::optional(line);
        }
        searched = text.size();
        if (searched > most_bytes_) {
            return Error{.code = Errc::too_large,
                         .what = fmt::format("line; expected at most {} bytes, got more", most_bytes_),
                         .at = position_};
        }
        if (const auto got = more(); !got) {
            return got.error();
        }
    }
}

/// Reads another piece behind what there is.
Result<void> LineReader::more() {
    if (used_ != 0) {
        std::memmove(read_.data(), read_.data() + used_, read_.size() - used_);
        read_.resize(read_.size() - used_);
        used_ = 0;
    }
    const std::size_t filled = read_.size();
    read_.reserve_more(kPieceBytes);
    read_.resize(filled + kPieceBytes);
    const auto got = source_.read({read_.data() + filled, kPieceBytes});
    read_.resize(filled + got.value_or(0));
    at_end_ = got && *got == 0;
    return got ? Result<void>() : got.error();
}

}  // namespace kseg::io
