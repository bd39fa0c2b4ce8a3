// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "index/text.hpp"
#include "index/unicode.hpp"

namespace kseg::index {
namespace {

constexpr std::size_t kMostFoldedBytes = 255;
constexpr std::size_t kMostParts = 16;

constexpr std::array<CharKind, 128> make_ascii() {
    std::array<CharKind, 128> table{};
    for (std::size_t c = 0; c < table.size(); ++c) {
        if (c >= 'a' && c <= 'z') {
            table[c] = CharKind::lower;
        } else if (c >= 'A' && c <= 'Z') {
            table[c] = CharKind::upper;
        } else if (c >= '0' && c <= '9') {
            table[c] = CharKind::digit;
        } else {
            table[c] = c == '_' ? CharKind::underscore : CharKind::separator;
        }
    }
    return table;
}
constexpr auto kAscii = make_ascii();

/// Finds the parts of a word from the kinds of its characters and where they are in the folded word.
class PartFinder {
  public:
    explicit PartFinder(std::vector<Part>& parts) : parts_(parts) { parts_.clear(); }

    /// at   of the character in the folded word
    void add(CharKind kind, std::size_t at) {
        if (kind == CharKind::underscore) {
            close(at);
            open_ = false;
            before_ = kind;
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

    /// The word is over; `size` of the folded one.
    void finish(std::size_t size) {
        close(size);
        if (size > kMostFoldedBytes || parts_.size() > kMostParts) {
            parts_.assign(1, Part{0, size});
        }
    }

  private:
    void cut(std::size_t at) {
        close(at);
        begin_ = at;
    }
    void close(std::size_t at) {
        // One more than are kept, so that the word is known to have too many.
        if (open_ && at > begin_ && parts_.size() <= kMostParts) {
            parts_.push_back({begin_, at});
        }
    }

    std::vector<Part>& parts_;
    bool open_ = false;
    std::size_t begin_ = 0;
    std::size_t last_upper_ = 0;  // of several; the part's begin where there is but one
    CharKind before_ = CharKind::letter;
};

/// A character with what it is; size 0 at a byte that breaks UTF-8, which separates.
struct Read {
    Character character;
    CharKind kind = CharKind::separator;
};

Read read_at(std::string_view text, std::size_t at, bool wildcards) {
    const auto byte = static_cast<std::uint8_t>(text[at]);
    if (byte < 0x80) {
        const bool wildcard = wildcards && (byte == '*' || byte == '?');
        return {{byte, 1}, wildcard ? CharKind::letter : kAscii[byte]};
    }
    const Character character = character_at(text, at);
    return {character, character.size == 0 ? CharKind::separator : kind_of(character.point)};
}

/// Folds a word as it is read, and copies nothing as long as folding changes nothing.
class Folder {
  public:
    Folder(std::string_view text, std::size_t begin, std::string& folded) : text_(text), begin_(begin), folded_(folded) {}

    /// Of the folded word so far, with the next character at text[at].
    [[nodiscard]] std::size_t size(std::size_t at) const { return copies_ ? folded_.size() : at - begin_; }

    void add(std::size_t at, Character character) {
        const char32_t point = character.point;
        const bool ascii_upper = point >= 'A' && point <= 'Z';
        const bool same = point < 0x80 ? !ascii_upper : is_folded(point);
        if (!copies_ && !same) {
            copies_ = true;
            folded_.assign(text_.substr(begin_, at - begin_));
        }
        if (!copies_) {
            return;
        }
        if (same) {
            folded_.append(text_.substr(at, character.size));
        } else if (ascii_upper) {
            folded_.push_back(static_cast<char>(point | 0x20));
        } else {
            append_folded(folded_, point);
        }
    }

    [[nodiscard]] std::string_view word(std::size_t end) const {
        return copies_ ? std::string_view(folded_) : text_.substr(begin_, end - begin_);
    }

  private:
    std::string_view text_;
    std::size_t begin_;
    std::string& folded_;
    bool copies_ = false;
};

}  // namespace

void WordReader::reset(std::string_view text) {
    text_ = text;
    at_ = 0;
}

bool WordReader::next(Word& out) {
    while (at_ < text_.size()) {
        const Read read = read_at(text_, at_, options_.wildcards);
        if (read.kind == CharKind::alone) {
            read_alone(out);
            return true;
        }
        if (read.kind != CharKind::separator) {
            if (read_ordinary(out)) {
                return true;
            }
            continue;
        }
        const bool escape = options_.wildcards && text_[at_] == '\\' && at_ + 1 < text_.size() &&
                            (text_[at_ + 1] == '*' || text_[at_ + 1] == '?' || text_[at_ + 1] == '\\');
        at_ += escape ? 2 : std::max<std::size_t>(read.character.size, 1);
    }
    return false;
}

/// Reads a run of letters; false if it is no word.
bool WordReader::read_ordinary(Word& out) {
    Folder folder(text_, at_, folded_);
    PartFinder finder(parts_);
    bool is_word = false;
    while (at_ < text_.size()) {
        const Read read = read_at(text_, at_, options_.wildcards);
        if (read.kind == CharKind::separator || read.kind == CharKind::alone) {
            break;
        }
        is_word = is_word || read.kind != CharKind::underscore;
        finder.add(read.kind, folder.size(at_));
        folder.add(at_, read.character);
        at_ += read.character.size;
    }
    out.whole = folder.word(at_);
    finder.finish(out.whole.size());
    out.parts = parts_;
    return is_word;
}

/// Reads a character that is a word by itself, with its marks.
void WordReader::read_alone(Word& out) {
    Folder folder(text_, at_, folded_);
    for (bool first = true; at_ < text_.size(); first = false) {
        const Read read = read_at(text_, at_, options_.wildcards);
        if (!first && read.kind != CharKind::mark) {
            break;
        }
        folder.add(at_, read.character);
        at_ += read.character.size;
    }
    out.whole = folder.word(at_);
    parts_.assign(1, Part{0, out.whole.size()});
    out.parts = parts_;
}

void append_folded_name(std::string& out, std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const Character character = character_at(text, at);
        if (character.size == 0 || character.point == 0) {
            out += kReplacement;
            ++at;
            continue;
        }
        if (character.point < 0x80) {
            const bool upper = kAscii[character.point] == CharKind::upper;
            out.push_back(static_cast<char>(upper ? character.point | 0x20 : character.point));
        } else {
            append_folded(out, character.point);
        }
        at += character.size;
    }
}

}  // namespace kseg::index
