// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "objects/s3_store.hpp"
#include "unit/objects/object_support.hpp"
#include "unit/objects/s3_support.hpp"

using namespace kseg;
using objects::HttpFailure;
using test::answer;
using test::error_answer;
using test::failure;
using test::S3Fixture;
using test::Sent;
using test::Text;

namespace {

const char* const kBegun =
    "<?xml version=\"1.0\"?><InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
    "<Bucket>logs</Bucket><Key>arc/x</Key><UploadId>id/1+2</UploadId></InitiateMultipartUploadResult>";
const char* const kCompleted = "<CompleteMultipartUploadResult><ETag>\"e-3\"</ETag></CompleteMultipartUploadResult>";
const std::map<std::string, std::string> kTag{{"etag", "\"tag\""}};

/// What a server says of an object that a put has made: its token.
objects::HttpAnswer made_by(const Sent& put) {
    return answer(200, "", {{"content-length", "1"}, {"x-amz-meta-kseg-put", put.header("x-amz-meta-kseg-put")}});
}

bool is_part(const Sent& request) {
    return request.method == "PUT" && request.url.find("partNumber=") != std::string::npos;
}

bool is_completion(const Sent& request) {
    return request.method == "POST" && request.url.find("uploadId=") != std::string::npos;
}

}  // namespace

TEST_CASE("a small object is put in one request, on condition that its name is free") {
    S3Fixture s3;
    s3.next_random = 0xabc;
    s3.script(answer(404), answer(200, "", kTag));
    REQUIRE(s3.open()->put_if_absent("t-0/x", Text("content")));
    const Sent put = s3.sent.back();
    CHECK(s3.lines() ==
          std::vector<std::string>{"HEAD http://s3.test:9000/logs/arc/t-0/x", "PUT http://s3.test:9000/logs/arc/t-0/x"});
    CHECK(put.body == "content");
    CHECK(put.header("if-none-match") == "*");
    CHECK(put.header("x-amz-meta-kseg-put") == "0000000000000abc0000000000000abc");
    // sha256sum of "content"
    CHECK(put.header("x-amz-content-sha256") == "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73");
}

TEST_CASE("an empty object is put") {
    S3Fixture s3;
    s3.script(answer(404), answer(200));
    REQUIRE(s3.open()->put_if_absent("x", Text("")));
    CHECK(s3.sent.back().body.empty());
}

TEST_CASE("a name that is taken before, or by another meanwhile, exists") {
    S3Fixture s3;
    const auto another = [] { return answer(200, "", {{"content-length", "1"}}); };
    s3.script(another(), answer(404), error_answer(412, "PreconditionFailed"), another());
    const auto store = s3.open();
    for (int i = 0; i < 2; ++i) {
        const auto put = store->put_if_absent("x", Text("1"));
        REQUIRE_FALSE(put);
        CHECK(put.error().code == Errc::exists);
        CHECK(put.error().file == "s3://logs/arc/x");
    }
    CHECK(s3.sent.size() == 4);
}

TEST_CASE("a put whose answer was lost knows its own object") {
    for (const bool ours : {true, false}) {
        S3Fixture s3;
        int puts = 0;
        Sent first;
        s3.server = [&](const Sent& request) {
            if (request.method == "PUT") {
                if (++puts == 1) {
                    first = request;
                    return failure(HttpFailure::passing);
                }
                return error_answer(412, "PreconditionFailed");
            }
            return puts == 0 ? answer(404) : (ours ? made_by(first) : answer(200, "", {{"content-length", "1"}}));
        };
        const auto put = s3.open()->put_if_absent("x", Text("1"));
        CHECK(put.has_value() == ours);
        CHECK((ours || put.error().code == Errc::exists));
        CHECK(puts == 2);
    }
}

TEST_CASE("an answer whose body broke off behind its status is asked for again") {
    S3Fixture s3;
    auto cut = answer(200);
    cut.failure = HttpFailure::passing;
    Sent put;
    s3.server = [&, puts = 0](const Sent& request) mutable {
        if (request.method == "PUT") {
            put = request;
            return ++puts == 1 ? std::move(cut) : error_answer(412, "PreconditionFailed");
        }
        return puts == 0 ? answer(404) : made_by(put);
    };
    CHECK(s3.open()->put_if_absent("x", Text("1")));
}

TEST_CASE("two that put one name at the same moment wait for each other") {
    S3Fixture s3;
    s3.script(answer(404), error_answer(409, "ConditionalRequestConflict"), error_answer(412, "PreconditionFailed"),
              answer(200, "", {{"content-length", "1"}, {"x-amz-meta-kseg-put", "another's"}}));
    CHECK(s3.open()->put_if_absent("x", Text("1")).error().code == Errc::exists);
}

