// SPDX-License-Identifier: Apache-2.0
// A store in S3 whose server is a function of the test.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "objects/http.hpp"
#include "objects/s3_store.hpp"

namespace kseg::test {

/// A request as it was sent; its body is a copy.
struct Sent {
    std::string method;
    std::string url;
    objects::NamedValues headers;
    std::string body;

    [[nodiscard]] std::string header(std::string_view name) const {
        for (const auto& [each, value] : headers) {
            if (each == name) {
                return value;
            }
        }
        return {};
    }
    /// "GET https://..."
    [[nodiscard]] std::string line() const { return method + " " + url; }
};

inline objects::HttpAnswer answer(int status, std::string_view body = "", std::map<std::string, std::string> headers = {}) {
    objects::HttpAnswer made;
    made.status = status;
    made.headers = std::move(headers);
    made.body.append(body);
    return made;
}

inline objects::HttpAnswer failure(objects::HttpFailure kind, std::string why = "recv failure") {
    objects::HttpAnswer made;
    made.failure = kind;
    made.why = std::move(why);
    return made;
}

inline objects::HttpAnswer error_answer(int status, const std::string& code, const std::string& message = "") {
    return answer(status, "<Error><Code>" + code + "</Code><Message>" + message + "</Message></Error>");
}

class FixedClock final : public Clock {
  public:
    [[nodiscard]] TimestampMs now() const override { return 1369353600000; }  // 2013-05-24
};

class S3Fixture {
  public:
    using Server = std::function<objects::HttpAnswer(const Sent&)>;

    Server server;
    std::vector<Sent> sent;
    std::vector<std::string> details;
    std::vector<std::chrono::milliseconds> sleeps;
    std::uint64_t next_random = 0;
    objects::S3Settings settings{
        .credentials = {.key_id = "AKIDEXAMPLE", .secret = "hidden/secret+key", .token = "hidden-token"},
        .region = "eu-west-1",
        .endpoint = objects::Endpoint{.tls = false, .host = "s3.test:9000"}};
    objects::S3Options options{};

    /// Answers one after another; when they are used up, the test fails.
    template <typename... Answers>
    void script(Answers... each) {
        std::vector<objects::HttpAnswer> answers;
        (answers.push_back(std::move(each)), ...);
        script_of(std::move(answers));
    }
    void script_of(std::vector<objects::HttpAnswer> answers) {
        auto left = std::make_shared<std::vector<objects::HttpAnswer>>(std::move(answers));
        auto at = std::make_shared<std::size_t>(0);
        server = [left, at](const Sent& request) {
            INFO(request.line());
            REQUIRE(*at < left->size());
            return std::move((*left)[(*at)++]);
        };
    }

    std::unique_ptr<objects::ObjectStore> open(const std::string& prefix = "arc", const std::string& bucket = "logs") {
        options.clock = &clock_;
        options.detail = [this](std::string_view line) { details.emplace_back(line); };
        options.sleep = [this](std::chrono::milliseconds time) { sleeps.push_back(time); };
        options.random = [this] { return next_random; };
        options.transport = [this] { return std::make_unique<Transport>(*this); };
        auto store = objects::s3_store(bucket, prefix, settings, options);
        REQUIRE(store);
        return *std::move(store);
    }

    /// "METHOD url" of each request so far, which are forgotten.
    std::vector<std::string> lines() {
        std::vector<std::string> all;
        for (const Sent& each : sent) {
            all.push_back(each.line());
        }
        sent.clear();
        return all;
    }

  private:
    class Transport final : public objects::HttpTransport {
      public:
        explicit Transport(S3Fixture& fixture) : fixture_(fixture) {}
        objects::HttpAnswer send(const objects::HttpRequest& request) override {
            fixture_.sent.push_back({.method = request.method,
                                     .url = request.url,
                                     .headers = request.headers,
                                     .body = std::string(as_text(request.body))});
            objects::HttpAnswer made = fixture_.server(fixture_.sent.back());
            CHECK(made.body.size() <= (made.is_success() ? request.most_body_bytes : kMostErrorBytes));
            return made;
        }

      private:
        S3Fixture& fixture_;
    };

    FixedClock clock_;
};

}  // namespace kseg::test
