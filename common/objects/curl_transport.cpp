// SPDX-License-Identifier: Apache-2.0
#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <ctime>
#include <utility>

#include <fmt/format.h>

#include "base/loaded_library.hpp"
#include "objects/http.hpp"

namespace kseg::objects {
namespace {

constexpr std::size_t kMostHeaderBytes = std::size_t{64} << 10;
constexpr long kReceiveBufferBytes = 512L << 10;  // the most that libcurl takes
constexpr long kSendBufferBytes = 512L << 10;
constexpr long kLeastBytesPerSecond = 1024;

/// What is used of libcurl, which brings thirty libraries along.
struct Curl {
    LoadedLibrary library{KSEG_CURL_LIBRARY};
    KSEG_LOADED_FUNCTION(global_init, curl_global_init);
    KSEG_LOADED_FUNCTION(easy_init, curl_easy_init);
    KSEG_LOADED_FUNCTION(easy_cleanup, curl_easy_cleanup);
    KSEG_LOADED_FUNCTION(easy_reset, curl_easy_reset);
    KSEG_LOADED_FUNCTION(easy_setopt, curl_easy_setopt);
    KSEG_LOADED_FUNCTION(easy_getinfo, curl_easy_getinfo);
    KSEG_LOADED_FUNCTION(easy_perform, curl_easy_perform);
    KSEG_LOADED_FUNCTION(easy_strerror, curl_easy_strerror);
    KSEG_LOADED_FUNCTION(slist_append, curl_slist_append);
    KSEG_LOADED_FUNCTION(slist_free_all, curl_slist_free_all);

