// SPDX-License-Identifier: Apache-2.0
#include "file_cursor.hpp"

#include <filesystem>
#include <utility>

#include "wal/chronik_files.hpp"

namespace kseg::tools {
namespace {

using Cursor = std::variant<segment::SegmentCursor, wal::ChronikCursor>;

/// Whether what the window begins with is a Chronik WAL.
/// failed   is set where it cannot be read: a source need not say so twice
bool begins_as_chronik(io::Window& window, FileOffset start, std::optional<Error>& failed) {
    const auto head = window.ensure(start, wal::kChronikV1HeaderBytes);
    if (!head) {
        failed = head.error();
    }
    return head && wal::looks_like_chronik(*head);
}

Cursor make_cursor(io::Window& window, FileOffset start, std::uint64_t max_batch_bytes, bool is_chronik) {
    if (is_chronik) {
        return Cursor(std::in_place_type<wal::ChronikCursor>, window, start,
                      wal::ChronikCursorOptions{.max_batch_bytes = max_batch_bytes});
    }
    return Cursor(std::in_place_type<segment::SegmentCursor>, window, start,
                  segment::CursorOptions{.max_batch_bytes = max_batch_bytes});
}

}  // namespace

FileCursor::FileCursor(io::Window& window, FileOffset start, std::uint64_t max_batch_bytes, std::string_view path)
    : cursor_(make_cursor(window, start, max_batch_bytes,
                          wal::is_chronik_name(std::filesystem::path(path).filename().string()) ||
                              (start == FileOffset{} && begins_as_chronik(window, start, failed_)))) {}

Result<segment::Item> FileCursor::next() {
    if (const auto failed = std::exchange(failed_, std::nullopt)) {
        return *failed;
    }
    return std::visit([](auto& cursor) { return cursor.next(); }, cursor_);
}

io::Piece FileCursor::piece() const {
    return std::visit([](const auto& cursor) { return cursor.piece(); }, cursor_);
}

const std::optional<segment::PartitionName>& FileCursor::partition() const {
    static const std::optional<segment::PartitionName> unknown;
    const auto* const chronik = std::get_if<wal::ChronikCursor>(&cursor_);
    return chronik != nullptr ? chronik->partition() : unknown;
}

const std::vector<std::string>& FileCursor::warnings() const {
    static const std::vector<std::string> none;
    const auto* const chronik = std::get_if<wal::ChronikCursor>(&cursor_);
    return chronik != nullptr ? chronik->warnings() : none;
}

}  // namespace kseg::tools
