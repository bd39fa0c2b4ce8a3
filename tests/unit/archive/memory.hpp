// SPDX-License-Identifier: Apache-2.0
// Archives in memory, for tests.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "archive/archive.hpp"
#include "archive/writer.hpp"
#include "io/file.hpp"
#include "io/sink.hpp"

namespace kseg::test {

/// Bytes as a file that counts how often it is read, and may fail.
class MemoryFile final : public io::ReadAt {
  public:
    explicit MemoryFile(std::string bytes) : bytes_(std::move(bytes)) {}

    [[nodiscard]] Result<std::uint64_t> size() const override { return claimed.value_or(bytes_.size()); }
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
        ++reads;
        for (std::size_t seen = largest; seen < into.size() && !largest.compare_exchange_weak(seen, into.size());) {
        }
        if (offset + into.size() > fail_from) {
            return Error{.code = Errc::io, .what = "read: the disk is gone", .at = offset};
        }
        if (offset >= bytes_.size()) {
            return std::size_t{0};
        }
        const std::size_t part = std::min(into.size(), bytes_.size() - static_cast<std::size_t>(offset));
        std::memcpy(into.data(), bytes_.data() + offset, part);
        return part;
    }

    std::optional<std::uint64_t> claimed{};
    std::uint64_t fail_from = UINT64_MAX;
    mutable std::atomic<int> reads = 0;
    mutable std::atomic<std::size_t> largest = 0;

  private:
    std::string bytes_;
};

class MemorySink final : public io::Sink {
  public:
    Result<void> write(Bytes more) override {
        if (bytes.size() + more.size() > room) {
            return Error{.code = Errc::io, .what = "write: no space left"};
        }
        bytes += as_text(more);
        return {};
    }
    Result<void> commit() override { return {}; }

    std::string bytes;
    std::size_t room = SIZE_MAX;
};

struct Content {
    std::string name;
    std::string bytes;
    archive::AddOptions options{};
};

inline std::string packed(const std::vector<Content>& contents, const archive::WriteOptions& options = {}) {
    MemorySink sink;
    auto writer = archive::ArchiveWriter::begin(sink, options);
    for (const Content& content : contents) {
        if (const auto added = (*writer)->add(content.name, MemoryFile(content.bytes), content.options); !added) {
            throw std::runtime_error(added.error().message());
        }
    }
    const auto written = (*writer)->finish();
    if (!written || written->bytes != sink.bytes.size()) {
        throw std::runtime_error("finish");
    }
    return sink.bytes;
}

inline Result<archive::Archive> open(std::string bytes, const archive::OpenOptions& options = {}) {
    return archive::Archive::open(std::make_shared<MemoryFile>(std::move(bytes)), "t.tar.gz", options);
}

/// All of a member; throws what is wrong.
inline std::string read_member(const archive::Archive& archive, std::string_view name) {
    const auto member = archive.open_member(name);
    if (!member) {
        throw std::runtime_error(member.error().message());
    }
    std::string bytes(static_cast<std::size_t>(*(*member)->size()), '\0');
    const auto got = (*member)->read_at(0, std::as_writable_bytes(std::span(bytes)));
    if (!got) {
        throw std::runtime_error(got.error().message());
    }
    bytes.resize(*got);
    return bytes;
}

/// Bytes that a codec can make something of, and that are nowhere the same: numbers and a little noise.
inline std::string sample(std::size_t size, std::uint32_t seed) {
    std::string text;
    while (text.size() < size) {
        seed = seed * 1664525 + 1013904223;
        text += "{\"n\":" + std::to_string(seed >> 8) + ",\"at\":" + std::to_string(text.size()) + "}\n";
    }
    text.resize(size);
    return text;
}

using Contents = std::map<std::string, std::string>;

/// Collects members.
class Collector final : public archive::MemberSink {
  public:
    Result<void> begin(const archive::Member& member) override {
        name_ = member.name;
        bytes_.clear();
        return {};
    }
    Result<void> write(Bytes bytes) override {
        bytes_ += as_text(bytes);
        return {};
    }
    Result<void> end() override {
        contents[name_] = bytes_;
        return {};
    }
    Contents contents;

  private:
    std::string name_;
    std::string bytes_;
};

}  // namespace kseg::test
