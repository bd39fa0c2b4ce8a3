// SPDX-License-Identifier: Apache-2.0
#include "objects/s3_upload.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "objects/s3_answers.hpp"
#include "objects/xml.hpp"

namespace kseg::objects {
namespace {

constexpr std::uint64_t kMostParts = 10'000;
constexpr std::uint64_t kPartStep = std::uint64_t{1} << 20;
constexpr std::chrono::seconds kPatienceToComplete{300};  // a server puts the parts together before it answers
constexpr std::string_view kTokenHeader = "x-amz-meta-kseg-put";

class Upload {
  public:
    Upload(S3Client& client, S3Abilities& abilities, const std::string& key, const io::ReadAt& content, std::uint64_t size)
        : client_(client),
          abilities_(abilities),
          key_(key),
          content_(content),
          size_(size),
          token_(fmt::format("{:016x}{:016x}", client.random(), client.random())) {}

    Result<void> run() {
        const std::uint64_t part = std::max<std::uint64_t>(client_.options().part_bytes, 1);
        if (size_ <= part) {
            auto body = read(0, static_cast<std::size_t>(size_));
            return body ? put_whole(*body) : body.error();
        }
        const std::uint64_t least = (size_ + kMostParts - 1) / kMostParts;
        return put_in_parts(least <= part ? part : (least + kPartStep - 1) / kPartStep * kPartStep);
    }

  private:
    Result<Bytes> read(std::uint64_t offset, std::size_t size);
    Result<void> put_whole(Bytes body);
    Result<void> put_in_parts(std::uint64_t part_bytes);
    Result<std::string> begin_parts();
    Result<std::vector<std::string>> put_parts(const std::string& id, std::uint64_t part_bytes);
    Result<void> complete(const std::string& id, const std::vector<std::string>& etags);
    Result<S3Answer> send_conditional(S3Request request);
    Result<void> outcome(const S3Request& request, const S3Answer& answer);
    Result<bool> is_ours();

