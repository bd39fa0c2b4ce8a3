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
using test::names_in;
using test::S3Fixture;
using test::Sent;

namespace {

/// An object of 300,000 bytes, as a server that knows ranges answers.
class ObjectServer {
  public:
    std::string content;
    std::function<void(objects::HttpAnswer&)> spoil;  // changes an answer to a GET

    ObjectServer() {
        for (int i = 0; content.size() < 300'000; ++i) {
            content += std::to_string(i) + " ";
        }
        content.resize(300'000);
    }
    objects::HttpAnswer operator()(const Sent& request) const {
        if (request.method == "HEAD") {
            return answer(200, "", {{"content-length", "300000"}, {"etag", "\"tag\""}});
        }
        CHECK(request.header("if-match") == "\"tag\"");
        std::size_t from = 0;
        std::size_t last = 0;
        REQUIRE(std::sscanf(request.header("range").c_str(), "bytes=%zu-%zu", &from, &last) == 2);
        auto made = answer(206, std::string_view(content).substr(from, last - from + 1),
                           {{"content-range", "bytes " + request.header("range").substr(6) + "/300000"}});
        if (spoil) {
            spoil(made);
        }
        return made;
    }
};

struct Read {
    std::string text;
    std::string error;
};

Read read(const io::ReadAt& object, std::uint64_t offset, std::size_t size) {
    std::string text(size, '\0');
    const auto got = object.read_at(offset, std::as_writable_bytes(std::span(text)));
    return got ? Read{.text = text.substr(0, *got), .error = ""} : Read{.text = "", .error = got.error().message()};
}

}  // namespace

TEST_CASE("an object is read in the ranges that are asked for") {
    S3Fixture s3;
    const ObjectServer server;
    s3.server = server;
    auto store = s3.open();
    const auto object = store->open("x");
    REQUIRE(object);
    CHECK((*object)->size().value() == 300'000);
    CHECK(read(**object, 10, 20).text == server.content.substr(10, 20));
    CHECK(s3.sent.back().header("range") == "bytes=10-29");
    CHECK(read(**object, 299'990, 100).text == server.content.substr(299'990));
    CHECK(s3.sent.back().header("range") == "bytes=299990-299999");
    const std::size_t requests = s3.sent.size();
    CHECK(read(**object, 300'000, 10).text.empty());
    CHECK(read(**object, ~std::uint64_t{0}, 10).text.empty());
    CHECK(read(**object, 5, 0).text.empty());
    CHECK(s3.sent.size() == requests);
    CHECK(store->traffic().bytes_received == 30);
    store.reset();
    CHECK(read(**object, 0, 300'000).text == server.content);
}

TEST_CASE("what came of an answer that broke off is kept") {
    S3Fixture s3;
    ObjectServer server;
    const auto cut = [](objects::HttpAnswer& made) {
        if (made.body.size() > 100'000) {
            made.body.resize(100'000);
            made.failure = HttpFailure::passing;
            made.why = "transfer closed";
        }
    };
    server.spoil = cut;
    s3.server = server;
    const auto object = s3.open()->open("x");
    s3.sent.clear();
    CHECK(read(**object, 0, 300'000).text == server.content);
    REQUIRE(s3.sent.size() == 3);
    CHECK(s3.sent[0].header("range") == "bytes=0-299999");
    CHECK(s3.sent[1].header("range") == "bytes=100000-299999");
    CHECK(s3.sent[2].header("range") == "bytes=200000-299999");
    CHECK(s3.sleeps.empty());
}

TEST_CASE("a server that breaks off after a few bytes is asked so often and no more") {
    S3Fixture s3;
    ObjectServer server;
    server.spoil = [](objects::HttpAnswer& made) {
        made.body.resize(100);
        made.failure = HttpFailure::passing;
        made.why = "transfer closed";
    };
    s3.server = server;
    const auto object = s3.open()->open("x");
    s3.sent.clear();
    CHECK(read(**object, 0, 300'000).error == "s3://logs/arc/x: GET: transfer closed; given up after 8 attempts");
    CHECK(s3.sent.size() == 8);
}

TEST_CASE("an answer that is not the range asked for is an error") {
    const auto error_with = [](const std::function<void(objects::HttpAnswer&)>& spoil) {
        S3Fixture s3;
        ObjectServer server;
        server.spoil = spoil;
        s3.server = server;
        const auto object = s3.open()->open("x");
        const Read got = read(**object, 100, 10);
        CHECK(got.text.empty());
        return got.error;
    };
    CHECK(error_with([](auto& made) { made.headers["content-range"] = "bytes 0-9/300000"; }) ==
          "s3://logs/arc/x: offset 100: range; expected bytes 100-109/300000, got HTTP 206 bytes 0-9/300000");
    CHECK_FALSE(error_with([](auto& made) { made.headers["content-range"] = "bytes 100-109/300001"; }).empty());
    CHECK_FALSE(error_with([](auto& made) { made.headers.clear(); }).empty());
    CHECK_FALSE(error_with([](auto& made) { made.status = 200; }).empty());
    CHECK(error_with([](auto& made) { made.body.resize(9); }) ==
          "s3://logs/arc/x: offset 100: range; expected 10 bytes, got 9");
    CHECK_FALSE(error_with([](auto& made) { made.body.clear(); }).empty());
    CHECK(error_with([](auto& made) { made = error_answer(412, "PreconditionFailed"); }) ==
          "s3://logs/arc/x: offset 100: was replaced while it was read");
    CHECK_FALSE(error_with([](auto& made) { made = error_answer(416, "InvalidRange"); }).empty());
    CHECK(error_with([](auto& made) { made = error_answer(404, "NoSuchKey"); }) == "s3://logs/arc/x: no such object");
}

TEST_CASE("a server that does not know ranges can still give the whole") {
    S3Fixture s3;
    ObjectServer server;
    server.spoil = [](objects::HttpAnswer& made) {
        made.status = 200;
        made.headers.clear();
    };
    s3.server = server;
    const auto object = s3.open()->open("x");
    CHECK(read(**object, 0, 300'000).text == server.content);
    CHECK_FALSE(read(**object, 0, 299'999).error.empty());
}

TEST_CASE("an object that is not there, and one without a size, are told apart from others") {
    S3Fixture s3;
    s3.script(answer(404), answer(404), answer(200), answer(200, "", {{"content-length", "1x"}}));
    const auto store = s3.open();
    CHECK_FALSE(store->head("x").value());
    CHECK(store->open("x").error().message() == "s3://logs/arc/x: no such object");
    CHECK(store->head("x").error().code == Errc::corrupt);
    CHECK(store->head("x").error().code == Errc::corrupt);
}

TEST_CASE("a weak tag is not asked for") {
    S3Fixture s3;
    s3.script(answer(200, "", {{"content-length", "1"}, {"etag", "W/\"tag\""}}),
              answer(206, "a", {{"content-range", "bytes 0-0/1"}}));
    CHECK(read(**s3.open()->open("x"), 0, 1).text == "a");
    CHECK(s3.sent.back().header("if-match").empty());
}

TEST_CASE("removing what is not there is fine, but not without the bucket") {
    S3Fixture s3;
    s3.script(answer(204), answer(404), error_answer(404, "NoSuchBucket"));
    const auto store = s3.open();
    CHECK(store->remove("x"));
    CHECK(store->remove("x"));
    CHECK(store->remove("x").error().message() == "s3://logs: no such bucket");
    CHECK(s3.sent.front().line() == "DELETE http://s3.test:9000/logs/arc/x");
}

TEST_CASE("names that cannot be are refused before anything is asked") {
    S3Fixture s3;
    s3.script();
    const auto store =
        s3.open(std::string(1000, 'p').replace(200, 1, "/").replace(400, 1, "/").replace(600, 1, "/").replace(800, 1, "/"));
    for (const std::string& name : {std::string("../x"), std::string(), std::string(100, 'n')}) {
        CHECK(store->put_if_absent(name, test::Text("")).error().code == Errc::invalid);
        CHECK(store->open(name).error().code == Errc::invalid);
        CHECK(store->head(name).error().code == Errc::invalid);
        CHECK(store->remove(name).error().code == Errc::invalid);
    }
    CHECK(store->list("../", [](const auto&) { return true; }).error().code == Errc::invalid);
}

TEST_CASE("a listing goes through all pages, and undoes their encoding") {
    S3Fixture s3;
    s3.script(answer(200,
                     "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                     "<Name>logs</Name><Prefix>arc/</Prefix><KeyCount>3</KeyCount><IsTruncated>true</IsTruncated>"
                     "<Contents><Key>arc/</Key><Size>0</Size></Contents>"
                     "<Contents><Key>arc/a+b%2Bc</Key><LastModified>2024-01-01T00:00:00.000Z</LastModified>"
                     "<ETag>&quot;x&quot;</ETag><Size>7</Size><Owner><ID>1</ID><Size>9</Size></Owner></Contents>"
                     "<Contents><Key>arc/dir/</Key><Size>0</Size></Contents>"
                     "<EncodingType>url</EncodingType><NextContinuationToken>1/t+=&amp;</NextContinuationToken></"
                     "ListBucketResult>"),
              answer(200,
                     "<ListBucketResult><Contents><Key>arc/d%C3%A4%0a</Key><Size>1</Size></Contents>"
                     "<EncodingType>url</EncodingType>"
                     "<Contents><Key>arc/e</Key><Size>5368709120</Size></Contents><IsTruncated>false</IsTruncated>"
                     "<NextContinuationToken>ignored</NextContinuationToken></ListBucketResult>"));
    std::vector<std::pair<std::string, std::uint64_t>> seen;
    REQUIRE(s3.open()->list("", [&](const objects::ObjectInfo& info) {
        seen.emplace_back(info.name, info.size);
        return true;
    }));
    CHECK(seen == std::vector<std::pair<std::string, std::uint64_t>>{{"a b+c", 7}, {"e", 5'368'709'120}});
    CHECK(
        s3.lines() ==
        std::vector<std::string>{
            "GET http://s3.test:9000/logs?list-type=2&encoding-type=url&prefix=arc%2F",
            "GET http://s3.test:9000/logs?list-type=2&encoding-type=url&prefix=arc%2F&continuation-token=1%2Ft%2B%3D%26"});
}

TEST_CASE("keys of a server that does not encode are taken as they are") {
    S3Fixture s3;
    s3.script(answer(200, "<ListBucketResult><Contents><Key>a%20b+c</Key><Size>1</Size></Contents></ListBucketResult>"));
    CHECK(names_in(*s3.open(""), "a") == std::vector<std::string>{"a%20b+c"});
    CHECK(s3.sent.back().url == "http://s3.test:9000/logs?list-type=2&encoding-type=url&prefix=a");
}

TEST_CASE("a listing ends when its visitor has enough") {
    S3Fixture s3;
    s3.script(answer(200,
                     "<ListBucketResult><Contents><Key>a</Key><Size>1</Size></Contents><Contents><Key>b</Key><Size>1</Size>"
                     "</Contents><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
                     "</ListBucketResult>"));
    int seen = 0;
    CHECK(s3.open("")->list("", [&seen](const auto&) { return ++seen < 1; }));
    CHECK(seen == 1);
}

TEST_CASE("a page that is none, out of order or the same again ends a listing with an error") {
    const auto contents = [](std::initializer_list<const char*> keys) {
        std::string text;
        for (const char* const key : keys) {
            text += "<Contents><Key>" + std::string(key) + "</Key><Size>1</Size></Contents>";
        }
        return text;
    };
    const auto code = [](std::vector<std::string> pages) {
        S3Fixture s3;
        std::vector<objects::HttpAnswer> answers;
        for (const std::string& page : pages) {
            answers.push_back(answer(200, page));
        }
        s3.script_of(std::move(answers));
        const auto listed = s3.open("")->list("", [](const auto&) { return true; });
        REQUIRE_FALSE(listed);
        CHECK(listed.error().file == "s3://logs");
        return listed.error().code;
    };
    const std::string more = "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>";
    const std::string begin = "<ListBucketResult>";
    const std::string end = "</ListBucketResult>";
    CHECK(code({""}) == Errc::corrupt);
    CHECK(code({"<html/>"}) == Errc::corrupt);
    CHECK(code({begin + contents({"a"})}) == Errc::corrupt);
    CHECK(code({begin + contents({"b", "a"}) + end}) == Errc::corrupt);
    CHECK(code({begin + contents({"a", "a"}) + end}) == Errc::corrupt);
    CHECK(code({begin + contents({"a"}) + more + end, begin + contents({"a"}) + more + end}) == Errc::corrupt);
    CHECK(code({begin + more + end, begin + more + end}) == Errc::corrupt);
    CHECK(code({begin + "<IsTruncated>true</IsTruncated>" + end}) == Errc::corrupt);
    CHECK(code({begin + "<Contents><Size>1</Size></Contents>" + end}) == Errc::corrupt);
    CHECK(code({begin + "<Contents><Key>a</Key></Contents>" + end}) == Errc::corrupt);
    CHECK(code({begin + "<Contents><Key>a</Key><Size>-1</Size></Contents>" + end}) == Errc::corrupt);
    CHECK(code({begin + "<EncodingType>url</EncodingType>" + contents({"%"}) + end}) == Errc::corrupt);
    CHECK(code({begin + "<EncodingType>url</EncodingType>" + contents({"%zz"}) + end}) == Errc::corrupt);
}

TEST_CASE("a bucket that is not there is named") {
    S3Fixture s3;
    s3.script(error_answer(404, "NoSuchBucket", "The specified bucket does not exist"));
    CHECK(names_in(*s3.open(), "") == std::vector<std::string>{"error: s3://logs: no such bucket"});
    CHECK(s3.open()->describe("") == "s3://logs/arc");
    CHECK(s3.open("")->describe("") == "s3://logs");
}

TEST_CASE("uploads that were left are ended by their age, below the prefix only") {
    S3Fixture s3;
    std::vector<std::string> aborted;
    const auto upload = [](const char* key, const char* id, const char* time) {
        return std::string("<Upload><Key>") + key + "</Key><UploadId>" + id +
               "</UploadId><Initiator><ID>i</ID></Initiator><Initiated>" + time + "</Initiated></Upload>";
    };
    s3.server = [&](const Sent& request) {
        if (request.method == "DELETE") {
            aborted.push_back(request.url);
            return answer(204);
        }
        const bool first = request.url.find("key-marker") == std::string::npos;
        return answer(200,
                      "<ListMultipartUploadsResult><EncodingType>url</EncodingType>" +
                          (first ? "<NextKeyMarker>arc/b%2Bc</NextKeyMarker><NextUploadIdMarker>2</NextUploadIdMarker>"
                                   "<IsTruncated>true</IsTruncated>" +
                                       upload("arc/a", "1", "2013-05-22T00:00:00.000Z") +
                                       upload("arc/b%2Bc", "2", "2013-05-23T12:00:00.000Z")
                                 : "<IsTruncated>false</IsTruncated>" + upload("arc/d", "3", "2013-05-22T23:59:59.999Z") +
                                       upload("other/d", "4", "2013-05-20T00:00:00.000Z")) +
                          "</ListMultipartUploadsResult>");
    };
    CHECK(s3.open()->remove_unfinished(1369267200000).value() == 2);  // 2013-05-23T00:00:00Z
    CHECK(aborted == std::vector<std::string>{"http://s3.test:9000/logs/arc/a?uploadId=1",
                                              "http://s3.test:9000/logs/arc/d?uploadId=3"});
    CHECK(s3.sent.at(2).url ==
          "http://s3.test:9000/logs?uploads=&encoding-type=url&prefix=arc%2F&key-marker=arc%2Fb%2Bc&upload-id-marker=2");
}
