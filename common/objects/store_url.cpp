// SPDX-License-Identifier: Apache-2.0
#include "objects/store_url.hpp"

#include <algorithm>
#include <cassert>

#include <fmt/format.h>

#include "objects/directory_store.hpp"
#include "objects/s3_store.hpp"

namespace kseg::objects {
namespace {

constexpr std::string_view kS3Scheme = "s3://";
// The rules of bucket names; some servers allow upper case and '_' too.
constexpr std::size_t kLeastBucketBytes = 3;
constexpr std::size_t kMostBucketBytes = 63;

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_bucket(std::string_view name) {
    const auto fits = [](char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_'; };
    return name.size() >= kLeastBucketBytes && name.size() <= kMostBucketBytes && std::ranges::all_of(name, fits) &&
           is_alphanumeric(name.front()) && is_alphanumeric(name.back()) && name.find("..") == std::string_view::npos;
}

/// Whether a text begins as an address does: "letters://".
bool has_scheme(std::string_view text) {
    const std::size_t end = text.find("://");
    const auto fits = [](char c) { return is_alphanumeric(c) || c == '+' || c == '-' || c == '.'; };
    return end != std::string_view::npos && end != 0 && std::ranges::all_of(text.substr(0, end), fits);
}

Error refused(std::string_view text, std::string_view why) {
    return {.code = Errc::invalid,
            .what = fmt::format("{}; expected a directory or s3://bucket/prefix", why),
            .file = std::string(text)};
}

}  // namespace

Result<StoreUrl> parse_store_url(std::string_view text) {
    if (text.empty()) {
        return refused(text, "empty store");
    }
    if (text.find('\0') != std::string_view::npos) {
        return refused(text.substr(0, text.find('\0')), "store with a NUL");
    }
    if (!text.starts_with(kS3Scheme)) {
        return has_scheme(text) ? Result<StoreUrl>(refused(text, "unknown kind of store"))
                                : StoreUrl{.directory = std::string(text)};
    }
    std::string_view rest = text.substr(kS3Scheme.size());
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view bucket = rest.substr(0, slash);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    if (!is_bucket(bucket)) {
        return refused(text, "not the name of a bucket");
    }
    if (rest.ends_with('/')) {
        rest.remove_suffix(1);
    }
    if (!rest.empty()) {
        if (auto checked = check_name(rest); !checked) {
            return checked.error().in_file(text);
        }
    }
    return StoreUrl{.bucket = std::string(bucket), .prefix = std::string(rest)};
}

Result<std::unique_ptr<ObjectStore>> open_store(const StoreUrl& url, const StoreOptions& options) {
    if (url.is_s3()) {
        assert(options.s3.clock != nullptr && options.lookup);
        auto settings = read_s3_settings(options.lookup, options.s3_endpoint);
        return settings ? s3_store(url.bucket, url.prefix, *std::move(settings), options.s3) : settings.error();
    }
    return directory_store(options.fs != nullptr ? *options.fs : io::posix_fs(), url.directory);
}

}  // namespace kseg::objects
