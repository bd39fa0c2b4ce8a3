// SPDX-License-Identifier: Apache-2.0
#include "objects/s3_client.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "unit/objects/object_support.hpp"
#include "unit/objects/s3_support.hpp"

using namespace kseg;
using objects::HttpFailure;
using std::chrono::milliseconds;
using test::answer;
using test::error_answer;
using test::failure;
using test::S3Fixture;

namespace {

const std::map<std::string, std::string> kFive{{"content-length", "5"}, {"etag", "\"e\""}};

}  // namespace

TEST_CASE("a bucket is named in the path, or in the host where that may be") {
    const auto url_of = [](std::optional<objects::Endpoint> endpoint, objects::Addressing addressing, const char* region,
                           const char* bucket) {
        S3Fixture s3;
        s3.script(answer(200, "", kFive));
        s3.settings.endpoint = std::move(endpoint);
        s3.settings.addressing = addressing;
        s3.settings.region = region;
        REQUIRE(s3.open("", bucket)->head("a b/c"));
        // The host that is signed is the one of the address.
        const std::string& url = s3.sent[0].url;
        const std::size_t host = url.find("://") + 3;
        CHECK(s3.sent[0].header("host") == url.substr(host, url.find('/', host) - host));
        return url;
    };
    const objects::Endpoint own{.tls = false, .host = "127.0.0.1:9000"};
    using enum objects::Addressing;
    CHECK(url_of(own, automatic, "r", "logs") == "http://127.0.0.1:9000/logs/a%20b/c");
    CHECK(url_of(own, virtual_host, "r", "logs") == "http://logs.127.0.0.1:9000/a%20b/c");
    CHECK(url_of(objects::Endpoint{.host = "h", .path = "/base"}, automatic, "r", "logs") == "https://h/base/logs/a%20b/c");
    CHECK(url_of({}, automatic, "eu-west-1", "logs") == "https://logs.s3.eu-west-1.amazonaws.com/a%20b/c");
    CHECK(url_of({}, path, "eu-west-1", "logs") == "https://s3.eu-west-1.amazonaws.com/logs/a%20b/c");
    CHECK(url_of({}, automatic, "cn-north-1", "logs") == "https://logs.s3.cn-north-1.amazonaws.com.cn/a%20b/c");
    // A '.' would not match the certificate, and capitals are no host's.
    CHECK(url_of({}, automatic, "eu-west-1", "my.logs") == "https://s3.eu-west-1.amazonaws.com/my.logs/a%20b/c");
    CHECK(url_of({}, automatic, "eu-west-1", "Logs") == "https://s3.eu-west-1.amazonaws.com/Logs/a%20b/c");
}

TEST_CASE("requests are signed with the time, the token and the content's hash") {
    S3Fixture s3;
    s3.script(answer(200, "", kFive));
    REQUIRE(s3.open()->head("x"));
    CHECK(s3.sent[0].header("x-amz-date") == "20130524T000000Z");
    CHECK(s3.sent[0].header("x-amz-security-token") == "hidden-token");
    CHECK(s3.sent[0].header("x-amz-content-sha256") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(s3.sent[0]
              .header("authorization")
              .starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20130524/eu-west-1/s3/aws4_request,SignedHeaders=host;"
                           "x-amz-content-sha256;x-amz-date;x-amz-security-token,Signature="));
}

TEST_CASE("what may pass is tried again after longer and longer waits") {
    S3Fixture s3;
    s3.next_random = ~std::uint64_t{0} - 15;  // 2^64 - 16: leaves a rest for each wait's length
    s3.script(failure(HttpFailure::passing, "Connection refused"), answer(500),
              error_answer(503, "SlowDown", "Please wait"), answer(502), answer(504), answer(429), answer(408),
              answer(200, "", kFive));
    const auto store = s3.open();
    const auto head = store->head("x");
    REQUIRE(head);
    CHECK((*head)->size == 5);
    CHECK(s3.sent.size() == 8);
    REQUIRE(s3.sleeps.size() == 7);
    for (std::size_t i = 0; i < s3.sleeps.size(); ++i) {
        const std::uint64_t most = std::uint64_t{100} << i;
        CHECK(s3.sleeps[i] == milliseconds(s3.next_random % (most + 1)));
    }
    CHECK(s3.details.front() == "s3://logs/arc/x: HEAD: Connection refused; attempt 1 of 8");
    CHECK(s3.details.at(2) == "s3://logs/arc/x: HEAD: HTTP 503: SlowDown: Please wait; attempt 3 of 8");
    CHECK(store->traffic().requests == 8);
    CHECK(store->traffic().retries == 7);
}

