// SPDX-License-Identifier: Apache-2.0
#include "objects/s3_answers.hpp"

#include <charconv>
#include <functional>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"
#include "objects/xml.hpp"

namespace kseg::objects {
namespace {

Error broken(std::string_view what) {
    return {.code = Errc::corrupt, .what = fmt::format("answer: {}", what)};
}

/// Walks a document `root`: calls `value` for each element without others inside, with the name of the element around it,
/// and `end` when an element ends that had others inside.
Result<void> walk(
    std::string_view xml, std::string_view root,
    const std::function<void(std::string_view parent, const std::string& name, const std::string& text)>& value,
    const std::function<Result<void>(const std::string& name)>& end) {
    XmlReader reader(xml);
    std::vector<std::string> open;
    bool is_leaf = false;
    for (;;) {
        const auto event = reader.next();
        if (!event) {
            return event.error();
        }
        if (*event == XmlEvent::finished) {
            return {};
        }
        if (*event == XmlEvent::begin) {
            if (open.empty() && reader.name() != root) {
                return broken(fmt::format("expected {}", root));
            }
            open.push_back(reader.name());
            is_leaf = true;
            continue;
        }
        open.pop_back();
        if (is_leaf) {
            value(open.empty() ? std::string_view() : std::string_view(open.back()), reader.name(), reader.text());
        } else if (auto ended = end(reader.name()); !ended) {
            return ended;
        }
        is_leaf = false;
    }
}

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failed == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

}  // namespace

std::string url_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            const auto byte = parse_hex(text.substr(i + 1, 2));
            if (!byte || byte->size() != 1) {
                return {};
            }
            out += byte->text();
            i += 2;
        }
    }
    return out;
}

Result<ListPage> parse_list_page(std::string_view xml) {
    ListPage page;
    std::string key;
    std::optional<std::uint64_t> size;
    bool truncated = false;
    bool url_encoded = false;
    const auto read = walk(
        xml, "ListBucketResult",
        [&](std::string_view parent, const std::string& name, const std::string& text) {
            const bool of_entry = parent == "Contents";
            const bool of_page = parent == "ListBucketResult";
            if (of_entry && name == "Key") {
                key = text;
            } else if (of_entry && name == "Size") {
                size = number(text);
            } else if (of_page && name == "IsTruncated") {
                truncated = text == "true";
            } else if (of_page && name == "EncodingType") {
                url_encoded = text == "url";
            } else if (of_page && name == "NextContinuationToken") {
                page.next = text;
            }
        },
        [&](const std::string& name) -> Result<void> {
            if (name != "Contents") {
                return {};
            }
            if (key.empty() || !size) {
                return broken("an entry without key or size");
            }
            page.keys.push_back({.key = std::exchange(key, {}), .size = *size});
            size.reset();
            return {};
        });
    if (!read) {
        return read.error();
    }
    // The element that says so may come behind the keys.
    for (ListedKey& entry : page.keys) {
        if (url_encoded) {
            entry.key = url_decoded(entry.key);
        }
        if (entry.key.empty()) {
            return broken("a key whose encoding is broken");
        }
    }
    if (!truncated) {
        page.next.clear();
    } else if (page.next.empty()) {
        return broken("more to come, but no continuation token");
    }
    return page;
}

Result<UploadPage> parse_upload_page(std::string_view xml) {
    UploadPage page;
    ListedUpload upload;
    bool timed = false;
    bool url_encoded = false;
    const auto read = walk(
        xml, "ListMultipartUploadsResult",
        [&](std::string_view parent, const std::string& name, const std::string& text) {
            const bool of_upload = parent == "Upload";
            const bool of_page = parent == "ListMultipartUploadsResult";
            if (of_upload && name == "Key") {
                upload.key = text;
            } else if (of_upload && name == "UploadId") {
                upload.id = text;
            } else if (of_upload && name == "Initiated") {
                const auto time = parse_time(text, 0);
                timed = time.has_value();
                upload.initiated = time.value_or(0);
            } else if (of_page && name == "IsTruncated") {
                page.is_last = text != "true";
            } else if (of_page && name == "EncodingType") {
                url_encoded = text == "url";
            } else if (of_page && name == "NextKeyMarker") {
                page.next_key = text;
            } else if (of_page && name == "NextUploadIdMarker") {
                page.next_id = text;
            }
        },
        [&](const std::string& name) -> Result<void> {
            if (name != "Upload") {
                return {};
            }
            if (upload.key.empty() || upload.id.empty() || !timed) {
                return broken("an upload without key, id or time");
            }
            page.uploads.push_back(std::exchange(upload, {}));
            timed = false;
            return {};
        });
    if (!read) {
        return read.error();
    }
    if (url_encoded) {
        page.next_key = url_decoded(page.next_key);
        for (ListedUpload& each : page.uploads) {
            each.key = url_decoded(each.key);
        }
    }
    if (!page.is_last && page.next_key.empty()) {
        return broken("more to come, but no marker");
    }
    return page;
}

std::string completion_body(const std::vector<std::string>& etags) {
    std::string body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
    for (std::size_t i = 0; i < etags.size(); ++i) {
        std::string escaped;
        for (const char c : etags[i]) {
            switch (c) {
                case '&': escaped += "&amp;"; break;
                case '<': escaped += "&lt;"; break;
                case '>': escaped += "&gt;"; break;
                case '"': escaped += "&quot;"; break;
                default: escaped += c;
            }
        }
        body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1, escaped);
    }
    return body + "</CompleteMultipartUpload>";
}

}  // namespace kseg::objects