TEST_CASE("a server that knows no condition is asked without, after a look, and that is said once") {
    for (const auto& refusal :
         {std::pair{501, "NotImplemented"}, std::pair{400, "NotImplemented"}, std::pair{400, "InvalidArgument"}}) {
        S3Fixture s3;
        s3.server = [&](const Sent& request) {
            if (request.method == "PUT" && !request.header("if-none-match").empty()) {
                return error_answer(refusal.first, refusal.second, "A header you provided: If-None-Match");
            }
            return request.method == "PUT" ? answer(200) : answer(404);
        };
        const auto store = s3.open("");
        REQUIRE(store->put_if_absent("x", Text("1")));
        REQUIRE(store->put_if_absent("y", Text("1")));
        CHECK(s3.details == std::vector<std::string>{
                                "s3://logs: the server knows no conditional put: of two at once, the later one stays"});
        CHECK(s3.lines() == std::vector<std::string>{"HEAD http://s3.test:9000/logs/x", "PUT http://s3.test:9000/logs/x",
                                                     "HEAD http://s3.test:9000/logs/x", "PUT http://s3.test:9000/logs/x",
                                                     "HEAD http://s3.test:9000/logs/y", "HEAD http://s3.test:9000/logs/y",
                                                     "PUT http://s3.test:9000/logs/y"});
    }
    S3Fixture s3;  // put by another between the refusal and the look
    s3.script(answer(404), answer(501), answer(200, "", {{"content-length", "1"}}),
              answer(200, "", {{"content-length", "1"}}));
    CHECK(s3.open()->put_if_absent("x", Text("1")).error().code == Errc::exists);
}

TEST_CASE("another error of a put is no refusal of the condition") {
    S3Fixture s3;
    s3.script(answer(404), error_answer(400, "InvalidArgument", "Invalid bucket"));
    CHECK(s3.open()->put_if_absent("x", Text("1")).error().what == "PUT: HTTP 400: InvalidArgument: Invalid bucket");
    CHECK(s3.details.empty());
}

TEST_CASE("a large object is put in parts, and appears when they are complete") {
    S3Fixture s3;
    s3.options.part_bytes = 4;
    s3.server = [](const Sent& request) {
        if (request.method == "HEAD") {
            return answer(404);
        }
        if (is_part(request)) {
            return answer(200, "", {{"etag", "\"<" + request.body + ">\""}});
        }
        return answer(200, is_completion(request) ? kCompleted : kBegun);
    };
    REQUIRE(s3.open()->put_if_absent("x", Text("0123456789")));
    const Sent begin = s3.sent.at(1);
    const Sent complete = s3.sent.back();
    CHECK(s3.sent.at(2).body == "0123");
    CHECK(s3.sent.at(3).body == "4567");
    CHECK(s3.sent.at(4).body == "89");
    CHECK(complete.header("if-none-match") == "*");
    CHECK(begin.header("if-none-match").empty());
    CHECK_FALSE(begin.header("x-amz-meta-kseg-put").empty());
    CHECK(complete.body ==
          "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
          "<Part><PartNumber>1</PartNumber><ETag>&quot;&lt;0123&gt;&quot;</ETag></Part>"
          "<Part><PartNumber>2</PartNumber><ETag>&quot;&lt;4567&gt;&quot;</ETag></Part>"
          "<Part><PartNumber>3</PartNumber><ETag>&quot;&lt;89&gt;&quot;</ETag></Part></CompleteMultipartUpload>");
    const std::string url = "http://s3.test:9000/logs/arc/x?";
    CHECK(s3.lines() == std::vector<std::string>{
                            "HEAD http://s3.test:9000/logs/arc/x",
                            "POST " + url + "uploads=", "PUT " + url + "partNumber=1&uploadId=id%2F1%2B2",
                            "PUT " + url + "partNumber=2&uploadId=id%2F1%2B2",
                            "PUT " + url + "partNumber=3&uploadId=id%2F1%2B2", "POST " + url + "uploadId=id%2F1%2B2"});
}

