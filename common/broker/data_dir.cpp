// SPDX-License-Identifier: Apache-2.0
#include "broker/data_dir.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>

#include "kafka/segment/side_files.hpp"
#include "wal/files.hpp"

namespace kseg::broker {
namespace {

constexpr std::string_view kIdentity = "/meta.properties";
constexpr std::string_view kTopicId = "/partition.metadata";
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kUuidText = 22;

/// The properties of a file; nothing where there is none.
Result<std::optional<std::map<std::string, std::string>>> read_properties(io::Fs& fs, const std::string& path) {
    using Found = std::optional<std::map<std::string, std::string>>;
    const auto content = wal::read_file(fs, path);
    if (!content) {
        return content.error();
    }
    if (content->empty()) {
        return Found{};
    }
    Found found{std::in_place};
    const auto read =
        segment::read_rows(segment::SideFile::properties, content->bytes(), 0, [&](std::span<const segment::RowField> row) {
            for (const segment::RowField& field : row) {
                if (const auto* const text = std::get_if<std::string>(&field.value)) {
                    (*found)[std::string(field.name)] = *text;
                } else if (const auto* const number = std::get_if<std::int64_t>(&field.value)) {
                    (*found)[std::string(field.name)] = std::to_string(*number);
                }
            }
        });
    if (!read) {
        return read.error().in_file(path);
    }
    return found;
}

}  // namespace

protocol::Uuid random_uuid(const Random& random) {
    for (;;) {
        protocol::Uuid id;
        for (std::size_t half = 0; half < id.bytes.size(); half += sizeof(std::uint64_t)) {
            std::uint64_t bits = random();
            for (std::size_t i = 0; i < sizeof bits; ++i, bits >>= 8) {
                id.bytes[half + i] = static_cast<std::byte>(bits & 0xffU);
            }
        }
        // The form of a random UUID (RFC 4122).
        id.bytes[6] = (id.bytes[6] & std::byte{0x0f}) | std::byte{0x40};
        id.bytes[8] = (id.bytes[8] & std::byte{0x3f}) | std::byte{0x80};
        if (to_string(id).front() != '-') {
            return id;
        }
    }
}

std::optional<protocol::Uuid> parse_uuid(std::string_view text) {
    if (text.size() != kUuidText) {
        return std::nullopt;
    }
    protocol::Uuid id;
    std::uint32_t bits = 0;
    unsigned held = 0;
    std::size_t at = 0;
    for (const char c : text) {
        const std::size_t value = kAlphabet.find(c);
        if (value == std::string_view::npos) {
            return std::nullopt;
        }
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        held += 6;
        if (held >= 8) {
            held -= 8;
            id.bytes[at++] = static_cast<std::byte>(bits >> held & 0xffU);
        }
    }
    return id;
}

Result<std::optional<Identity>> read_identity(io::Fs& fs, const std::string& directory) {
    const std::string path = directory + std::string(kIdentity);
    const auto found = read_properties(fs, path);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return std::optional<Identity>{};
    }
    Identity identity;
    if (const auto cluster = (*found)->find("cluster.id"); cluster != (*found)->end()) {
        identity.cluster_id = cluster->second;
    }
    // Version 0, of brokers with ZooKeeper, calls it otherwise.
    auto node = (*found)->find("node.id");
    node = node == (*found)->end() ? (*found)->find("broker.id") : node;
    if (node != (*found)->end()) {
        const char* const end = node->second.data() + node->second.size();
        const auto parsed = std::from_chars(node->second.data(), end, identity.node_id);
        if (parsed.ec != std::errc{} || parsed.ptr != end || identity.node_id < 0) {
            return Error{.code = Errc::corrupt, .what = "node.id; expected a number, got " + node->second, .file = path};
        }
    }
    return std::optional(identity);
}

Result<void> write_identity(io::Fs& fs, const std::string& directory, const Identity& identity, const Random& random) {
    const std::string text = fmt::format("cluster.id={}\ndirectory.id={}\nnode.id={}\nversion=1\n", identity.cluster_id,
                                         to_string(random_uuid(random)), identity.node_id);
    return wal::replace_content(fs, directory + std::string(kIdentity), as_bytes(text));
}

Result<std::optional<protocol::Uuid>> read_topic_id(io::Fs& fs, const std::string& partition_directory) {
    const std::string path = partition_directory + std::string(kTopicId);
    const auto content = wal::read_file(fs, path);
    if (!content) {
        return content.error();
    }
    const std::string_view text = content->text();
    constexpr std::string_view kField = "topic_id: ";
    const std::size_t at = text.find(kField);
    if (at == std::string_view::npos) {
        return std::optional<protocol::Uuid>{};
    }
    return parse_uuid(text.substr(at + kField.size(), kUuidText));
}

Result<void> put_topic_id(io::Fs& fs, const std::string& partition_directory, const protocol::Uuid& id) {
    const std::string text = fmt::format("version: 0\ntopic_id: {}", to_string(id));
    return wal::put_content(fs, partition_directory + std::string(kTopicId), as_bytes(text));
}

}  // namespace kseg::broker
