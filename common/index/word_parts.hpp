// SPDX-License-Identifier: Apache-2.0
// Where a word is cut into parts. Rules: man/kseg-index.5, WORDS.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "index/text.hpp"
#include "index/unicode.hpp"

namespace kseg::index {

/// A longer word, in folded bytes, is its own one part.
inline constexpr std::size_t kMostFoldedBytes = 255;

using Parts = std::array<Part, kMostParts>;

/// Finds the parts of a word from one character after another.
class PartFinder {
  public:
    explicit PartFinder(Parts& parts) : parts_(parts) {}

    /// at   of the character in the folded word
    void add(CharKind kind, std::size_t at) {
        if (kind == CharKind::underscore) {
            close(at);
            open_ = false;
            return;
        }
        if (!open_) {
            open_ = true;
            begin_ = at;
            before_ = CharKind::letter;
        }
        if (kind == CharKind::mark) {
            return;
        }
        if (kind == CharKind::upper) {
            if (before_ == CharKind::lower || before_ == CharKind::digit) {
                cut(at);
            }
            last_upper_ = before_ == CharKind::upper ? at : begin_;
        } else if (kind == CharKind::lower && before_ == CharKind::upper) {
            cut(last_upper_);
        }
        before_ = kind;
    }

    /// The word is over and has `size` folded bytes. Returns how many parts it has.
    std::size_t finish(std::size_t size) {
        close(size);
        if (size > kMostFoldedBytes || count_ > parts_.size()) {
            parts_[0] = {0, size};
            return 1;
        }
        return count_;
    }

  private:
    void cut(std::size_t at) {
        close(at);
        begin_ = at;
    }
    void close(std::size_t at) {
        if (open_ && at > begin_) {
            if (count_ < parts_.size()) {
                parts_[count_] = {begin_, at};
            }
            ++count_;
        }
    }

    Parts& parts_;
    std::size_t count_ = 0;
    bool open_ = false;
    std::size_t begin_ = 0;
    std::size_t last_upper_ = 0;  // of several; the part's begin where there is but one
    CharKind before_ = CharKind::letter;
};

}  // namespace kseg::index
