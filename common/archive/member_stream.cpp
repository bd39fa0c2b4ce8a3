// SPDX-License-Identifier: Apache-2.0
#include "archive/member_stream.hpp"

#include <algorithm>
#include <utility>

namespace kseg::archive {
namespace {

Error interrupted() {
    return {.code = Errc::cancelled, .what = "interrupted"};
}

}  // namespace

MemberStream::MemberStream(Archive archive, std::string member, std::unique_ptr<io::ReadAt> file, std::uint64_t start,
                           io::StopFlag stop)
    : archive_(std::move(archive)),
      member_(std::move(member)),
      file_(std::move(file)),
      start_(start),
      next_(start),
      stop_(std::move(stop)) {}

Result<std::unique_ptr<MemberStream>> MemberStream::open(Archive archive, std::string_view member, std::uint64_t start,
                                                         io::StopFlag stop) {
    auto file = archive.open_member(member);
    if (!file) {
        return file.error();
    }
    return std::unique_ptr<MemberStream>(
        new MemberStream(std::move(archive), std::string(member), *std::move(file), start, std::move(stop)));
}

Result<std::size_t> MemberStream::read(std::span<std::byte> into) {
    if (stop_ && stop_()) {
        return interrupted();
    }
    const auto chunk_part = [&]() {
        const auto end = archive_.chunk_end(member_, next_);
        return end ? static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), *end - next_)) : into.size();
    };
    if (next_ < careful_to_) {
        into = into.first(chunk_part());
    }
    auto got = file_->read_at(next_, into);
    if (!got && got.error().code != Errc::io) {
        careful_to_ = std::max(careful_to_, next_ + into.size());
        const std::size_t part = chunk_part();
        if (part < into.size()) {
            got = file_->read_at(next_, into.first(part));
        }
    }
    if (!got && got.error().code != Errc::io) {
        damage_ = got.error();
        return std::size_t{0};
    }
    next_ += got ? *got : 0;
    return got;
}

std::optional<std::size_t> MemberStream::peek(std::uint64_t at, std::span<std::byte> into) {
    const auto got = file_->read_at(start_ + at, into);
    return got ? std::optional(*got) : std::nullopt;
}

std::optional<std::uint64_t> MemberStream::pass_damage() {
    for (std::uint64_t at = next_;;) {
        const auto end = archive_.chunk_end(member_, at);
        if (!end || (stop_ && stop_())) {
            return std::nullopt;
        }
        at = *end;
        std::byte first{};
        const auto got = file_->read_at(at, {&first, 1});
        if (got && *got == 0) {
            return std::nullopt;
        }
        if (got) {
            start_ = next_ = at;
            damage_.reset();
            return at;
        }
        if (got.error().code == Errc::io) {
            return std::nullopt;
        }
    }
}

}  // namespace kseg::archive
