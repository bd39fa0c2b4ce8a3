// SPDX-License-Identifier: Apache-2.0
// The bodies of S3's answers and requests. Source: Amazon S3 API Reference: ListObjectsV2, ListMultipartUploads,
// CompleteMultipartUpload.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"

namespace kseg::objects {

struct ListedKey {
    std::string key;
    std::uint64_t size = 0;
};

/// A page of a listing.
struct ListPage {
    std::vector<ListedKey> keys{};
    std::string next{};  ///< asks for the next page; empty at the last
};

/// errors   corrupt   not such a page, a size that is no number, or more to come but no way to ask for it
Result<ListPage> parse_list_page(std::string_view xml);

struct ListedUpload {
    std::string key{};
    std::string id{};
    TimestampMs initiated = 0;
};

struct UploadPage {
    std::vector<ListedUpload> uploads{};
    bool is_last = true;
    std::string next_key{};
    std::string next_id{};
};

/// errors   corrupt
Result<UploadPage> parse_upload_page(std::string_view xml);

/// The body that completes an upload of parts with these ETags, the first being part 1.
std::string completion_body(const std::vector<std::string>& etags);

/// Undoes the encoding that encoding-type=url asks for: %XX, and '+' for a space. Nothing where it is broken.
std::string url_decoded(std::string_view text);

}  // namespace kseg::objects