    S3Client& client_;
    S3Abilities& abilities_;
    const std::string& key_;
    const io::ReadAt& content_;
    std::uint64_t size_;
    // Kept with the object, so that a put that is asked for again, since its answer was lost, knows its own.
    std::string token_;
    ByteBuffer buffer_;
};

/// Reads all of a range of the content, which is valid until the next call.
Result<Bytes> Upload::read(std::uint64_t offset, std::size_t size) {
    buffer_.resize(size);
    for (std::size_t done = 0; done < size;) {
        const auto got = content_.read_at(offset + done, {buffer_.data() + done, size - done});
        if (!got) {
            return got.error().in_file(client_.describe(key_));
        }
        if (*got == 0) {
            return Error{.code = Errc::truncated,
                         .what = fmt::format("content ends; expected {} bytes", size_),
                         .file = client_.describe(key_),
                         .at = offset + done};
        }
        done += *got;
    }
    return buffer_.bytes();
}

/// Whether a server refused the condition as such, and not what it says.
bool knows_no_condition(const S3Answer& answer) {
    if (answer.http.status == 501 || answer.code == "NotImplemented") {
        return true;
    }
    return answer.http.status == 400 && (answer.code == "InvalidArgument" || answer.code == "InvalidRequest") &&
           answer.message.find("If-None-Match") != std::string::npos;
}

/// Sends a request that shall only be carried out while the name is free.
Result<S3Answer> Upload::send_conditional(S3Request request) {
    if (abilities_.conditions) {
        request.headers.emplace_back("if-none-match", "*");
        auto answer = client_.send(request);
        if (!answer || !knows_no_condition(*answer)) {
            return answer;
        }
        abilities_.conditions = false;
        client_.tell(fmt::format("{}: the server knows no conditional put: of two at once, the later one stays",
                                 client_.describe("")));
        request.headers.pop_back();
    }
    // The next best: to look right before.
    const S3Request look{.method = "HEAD", .key = key_};
    auto there = client_.send(look);
    if (!there || there->http.is_success()) {
        if (there) {
            there->http.status = 412;
        }
        return there;
    }
    if (there->http.status != 404) {
        return client_.error_of(look, *there);
    }
    return client_.send(request);
}

Result<bool> Upload::is_ours() {
    const S3Request look{.method = "HEAD", .key = key_};
    const auto there = client_.send(look);
    if (!there) {
        return there.error();
    }
    if (!there->http.is_success() && there->http.status != 404) {
        return client_.error_of(look, *there);
    }
    return there->http.is_success() && there->http.header(std::string(kTokenHeader)) == token_;
}

/// What an answer to the request that makes the object means.
Result<void> Upload::outcome(const S3Request& request, const S3Answer& answer) {
    if (answer.http.is_success()) {
        return {};
    }
    const bool taken = answer.http.status == 412;
    // An attempt before, whose answer was lost, may have made it: then the name is taken by what we put, or the upload is
    // over. That there was one is not known here (see S3Client::send()), so the object is asked for its token.
    if (taken || answer.code == "NoSuchUpload") {
        const auto ours = is_ours();
        if (!ours || *ours) {
            return ours ? Result<void>() : ours.error();
        }
    }
    return taken ? Error{.code = Errc::exists, .what = "is there already", .file = client_.describe(key_)}
                 : client_.error_of(request, answer);
}

Result<void> Upload::put_whole(Bytes body) {
    const S3Request request{
        .method = "PUT",
        .key = key_,
        .headers = {{"content-type", "application/octet-stream"}, {std::string(kTokenHeader), token_}},
        .body = body,
    };
    const auto answer = send_conditional(request);
    return answer ? outcome(request, *answer) : answer.error();
}

Result<std::string> Upload::begin_parts() {
    const S3Request request{
        .method = "POST",
        .key = key_,
        .query = {{"uploads", ""}},
        .headers = {{"content-type", "application/octet-stream"}, {std::string(kTokenHeader), token_}},
    };
    const auto answer = client_.send(request);
    if (!answer) {
        return answer.error();
    }
    if (!answer->http.is_success()) {
        return client_.error_of(request, *answer);
    }
    std::string id = xml_value(answer->http.body.text(), "InitiateMultipartUploadResult/UploadId");
    if (id.empty()) {
        return Error{.code = Errc::corrupt, .what = "answer: no upload id", .file = client_.describe(key_)};
    }
    return id;
}

/// Their ETags, the first part's first.
Result<std::vector<std::string>> Upload::put_parts(const std::string& id, std::uint64_t part_bytes) {
    std::vector<std::string> etags;
    for (std::uint64_t at = 0; at < size_; at += part_bytes) {
        const auto body = read(at, static_cast<std::size_t>(std::min(part_bytes, size_ - at)));
        if (!body) {
            return body.error();
        }
        const S3Request request{
            .method = "PUT",
            .key = key_,
            .query = {{"partNumber", std::to_string(etags.size() + 1)}, {"uploadId", id}},
            .headers = {{"content-type", "application/octet-stream"}},
            .body = *body,
        };
        const auto answer = client_.send(request);
        if (!answer) {
            return answer.error();
        }
        if (!answer->http.is_success()) {
            return client_.error_of(request, *answer);
        }
        etags.push_back(answer->http.header("etag"));
        if (etags.back().empty()) {
            return Error{.code = Errc::corrupt, .what = "answer: a part without ETag", .file = client_.describe(key_)};
        }
    }
    return etags;
}

Result<void> Upload::complete(const std::string& id, const std::vector<std::string>& etags) {
    const std::string body = completion_body(etags);
    const S3Request request{
        .method = "POST",
        .key = key_,
        .query = {{"uploadId", id}},
        .headers = {{"content-type", "application/xml"}},
        .body = as_bytes(body),
        .patience = std::max(kPatienceToComplete, client_.options().patience),
        .error_in_success = true,
    };
    const auto answer = send_conditional(request);
    return answer ? outcome(request, *answer) : answer.error();
}

Result<void> Upload::put_in_parts(std::uint64_t part_bytes) {
    const auto id = begin_parts();
    if (!id) {
        return id.error();
    }
    const auto etags = put_parts(*id, part_bytes);
    Result<void> done = etags ? complete(*id, *etags) : etags.error();
    if (!done) {
        // Parts cost space until somebody ends them.
        if (const auto aborted = s3_abort_upload(client_, key_, *id); !aborted) {
            client_.tell(fmt::format("{}: parts of an upload are left: {}", client_.describe(key_), aborted.error().what));
        }
    }
    return done;
}

}  // namespace

Result<void> s3_upload(S3Client& client, S3Abilities& abilities, const std::string& key, const io::ReadAt& content) {
    const auto size = content.size();
    if (!size) {
        return size.error().in_file(client.describe(key));
    }
    return Upload(client, abilities, key, content, *size).run();
}

Result<void> s3_abort_upload(S3Client& client, const std::string& key, const std::string& id) {
    const S3Request request{.method = "DELETE", .key = key, .query = {{"uploadId", id}}, .even_when_stopped = true};
    const auto answer = client.send(request);
    if (!answer) {
        return answer.error();
    }
    return answer->http.is_success() || answer->http.status == 404 ? Result<void>() : client.error_of(request, *answer);
}

}  // namespace kseg::objects
