// SPDX-License-Identifier: Apache-2.0
// What of a record is put into the text index: the terms of each field. Layout: man/kseg-index.5, TERMS.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "index/text.hpp"
#include "kafka/record/record.hpp"

namespace kseg::index {

/// Fields of the text index, in the order of their names.
enum class TermField : std::uint8_t { headers, key, paths, value };
inline constexpr std::size_t kTermFields = 4;
inline constexpr std::array<std::string_view, kTermFields> kTermFieldNames{"headers", "key", "paths", "value"};

/// A term is no longer than this; a longer word stands there by its first bytes, cut before a character.
inline constexpr std::size_t kMaxTermBytes = 255;
/// Between a name (of a header, or a JSON path) and a word in the terms of `headers` and `paths`.
inline constexpr char kNameEnd = '\0';

struct IndexedFields {
    bool key = true;
    bool value = true;
    bool headers = true;
    bool json_paths = false;

    [[nodiscard]] bool has(TermField field) const;
    friend bool operator==(const IndexedFields&, const IndexedFields&) = default;
};

/// `text` as far as a term holds it.
std::string_view cut_term(std::string_view text);

/// The term of a word below a name; the empty word stands for the name itself. `name` is folded (append_folded_name).
/// Appends to `out`.
void append_named_term(std::string& out, std::string_view name, std::string_view word);

/// Gets the terms of a record, valid during the call, UTF-8, some more than once.
class TermSink {
  public:
    virtual ~TermSink() = default;
    virtual void term(TermField field, std::string_view term) = 0;
};

/// Finds the terms of one record after another.
class TermReader {
  public:
    explicit TermReader(IndexedFields fields) : fields_(fields) {}
    void read(const record::RecordView& record, TermSink& sink);

  private:
    void words(TermField field, std::string_view text, TermSink& sink);
    void begin_name(TermField field, std::string_view name, TermSink& sink);
    void named_term(TermField field, std::string_view word, TermSink& sink);
    void named_words(TermField field, std::string_view text, TermSink& sink);
    void json(Bytes value, TermSink& sink);

    IndexedFields fields_;
    WordReader words_{{}};
    std::string readable_;
    std::string name_;
    std::string term_;              // a name with what ends it, and a word
    std::size_t prefix_bytes_ = 0;  // of term_: without the word
};

}  // namespace kseg::index
