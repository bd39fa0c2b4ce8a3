// SPDX-License-Identifier: Apache-2.0
// Words, JSON paths, numbers and terms of any bytes: what holds of all of them, and two ways to the same words.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_reader.hpp"
#include "base/text.hpp"
#include "fuzz_support.hpp"
#include "index/terms.hpp"
#include "index/text.hpp"

using namespace kseg;
using namespace kseg::index;

namespace {

struct OwnWord {
    std::string whole;
    std::vector<std::string> parts;

    friend bool operator==(const OwnWord&, const OwnWord&) = default;
};

void check_word(const Word& word) {
    fuzz::require(!word.whole.empty() && is_utf8(as_bytes(word.whole)));
    fuzz::require(!word.parts.empty() && word.parts.size() <= kMostParts);
    std::size_t end = 0;
    for (std::size_t i = 0; i < word.parts.size(); ++i) {
        const Part part = word.parts[i];
        fuzz::require(part.begin >= end && part.begin < part.end && part.end <= word.whole.size());
        fuzz::require(is_utf8(as_bytes(word.part(i))));
        end = part.end;
    }
    std::string folded;
    append_folded_name(folded, word.whole);
    fuzz::require(folded == word.whole);
}

std::vector<OwnWord> words_of(std::string_view text, WordOptions options) {
    std::vector<OwnWord> words;
    WordReader reader(text, options);
    for (Word word; reader.next(word);) {
        check_word(word);
        OwnWord& own = words.emplace_back(OwnWord{std::string(word.whole), {}});
        for (std::size_t i = 0; i < word.parts.size(); ++i) {
            own.parts.emplace_back(word.part(i));
        }
    }
    return words;
}

void check_words(std::string_view text) {
    words_of(text, {.wildcards = true});
    // Without anything special to a pattern both ways must agree: blocks of bytes, and one character after another.
    std::string plain(text);
    std::replace_if(
        plain.begin(), plain.end(), [](char c) { return c == '*' || c == '?' || c == '\\'; }, '-');
    const std::vector<OwnWord> words = words_of(plain, {});
    fuzz::require(words == words_of(plain, {.wildcards = true}));
    // A mark that folds to a letter, U+0345, may make two words of one.
    if (text.find("\xcd\x85") != std::string_view::npos) {
        return;
    }
    for (const OwnWord& word : words) {
        const std::vector<OwnWord> again = words_of(word.whole, {});
        fuzz::require(again.size() == 1 && again.front().whole == word.whole);
    }
}

void check_name(std::string_view text) {
    std::string name;
    append_folded_name(name, text);
    fuzz::require(is_utf8(as_bytes(name)) && name.find('\0') == std::string::npos);
    std::string again;
    append_folded_name(again, name);
    fuzz::require(again == name);
}

void check_json(std::string_view text) {
    std::string scratch;
    std::string number;
    std::size_t visited = 0;
    const bool is_json =
        for_each_json_scalar(as_bytes(text), [&](std::string_view path, JsonKind kind, std::string_view scalar) {
            ++visited;
            fuzz::require(is_utf8(as_bytes(path)) && path.find('\0') == std::string_view::npos);
            fuzz::require(kind != JsonKind::number || !number_word(scalar, number).empty());
            fuzz::require(kind != JsonKind::literal || scalar == "true" || scalar == "false" || scalar == "null");
            fuzz::require(scalar.size() <= text.size());
        });
    fuzz::require(is_json || visited == 0);
    if (is_json && is_utf8(as_bytes(text)) && text.find("\\u") == std::string_view::npos) {
        JsonReader reader(text);
        reader.skip();
        reader.expect_end();
        fuzz::require(reader.ok());
    }
    const std::string_view readable = readable_text(as_bytes(text), scratch);
    fuzz::require(readable.size() <= text.size());
    if (text.find('\\') == std::string_view::npos) {
        fuzz::require(readable.data() == text.data() && readable.size() == text.size());
    } else if (is_json) {
        fuzz::require(readable.data() == scratch.data());
    }
}

void check_numbers(std::string_view a, std::string_view b) {
    const std::optional<std::string> first = canonical_number(a);
    const std::optional<std::string> second = canonical_number(b);
    for (const auto& number : {first, second}) {
        if (number) {
            fuzz::require(canonical_number(*number) == number && compare_numbers(*number, *number) == 0);
        }
    }
    if (first && second) {
        const int order = compare_numbers(*first, *second);
        fuzz::require((order == 0) == (*first == *second) && order == -compare_numbers(*second, *first));
    }
}

class CheckTerms final : public TermSink {
  public:
    void term(TermField field, std::string_view term) override {
        fuzz::require(is_utf8(as_bytes(term)));
        if (field == TermField::key || field == TermField::value) {
            fuzz::require(!term.empty() && term.size() <= kMaxTermBytes);
            return;
        }
        const std::size_t name = term.find(kNameEnd);
        fuzz::require(name <= kMaxTermBytes && term.size() - name - 1 <= kMaxTermBytes);
        fuzz::require(term.find(kNameEnd, name + 1) == std::string_view::npos);
    }
};

void check_terms(std::string_view text, std::string_view name) {
    record::RecordView record;
    record.key = as_bytes(name);
    record.value = as_bytes(text);
    // One header whose name and value are short enough for a length of one byte.
    ByteBuffer header;
    for (const std::string_view field : {name.substr(0, 60), text.substr(0, 60)}) {
        header.push_back(static_cast<std::byte>(field.size() * 2));
        header.append(field);
    }
    record.headers = record::HeadersView(header.bytes(), 1);
    CheckTerms sink;
    TermReader({true, true, true, true}).read(record, sink);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = as_text(fuzz::bytes_of(data, size));
    const std::size_t split = std::min(text.find('\n'), text.size());
    const std::string_view behind = text.substr(std::min(split + 1, text.size()));
    check_words(text);
    check_name(text);
    check_json(text);
    check_json(behind);
    check_numbers(text.substr(0, split), behind);
    check_terms(text, text.substr(0, split));
    return 0;
}
