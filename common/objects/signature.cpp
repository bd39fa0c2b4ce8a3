// SPDX-License-Identifier: Apache-2.0
#include "objects/signature.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "objects/digest.hpp"

namespace kseg::objects {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t kDateChars = 8;  // yyyymmdd

std::string encode(std::string_view text, bool keep_slash) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const bool kept = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                          c == '.' || c == '_' || c == '~' || (c == '/' && keep_slash);
        if (kept) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += {'%', kDigits[byte >> 4U], kDigits[byte & 0xfU]};
        }
    }
    return out;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

/// Without spaces at the ends, and one for each run of them.
std::string trimmed(std::string_view value) {
    std::string out;
    for (const char c : value) {
        if (c != ' ' || (!out.empty() && out.back() != ' ')) {
            out += c;
        }
    }
    if (out.ends_with(' ')) {
        out.pop_back();
    }
    return out;
}

NamedValues sorted_headers(const NamedValues& headers) {
    NamedValues sorted;
    for (const auto& [name, value] : headers) {
        sorted.emplace_back(lower(name), trimmed(value));
    }
    std::ranges::sort(sorted);
    return sorted;
}

std::string names_of(const NamedValues& sorted) {
    std::string names;
    for (const auto& [name, value] : sorted) {
        names += names.empty() ? name : ";" + name;
    }
    return names;
}

}  // namespace

std::string encode_query(std::string_view text) {
    return encode(text, false);
}

std::string encode_path(std::string_view text) {
    return encode(text, true);
}

std::string signing_time(TimestampMs time) {
    namespace ch = std::chrono;
    const ch::sys_time<ch::milliseconds> at{ch::milliseconds(time)};
    const auto day = ch::floor<ch::days>(at);
    const ch::year_month_day date(day);
    const ch::hh_mm_ss clock(ch::floor<ch::seconds>(at - day));
    return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count());
}

std::string canonical_request(const SignedParts& parts) {
    NamedValues query;
    for (const auto& [name, value] : parts.query) {
        query.emplace_back(encode_query(name), encode_query(value));
    }
    std::ranges::sort(query);
    std::string text = fmt::format("{}\n{}\n", parts.method, parts.path);
    for (std::size_t i = 0; i < query.size(); ++i) {
        text += fmt::format("{}{}={}", i == 0 ? "" : "&", query[i].first, query[i].second);
    }
    text += '\n';
    const NamedValues headers = sorted_headers(parts.headers);
    for (const auto& [name, value] : headers) {
        text += fmt::format("{}:{}\n", name, value);
    }
    return fmt::format("{}\n{}\n{}", text, names_of(headers), parts.payload_hash);
}

std::string authorization(const SignedParts& parts, const Credentials& credentials, std::string_view region,
                          std::string_view time) {
    const std::string_view date = time.substr(0, kDateChars);
    const std::string scope = fmt::format("{}/{}/s3/aws4_request", date, region);
    const std::string to_sign =
        fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, scope, hex_of(sha256(as_bytes(canonical_request(parts)))));
    Sha256 key = hmac_sha256(as_bytes("AWS4" + credentials.secret), date);
    for (const std::string_view part : {region, std::string_view("s3"), std::string_view("aws4_request")}) {
        key = hmac_sha256(key, part);
    }
    return fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", kAlgorithm, credentials.key_id, scope,
                       names_of(sorted_headers(parts.headers)), hex_of(hmac_sha256(key, to_sign)));
}

}  // namespace kseg::objects
