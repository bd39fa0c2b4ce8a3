// SPDX-License-Identifier: Apache-2.0
// Requests to one bucket: addressed, signed, tried again where that may help, with errors that can be shown.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "io/file.hpp"
#include "objects/http.hpp"
#include "objects/object_store.hpp"
#include "objects/retry.hpp"
#include "objects/s3_settings.hpp"

namespace kseg::objects {

struct S3Options {
    const Clock* clock = nullptr;  ///< of the signatures; borrowed, and needed
    io::StopFlag stop{};           ///< ends what is under way with Errc::cancelled
    /// Told what a user who asks for details wants to know: what is tried again and why, what a server cannot do.
    std::function<void(std::string_view)> detail{};
    /// What is larger is uploaded in parts of this size (more where there would be over 10,000 of them). Held in memory.
    std::uint64_t part_bytes = std::uint64_t{8} << 20;
    RetryPolicy retry{};
    std::chrono::milliseconds connect_timeout{10'000};
    std::chrono::seconds patience{30};  ///< so long may nothing move

    // For tests; what is empty is the machine's.
    std::function<std::unique_ptr<HttpTransport>()> transport{};
    std::function<void(std::chrono::milliseconds)> sleep{};
    std::function<std::uint64_t()> random{};
};

struct S3Request {
    std::string_view method{};
    std::string key{};  ///< in the bucket; empty: the bucket itself
    NamedValues query{};
    NamedValues headers{};  ///< besides those of every request
    Bytes body{};
    std::uint64_t most_body_bytes = HttpTransport::kMostErrorBytes;
    std::chrono::seconds patience{0};  ///< 0: as the options say
    bool error_in_success = false;     ///< an answer 200 may hold an error, as that of CompleteMultipartUpload
    bool keep_partial = false;  ///< an answer that breaks off after kLeastProgress bytes is returned, not asked for again
    bool even_when_stopped = false;  ///< cleans up
};

struct S3Answer {
    HttpAnswer http{};
    std::string code{};     ///< S3's name of an error, such as "NoSuchKey"; empty where the answer has none
    std::string message{};  ///< S3's words, cleaned
};

/// Whether an answer says that there is no such object; the one to HEAD gives no reason, so may be for another.
bool is_missing_object(const S3Answer& answer);

class S3Client {
  public:
    static constexpr std::size_t kLeastProgress = std::size_t{64} << 10;

    /// errors   invalid, unsupported
    static Result<std::shared_ptr<S3Client>> create(std::string bucket, S3Settings settings, S3Options options);

    /// Sends a request, up to retry.attempts times, and returns the first answer that trying again would not change, of
    /// whatever status. An attempt that got no answer may have been carried out all the same, and the HTTP library sends
    /// again by itself what it sent into a connection that was closed meanwhile: what is asked may always happen twice.
    /// errors   io, cancelled   no such answer came; the object is named
    Result<S3Answer> send(const S3Request& request);

    /// The error that an answer is.
    [[nodiscard]] Error error_of(const S3Request& request, const S3Answer& answer) const;

    [[nodiscard]] std::string describe(std::string_view key) const;
    [[nodiscard]] const S3Options& options() const { return options_; }
    [[nodiscard]] std::uint64_t random();
    void tell(std::string_view detail) const;
    [[nodiscard]] Traffic traffic() const;

  private:
    S3Client(std::string bucket, S3Settings settings, S3Options options)
        : bucket_(std::move(bucket)), settings_(std::move(settings)), options_(std::move(options)) {}
    HttpAnswer attempt(const S3Request& request);
    void read_error(const S3Request& request, S3Answer& answer) const;
    bool change_region(const S3Answer& answer);
    bool pause(const S3Request& request, const HttpAnswer& answer, int failed) const;
    [[nodiscard]] std::string cleaned(std::string_view text) const;
    [[nodiscard]] std::string reason(const S3Answer& answer) const;

    const std::string bucket_;
    S3Settings settings_;
    S3Options options_;
    std::unique_ptr<HttpTransport> transport_;
    bool region_changed_ = false;
    mutable std::mutex mutex_;  // over all of the above: one request at a time
    mutable std::mutex traffic_mutex_;
    Traffic traffic_;  // guarded by traffic_mutex_
};

}  // namespace kseg::objects
