// SPDX-License-Identifier: Apache-2.0
#include "archive/member_name.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace kseg;

TEST_CASE("names that lead to a file below a directory are good") {
    for (const char* name : {"a", "manifest.json", "t-0/00000000000000000000.log", "_0.cfs", "...", "..a/b..", "a b",
                             "\xc3\xbc", "a:b", "-x"}) {
        CAPTURE(name);
        CHECK_FALSE(archive::problem_of_name(name));
    }
    CHECK_FALSE(archive::problem_of_name(std::string(255, 'n')));
}

TEST_CASE("names that lead elsewhere, or nowhere on some system, are not") {
    for (const char* name :
         {"",      "/",   "/etc/passwd", "a/",    "a//b", ".",    "..",      "./a",  "../a",     "a/..",          "a/../b",
          "a/./b", "a/.", "a\\b",        "..\\a", "a\nb", "\x7f", "\x1b[2J", "\xff", "\xc0\xaf", "a/\xed\xa0\x80"}) {
        CAPTURE(name);
        CHECK(archive::problem_of_name(name));
    }
    CHECK(archive::problem_of_name(std::string_view("a\0b", 3)));
    CHECK(archive::problem_of_name(std::string(256, 'n')));
    std::string deep = "d";
    while (deep.size() <= archive::kMaxNameBytes) {
        deep += "/d";
    }
    CHECK(archive::problem_of_name(deep));
}

TEST_CASE("what would disturb a terminal is replaced in messages") {
    CHECK(archive::printable("a\x1b[2J\n\xc3\xbc") == "a?[2J?\xc3\xbc");
    CHECK(archive::printable("\xff\xfe") == "??");
    CHECK(archive::printable(std::string(1000, 'x')).size() == 203);
}
