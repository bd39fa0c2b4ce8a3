// SPDX-License-Identifier: Apache-2.0
#include "file_cursor.hpp"

namespace kseg::tools {
namespace {

using Cursor = std::variant<segment::SegmentCursor, wal::ChronikCursor>;

Cursor choose(io::Window& window, FileOffset start, std::uint64_t max_batch_bytes, bool is_chronik) {
    if (!is_chronik && start == FileOffset{}) {
        // What cannot be read is reported by the walk.
        const auto head = window.ensure(start, wal::kChronikV1HeaderBytes);
        is_chronik = head && wal::looks_like_chronik(*head);
    }
    if (is_chronik) {
        return Cursor(std::in_place_type<wal::ChronikCursor>, window, start,
                      wal::ChronikCursorOptions{.max_batch_bytes = max_batch_bytes});
    }
    return Cursor(std::in_place_type<segment::SegmentCursor>, window, start,
                  segment::CursorOptions{.max_batch_bytes = max_batch_bytes});
}

}  // namespace

FileCursor::FileCursor(io::Window& window, FileOffset start, std::uint64_t max_batch_bytes, bool is_chronik)
    : cursor_(choose(window, start, max_batch_bytes, is_chronik)) {}

Result<segment::Item> FileCursor::next() {
    return std::visit([](auto& cursor) { return cursor.next(); }, cursor_);
}

io::Piece FileCursor::piece() const {
    return std::visit([](const auto& cursor) { return cursor.piece(); }, cursor_);
}

const std::optional<segment::PartitionName>& FileCursor::partition() const {
    static const std::optional<segment::PartitionName> kUnknown;
    const auto* const chronik = std::get_if<wal::ChronikCursor>(&cursor_);
    return chronik != nullptr ? chronik->partition() : kUnknown;
}

const std::vector<std::string>& FileCursor::warnings() const {
    static const std::vector<std::string> kNone;
    const auto* const chronik = std::get_if<wal::ChronikCursor>(&cursor_);
    return chronik != nullptr ? chronik->warnings() : kNone;
}

}  // namespace kseg::tools
