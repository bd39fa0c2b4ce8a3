// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <string>
#include <type_traits>
#include <utility>

#include "index/needle.hpp"
#include "index/query.hpp"
#include "index/word_finder.hpp"

namespace kseg::index {
namespace {

using record::BatchHeader;
using record::RecordView;

/// What is asked of one record.
struct Asked {
    const BatchHeader& batch;
    std::int64_t base_offset = 0;
    const RecordView& record;
};

std::int64_t number_of(NumberField field, const Asked& asked) {
    switch (field) {
        case NumberField::offset: return asked.record.offset;
        case NumberField::timestamp: return asked.record.timestamp;
        case NumberField::producer_id: return asked.batch.producer_id;
        case NumberField::producer_epoch: return asked.batch.producer_epoch;
        case NumberField::sequence: return asked.record.sequence;
        case NumberField::leader_epoch: return asked.batch.is_legacy() ? -1 : asked.batch.partition_leader_epoch;
        case NumberField::base_offset: return asked.base_offset;
        case NumberField::base_sequence: return asked.batch.base_sequence;
        case NumberField::attributes: return asked.record.attributes;
        case NumberField::transactional: return asked.batch.is_transactional() ? 1 : 0;
        case NumberField::control: return asked.batch.is_control() ? 1 : 0;
        case NumberField::codec: return asked.batch.codec_id();
        case NumberField::timestamp_type: return static_cast<std::int64_t>(asked.batch.timestamp_type());
    }
    return 0;
}

Answer answer_of(bool yes) {
    return yes ? Answer::yes : Answer::no;
}

/// Clauses that look into one of several texts that have names: headers, or the scalars of a JSON value.
struct Named {
    WordFinder words;
    std::vector<std::uint32_t> exists;                                // clauses
    std::vector<std::pair<std::string_view, std::uint32_t>> numbers;  // that a scalar may be, and their clauses
};
using NamedTexts = std::map<std::string, Named, std::less<>>;

/// What can be known of a clause that looks into texts before these are read for words.
struct QuickLook {
    TextField::Kind kind = TextField::Kind::value;
    Needle words;
    Needle name;
};

}  // namespace

struct QueryMatcher::State {
    explicit State(const Query& asked_query);

    void add(const WordsClause& clause);
    void add(const TermRangeClause& clause);
    void add(const ExistsClause& clause);
    void add(const ExactKeyClause& clause) { exact_keys.emplace_back(&clause, number()); }
    void add(const NumberClause& clause) { numbers.emplace_back(&clause, number()); }
    void add(const EverythingClause&) {}
    void add_look(const TextField& field, Needle words);
    [[nodiscard]] WordFinder& finder_of(const TextField& field);
    /// Of the clause that is being added.
    [[nodiscard]] std::uint32_t number() const { return static_cast<std::uint32_t>(answers.size()); }

    void answer_numbers(const Asked& asked);
    void look_quickly(const RecordView& record);
    [[nodiscard]] bool may_have(const QuickLook& look, std::string_view text, bool& known, bool& shows) const;
    void read_texts(const RecordView& record);
    void read_headers(const RecordView& record);
    void read_paths(Bytes json);
    void read_scalar(Named& named, JsonKind kind, std::string_view text);
    [[nodiscard]] bool begin(NamedTexts& texts);
    void found(std::uint32_t clause) { answers[clause] = std::max(answers[clause], Answer::yes); }
    [[nodiscard]] Answer evaluate();