TEST_CASE("after so many attempts it is given up") {
    S3Fixture s3;
    s3.options.retry.attempts = 3;
    s3.script(answer(503), answer(503), error_answer(503, "SlowDown", "Please reduce your request rate."));
    const auto head = s3.open()->head("x");
    REQUIRE_FALSE(head);
    CHECK(head.error().code == Errc::io);
    CHECK(head.error().message() ==
          "s3://logs/arc/x: HEAD: HTTP 503: SlowDown: Please reduce your request rate.; given up after 3 attempts");
}

TEST_CASE("what will not pass is not tried again") {
    for (const int status : {400, 401, 403, 405, 411, 413, 501, 301}) {
        CAPTURE(status);
        S3Fixture s3;
        s3.script(error_answer(status, "AccessDenied", "Access Denied"));
        const auto removed = s3.open()->remove("x");
        REQUIRE_FALSE(removed);
        CHECK(removed.error().message() ==
              "s3://logs/arc/x: DELETE: HTTP " + std::to_string(status) + ": AccessDenied: Access Denied");
        CHECK(s3.sleeps.empty());
    }
    S3Fixture s3;
    s3.script(failure(HttpFailure::lasting, "SSL certificate problem: self-signed certificate"));
    CHECK(s3.open()->head("x").error().what == "HEAD: SSL certificate problem: self-signed certificate");
}

TEST_CASE("a refusal without words, as HEAD gets it, is asked for its reason") {
    S3Fixture s3;
    s3.script(answer(403), error_answer(403, "SignatureDoesNotMatch", "Check your key"), answer(403), answer(206, "x"));
    const auto store = s3.open();
    CHECK(store->head("x").error().what == "GET: HTTP 403: SignatureDoesNotMatch: Check your key");
    CHECK(store->head("x").error().what == "HEAD: HTTP 403");
    CHECK(s3.sent.back().header("range") == "bytes=0-0");
}

