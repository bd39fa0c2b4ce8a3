// SPDX-License-Identifier: Apache-2.0
#include "store/archive_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace kseg::store {
namespace {

constexpr std::string_view kNone = "none";
constexpr std::size_t kTopicIdChars = 22;  // 16 bytes in base64 without padding
constexpr std::string_view kNoTopicId = "AAAAAAAAAAAAAAAAAAAAAA";

std::string_view extension_of(archive::Format format) {
    return format == archive::Format::tar_gz ? ".tar.gz" : ".tar.zst";
}

std::string time_text(const std::optional<TimestampMs>& time) {
    return time ? fmt::format("{}", *time) : std::string(kNone);
}

/// Offsets have 20 digits, so that names in the order of their bytes are in that of offsets; before 0 there is only -1.
std::string offset_text(std::int64_t offset) {
    return offset < 0 ? std::string(kNone) : fmt::format("{:020d}", offset);
}

template <typename T>
std::optional<T> parse_number(std::string_view text, int base = 10) {
    T number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

/// Takes what is before the next separator, or all of the rest.
std::string_view take(std::string_view& rest, char separator) {
    const std::size_t at = std::min(rest.find(separator), rest.size());
    const std::string_view part = rest.substr(0, at);
    rest.remove_prefix(std::min(at + 1, rest.size()));
    return part;
}

/// The parts behind the last '/'.
bool parse_file_name(std::string_view file, ArchiveName& name) {
    for (const archive::Format format : {archive::Format::tar_gz, archive::Format::tar_zst}) {
        if (file.ends_with(extension_of(format))) {
            name.format = format;
            file.remove_suffix(extension_of(format).size());
            break;
        }
    }
    const auto base = parse_number<std::int64_t>(take(file, '_'));
    const std::string_view last_text = take(file, '_');
    const auto last = last_text == kNone ? std::optional<std::int64_t>(-1) : parse_number<std::int64_t>(last_text);
    const std::string_view first_time = take(file, '_');
    const std::string_view last_time = take(file, '_');
    const auto size = parse_number<std::uint64_t>(take(file, '_'));
    const auto crc = parse_number<std::uint32_t>(take(file, '_'), 16);
    if (!base || !last || *base < 0 || *last < *base - 1 || *last == std::numeric_limits<std::int64_t>::max() || !size ||
        !crc || !(file.empty() || is_topic_id(file))) {
        return false;
    }
    name.base_offset = *base;
    name.last_offset = *last;
    name.size = *size;
    name.crc32c = *crc;
    name.topic_id = file;
    name.first_timestamp = parse_number<TimestampMs>(first_time);
    name.last_timestamp = parse_number<TimestampMs>(last_time);
    return name.first_timestamp.has_value() == name.last_timestamp.has_value();
}

}  // namespace

bool is_topic_id(std::string_view text) {
    return text.size() == kTopicIdChars && text != kNoTopicId && std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
           });
}

std::string to_string(const ArchiveName& name) {
    return fmt::format("{}{}/{}_{}_{}_{}_{}_{:08x}{}{}{}", archive_prefix(name.partition.topic), name.partition.partition,
                       offset_text(name.base_offset), offset_text(name.last_offset), time_text(name.first_timestamp),
                       time_text(name.last_timestamp), name.size, name.crc32c, name.topic_id.empty() ? "" : "_",
                       name.topic_id, extension_of(name.format));
}

std::optional<ArchiveName> parse_archive_name(std::string_view object) {
    std::optional<ArchiveName> name(std::in_place);
    std::string_view rest = object;
    name->partition.topic = take(rest, '/');
    const auto partition = parse_number<std::int32_t>(take(rest, '/'));
    if (name->partition.topic.empty() || !partition || *partition < 0 || !parse_file_name(rest, *name)) {
        return std::nullopt;
    }
    name->partition.partition = *partition;
    // Written in another way, such as with fewer digits, two names could mean one archive.
    if (to_string(*name) != object) {
        return std::nullopt;
    }
    return name;
}

std::string archive_prefix(std::string_view topic) {
    return fmt::format("{}/", topic);
}

}  // namespace kseg::store