    const Query& query;
    // By clause, in the order of the query.
    std::vector<Answer> answers;
    std::vector<std::pair<const NumberClause*, std::uint32_t>> numbers;
    std::vector<std::pair<const ExactKeyClause*, std::uint32_t>> exact_keys;
    std::vector<std::pair<TextField::Kind, std::uint32_t>> exists;  // of key and value
    std::vector<std::pair<QuickLook, std::uint32_t>> looks;
    bool needles = true;  // are worth while
    WordFinder key;
    WordFinder value;
    NamedTexts headers;
    NamedTexts paths;
    // Scratch.
    WordReader reader{{}};
    std::string readable;
    std::string name;
    std::vector<Answer> stack;
};

QueryMatcher::State::State(const Query& asked_query) : query(asked_query) {
    for (const QueryStep& step : query.steps()) {
        if (step.kind == QueryStep::Kind::clause) {
            std::visit([this](const auto& clause) { add(clause); }, step.clause);
            answers.push_back(Answer::yes);
        }
    }
    // Each needle is looked for by itself, while words are read once for all clauses.
    constexpr std::size_t kMostNeedles = 8;
    needles = looks.size() <= kMostNeedles;
}

WordFinder& QueryMatcher::State::finder_of(const TextField& field) {
    switch (field.kind) {
        case TextField::Kind::key: return key;
        case TextField::Kind::value: return value;
        case TextField::Kind::header: return headers[field.name].words;
        case TextField::Kind::path: return paths[field.name].words;
    }
    return value;
}

void QueryMatcher::State::add_look(const TextField& field, Needle words) {
    QuickLook look{.kind = field.kind, .words = std::move(words), .name = {}};
    if (field.kind == TextField::Kind::path) {
        look.name = needle_of_path(field.name);
    }
    looks.emplace_back(std::move(look), number());
}

void QueryMatcher::State::add(const WordsClause& clause) {
    finder_of(clause.field).add(clause, number());
    if (clause.number) {
        paths[clause.field.name].numbers.emplace_back(*clause.number, number());
    }
    add_look(clause.field, needle_of_words(clause));
}

void QueryMatcher::State::add(const TermRangeClause& clause) {
    finder_of(clause.field).add(clause, number());
    add_look(clause.field, {});
}

void QueryMatcher::State::add(const ExistsClause& clause) {
    if (clause.field.kind == TextField::Kind::key || clause.field.kind == TextField::Kind::value) {
        exists.emplace_back(clause.field.kind, number());
        return;
    }
    const bool header = clause.field.kind == TextField::Kind::header;
    (header ? headers : paths)[clause.field.name].exists.push_back(number());
    add_look(clause.field, {});
}

/// Whether a clause may be true of a text, which is not read for words yet.
/// shows   whether the text shows its ASCII letters, once that is known
bool QueryMatcher::State::may_have(const QuickLook& look, std::string_view text, bool& known, bool& shows) const {
    if (look.kind == TextField::Kind::path) {
        const std::size_t begin = text.find_first_not_of(" \t\r\n");
        if (begin == std::string_view::npos || (text[begin] != '{' && text[begin] != '[')) {
            return false;
        }
    }
    if (!needles || (look.words.text.empty() && look.name.text.empty())) {
        return true;
    }
    if (!known) {
        known = true;
        shows = shows_ascii(text);
    }
    return !shows || (has_needle(text, look.words) && has_needle(text, look.name));
}

/// Answers what texts have no part in, or only as a whole.
void QueryMatcher::State::answer_numbers(const Asked& asked) {
    const RecordView& record = asked.record;
    for (const auto& [look, number] : looks) {
        answers[number] = Answer::unknown;
    }
    for (const auto& [clause, number] : numbers) {
        const std::int64_t is = number_of(clause->field, asked);
        answers[number] = answer_of(clause->low <= is && is <= clause->high);
    }
    for (const auto& [clause, number] : exact_keys) {
        answers[number] = answer_of(record.key && as_text(*record.key) == clause->key);
    }
    for (const auto& [kind, number] : exists) {
        answers[number] = answer_of(kind == TextField::Kind::key ? record.key.has_value() : record.value.has_value());
    }
}

/// Says no where a quick look at the bytes can.
void QueryMatcher::State::look_quickly(const RecordView& record) {
    bool key_known = false;
    bool key_shows = false;
    bool value_known = false;
    bool value_shows = false;
    for (const auto& [look, number] : looks) {
        bool may = false;
        if (look.kind == TextField::Kind::header) {
            may = !record.headers.empty();
        } else if (look.kind == TextField::Kind::key) {
            may = record.key && may_have(look, as_text(*record.key), key_known, key_shows);
        } else {
            may = record.value && may_have(look, as_text(*record.value), value_known, value_shows);
        }
        answers[number] = may ? Answer::unknown : Answer::no;
    }
}

/// Whether something in texts with names is still unknown.
bool QueryMatcher::State::begin(NamedTexts& texts) {
    bool open = false;
    const auto unknown = [this](std::uint32_t clause) { return answers[clause] == Answer::unknown; };
    for (auto& [text_name, named] : texts) {
        named.words.begin_record(answers);
        open = open || named.words.open() != 0 || std::any_of(named.exists.begin(), named.exists.end(), unknown);
    }
    return open;
}

/// Answers all that is unknown.
void QueryMatcher::State::read_texts(const RecordView& record) {
    key.begin_record(answers);
    if (record.key && key.open() != 0) {
        key.take_text(readable_text(*record.key, readable), reader, answers);
    }
    value.begin_record(answers);
    if (record.value && value.open() != 0) {
        value.take_text(readable_text(*record.value, readable), reader, answers);
    }
    if (!record.headers.empty() && begin(headers)) {
        read_headers(record);
    }
    if (record.value && begin(paths)) {
        read_paths(*record.value);
    }
    std::replace(answers.begin(), answers.end(), Answer::unknown, Answer::no);
}

void QueryMatcher::State::read_headers(const RecordView& record) {
    record.headers.for_each([this](const record::HeaderView& header) {
        name.clear();
        append_folded_name(name, as_text(header.key));
        const auto asked = headers.find(std::string_view(name));
        if (asked == headers.end()) {
            return;
        }
        Named& named = asked->second;
        std::for_each(named.exists.begin(), named.exists.end(), [this](std::uint32_t clause) { found(clause); });
        if (header.value && named.words.open() != 0) {
            named.words.take_text(readable_text(*header.value, readable), reader, answers);
        }
    });
}

void QueryMatcher::State::read_paths(Bytes json) {
    for_each_json_scalar(json, [this](std::string_view path, JsonKind kind, std::string_view text) {
        if (const auto asked = paths.find(path); asked != paths.end()) {
            read_scalar(asked->second, kind, text);
        }
    });
}

void QueryMatcher::State::read_scalar(Named& named, JsonKind kind, std::string_view text) {
    std::for_each(named.exists.begin(), named.exists.end(), [this](std::uint32_t clause) { found(clause); });
    if (kind == JsonKind::string) {
        named.words.take_text(text, reader, answers);
        return;
    }
    const std::string_view whole = kind == JsonKind::number ? number_word(text, readable) : text;
    if (kind == JsonKind::number) {
        for (const auto& [number, clause] : named.numbers) {
            if (number == whole) {
                found(clause);
            }
        }
    }
    const Part all{.begin = 0, .end = whole.size()};
    named.words.begin_text();
    named.words.take({.whole = whole, .parts = {&all, 1}}, answers);
}

/// The answer of the whole query from those of its clauses.
Answer QueryMatcher::State::evaluate() {
    stack.clear();
    std::size_t clause = 0;
    for (const QueryStep& step : query.steps()) {
        if (step.kind == QueryStep::Kind::clause) {
            stack.push_back(answers[clause++]);
            continue;
        }
        const Answer last = stack.back();
        if (step.kind == QueryStep::Kind::negate) {
            constexpr auto kYes = static_cast<int>(Answer::yes);
            stack.back() = static_cast<Answer>(kYes - static_cast<int>(last));
            continue;
        }
        stack.pop_back();
        stack.back() = step.kind == QueryStep::Kind::all_of ? std::min(stack.back(), last) : std::max(stack.back(), last);
    }
    return stack.back();
}

QueryMatcher::QueryMatcher(const Query& query) : state_(std::make_unique<State>(query)) {}
QueryMatcher::~QueryMatcher() = default;

bool QueryMatcher::matches(const BatchHeader& batch, std::int64_t base_offset, const RecordView& record) {
    // From what costs least to what costs most, until the answer is known.
    state_->answer_numbers({.batch = batch, .base_offset = base_offset, .record = record});
    Answer answer = state_->evaluate();
    if (answer == Answer::unknown) {
        state_->look_quickly(record);
        answer = state_->evaluate();
    }
    if (answer == Answer::unknown) {
        state_->read_texts(record);
        answer = state_->evaluate();
    }
    return answer == Answer::yes;
}

}  // namespace kseg::index