    static const Curl& get() {
        static const Curl curl;
        return curl;
    }
};

/// libcurl writes to TLS connections in ways that may raise SIGPIPE, and with CURLOPT_NOSIGNAL leaves that to its caller:
/// the signal is held back in this thread, and one that came meanwhile is taken.
class NoSigpipe {
  public:
    NoSigpipe() {
        ::sigset_t pending{};
        ::sigemptyset(&pipe_);
        ::sigaddset(&pipe_, SIGPIPE);
        ::sigpending(&pending);
        was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
        ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    ~NoSigpipe() {
        const ::timespec at_once{};
        if (!was_pending_) {
            ::sigtimedwait(&pipe_, nullptr, &at_once);
        }
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    NoSigpipe(const NoSigpipe&) = delete;
    NoSigpipe& operator=(const NoSigpipe&) = delete;

  private:
    ::sigset_t pipe_{};
    ::sigset_t before_{};
    bool was_pending_ = false;
};

struct EasyDelete {
    void operator()(CURL* handle) const { Curl::get().easy_cleanup(handle); }
};
struct ListDelete {
    void operator()(curl_slist* list) const { Curl::get().slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListDelete>;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const std::size_t from = text.find_first_not_of(kSpace);
    return from == std::string_view::npos ? std::string_view()
                                          : text.substr(from, text.find_last_not_of(kSpace) - from + 1);
}

/// An answer while it comes in.
struct Receiver {
    HttpAnswer& answer;
    std::uint64_t most_body_bytes = 0;
    const io::StopFlag& stop;
    std::size_t header_bytes = 0;
    bool body_too_large = false;
    bool body_cut = false;  ///< an error's body went on and on: what came is enough
};

std::size_t receive_header(char* data, std::size_t size, std::size_t count, void* user) {
    auto& receiver = *static_cast<Receiver*>(user);
    const std::string_view line(data, size * count);
    receiver.header_bytes += line.size();
    if (receiver.header_bytes > kMostHeaderBytes) {
        return 0;
    }
    if (line.starts_with("HTTP/")) {
        receiver.answer.headers.clear();  // those before were an interim answer's
        return line.size();
    }
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
        std::string name(trimmed(line.substr(0, colon)));
        std::ranges::transform(name, name.begin(),
                               [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
        receiver.answer.headers[std::move(name)] = trimmed(line.substr(colon + 1));
    }
    return line.size();
}

struct BodyTarget {
    Receiver& receiver;
    CURL* handle;
};

std::size_t receive_body(char* data, std::size_t size, std::size_t count, void* user) {
    auto& target = *static_cast<BodyTarget*>(user);
    Receiver& receiver = target.receiver;
    const std::string_view part(data, size * count);
    long status = 0;
    Curl::get().easy_getinfo(target.handle, CURLINFO_RESPONSE_CODE, &status);
    const bool success = status >= 200 && status < 300;
    const std::uint64_t most = success ? receiver.most_body_bytes : HttpTransport::kMostErrorBytes;
    const std::size_t fits =
        static_cast<std::size_t>(std::min<std::uint64_t>(part.size(), most - receiver.answer.body.size()));
    receiver.answer.body.append(part.substr(0, fits));
    if (fits < part.size()) {
        (success ? receiver.body_too_large : receiver.body_cut) = true;
        return 0;
    }
    return part.size();
}

int report_progress(void* user, curl_off_t /*in_all*/, curl_off_t /*in*/, curl_off_t /*out_all*/, curl_off_t /*out*/) {
    const auto& stop = static_cast<Receiver*>(user)->stop;
    return stop && stop() ? 1 : 0;
}

HttpFailure kind_of(CURLcode code) {
    switch (code) {
        case CURLE_OK: return HttpFailure::none;
        case CURLE_ABORTED_BY_CALLBACK: return HttpFailure::cancelled;
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_CONNECT:
        case CURLE_OPERATION_TIMEDOUT:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_GOT_NOTHING:
        case CURLE_PARTIAL_FILE:
        case CURLE_UPLOAD_FAILED:
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_UNSUPPORTED_PROTOCOL:  // what came is not HTTP; our addresses are
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM: return HttpFailure::passing;
        default: return HttpFailure::lasting;
    }
}

class CurlTransport final : public HttpTransport {
  public:
    CurlTransport(CURL* handle, HttpOptions options) : handle_(handle), options_(std::move(options)) {}
    HttpAnswer send(const HttpRequest& request) override;

  private:
    template <typename Value>
    void set(CURLoption option, Value value) {
        Curl::get().easy_setopt(handle_.get(), option, value);
    }
    void set_connection(const HttpRequest& request);
    void set_method(const HttpRequest& request);

    std::unique_ptr<CURL, EasyDelete> handle_;
    HttpOptions options_;
};

void CurlTransport::set_connection(const HttpRequest& request) {
    // Keeps the connections, forgets what the request before set.
    Curl::get().easy_reset(handle_.get());
    set(CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
    set(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_FOLLOWLOCATION, 0L);  // a signature is for one address
    set(CURLOPT_PATH_AS_IS, 1L);      // what was signed is what is sent
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!options_.ca_bundle.empty()) {
        set(CURLOPT_CAINFO, options_.ca_bundle.c_str());
    }
    // Set also when empty, since libcurl would look into the environment itself.
    set(CURLOPT_PROXY, options_.proxy.c_str());
    set(CURLOPT_NOPROXY, options_.no_proxy.c_str());
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
    set(CURLOPT_LOW_SPEED_LIMIT, kLeastBytesPerSecond);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.patience.count()));
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_BUFFERSIZE, kReceiveBufferBytes);
    set(CURLOPT_UPLOAD_BUFFERSIZE, kSendBufferBytes);
    set(CURLOPT_USERAGENT, "kseg");
    set(CURLOPT_URL, request.url.c_str());
}

void CurlTransport::set_method(const HttpRequest& request) {
    if (request.method == "HEAD") {
        set(CURLOPT_NOBODY, 1L);
        return;
    }
    if (request.method == "PUT" || request.method == "POST") {
        set(CURLOPT_POSTFIELDS, request.body.empty() ? "" : reinterpret_cast<const char*>(request.body.data()));
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    }
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

HttpAnswer CurlTransport::send(const HttpRequest& request) {
    HttpAnswer answer;
    Receiver receiver{.answer = answer, .most_body_bytes = request.most_body_bytes, .stop = options_.stop};
    BodyTarget target{.receiver = receiver, .handle = handle_.get()};
    std::array<char, CURL_ERROR_SIZE> detail{};
    set_connection(request);
    set_method(request);
    HeaderList headers(
        Curl::get().slist_append(nullptr, "Expect:"));  // no round trip before a body, which not all servers know
    for (const auto& [name, value] : request.headers) {
        // A header without a value is written with ';', or libcurl would leave it out.
        const std::string line = value.empty() ? name + ";" : fmt::format("{}: {}", name, value);
        if (curl_slist* const longer = Curl::get().slist_append(headers.get(), line.c_str())) {
            (void)headers.release();
            headers.reset(longer);
        }
    }
    set(CURLOPT_HTTPHEADER, headers.get());
    set(CURLOPT_HEADERFUNCTION, &receive_header);
    set(CURLOPT_HEADERDATA, &receiver);
    set(CURLOPT_WRITEFUNCTION, &receive_body);
    set(CURLOPT_WRITEDATA, &target);
    set(CURLOPT_XFERINFOFUNCTION, &report_progress);
    set(CURLOPT_XFERINFODATA, &receiver);
    set(CURLOPT_NOPROGRESS, request.even_when_stopped ? 1L : 0L);
    set(CURLOPT_ERRORBUFFER, detail.data());
    CURLcode code = CURLE_OK;
    {
        const NoSigpipe quiet;
        code = Curl::get().easy_perform(handle_.get());
    }
    long status = 0;
    Curl::get().easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
    if (code == CURLE_OK || receiver.body_cut) {
        return answer;
    }
    answer.failure = kind_of(code);
    answer.why = receiver.body_too_large                    ? fmt::format("answer over {} bytes", request.most_body_bytes)
                 : receiver.header_bytes > kMostHeaderBytes ? std::string("headers over 64 KiB")
                 : detail.front() != '\0'                   ? std::string(detail.data())
                                                            : std::string(Curl::get().easy_strerror(code));
    return answer;
}

}  // namespace

Result<std::unique_ptr<HttpTransport>> curl_transport(HttpOptions options) {
    if (const auto loaded = Curl::get().library.check(); !loaded) {
        return loaded.error();
    }
    static const CURLcode started = Curl::get().global_init(CURL_GLOBAL_DEFAULT);  // once, whichever thread comes first
    CURL* const handle = started == CURLE_OK ? Curl::get().easy_init() : nullptr;
    if (handle == nullptr) {
        return Error{.code = Errc::unsupported, .what = "libcurl cannot be started"};
    }
    return std::unique_ptr<HttpTransport>(std::make_unique<CurlTransport>(handle, std::move(options)));
}

}  // namespace kseg::objects