TEST_CASE("a server may ask for a longer wait, within limits") {
    S3Fixture s3;
    s3.script(answer(503, "", {{"retry-after", "3"}}), answer(429, "", {{"retry-after", "1000000000"}}),
              answer(503, "", {{"retry-after", "-5"}}), answer(503, "", {{"retry-after", "Fri, 24 May 2013 00:00:00 GMT"}}),
              answer(404));
    REQUIRE(s3.open()->head("x"));
    CHECK(s3.sleeps == std::vector<milliseconds>{milliseconds(3000), milliseconds(20'000)});
}

TEST_CASE("a stop ends the wait") {
    S3Fixture s3;
    bool stopped = false;
    s3.options.stop = [&stopped] { return stopped; };
    s3.next_random = 100;
    s3.server = [](const auto&) { return answer(503); };
    auto store = s3.open();
    stopped = true;
    auto head = store->head("x");
    REQUIRE_FALSE(head);
    CHECK(head.error().code == Errc::cancelled);
    CHECK(s3.sent.size() == 1);
    s3.server = [](const auto&) { return failure(HttpFailure::cancelled); };
    head = store->head("x");
    REQUIRE_FALSE(head);
    CHECK(head.error().code == Errc::cancelled);
    CHECK(head.error().message() == "s3://logs/arc/x: interrupted");
}

TEST_CASE("a bucket in another region is asked there") {
    for (const bool by_header : {true, false}) {
        S3Fixture s3;
        s3.settings.endpoint.reset();
        s3.server = [&](const test::Sent& request) {
            if (request.url.find("eu-north-1") != std::string::npos) {
                return answer(200, "", kFive);
            }
            return by_header
                       ? answer(301, "", {{"x-amz-bucket-region", "eu-north-1"}})
                       : answer(400, "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-north-1</Region></Error>");
        };
        const auto store = s3.open();
        REQUIRE(store->head("x"));
        REQUIRE(store->head("x"));
        CHECK(s3.sent[1].header("authorization").find("/20130524/eu-north-1/s3/") != std::string::npos);
        CHECK(s3.lines() == std::vector<std::string>{"HEAD https://logs.s3.eu-west-1.amazonaws.com/arc/x",
                                                     "HEAD https://logs.s3.eu-north-1.amazonaws.com/arc/x",
                                                     "HEAD https://logs.s3.eu-north-1.amazonaws.com/arc/x"});
        CHECK(s3.details == std::vector<std::string>{"s3://logs: is in region eu-north-1, not eu-west-1"});
    }
}

TEST_CASE("regions that point at each other, or are none, lead nowhere") {
    S3Fixture s3;
    s3.server = [](const test::Sent& request) {
        const bool there = request.header("authorization").find("/r-1/") != std::string::npos;
        return answer(301, "", {{"x-amz-bucket-region", there ? "r-2" : "r-1"}});
    };
    CHECK_FALSE(s3.open()->remove("x"));
    CHECK(s3.sent.size() == 2);
    S3Fixture bad;
    bad.settings.endpoint.reset();
    bad.script(answer(301, "", {{"x-amz-bucket-region", "evil.host/x"}}));
    CHECK_FALSE(bad.open()->remove("x"));
}

TEST_CASE("no message shows what proves who we are, whatever a server says") {
    S3Fixture s3;
    s3.options.retry.attempts = 2;
    std::string echo;
    int status = 403;
    s3.server = [&](const test::Sent& request) {
        echo = request.header("authorization");
        return error_answer(status, "hidden-token",
                            "You sent hidden/secret+key, AKIDEXAMPLE and " + echo + " hidden-token");
    };
    const auto store = s3.open();
    const auto shows_none = [&](const std::string& text) {
        CAPTURE(text);
        CHECK_FALSE(text.empty());
        CHECK(text.find("hidden") == std::string::npos);
        CHECK(text.find("AKIDEXAMPLE") == std::string::npos);
        CHECK(text.find(echo.substr(echo.find("Signature=") + 10)) == std::string::npos);
    };
    for (status = 403; status <= 503; status += 100) {
        shows_none(store->head("x").error().message());
        shows_none(store->open("x").error().message());
        shows_none(store->remove("x").error().message());
        shows_none(store->put_if_absent("x", test::Text("1")).error().message());
        shows_none(store->list("", [](const auto&) { return true; }).error().message());
        shows_none(store->remove_unfinished(0).error().message());
    }
    for (const std::string& line : s3.details) {
        shows_none(line);
    }
    s3.server = [](const test::Sent& request) {
        return failure(HttpFailure::lasting, "bad header " + request.header("authorization") + " hidden/secret+key");
    };
    CHECK(store->head("x").error().what.find("hidden") == std::string::npos);
    CHECK(store->describe("x").find("hidden") == std::string::npos);
}

TEST_CASE("a server's words are one line and not long") {
    S3Fixture s3;
    s3.script(error_answer(403, "Code\n\x1b[2J", std::string(10'000, 'x') + "\r\n"), answer(403, "<html>\x1b[31m</html>"),
              error_answer(403, "C", "\xff\xfe\xc3\xa4"));
    const auto store = s3.open();
    const std::string message = store->remove("x").error().message();
    CHECK(message.size() < 500);
    CHECK(message.find_first_of("\n\r\x1b") == std::string::npos);
    CHECK(store->remove("x").error().what == "DELETE: HTTP 403");
    CHECK(store->remove("x").error().what == "DELETE: HTTP 403: C: \xef\xbf\xbd\xef\xbf\xbd\xc3\xa4");
}
