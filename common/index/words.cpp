// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/vector.hpp"
#include "index/text.hpp"
#include "index/unicode.hpp"
#include "index/word_parts.hpp"

namespace kseg::index {
namespace {

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

Vector is_within(Vector v, std::uint8_t first, std::uint8_t last) {
    return reinterpret_cast<Vector>(v - first <= static_cast<std::uint8_t>(last - first));
}

/// Those of [begin, end), which is not empty, of a block.
std::uint64_t bits_between(std::size_t begin, std::size_t end) {
    return ~std::uint64_t{0} >> (64 - (end - begin)) << begin;
}

/// A character with what it is; size 0 at a byte that breaks UTF-8, which separates.
struct Read {
    Character character;
    CharTraits traits;

    [[nodiscard]] bool is(CharKind kind) const { return traits.kind == kind; }
};

Read read_at(std::string_view text, std::size_t at, bool wildcards) {
    const auto byte = static_cast<std::uint8_t>(text[at]);
    if (byte < 0x80) {
        const bool wildcard = wildcards && (byte == '*' || byte == '?');
        const CharKind kind = wildcard ? CharKind::letter : kAscii[byte];
        return {{byte, 1}, {kind, kind != CharKind::upper}};
    }
    const Character character = character_at(text, at);
    return {character, character.size == 0 ? CharTraits{} : traits_of(character.point)};
}

/// Folds a word as it is read, and copies nothing as long as folding changes nothing.
class Folder {
  public:
    Folder(std::string_view text, std::size_t begin, std::string& folded) : text_(text), begin_(begin), folded_(folded) {}

    /// Of the folded word so far, with the next character at text[at].
    [[nodiscard]] std::size_t size(std::size_t at) const { return copies_ ? folded_.size() : at - begin_; }

