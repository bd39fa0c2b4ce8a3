// SPDX-License-Identifier: Apache-2.0
#include "objects/s3_client.hpp"

#include <algorithm>
#include <charconv>
#include <random>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"
#include "objects/digest.hpp"
#include "objects/xml.hpp"

namespace kseg::objects {
namespace {

constexpr std::size_t kMostMessageBytes = 300;
constexpr std::chrono::seconds kLongestRetryAfter{30};

/// Whether a bucket's name can stand in front of AWS's host name: a '.' in it would not match the certificate.
bool is_host_label(std::string_view bucket) {
    return std::ranges::all_of(bucket, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

struct Address {
    std::string origin;
    std::string host;
    std::string path;
};

Address address_of(const S3Settings& settings, const std::string& bucket, const std::string& key) {
    const bool china = settings.region.starts_with("cn-");
    const Endpoint endpoint = settings.endpoint.value_or(
        Endpoint{.host = fmt::format("s3.{}.amazonaws.com{}", settings.region, china ? ".cn" : "")});
    const bool in_host = settings.addressing == Addressing::virtual_host ||
                         (settings.addressing == Addressing::automatic && !settings.endpoint && is_host_label(bucket));
    Endpoint of_bucket = endpoint;
    if (in_host) {
        of_bucket.host = fmt::format("{}.{}", bucket, endpoint.host);
    } else {
        of_bucket.path += "/" + bucket;
    }
    std::string path = of_bucket.path;
    if (!key.empty() || path.empty()) {
        path += "/" + encode_path(key);
    }
    return {.origin = of_bucket.origin(), .host = of_bucket.host, .path = std::move(path)};
}

bool is_passing_status(int status, std::string_view code) {
    switch (status) {
        case 408:
        case 429:
        case 500:
        case 502:
        case 503:
        case 504: return true;
        case 400: return code == "RequestTimeout";
        // Another request for this name is under way.
        case 409: return code == "OperationAborted" || code == "ConditionalRequestConflict";
        default: return false;
    }
}

void replace_all(std::string& text, std::string_view what) {
    if (what.empty()) {
        return;
    }
    constexpr std::string_view kInstead = "***";
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + kInstead.size())) {
        text.replace(at, what.size(), kInstead);
    }
}

}  // namespace

Result<std::shared_ptr<S3Client>> S3Client::create(std::string bucket, S3Settings settings, S3Options options) {
    if (auto checked = check_digests(); !checked) {
        return checked.error();
    }
    if (!options.random) {
        std::random_device device;
        std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
        options.random = [engine = std::mt19937_64(seed)]() mutable { return engine(); };
    }
    if (!options.sleep) {
        options.sleep = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); };
    }
    // NOLINTNEXTLINE(*-owning-memory): the constructor is private
    std::shared_ptr<S3Client> client(new S3Client(std::move(bucket), std::move(settings), std::move(options)));
    if (client->options_.transport) {
        client->transport_ = client->options_.transport();
        return client;
    }
    auto transport = curl_transport({.connect_timeout = client->options_.connect_timeout,
                                     .ca_bundle = client->settings_.ca_bundle,
                                     .proxy = client->settings_.proxy,
                                     .no_proxy = client->settings_.no_proxy,
                                     .stop = client->options_.stop});
    if (!transport) {
        return transport.error();
    }
    client->transport_ = *std::move(transport);
    return client;
}

std::string S3Client::describe(std::string_view key) const {
    return fmt::format("s3://{}{}{}", bucket_, key.empty() ? "" : "/", key);
}

void S3Client::tell(std::string_view detail) const {
    if (options_.detail) {
        options_.detail(detail);
    }
}

std::uint64_t S3Client::random() {
    const std::lock_guard lock(mutex_);
    return options_.random();
}

Traffic S3Client::traffic() const {
    const std::lock_guard lock(traffic_mutex_);
    return traffic_;
}

/// What a server or a library says, fit to be shown: one line, not long, and nothing of what proves who we are.
std::string S3Client::cleaned(std::string_view text) const {
    std::string said(text.substr(0, HttpTransport::kMostErrorBytes));
    for (const std::string& secret :
         {settings_.credentials.secret, settings_.credentials.token, settings_.credentials.key_id}) {
        replace_all(said, secret);
    }
    said.resize(std::min(said.find("Signature="), said.size()));
    ByteBuffer quoted;
    append_json_string_lossy(quoted, as_bytes(said));
    std::string line(quoted.text().substr(1, quoted.size() - 2));
    if (line.size() > kMostMessageBytes) {
        line.resize(kMostMessageBytes);
        while (!is_utf8(as_bytes(line))) {
            line.pop_back();
        }
        line += "...";
    }
    return line;
}

HttpAnswer S3Client::attempt(const S3Request& request) {
    const Address address = address_of(settings_, bucket_, request.key);
    const std::string time = signing_time(options_.clock->now());
    const std::string payload_hash = hex_of(sha256(request.body));
    NamedValues headers = request.headers;
    headers.emplace_back("host", address.host);
    headers.emplace_back("x-amz-date", time);
    headers.emplace_back("x-amz-content-sha256", payload_hash);
    if (!settings_.credentials.token.empty()) {
        headers.emplace_back("x-amz-security-token", settings_.credentials.token);
    }
    std::string signature = authorization({.method = request.method,
                                           .path = address.path,
                                           .query = request.query,
                                           .headers = headers,
                                           .payload_hash = payload_hash},
                                          settings_.credentials, settings_.region, time);
    headers.emplace_back("authorization", std::move(signature));
    std::string url = address.origin + address.path;
    for (std::size_t i = 0; i < request.query.size(); ++i) {
        const auto& [name, value] = request.query[i];
        url += fmt::format("{}{}={}", i == 0 ? '?' : '&', encode_query(name), encode_query(value));
    }
    HttpAnswer answer = transport_->send({.method = std::string(request.method),
                                          .url = std::move(url),
                                          .headers = std::move(headers),
                                          .body = request.body,
                                          .most_body_bytes = request.most_body_bytes,
                                          .patience = request.patience.count() != 0 ? request.patience : options_.patience,
                                          .even_when_stopped = request.even_when_stopped});
    const std::lock_guard lock(traffic_mutex_);
    ++traffic_.requests;
    traffic_.bytes_sent += request.body.size();
    traffic_.bytes_received += answer.body.size();
    return answer;
}

