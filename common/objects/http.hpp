// SPDX-License-Identifier: Apache-2.0
// One HTTP request and its answer, as an interface, so that a test can answer instead of a server.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "io/file.hpp"
#include "objects/signature.hpp"

namespace kseg::objects {

struct HttpRequest {
    std::string method{};
    std::string url{};
    NamedValues headers{};
    Bytes body{};                       ///< borrowed
    std::uint64_t most_body_bytes = 0;  ///< of the body of an answer 2xx; a larger one is a failure
    std::chrono::seconds patience{30};  ///< so long may nothing move
    bool even_when_stopped = false;     ///< the stop flag is not asked
};

/// Why no whole answer came.
enum class HttpFailure : std::uint8_t {
    none,
    passing,    ///< asking again may help: no connection, a time-out, an answer that broke off
    lasting,    ///< a certificate that is not trusted, an answer that is too large
    cancelled,  ///< the stop flag said so
};

struct HttpAnswer {
    HttpFailure failure = HttpFailure::none;
    std::string why{};                             ///< of a failure
    int status = 0;                                ///< 0 where not even that came
    std::map<std::string, std::string> headers{};  ///< by lower-case names
    ByteBuffer body{};                             ///< what came of it; of statuses other than 2xx at most kMostErrorBytes

    [[nodiscard]] bool is_success() const { return status >= 200 && status < 300; }
    [[nodiscard]] std::string header(const std::string& name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? std::string() : found->second;
    }
};

class HttpTransport {
  public:
    static constexpr std::size_t kMostErrorBytes = std::size_t{64} << 10;

    HttpTransport() = default;
    HttpTransport(const HttpTransport&) = delete;
    HttpTransport& operator=(const HttpTransport&) = delete;
    virtual ~HttpTransport() = default;

    /// Sends the request once, to one address, following no redirection. Used by one thread at a time.
    virtual HttpAnswer send(const HttpRequest& request) = 0;
};

struct HttpOptions {
    std::chrono::milliseconds connect_timeout{10'000};
    std::string ca_bundle{};  ///< a file; empty: the system's certificates
    std::string proxy{};
    std::string no_proxy{};
    io::StopFlag stop{};
};

/// By way of libcurl: connections are kept and used again, certificates are verified, SIGPIPE is not raised.
/// errors   unsupported   libcurl does not work
Result<std::unique_ptr<HttpTransport>> curl_transport(HttpOptions options);

}  // namespace kseg::objects
