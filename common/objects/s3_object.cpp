// SPDX-License-Identifier: Apache-2.0
#include "objects/s3_object.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace kseg::objects {
namespace {

constexpr std::uint64_t kMostRangeBytes = std::uint64_t{8} << 20;  // held in memory

class S3Object final : public io::ReadAt {
  public:
    S3Object(std::shared_ptr<S3Client> client, std::string key, std::uint64_t size, std::string etag)
        : client_(std::move(client)), key_(std::move(key)), size_(size), etag_(std::move(etag)) {}

    [[nodiscard]] Result<std::uint64_t> size() const override { return size_; }

    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
        const std::uint64_t left = offset < size_ ? size_ - offset : 0;
        const std::span<std::byte> wanted =
            into.first(static_cast<std::size_t>(std::min<std::uint64_t>(left, into.size())));
        for (std::size_t done = 0; done < wanted.size();) {
            // What came before an answer broke off is kept.
            const auto got = read_part(offset + done, wanted.subspan(done));
            if (!got) {
                return got.error();
            }
            done += *got;
        }
        return wanted.size();
    }

  private:
    [[nodiscard]] Result<std::size_t> read_part(std::uint64_t offset, std::span<std::byte> into) const;
    [[nodiscard]] Error broken(std::uint64_t offset, std::string what) const {
        return {.code = Errc::io, .what = std::move(what), .file = client_->describe(key_), .at = offset};
    }

    std::shared_ptr<S3Client> client_;
    std::string key_;
    std::uint64_t size_;
    std::string etag_;
};

/// Reads at least one byte, and fewer than asked for only where the answer is cut off or would be large.
Result<std::size_t> S3Object::read_part(std::uint64_t offset, std::span<std::byte> into) const {
    const std::uint64_t want = std::min<std::uint64_t>(into.size(), kMostRangeBytes);
    const std::uint64_t last = offset + want - 1;
    S3Request request{.method = "GET",
                      .key = key_,
                      .headers = {{"range", fmt::format("bytes={}-{}", offset, last)}},
                      .most_body_bytes = want,
                      .keep_partial = true};
    if (!etag_.empty()) {
        request.headers.emplace_back("if-match", etag_);
    }
    const auto answer = client_->send(request);
    if (!answer) {
        return answer.error();
    }
    const int status = answer->http.status;
    if (status == 412 || status == 416) {
        return broken(offset, "was replaced while it was read");
    }
    if (!answer->http.is_success()) {
        return client_->error_of(request, *answer);
    }
    // A server that answers with the whole object does not know ranges, which is all the same only for the whole.
    const bool whole = status == 200 && offset == 0 && want == size_;
    const std::string range = answer->http.header("content-range");
    const std::string expected = fmt::format("bytes {}-{}/{}", offset, last, size_);
    if (!whole && (status != 206 || range != expected)) {
        return broken(offset,
                      fmt::format("range; expected {}, got HTTP {} {}", expected, status,
                                  range.size() <= 100 && range.find_first_of("\r\n") == std::string::npos ? range : ""));
    }
    const Bytes body = answer->http.body.bytes();
    if (body.empty() || (body.size() < want && answer->http.failure == HttpFailure::none)) {
        return broken(offset, fmt::format("range; expected {} bytes, got {}", want, body.size()));
    }
    std::ranges::copy(body, into.begin());
    return body.size();
}

}  // namespace

std::unique_ptr<io::ReadAt> s3_object(std::shared_ptr<S3Client> client, std::string key, std::uint64_t size,
                                      std::string etag) {
    return std::make_unique<S3Object>(std::move(client), std::move(key), size, std::move(etag));
}

}  // namespace kseg::objects