void S3Client::read_error(const S3Request& request, S3Answer& answer) const {
    const bool success = answer.http.is_success();
    if (answer.http.failure != HttpFailure::none || (success && !request.error_in_success)) {
        return;
    }
    const std::string_view body = answer.http.body.text();
    answer.code = cleaned(xml_value(body, "Error/Code"));
    answer.message = cleaned(xml_value(body, "Error/Message"));
    if (success && !answer.code.empty()) {
        // The status was sent before the outcome was known.
        answer.http.status = answer.code == "InternalError" || answer.code == "SlowDown" ? 500 : 400;
    }
}

/// A bucket that is in another region says so: the signature must name it. Once, or two servers could keep us going.
bool S3Client::change_region(const S3Answer& answer) {
    const int status = answer.http.status;
    if (region_changed_ || answer.http.failure != HttpFailure::none || (status != 301 && status != 400 && status != 403)) {
        return false;
    }
    std::string region = answer.http.header("x-amz-bucket-region");
    if (region.empty()) {
        region = xml_value(answer.http.body.text(), "Error/Region");
    }
    const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    if (region.empty() || region == settings_.region || !std::ranges::all_of(region, fits)) {
        return false;
    }
    tell(fmt::format("{}: is in region {}, not {}", describe(""), region, settings_.region));
    settings_.region = std::move(region);
    region_changed_ = true;
    return true;
}

/// Waits before the next attempt; false where the user asked to stop.
bool S3Client::pause(const S3Request& request, const HttpAnswer& answer, int failed) const {
    std::chrono::milliseconds time = backoff(options_.retry, failed, options_.random());
    const std::string asked = answer.header("retry-after");
    std::int64_t seconds = 0;
    if (std::from_chars(asked.data(), asked.data() + asked.size(), seconds).ec == std::errc() && seconds > 0) {
        const auto most = std::min<std::chrono::milliseconds>(kLongestRetryAfter, options_.retry.longest);
        time = std::max(
            time, std::min<std::chrono::milliseconds>(std::chrono::seconds(std::min<std::int64_t>(seconds, 60)), most));
    }
    constexpr std::chrono::milliseconds kSlice{100};  // a stop is noticed so soon
    const auto is_stopped = [&] { return !request.even_when_stopped && options_.stop && options_.stop(); };
    while (time.count() > 0 && !is_stopped()) {
        const auto part = options_.stop ? std::min(time, kSlice) : time;
        options_.sleep(part);
        time -= part;
    }
    return !is_stopped();
}

std::string S3Client::reason(const S3Answer& answer) const {
    if (answer.http.failure != HttpFailure::none) {
        return cleaned(answer.http.why);
    }
    std::string text = fmt::format("HTTP {}", answer.http.status);
    for (const std::string& part : {answer.code, answer.message}) {
        text += part.empty() ? "" : ": " + part;
    }
    return text;
}

bool is_missing_object(const S3Answer& answer) {
    // Servers answer 404 also for a bucket or a key of access that they do not know.
    return answer.http.status == 404 && answer.http.failure == HttpFailure::none &&
           (answer.code.empty() || answer.code == "NoSuchKey");
}

Error S3Client::error_of(const S3Request& request, const S3Answer& answer) const {
    Error error{.code = Errc::io, .file = describe(request.key)};
    if (answer.http.failure == HttpFailure::cancelled) {
        error.code = Errc::cancelled;
        error.what = "interrupted";
    } else if (answer.code == "NoSuchBucket") {
        error.what = "no such bucket";
        error.file = describe("");
    } else if (is_missing_object(answer) && !request.key.empty()) {
        error.what = "no such object";
    } else {
        error.what = fmt::format("{}: {}", request.method, reason(answer));
    }
    return error;
}

Result<S3Answer> S3Client::send(const S3Request& request) {
    const std::lock_guard lock(mutex_);
    for (int failed = 1;; ++failed) {
        S3Answer answer{.http = attempt(request)};
        read_error(request, answer);
        const HttpFailure failure = answer.http.failure;
        if (failure == HttpFailure::none && change_region(answer)) {
            --failed;  // not a failure of this attempt; happens once
            continue;
        }
        const bool passing = failure == HttpFailure::passing ||
                             (failure == HttpFailure::none && is_passing_status(answer.http.status, answer.code));
        if (failure == HttpFailure::none && !passing) {
            return answer;
        }
        if (passing && request.keep_partial && answer.http.is_success() && answer.http.body.size() >= kLeastProgress) {
            return answer;
        }
        if (!passing || failed >= options_.retry.attempts) {
            Error error = error_of(request, answer);
            if (failed > 1) {
                error.what += fmt::format("; given up after {} attempts", failed);
            }
            return error;
        }
        tell(fmt::format("{}: {}: {}; attempt {} of {}", describe(request.key), request.method, reason(answer), failed,
                         options_.retry.attempts));
        {
            const std::lock_guard traffic(traffic_mutex_);
            ++traffic_.retries;
        }
        if (!pause(request, answer.http, failed)) {
            answer.http.failure = HttpFailure::cancelled;
            return error_of(request, answer);
        }
    }
}

}  // namespace kseg::objects
