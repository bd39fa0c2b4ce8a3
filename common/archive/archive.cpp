// SPDX-License-Identifier: Apache-2.0
#include "archive/archive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "archive/archive_state.hpp"
#include "archive/chunk_store.hpp"
#include "archive/container.hpp"
#include "archive/detect.hpp"
#include "archive/inflated_stream.hpp"
#include "archive/member_name.hpp"
#include "archive/read_ahead.hpp"
#include "archive/tar_listing.hpp"
#include "archive/views.hpp"

namespace kseg::archive {

namespace {

codec::ChunkCodec codec_of(Format format) {
    return format == Format::tar_gz ? codec::ChunkCodec::gzip : codec::ChunkCodec::zstd;
}

/// The first bytes of a file or stream, fewer where it has no more.
Result<ByteBuffer> read_head(const io::ReadAt& file) {
    ByteBuffer head;
    head.resize(kHeadBytes);
    const auto got = file.read_at(0, {head.data(), head.size()});
    if (!got) {
        return got.error();
    }
    head.resize(*got);
    return head;
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
    const auto state = std::make_shared<State>();
    state->size = *size;
    state->name = std::move(name);
    const auto kept = KeptTail::open(std::move(file), *size, options.tail_bytes);
    if (!kept) {
        return kept.error().in_file(state->name);
    }
    auto found = find_table(**kept, *size);
    if (!found) {
        return found.error().in_file(state->name);
    }
    if (!*found) {
        if (const auto done = open_plain(*state, *kept); !done) {
            return done.error().in_file(state->name);
        }
        state->index_names();
        return Archive(state);
    }
    state->kind = (*found)->format == Format::tar_gz ? Kind::seekable_tar_gz : Kind::seekable_tar_zst;
    for (MemberRow& row : (*found)->table.members) {
        state->members.push_back({.name = std::move(row.name), .size = row.size, .crc32c = row.crc32c});
        state->positions.push_back(row.position);
    }
    std::shared_ptr<const io::ReadAt> source = *kept;
    if (options.read_ahead_bytes != 0) {
        source = std::make_shared<ReadAhead>(std::move(source), options.read_ahead_bytes);
    }
    state->chunks =
        std::make_shared<ChunkStore>(std::move(source), codec_of((*found)->format), std::move((*found)->table.chunks),
                                     options.cache_bytes, options.request_bytes);
    state->stream = state->chunks;
    state->index_names();
    return Archive(state);
}

Result<void> Archive::open_plain(State& state, const std::shared_ptr<const io::ReadAt>& file) {
    const auto head = read_head(*file);
    if (!head) {
        return head.error();
    }
    state.kind = kind_by_head(head->bytes()).value_or(Kind::plain_tar);
    state.stream = file;
    if (state.kind != Kind::plain_tar) {
        const bool gzip = state.kind == Kind::plain_tar_gz;
        state.stream = std::make_shared<InflatedStream>(file, gzip ? codec::Codec::gzip : codec::Codec::zstd);
        const auto inner = read_head(*state.stream);
        if (!inner) {
            return inner.error();
        }
        if (!inner->empty() && !begins_as_tar(inner->bytes())) {
            return Error{.code = Errc::unsupported,
                         .what = fmt::format("is compressed with {} and holds no tar archive", gzip ? "gzip" : "zstd")};
        }
    }
    auto listing = list_tar(*state.stream);
    if (!listing) {
        return listing.error();
    }
    // Goes to the end of a compressed stream, and so verifies what comes behind the last header.
    const auto stream_bytes = state.stream->size();
    if (!stream_bytes) {
        return stream_bytes.error();
    }
    for (TarEntry& entry : listing->entries) {
        if (entry.position > *stream_bytes || entry.size > *stream_bytes - entry.position) {
            return Error{.code = Errc::truncated, .what = fmt::format("the archive ends in \"{}\"", entry.name)};
        }
        state.members.push_back({.name = std::move(entry.name), .size = entry.size});
        state.positions.push_back(entry.position);
    }
    state.refused = std::move(listing->refused);
    return {};
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

const std::vector<std::string>& Archive::refused() const {
    return state_->refused;
}

const Member* Archive::find(std::string_view member) const {
    const auto found = state_->by_name.find(member);
    return found == state_->by_name.end() ? nullptr : &state_->members[found->second];
}

void Archive::State::index_names() {
    for (std::size_t i = 0; i < members.size(); ++i) {
        by_name.emplace(members[i].name, i);
    }
}

std::unique_ptr<io::ReadAt> Archive::State::view(std::size_t number) const {
    return std::make_unique<MemberView>(stream, positions[number], members[number].size, name, members[number].name);
}

Result<std::unique_ptr<io::ReadAt>> Archive::open_member(std::string_view member) const {
    const auto found = state_->by_name.find(member);
    if (found == state_->by_name.end()) {
        return Error{
            .code = Errc::invalid, .what = fmt::format("no member \"{}\"", printable(member)), .file = state_->name};
    }
    return state_->view(found->second);
}

std::optional<std::uint64_t> Archive::chunk_end(std::string_view member, std::uint64_t offset) const {
    const auto found = state_->by_name.find(member);
    if (found == state_->by_name.end() || !state_->chunks || offset >= state_->members[found->second].size) {
        return std::nullopt;
    }
    const std::uint64_t begin = state_->positions[found->second];
    const auto& chunks = state_->chunks->chunks();
    const auto behind = std::upper_bound(chunks.begin(), chunks.end(), begin + offset,
                                         [](std::uint64_t at, const ChunkRow& chunk) { return at < chunk.position; });
    const ChunkRow& chunk = *std::prev(behind);
    return std::min(chunk.position + chunk.size - begin, state_->members[found->second].size);
}

}  // namespace kseg::archive
