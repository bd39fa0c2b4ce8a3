// SPDX-License-Identifier: Apache-2.0
#include "archive/views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace kseg::archive {

MemberView::MemberView(std::shared_ptr<const io::ReadAt> stream, std::uint64_t position, std::uint64_t size,
                       std::string archive, std::string member)
    : stream_(std::move(stream)),
      position_(position),
      size_(size),
      archive_(std::move(archive)),
      member_(std::move(member)) {}

Result<std::size_t> MemberView::read_at(std::uint64_t offset, std::span<std::byte> into) const {
    if (offset >= size_) {
        return std::size_t{0};
    }
    into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size_ - offset)));
    const auto got = stream_->read_at(position_ + offset, into);
    if (got && *got == into.size()) {
        return *got;
    }
    Error error = got ? Error{.code = Errc::truncated, .what = "the archive ends in it"} : got.error();
    error.what = fmt::format("{}: {}", member_, error.what);
    return error.in_file(archive_);
}

Result<std::shared_ptr<const KeptTail>> KeptTail::open(std::shared_ptr<const io::ReadAt> file, std::uint64_t file_bytes,
                                                       std::size_t tail_bytes) {
    ByteBuffer tail;
    tail.resize(static_cast<std::size_t>(std::min<std::uint64_t>(file_bytes, tail_bytes)));
    const std::uint64_t tail_at = file_bytes - tail.size();
    const auto got = file->read_at(tail_at, {tail.data(), tail.size()});
    if (!got) {
        return got.error();
    }
    if (*got != tail.size()) {
        return Error{.code = Errc::truncated, .what = "the archive has become shorter", .at = tail_at + *got};
    }
    return std::shared_ptr<const KeptTail>(new KeptTail(std::move(file), tail_at, std::move(tail)));
}

Result<std::size_t> KeptTail::read_at(std::uint64_t offset, std::span<std::byte> into) const {
    const std::uint64_t end = tail_at_ + tail_.size();
    if (offset >= end) {
        return std::size_t{0};
    }
    into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), end - offset)));
    const auto before =
        static_cast<std::size_t>(offset >= tail_at_ ? 0 : std::min<std::uint64_t>(tail_at_ - offset, into.size()));
    if (before != 0) {
        auto got = file_->read_at(offset, into.first(before));
        if (!got || *got != before) {
            return got;
        }
        offset += before;
    }
    if (before != into.size()) {
        std::copy_n(tail_.data() + (offset - tail_at_), into.size() - before, into.data() + before);
    }
    return into.size();
}

}  // namespace kseg::archive