    void add(std::size_t at, const Read& read) {
        if (!copies_ && !read.traits.folded) {
            copies_ = true;
            folded_.assign(text_.substr(begin_, at - begin_));
        }
        if (!copies_) {
            return;
        }
        const char32_t point = read.character.point;
        if (read.traits.folded) {
            folded_.append(text_.substr(at, read.character.size));
        } else if (point < 0x80) {
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
    block_.end = 0;
}

bool WordReader::next(Word& out) {
    while (at_ < text_.size()) {
        if (options_.wildcards) {
            if (take_character(out)) {
                return true;
            }
            continue;
        }
        if (at_ >= block_.end) {
            read_block(at_);
        }
        const std::uint64_t letters = block_.letters >> (at_ - block_.at);
        if (letters == 0) {
            at_ = block_.end;
            continue;
        }
        const auto before = static_cast<std::size_t>(std::countr_zero(letters));
        at_ += before;
        const std::size_t begin = at_ - block_.at;
        const std::size_t end = begin + static_cast<std::size_t>(std::countr_one(letters >> before));
        const bool is_ascii = (block_.not_ascii & bits_between(begin, end)) == 0;
        if (is_ascii && end == kBlockBytes && begin > 0) {
            // It may end behind the block: look again from its begin on.
            block_.end = 0;
            continue;
        }
        if (!is_ascii || end == kBlockBytes) {
            if (take_character(out)) {
                return true;
            }
            continue;
        }
        at_ += end - begin;
        if (take_from_block(begin, end, out)) {
            return true;
        }
    }
    return false;
}

/// Looks at what begins at text_[at]; behind the text's end there is nothing that counts.
void WordReader::read_block(std::size_t at) {
    block_.at = at;
    block_.end = std::min(at + kBlockBytes, text_.size());
    const char* from = text_.data() + at;
    std::array<char, kBlockBytes> padded{};
    if (block_.end - at < padded.size()) {
        std::memcpy(padded.data(), from, block_.end - at);
        from = padded.data();
    }
    block_.letters = block_.upper = block_.lower = block_.underscores = block_.not_ascii = 0;
    for (std::size_t i = 0; i < block_.end - at; i += sizeof(Vector)) {
        Vector v;
        std::memcpy(&v, from + i, sizeof v);
        const Vector upper = is_within(v, 'A', 'Z');
        const Vector lower = is_within(v, 'a', 'z');
        const auto underscores = reinterpret_cast<Vector>(v == '_');
        const Vector letters = upper | lower | underscores | is_within(v, '0', '9') | (v & 0x80);
        block_.letters |= std::uint64_t{mask_of(letters)} << i;
        block_.upper |= std::uint64_t{mask_of(upper)} << i;
        block_.lower |= std::uint64_t{mask_of(lower)} << i;
        block_.underscores |= std::uint64_t{mask_of(underscores)} << i;
        block_.not_ascii |= std::uint64_t{mask_of(v)} << i;
        const Vector folded = v | (upper & 0x20);
        std::memcpy(block_.folded.data() + i, &folded, sizeof folded);
    }
}

/// Takes a word of ASCII that is in the block; false if it is none.
bool WordReader::take_from_block(std::size_t begin, std::size_t end, Word& out) {
    const std::uint64_t word = bits_between(begin, end);
    const std::size_t size = end - begin;
    if (((block_.upper | block_.underscores) & word) == 0) {
        out.whole = {text_.data() + block_.at + begin, size};
        parts_[0] = {0, size};
        out.parts = {parts_.data(), 1};
        return true;
    }
    const std::uint64_t letters = word & ~block_.underscores;
    if (letters == 0) {
        return false;
    }
    out.whole = {block_.folded.data() + begin, size};
    const std::uint64_t upper = word & block_.upper;
    const std::uint64_t cuts = upper & (((letters & ~upper) << 1) | ((upper << 1) & block_.lower >> 1));
    std::uint64_t begins = (letters & ~(letters << 1)) | cuts;
    std::uint64_t ends = (~letters & (letters << 1)) | cuts;
    if (static_cast<std::size_t>(std::popcount(begins)) > parts_.size()) {
        parts_[0] = {0, size};
        out.parts = {parts_.data(), 1};
        return true;
    }
    std::size_t count = 0;
    for (; begins != 0; begins &= begins - 1, ends &= ends - 1) {
        parts_[count++] = {static_cast<std::size_t>(std::countr_zero(begins)) - begin,
                           static_cast<std::size_t>(std::countr_zero(ends)) - begin};
    }
    out.parts = {parts_.data(), count};
    return true;
}

/// Takes what the next character begins: a word, or something that is none, and then returns false.
bool WordReader::take_character(Word& out) {
    const Read read = read_at(text_, at_, options_.wildcards);
    if (read.is(CharKind::alone)) {
        read_alone(out);
        return true;
    }
    if (!read.is(CharKind::separator)) {
        return read_ordinary(out);
    }
    const bool escape = options_.wildcards && text_[at_] == '\\' && at_ + 1 < text_.size() &&
                        (text_[at_ + 1] == '*' || text_[at_ + 1] == '?' || text_[at_ + 1] == '\\');
    at_ += escape ? 2 : std::max<std::size_t>(read.character.size, 1);
    return false;
}

/// Reads a run of letters; false if it is no word.
bool WordReader::read_ordinary(Word& out) {
    Folder folder(text_, at_, folded_);
    PartFinder finder(parts_);
    bool is_word = false;
    while (at_ < text_.size()) {
        const Read read = read_at(text_, at_, options_.wildcards);
        if (read.is(CharKind::separator) || read.is(CharKind::alone)) {
            break;
        }
        is_word = is_word || !read.is(CharKind::underscore);
        finder.add(read.traits.kind, folder.size(at_));
        folder.add(at_, read);
        at_ += read.character.size;
    }
    out.whole = folder.word(at_);
    out.parts = {parts_.data(), finder.finish(out.whole.size())};
    return is_word;
}

/// Reads a character that is a word by itself, with its marks.
void WordReader::read_alone(Word& out) {
    Folder folder(text_, at_, folded_);
    for (bool first = true; at_ < text_.size(); first = false) {
        const Read read = read_at(text_, at_, options_.wildcards);
        if (!first && !read.is(CharKind::mark)) {
            break;
        }
        folder.add(at_, read);
        at_ += read.character.size;
    }
    out.whole = folder.word(at_);
    parts_[0] = {0, out.whole.size()};
    out.parts = {parts_.data(), 1};
}

void append_folded_name(std::string& out, std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto byte = static_cast<std::uint8_t>(text[at]);
        if (byte != 0 && byte < 0x80) {
            out.push_back(static_cast<char>(kAscii[byte] == CharKind::upper ? byte | 0x20 : byte));
            ++at;
            continue;
        }
        const Character character = character_at(text, at);
        if (character.size == 0 || character.point == 0) {
            out += kReplacement;
            ++at;
            continue;
        }
        append_folded(out, character.point);
        at += character.size;
    }
}

}  // namespace kseg::index
