// SPDX-License-Identifier: Apache-2.0
// Archives, their tables, and tar streams. The first byte chooses what the others are: a table is given the checksums that
// it needs, so that what is behind them is reached too.
#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "archive/archive.hpp"
#include "archive/container.hpp"
#include "archive/extract.hpp"
#include "archive/tar_listing.hpp"
#include "archive/writer.hpp"
#include "base/crc.hpp"
#include "fuzz_support.hpp"

using namespace kseg;
using fuzz::require;

namespace {

class MemoryFile final : public io::ReadAt {
  public:
    explicit MemoryFile(std::string bytes) : bytes_(std::move(bytes)) {}
    [[nodiscard]] Result<std::uint64_t> size() const override { return std::uint64_t{bytes_.size()}; }
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
        if (offset >= bytes_.size()) {
            return std::size_t{0};
        }
        const std::size_t part = std::min(into.size(), bytes_.size() - static_cast<std::size_t>(offset));
        std::memcpy(into.data(), bytes_.data() + offset, part);
        return part;
    }

  private:
    std::string bytes_;
};

class MemorySink final : public io::Sink {
  public:
    Result<void> write(Bytes more) override {
        bytes += as_text(more);
        return {};
    }
    Result<void> commit() override { return {}; }
    std::string bytes;
};

using Contents = std::map<std::string, std::string>;

class Collector final : public archive::MemberSink {
  public:
    Result<void> begin(const archive::Member& member) override {
        now_ = &contents[member.name];
        require(now_->empty());
        return {};
    }
    Result<void> write(Bytes bytes) override {
        now_->append(as_text(bytes));
        return {};
    }
    Result<void> end() override { return {}; }
    Contents contents;

  private:
    std::string* now_ = nullptr;
};

/// Members one by one, and in small pieces; those that are whole and not large.
void read_members(const archive::Archive& archive, const Contents* whole) {
    for (const archive::Member& member : archive.members()) {
        const auto opened = archive.open_member(member.name);
        require(opened.has_value());
        std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(member.size, 100'000)), '\0');
        const auto into = std::as_writable_bytes(std::span(bytes));
        const auto got = (*opened)->read_at(0, into);
        require(!whole || (got && whole->at(member.name).substr(0, 100'000) == bytes));
        std::string last(7, '\0');
        static_cast<void>((*opened)->read_at(member.size / 2, std::as_writable_bytes(std::span(last))));
        const auto end = (*opened)->read_at(member.size, into);
        require(end && *end == 0);
    }
}

/// What can be read must be the same after it is packed anew.
void pack_again(const Contents& contents, archive::Format format) {
    MemorySink sink;
    const auto writer = archive::ArchiveWriter::begin(sink, {.format = format});
    for (const auto& [name, bytes] : contents) {
        require((*writer)->add(name, MemoryFile(bytes), {.chunk_bytes = 512, .store = bytes.size() % 2 == 0}).has_value());
    }
    require((*writer)->finish().has_value());
    const auto again = archive::Archive::open(std::make_shared<MemoryFile>(sink.bytes), "again");
    Collector all;
    require(again && again->read_all(all, 0) && all.contents == contents);
}

void read_archive(const std::string& bytes, archive::Format format) {
    const auto archive = archive::Archive::open(std::make_shared<MemoryFile>(bytes), "fuzz",
                                                {.cache_bytes = 5000, .tail_bytes = 100, .request_bytes = 3000});
    if (!archive) {
        require(!archive.error().what.empty());
        return;
    }
    Collector all;
    const bool good = archive->read_all(all, 0).has_value();
    read_members(*archive, good ? &all.contents : nullptr);
    if (good) {
        pack_again(all.contents, format);
    }
}

/// A file whose table is `table`, with all that has to be right around it.
std::string with_table(Bytes table, Bytes chunks) {
    const ByteBuffer footer = archive::encode_footer({.table_offset = chunks.size(),
                                                      .table_bytes = static_cast<std::uint32_t>(table.size()),
                                                      .table_crc32c = crc32c(table)});
    std::string file(as_text(chunks));
    for (const auto& [kind, piece] : {std::pair('T', as_text(table)), std::pair('F', footer.text())}) {
        if (piece.empty()) {
            continue;
        }
        const auto le = [](std::size_t n) {
            return std::string{static_cast<char>(n & 255), static_cast<char>(n >> 8 & 255)};
        };
        file += std::string("\x1f\x8b\x08\x04\0\0\0\0\0\xff", 10) + le(piece.size() + 4) + "K" + kind + le(piece.size());
        file += piece;
        file += std::string("\x03\0\0\0\0\0\0\0\0\0", 10);
    }
    return file;
}

void read_table(Bytes bytes) {
    const auto table = archive::decode_table(bytes);
    if (table) {
        require(archive::encode_table(*table).text() == as_text(bytes));
    }
    static_cast<void>(archive::decode_footer(bytes.first(std::min(bytes.size(), archive::kFooterBytes))));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) {
        return 0;
    }
    const Bytes rest = fuzz::bytes_of(data + 1, size - 1);
    const auto format = (data[0] & 0x80) != 0 ? archive::Format::tar_zst : archive::Format::tar_gz;
    switch (data[0] & 3) {
        case 0: read_archive(std::string(as_text(rest)), format); break;
        case 1: {
            // Two bytes say how much is table; the others are chunks.
            const std::size_t wanted = std::size_t{to_u8(rest[0])} << 8 | to_u8(rest[1]);
            const Bytes body = rest.subspan(2);
            const Bytes table = body.first(std::min({wanted, body.size(), std::size_t{65531}}));
            read_archive(with_table(table, body.subspan(table.size())), format);
            break;
        }
        case 2: read_table(rest); break;
        default: static_cast<void>(archive::list_tar(MemoryFile(std::string(as_text(rest))))); break;
    }
    return 0;
}
