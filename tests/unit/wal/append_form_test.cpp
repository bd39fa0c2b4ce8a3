// SPDX-License-Identifier: Apache-2.0
#include "wal/append_form.hpp"

#include <doctest/doctest.h>

#include <string>

#include "chronik_bytes.hpp"
#include "support/make_batch.hpp"

using namespace kseg;  // NOLINT(google-build-using-namespace)
using wal::AppendForm;

namespace {

AppendForm form_of(std::string_view head, bool at_end = false) {
    return wal::form_of("stdin", as_bytes(head), at_end);
}

/// However much of it is read first, the form is not known or this one; at the end it is.
void check_form(std::string_view whole, AppendForm form) {
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        const AppendForm seen = form_of(whole.substr(0, size));
        CHECK_MESSAGE((seen == form || seen == AppendForm::automatic), size);
    }
    CHECK(form_of(whole, true) == form);
}

}  // namespace

TEST_CASE("a form is told as soon as it shows, and never taken back") {
    check_form(test::make_batch(1).text(), AppendForm::batches);
    check_form(test::version1().text(), AppendForm::batches);
    check_form(test::version2().text(), AppendForm::batches);
    check_form("plain\nlines\n", AppendForm::lines);
    check_form("{\"topic\":\"t\",\"value\":\"v\"}\n", AppendForm::jsonl);
    check_form("{\"value\":null}", AppendForm::jsonl);
    check_form("{\"value\":\"v\",\"colour\":1}\n", AppendForm::lines);
    check_form("{\"key\":\"k\"}\n", AppendForm::lines);
    check_form("{broken\n", AppendForm::lines);
    check_form(std::string(40, '\0'), AppendForm::lines);
    check_form("\x7e\xca that is no Chronik record", AppendForm::lines);
    check_form("~", AppendForm::lines);
}

TEST_CASE("nothing waits for more than it takes to tell") {
    CHECK(form_of("p") == AppendForm::lines);
    CHECK(form_of(test::make_batch(1).text().substr(0, record::kFrameBytes)) == AppendForm::batches);
    CHECK(form_of("{\"value\":\"v\"}") == AppendForm::automatic);
    CHECK(form_of("") == AppendForm::automatic);
    CHECK(form_of("", true) == AppendForm::jsonl);
    CHECK(wal::form_of("wal_0_0.log", as_bytes("x"), false) == AppendForm::batches);
}
