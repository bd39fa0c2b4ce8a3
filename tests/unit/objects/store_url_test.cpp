// SPDX-License-Identifier: Apache-2.0
#include "objects/store_url.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace kseg;
using objects::parse_store_url;

TEST_CASE("a store without a scheme is a directory") {
    for (const char* const text : {"/var/archive", "archive", "./s3", "../x", "s3:/a", "a:b", "c/://d", "://x"}) {
        CAPTURE(text);
        const auto url = parse_store_url(text);
        REQUIRE(url);
        CHECK_FALSE(url->is_s3());
        CHECK(url->directory == text);
    }
}

TEST_CASE("a bucket may have a prefix, with or without a slash at its end") {
    const auto check = [](const char* text, const char* bucket, const char* prefix) {
        CAPTURE(text);
        const auto url = parse_store_url(text);
        REQUIRE(url);
        CHECK(url->is_s3());
        CHECK(url->bucket == bucket);
        CHECK(url->prefix == prefix);
    };
    check("s3://logs", "logs", "");
    check("s3://logs/", "logs", "");
    check("s3://my.logs-2/a", "my.logs-2", "a");
    check("s3://logs/a/b c/", "logs", "a/b c");
    check("s3://Old_Logs/a%2fb", "Old_Logs", "a%2fb");
}

TEST_CASE("what is neither is refused") {
    for (const std::string& text :
         {std::string(), std::string("file:///x"), std::string("https://a/b"), std::string("s3://"), std::string("s3:///a"),
          std::string("s3://ab"), std::string("s3://" + std::string(64, 'a')), std::string("s3://a..b"),
          std::string("s3://-ab"), std::string("s3://a b c/x"), std::string("s3://user@host/x"),
          std::string("s3://logs:80/x"), std::string("s3://logs//a"), std::string("s3://logs/../a"),
          std::string("s3://logs/a//b"), std::string("s3://logs/a\nb"), std::string("a\0b", 3)}) {
        CAPTURE(text);
        const auto url = parse_store_url(text);
        REQUIRE_FALSE(url);
        CHECK(url.error().code == Errc::invalid);
    }
}
