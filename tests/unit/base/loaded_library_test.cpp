// SPDX-License-Identifier: Apache-2.0
#include "base/loaded_library.hpp"

#include <doctest/doctest.h>

using kseg::LoadedLibrary;

TEST_CASE("a function of a library is called by its own type") {
    LoadedLibrary library("libm.so.6");
    const auto root = library.function<double (*)(double)>("sqrt");
    REQUIRE(library.whole());
    REQUIRE(library.check());
    CHECK(root(81.0) == 9.0);
}

TEST_CASE("one missing function, and the library is not whole, whatever is found afterwards") {
    LoadedLibrary library("libm.so.6");
    CHECK((library.function<void (*)()>("no_such_function_in_a_library") == nullptr));
    CHECK((library.function<double (*)(double)>("sqrt") != nullptr));
    CHECK_FALSE(library.whole());
    CHECK_FALSE(library.check());
}

TEST_CASE("a library that is not there has no functions") {
    LoadedLibrary library("libno-such-library.so.1");
    CHECK_FALSE(library.whole());
    CHECK((library.function<double (*)(double)>("sqrt") == nullptr));
    REQUIRE_FALSE(library.check());
    CHECK(library.check().error().what == "needs libno-such-library.so.1, which cannot be loaded");
}
