// SPDX-License-Identifier: Apache-2.0
#include "index/terms.hpp"

namespace kseg::index {

bool IndexedFields::has(TermField field) const {
    switch (field) {
        case TermField::headers: return headers;
        case TermField::key: return key;
        case TermField::paths: return json_paths;
        case TermField::value: return value;
    }
    return false;
}

std::string_view cut_term(std::string_view text) {
    if (text.size() <= kMaxTermBytes) {
        return text;
    }
    std::size_t end = kMaxTermBytes;
    while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xc0U) == 0x80U) {
        --end;
    }
    return text.substr(0, end);
}

void append_named_term(std::string& out, std::string_view name, std::string_view word) {
    out += cut_term(name);
    out.push_back(kNameEnd);
    out += cut_term(word);
}

void TermReader::read(const record::RecordView& record, TermSink& sink) {
    if (fields_.headers) {
        record.headers.for_each([&](const record::HeaderView& header) {
            name_.clear();
            append_folded_name(name_, as_text(header.key));
            begin_name(TermField::headers, name_, sink);
            if (header.value) {
                named_words(TermField::headers, readable_text(*header.value, readable_), sink);
            }
        });
    }
    if (fields_.key && record.key) {
        words(TermField::key, readable_text(*record.key, readable_), sink);
    }
    if (!record.value) {
        return;
    }
    if (fields_.json_paths) {
        json(*record.value, sink);
    }
    if (fields_.value) {
        words(TermField::value, readable_text(*record.value, readable_), sink);
    }
}

void TermReader::words(TermField field, std::string_view text, TermSink& sink) {
    words_.reset(text);
    for (Word word; words_.next(word);) {
        sink.term(field, cut_term(word.whole));
        for (std::size_t i = 0; i < word.parts.size(); ++i) {
            if (const std::string_view part = word.part(i); part.size() != word.whole.size()) {
                sink.term(field, part);
            }
        }
    }
}

void TermReader::begin_name(TermField field, std::string_view name, TermSink& sink) {
    term_.clear();
    append_named_term(term_, name, {});
    prefix_bytes_ = term_.size();
    sink.term(field, term_);
}

void TermReader::named_term(TermField field, std::string_view word, TermSink& sink) {
    term_.resize(prefix_bytes_);
    term_ += cut_term(word);
    sink.term(field, term_);
}

void TermReader::named_words(TermField field, std::string_view text, TermSink& sink) {
    words_.reset(text);
    for (Word word; words_.next(word);) {
        named_term(field, word.whole, sink);
        for (std::size_t i = 0; i < word.parts.size(); ++i) {
            if (const std::string_view part = word.part(i); part.size() != word.whole.size()) {
                named_term(field, part, sink);
            }
        }
    }
}

void TermReader::json(Bytes value, TermSink& sink) {
    for_each_json_scalar(value, [&](std::string_view path, JsonKind kind, std::string_view text) {
        begin_name(TermField::paths, path, sink);
        switch (kind) {
            case JsonKind::string: named_words(TermField::paths, text, sink); break;
            case JsonKind::number: named_term(TermField::paths, number_word(text, readable_), sink); break;
            case JsonKind::literal: named_term(TermField::paths, text, sink); break;
        }
    });
}

}  // namespace kseg::index
