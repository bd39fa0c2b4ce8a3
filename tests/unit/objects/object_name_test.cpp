// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "objects/object_store.hpp"

using namespace kseg;
using objects::check_name;
using objects::check_prefix;

TEST_CASE("names of parts between single slashes are names") {
    for (const char* const name : {"a", "a/b/c", "orders-0/00000000000000000000.tar.gz", ".hidden-topic-0/x", "...",
                                   "a b/c+d=e&f", "\xc3\xa4/\xf0\x9f\x8d\x8e", "a\\b", "~", "%2e%2e/x"}) {
        CAPTURE(name);
        CHECK(check_name(name));
        CHECK(check_prefix(name));
    }
}

TEST_CASE("a name cannot lead out of its store") {
    for (const char* const name : {"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/..", "a/../b", "a/./b", "./a"}) {
        CAPTURE(name);
        const auto checked = check_name(name);
        REQUIRE_FALSE(checked);
        CHECK(checked.error().code == Errc::invalid);
    }
    for (const char* const prefix : {"/", "/a", "a//", "../", "a/../b", "./", "a/./"}) {
        CAPTURE(prefix);
        CHECK_FALSE(check_prefix(prefix));
    }
    for (const char* const prefix : {"", "a/", "a/.", "a/..", ".", "..", "a/b/"}) {  // of ".x" and "..x", which are names
        CAPTURE(prefix);
        CHECK(check_prefix(prefix));
    }
}

TEST_CASE("a name is text, without control characters") {
    for (const std::string& name :
         {std::string("a\nb"), std::string("a\0b", 3), std::string("\x1b[2J"), std::string("a\x7f"), std::string("\xff"),
          std::string("\xc0\xaf"), std::string("a/\xed\xa0\x80")}) {
        CAPTURE(name);
        CHECK_FALSE(check_name(name));
        CHECK_FALSE(check_prefix(name));
    }
    const auto checked = check_name("x\x1b[31m");
    REQUIRE_FALSE(checked);
    CHECK(checked.error().message().find('\x1b') == std::string::npos);
}

TEST_CASE("names and their parts have a largest size") {
    CHECK(check_name(std::string(255, 'a')));
    CHECK_FALSE(check_name(std::string(256, 'a')));
    CHECK_FALSE(check_name(std::string(256, 'a') + "/b"));
    std::string name;
    while (name.size() < 1024 - 2) {
        name += "a/";
    }
    CHECK(check_name(name + "bc"));
    CHECK_FALSE(check_name(name + "bcd"));
}

TEST_CASE("what is being put has no name that an object can have") {
    CHECK_FALSE(check_name(".kseg-put-0123"));
    CHECK_FALSE(check_name("a/.kseg-put-0123"));
    CHECK_FALSE(check_name(".kseg-put-/a"));
    CHECK(check_name(".kseg-pu/a"));
}
