// SPDX-License-Identifier: Apache-2.0
#include "objects/s3_store.hpp"

#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "objects/s3_answers.hpp"
#include "objects/s3_object.hpp"
#include "objects/s3_upload.hpp"

namespace kseg::objects {
namespace {

// A page has 1000 entries, each with a key of 1024 bytes that may be three times as long when encoded, and its other
// fields.
constexpr std::uint64_t kMostPageBytes = std::uint64_t{8} << 20;

class S3Store final : public ObjectStore {
  public:
    S3Store(std::shared_ptr<S3Client> client, const std::string& prefix)
        : client_(std::move(client)), prefix_(prefix.empty() ? "" : prefix + "/") {}

    Result<void> put_if_absent(const std::string& name, const io::ReadAt& content) override;
    Result<std::unique_ptr<io::ReadAt>> open(const std::string& name) override;
    Result<std::unique_ptr<io::ReadAt>> open_listed(const ObjectInfo& object) override;
    Result<std::optional<ObjectInfo>> head(const std::string& name) override;
    Result<void> list(const std::string& prefix, const Visitor& visit) override;
    Result<void> remove(const std::string& name) override;
    Result<std::uint64_t> remove_unfinished(TimestampMs before) override;

    [[nodiscard]] Traffic traffic() const override { return client_->traffic(); }
    [[nodiscard]] std::string describe(std::string_view name) const override {
        const std::string key = prefix_ + std::string(name);
        return client_->describe(name.empty() && !key.empty() ? key.substr(0, key.size() - 1) : key);
    }

  private:
    struct Head {
        std::uint64_t size = 0;
        std::string etag{};
    };
    Result<std::string> key_of(const std::string& name) const;
    Result<std::optional<Head>> look(const std::string& key);
    Result<S3Answer> ask_for_page(const S3Request& request);