TEST_CASE("parts grow where there would be more than ten thousand") {
    S3Fixture s3;
    s3.options.part_bytes = 4;
    std::size_t largest = 0;
    int parts = 0;
    s3.server = [&](const Sent& request) {
        if (is_part(request)) {
            ++parts;
            largest = std::max(largest, request.body.size());
            return answer(200, "", kTag);
        }
        return request.method == "HEAD" ? answer(404) : answer(200, is_completion(request) ? kCompleted : kBegun);
    };
    const auto store = s3.open();
    REQUIRE(store->put_if_absent("x", Text(std::string(40'000, 'x'))));
    CHECK(parts == 10'000);
    CHECK(largest == 4);
    s3.sent.clear();
    parts = 0;
    REQUIRE(store->put_if_absent("x", Text(std::string(3'000'000, 'x'))));
    CHECK(parts == 3);
    CHECK(largest == 1 << 20);
}

TEST_CASE("an upload that fails leaves no parts, even when it was stopped") {
    enum class Case { part_refused, no_tag, no_medium, stopped, complete_refused, complete_taken, no_id };
    for (const Case each : {Case::part_refused, Case::no_tag, Case::no_medium, Case::stopped, Case::complete_refused,
                            Case::complete_taken, Case::no_id}) {
        CAPTURE(static_cast<int>(each));
        S3Fixture s3;
        bool stopped = false;
        s3.options.part_bytes = 4;
        s3.options.stop = [&stopped] { return stopped; };
        int aborted = 0;
        s3.server = [&](const Sent& request) {
            if (request.method == "DELETE") {
                CHECK(request.line() == "DELETE http://s3.test:9000/logs/arc/x?uploadId=id%2F1%2B2");
                return ++aborted == 1 ? answer(503) : answer(204);
            }
            if (is_part(request)) {
                stopped = each == Case::stopped;
                return stopped                      ? failure(HttpFailure::cancelled)
                       : each == Case::part_refused ? error_answer(403, "AccessDenied")
                       : each == Case::no_tag       ? answer(200)
                                                    : answer(200, "", kTag);
            }
            if (is_completion(request)) {
                return each == Case::complete_taken ? error_answer(412, "PreconditionFailed")
                                                    : error_answer(400, "InvalidPart");
            }
            return request.method == "HEAD" ? answer(404) : answer(200, each == Case::no_id ? "<x/>" : kBegun);
        };
        const auto store = s3.open();
        const auto put = each == Case::no_medium ? store->put_if_absent("x", test::BrokenText("0123456789", 6))
                                                 : store->put_if_absent("x", Text("0123456789"));
        REQUIRE_FALSE(put);
        CHECK(put.error().code == (each == Case::stopped                         ? Errc::cancelled
                                   : each == Case::complete_taken                ? Errc::exists
                                   : each == Case::no_tag || each == Case::no_id ? Errc::corrupt
                                                                                 : Errc::io));
        CHECK(put.error().file == "s3://logs/arc/x");
        CHECK(aborted == (each == Case::no_id ? 0 : 2));
    }
}

TEST_CASE("a completion may fail behind its status, or have happened though its answer was lost") {
    S3Fixture s3;
    s3.options.part_bytes = 4;
    Sent begin;
    int completions = 0;
    std::vector<objects::HttpAnswer> answers;
    s3.server = [&](const Sent& request) {
        if (is_part(request)) {
            return answer(200, "", kTag);
        }
        if (is_completion(request)) {
            return std::move(answers.at(static_cast<std::size_t>(completions++)));
        }
        if (request.method == "HEAD") {
            return completions == 0 ? answer(404) : made_by(begin);
        }
        CHECK(request.method == "POST");
        begin = request;
        return answer(200, kBegun);
    };
    const auto put = [&](auto... each) {
        completions = 0;
        answers.clear();
        (answers.push_back(std::move(each)), ...);
        return s3.open()->put_if_absent("x", Text("0123456789"));
    };
    // 200, then spaces to keep the connection, then an error.
    CHECK(put(answer(200, "   <Error><Code>InternalError</Code></Error>"), answer(200, kCompleted)));
    CHECK(completions == 2);
    CHECK(put(failure(HttpFailure::passing), error_answer(404, "NoSuchUpload")));
    CHECK(put(failure(HttpFailure::passing), error_answer(412, "PreconditionFailed")));
}

TEST_CASE("an upload that is gone without an object of ours is an error") {
    S3Fixture s3;
    s3.options.part_bytes = 4;
    s3.server = [](const Sent& request) {
        return is_part(request)                                       ? answer(200, "", kTag)
               : is_completion(request) || request.method == "DELETE" ? error_answer(404, "NoSuchUpload")
               : request.method == "HEAD"                             ? answer(404)
                                                                      : answer(200, kBegun);
    };
    CHECK(s3.open()->put_if_absent("x", Text("0123456789")).error().code == Errc::io);
}

TEST_CASE("content that ends early is not put") {
    S3Fixture s3;
    s3.script(answer(404));
    const auto put = s3.open()->put_if_absent("x", test::ShortText("0123456789", 5));
    REQUIRE_FALSE(put);
    CHECK(put.error().code == Errc::truncated);
    CHECK(put.error().file == "s3://logs/arc/x");
}
