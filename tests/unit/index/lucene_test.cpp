// SPDX-License-Identifier: Apache-2.0
#include "index/lucene.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "index/postings.hpp"
#include "index/term_run.hpp"
#include "support/crash_fs.hpp"

namespace {

using kseg::Result;
using kseg::index::Ordinal;
using kseg::index::PostingsBuffer;
using kseg::index::RecordSet;
using kseg::index::TermField;
using kseg::index::TermIndex;
using kseg::index::TermRun;
using kseg::index::TermVerdict;

/// What a text index is: for each field, terms in the order of their bytes, each with its records.
using Model = std::map<TermField, std::map<std::string, std::set<Ordinal>>>;

constexpr TermField kFields[] = {TermField::headers, TermField::key, TermField::paths, TermField::value};

std::string random_term(std::mt19937& random) {
    static const std::vector<std::string> kPieces{
        "a", "b", "zz", "\xc3\xa9", "\xe6\x9d\xb1", "\xf0\x9f\x9a\x80", "0", std::string(1, '\0')};
    std::string term;
    for (unsigned n = 1 + static_cast<unsigned>(random() % 4); n > 0; --n) {
        term += kPieces[random() % kPieces.size()];
    }
    if (random() % 50 == 0) {
        term.append(255 - term.size() % 5, 'x');
    }
    return term;
}

/// Fills runs of `per_run` records each and the model.
std::vector<std::unique_ptr<TermRun>> fill(kseg::io::Fs& fs, std::mt19937& random, Ordinal records, Ordinal per_run,
                                           Model& model) {
    std::vector<std::unique_ptr<TermRun>> runs;
    PostingsBuffer buffer;
    for (Ordinal at = 0; at < records; ++at) {
        buffer.begin_record(at);
        for (auto n = random() % 6; n > 0; --n) {
            const TermField field = kFields[random() % 4];
            const std::string term = random() % 3 == 0 ? "usual" : random_term(random);
            buffer.term(field, term);
            model[field][term].insert(at);
        }
        if ((at + 1) % per_run == 0 || at + 1 == records) {
            const std::string path = "/runs/" + std::to_string(runs.size());
            REQUIRE(kseg::index::write_run(fs, path, *buffer.run()));
            auto run = kseg::index::read_run(fs, path);
            REQUIRE(run);
            runs.push_back(std::move(*run));
            buffer.clear();
        }
    }
    return runs;
}

std::set<Ordinal> members(const RecordSet& set) {
    std::set<Ordinal> found;
    for (Ordinal at = set.next(0); at < set.records(); at = set.next(at + 1)) {
        found.insert(at);
    }
    return found;
}

std::unique_ptr<TermIndex> open(kseg::io::Fs& fs, const std::string& directory, Ordinal records) {
    auto names = fs.list(directory);
    REQUIRE(names);
    auto index = kseg::index::open_lucene(
        [&fs, directory](const std::string& name) { return fs.open(directory + "/" + name); }, *names, records, directory);
    if (!index) {
        FAIL(index.error().message());
    }
    return std::move(*index);
}

void check(TermIndex& index, const Model& model, Ordinal records, std::mt19937& random) {
    for (const TermField field : kFields) {
        const auto terms = model.contains(field) ? model.at(field) : std::map<std::string, std::set<Ordinal>>{};
        std::vector<std::string> seen;
        RecordSet all(records);
        REQUIRE(index.scan_terms(
            field, "",
            [&seen](std::string_view term) {
                seen.emplace_back(term);
                return TermVerdict::skip;
            },
            all));
        CHECK(all.empty());
        std::vector<std::string> expected;
        for (const auto& [term, ordinals] : terms) {
            expected.push_back(term);
            RecordSet found(records);
            REQUIRE(index.add_term(field, term, found));
            CHECK(members(found) == ordinals);
        }
        CHECK(seen == expected);
        RecordSet none(records);
        REQUIRE(index.add_term(field, "absent", none));
        CHECK(none.empty());
        // From the middle, and taking some.
        const std::string from = random_term(random);
        std::set<Ordinal> taken;
        for (auto at = terms.lower_bound(from); at != terms.end() && at->first < "b"; ++at) {
            taken.insert(at->second.begin(), at->second.end());
        }
        RecordSet some(records);
        REQUIRE(index.scan_terms(
            field, from, [](std::string_view term) { return term < "b" ? TermVerdict::take : TermVerdict::stop; }, some));
        CHECK(members(some) == taken);
    }
}

}  // namespace