    std::shared_ptr<S3Client> client_;
    std::string prefix_;  // of every key: empty, or with '/' behind it
    S3Abilities abilities_;
};

Result<std::string> S3Store::key_of(const std::string& name) const {
    if (auto checked = check_name(name); !checked) {
        return checked.error();
    }
    std::string key = prefix_ + name;
    if (key.size() > kMostNameBytes) {
        return Error{.code = Errc::invalid,
                     .what = fmt::format("key of {} bytes; at most {}", key.size(), kMostNameBytes),
                     .file = describe(name)};
    }
    return key;
}

Result<std::optional<S3Store::Head>> S3Store::look(const std::string& key) {
    const S3Request request{.method = "HEAD", .key = key};
    const auto answer = client_->send(request);
    if (!answer) {
        return answer.error();
    }
    if (answer->http.status == 404) {
        return std::optional<Head>();
    }
    if (!answer->http.is_success()) {
        // An answer to HEAD has no body, and so no reason: the same question in words.
        const S3Request again{.method = "GET", .key = key, .headers = {{"range", "bytes=0-0"}}};
        const auto reason = client_->send(again);
        return reason && !reason->code.empty() ? client_->error_of(again, *reason) : client_->error_of(request, *answer);
    }
    Head head{.etag = answer->http.header("etag")};
    const std::string length = answer->http.header("content-length");
    const auto [end, failed] = std::from_chars(length.data(), length.data() + length.size(), head.size);
    if (failed != std::errc() || end != length.data() + length.size()) {
        return Error{.code = Errc::corrupt, .what = "answer: no size", .file = client_->describe(key)};
    }
    if (head.etag.starts_with("W/")) {
        head.etag.clear();  // a weak one cannot be asked for with a range
    }
    return std::optional(std::move(head));
}

Result<void> S3Store::put_if_absent(const std::string& name, const io::ReadAt& content) {
    const auto key = key_of(name);
    if (!key) {
        return key.error();
    }
    // Also where the put itself is conditional: servers that do not know conditions ignore them, and a large body that is
    // not sent is time won.
    const auto there = look(*key);
    if (!there) {
        return there.error();
    }
    if (there->has_value()) {
        return Error{.code = Errc::exists, .what = "is there already", .file = describe(name)};
    }
    return s3_upload(*client_, abilities_, *key, content);
}

Result<std::unique_ptr<io::ReadAt>> S3Store::open(const std::string& name) {
    const auto key = key_of(name);
    if (!key) {
        return key.error();
    }
    const auto there = look(*key);
    if (!there) {
        return there.error();
    }
    if (!there->has_value()) {
        return Error{.code = Errc::io, .what = "no such object", .file = describe(name)};
    }
    return s3_object(client_, *key, (*there)->size, (*there)->etag);
}

Result<std::unique_ptr<io::ReadAt>> S3Store::open_listed(const ObjectInfo& object) {
    const auto key = key_of(object.name);
    return key ? Result<std::unique_ptr<io::ReadAt>>(s3_object(client_, *key, object.size, "")) : key.error();
}

Result<std::optional<ObjectInfo>> S3Store::head(const std::string& name) {
    const auto key = key_of(name);
    if (!key) {
        return key.error();
    }
    const auto there = look(*key);
    if (!there) {
        return there.error();
    }
    return there->has_value() ? std::optional(ObjectInfo{.name = name, .size = (*there)->size})
                              : std::optional<ObjectInfo>();
}

Result<S3Answer> S3Store::ask_for_page(const S3Request& request) {
    auto answer = client_->send(request);
    return answer && !answer->http.is_success() ? client_->error_of(request, *answer) : std::move(answer);
}

Result<void> S3Store::list(const std::string& prefix, const Visitor& visit) {
    if (auto checked = check_prefix(prefix); !checked) {
        return checked;
    }
    std::string last;  // key seen
    std::string token;
    do {
        S3Request request{.method = "GET",
                          .query = {{"list-type", "2"}, {"encoding-type", "url"}, {"prefix", prefix_ + prefix}},
                          .most_body_bytes = kMostPageBytes};
        if (!token.empty()) {
            request.query.emplace_back("continuation-token", token);
        }
        const auto answer = ask_for_page(request);
        if (!answer) {
            return answer.error();
        }
        auto page = parse_list_page(answer->http.body.text());
        if (!page) {
            return page.error().in_file(describe(""));
        }
        for (const ListedKey& entry : page->keys) {
            // Whoever merges listings takes the order for granted; and a page that comes again must not go on for ever.
            if (!last.empty() && entry.key <= last) {
                return Error{.code = Errc::corrupt, .what = "answer: a listing that is not in order", .file = describe("")};
            }
            last = entry.key;
            std::string name = entry.key.substr(std::min(prefix_.size(), entry.key.size()));
            const bool asked_for = entry.key.starts_with(prefix_) && name.starts_with(prefix);
            if (asked_for && check_name(name) && !visit({.name = std::move(name), .size = entry.size})) {
                return {};
            }
        }
        if (!page->next.empty() && page->next == token) {
            return Error{.code = Errc::corrupt, .what = "answer: the same page again", .file = describe("")};
        }
        token = std::move(page->next);
    } while (!token.empty());
    return {};
}

Result<void> S3Store::remove(const std::string& name) {
    auto key = key_of(name);
    if (!key) {
        return key.error();
    }
    const S3Request request{.method = "DELETE", .key = *std::move(key)};
    const auto answer = client_->send(request);
    if (!answer) {
        return answer.error();
    }
    return answer->http.is_success() || is_missing_object(*answer) ? Result<void>() : client_->error_of(request, *answer);
}

Result<std::uint64_t> S3Store::remove_unfinished(TimestampMs before) {
    std::uint64_t removed = 0;
    std::string key_marker;
    std::string id_marker;
    for (;;) {
        S3Request request{.method = "GET",
                          .query = {{"uploads", ""}, {"encoding-type", "url"}, {"prefix", prefix_}},
                          .most_body_bytes = kMostPageBytes};
        if (!key_marker.empty()) {
            request.query.emplace_back("key-marker", key_marker);
            request.query.emplace_back("upload-id-marker", id_marker);
        }
        const auto answer = ask_for_page(request);
        if (!answer) {
            return answer.error();
        }
        const auto page = parse_upload_page(answer->http.body.text());
        if (!page) {
            return page.error().in_file(describe(""));
        }
        for (const ListedUpload& upload : page->uploads) {
            if (upload.initiated >= before || !upload.key.starts_with(prefix_)) {
                continue;
            }
            if (auto aborted = s3_abort_upload(*client_, upload.key, upload.id); !aborted) {
                return aborted.error();
            }
            ++removed;
        }
        const bool again = page->next_key == key_marker && page->next_id == id_marker;
        if (page->is_last || again) {
            return removed;
        }
        key_marker = page->next_key;
        id_marker = page->next_id;
    }
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> s3_store(std::string bucket, const std::string& prefix, S3Settings settings,
                                              S3Options options) {
    auto client = S3Client::create(std::move(bucket), std::move(settings), std::move(options));
    if (!client) {
        return client.error();
    }
    return std::unique_ptr<ObjectStore>(std::make_unique<S3Store>(*std::move(client), prefix));
}

}  // namespace kseg::objects
