// SPDX-License-Identifier: Apache-2.0
#include "archive/archive.hpp"

#include <fmt/format.h>

#include <utility>

#include "archive/chunk_store.hpp"
#include "archive/container.hpp"
#include "archive/member_name.hpp"
#include "archive/views.hpp"

namespace kseg::archive {

/// What an archive is once it is open: a tar stream that can be read anywhere, and where its members lie in it.
class Archive::State {
  public:
    std::string name;
    Kind kind = Kind::plain_tar;
    std::uint64_t size = 0;
    std::vector<Member> members;
    std::vector<std::uint64_t> positions;  // of the members, in the tar stream
    std::shared_ptr<const io::ReadAt> stream;
};

namespace {

codec::ChunkCodec codec_of(Format format) {
    return format == Format::tar_gz ? codec::ChunkCodec::gzip : codec::ChunkCodec::zstd;
}

}  // namespace

std::string_view to_string(Kind kind) {
    switch (kind) {
        case Kind::seekable_tar_gz: return "seekable tar.gz";
        case Kind::seekable_tar_zst: return "seekable tar.zst";
        case Kind::plain_tar: return "tar";
        case Kind::plain_tar_gz: return "tar.gz";
        case Kind::plain_tar_zst: return "tar.zst";
    }
    return "";
}

Result<Archive> Archive::open(std::shared_ptr<const io::ReadAt> file, std::string name, const OpenOptions& options) {
    const auto size = file->size();
    if (!size) {
        return size.error().in_file(name);
    }
    const auto kept = KeptTail::open(std::move(file), *size, options.tail_bytes);
    if (!kept) {
        return kept.error().in_file(name);
    }
    auto found = find_table(**kept, *size);
    if (!found) {
        return found.error().in_file(name);
    }
    const auto state = std::make_shared<State>();
    state->size = *size;
    if (!*found) {
        return Error{.code = Errc::unsupported, .what = "not an archive", .file = std::move(name)};
    }
    state->kind = (*found)->format == Format::tar_gz ? Kind::seekable_tar_gz : Kind::seekable_tar_zst;
    for (MemberRow& row : (*found)->table.members) {
        state->members.push_back({.name = std::move(row.name), .size = row.size, .crc32c = row.crc32c});
        state->positions.push_back(row.position);
    }
    state->stream = std::make_shared<ChunkStore>(*kept, codec_of((*found)->format), std::move((*found)->table.chunks),
                                                 options.cache_bytes, options.request_bytes);
    state->name = std::move(name);
    return Archive(state);
}

Kind Archive::kind() const {
    return state_->kind;
}

const std::string& Archive::name() const {
    return state_->name;
}

std::uint64_t Archive::size() const {
    return state_->size;
}

const std::vector<Member>& Archive::members() const {
    return state_->members;
}

const Member* Archive::find(std::string_view member) const {
    for (const Member& known : state_->members) {
        if (known.name == member) {
            return &known;
        }
    }
    return nullptr;
}

Result<std::unique_ptr<io::ReadAt>> Archive::open_member(std::string_view member) const {
    const Member* const known = find(member);
    if (known == nullptr) {
        return Error{
            .code = Errc::invalid, .what = fmt::format("no member \"{}\"", printable(member)), .file = state_->name};
    }
    const auto number = static_cast<std::size_t>(known - state_->members.data());
    return std::unique_ptr<io::ReadAt>(
        std::make_unique<MemberView>(state_->stream, state_->positions[number], known->size, state_->name, known->name));
}

}  // namespace kseg::archive