TEST_CASE("terms and records that go into a Lucene index come out of it, from one run or many") {
    for (const Ordinal records : {1U, 2U, 700U, 5000U}) {
        for (const Ordinal per_run : {records, records / 7 + 1}) {
            CAPTURE(records);
            CAPTURE(per_run);
            kseg::test::CrashFs fs;
            REQUIRE(fs.make_directories("/runs"));
            REQUIRE(fs.make_directories("/index"));
            REQUIRE(fs.make_directories("/again"));
            std::mt19937 random(records * 31 + per_run);
            Model model;
            auto first = fill(fs, random, records, per_run, model);
            const auto count = first.size();
            const auto written =
                kseg::index::write_lucene(fs, "/index", *kseg::index::merge_runs(std::move(first)), records);
            if (!written) {
                FAIL(written.error().message());
            }
            const auto index = open(fs, "/index", records);
            check(*index, model, records, random);
            // The same terms in other runs give the same files.
            std::vector<std::unique_ptr<TermRun>> second;
            for (std::size_t i = 0; i < count; ++i) {
                second.push_back(std::move(*kseg::index::read_run(fs, "/runs/" + std::to_string(i))));
            }
            REQUIRE(kseg::index::write_lucene(fs, "/again", *kseg::index::merge_runs(std::move(second)), records));
            const auto names = fs.list("/index");
            REQUIRE(names);
            CHECK(*fs.list("/again") == *names);
            for (const std::string& name : *names) {
                CHECK(fs.content("/index/" + name) == fs.content("/again/" + name));
            }
        }
    }
}

TEST_CASE("a term in many records keeps all of them through many slices") {
    kseg::test::CrashFs fs;
    REQUIRE(fs.make_directories("/runs"));
    PostingsBuffer buffer;
    std::mt19937 random(3);
    std::set<Ordinal> expected;
    Ordinal at = 0;
    for (int i = 0; i < 20000; ++i) {
        at += 1 + static_cast<Ordinal>(random()) % (random() % 100 == 0 ? 3'000'000U : 3U);
        buffer.begin_record(at);
        buffer.term(TermField::value, "x");
        buffer.term(TermField::value, "x");
        expected.insert(at);
    }
    const auto run = buffer.run();
    REQUIRE(*run->next());
    auto postings = run->postings();
    CHECK(postings.count() == expected.size());
    std::set<Ordinal> found;
    for (Ordinal ordinal = 0; postings.next(ordinal);) {
        found.insert(ordinal);
    }
    CHECK(found == expected);
    CHECK(!*run->next());
}

TEST_CASE("an index with another number of documents is refused") {
    kseg::test::CrashFs fs;
    REQUIRE(fs.make_directories("/runs"));
    REQUIRE(fs.make_directories("/index"));
    std::mt19937 random(5);
    Model model;
    REQUIRE(kseg::index::write_lucene(fs, "/index", *kseg::index::merge_runs(fill(fs, random, 10, 10, model)), 10));
    const auto names = fs.list("/index");
    REQUIRE(names);
    const auto index = kseg::index::open_lucene([&fs](const std::string& name) { return fs.open("/index/" + name); },
                                                *names, 11, "/index");
    REQUIRE(!index);
    CHECK(index.error().code == kseg::Errc::corrupt);
    CHECK(index.error().what.starts_with("Lucene++: "));
    CHECK(index.error().file == "/index");
}
