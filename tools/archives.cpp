// SPDX-License-Identifier: Apache-2.0
#include "archives.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include "archive/detect.hpp"
#include "io/window.hpp"
#include "kafka/segment/cursor.hpp"

namespace kseg::tools {
namespace {

constexpr std::array<std::string_view, 6> kEndings{".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.zstd", ".tzst"};

// A larger one is not looked for: what reads like the length of a batch would be read into memory.
constexpr std::uint64_t kMostBatchBytes = std::uint64_t{64} << 20;

/// A batch of a base offset that reads like the magic of gzip is a batch all the same.
bool begins_with_batch(const io::ReadAt& file) {
    const auto source = io::source_of(file, 0);
    io::Window window(*source, {});
    segment::SegmentCursor cursor(window, {}, {.max_batch_bytes = kMostBatchBytes});
    const auto item = cursor.next_batch();
    return item && *item && (*item)->outcome == segment::Outcome::batch && (*item)->crc_valid;
}

bool may_be_batch(Bytes head) {
    return head.size() >= record::kFrameBytes && segment::plausible(head, kMostBatchBytes);
}

}  // namespace

Result<archive::Archive> Archives::open(const std::string& path) {
    if (last_ && last_->first == path) {
        return last_->second;
    }
    auto file = io::File::open(path);
    if (!file) {
        return file.error().in_file(path);
    }
    auto opened = archive::Archive::open(std::make_shared<io::File>(*std::move(file)), path);
    if (!opened) {
        return opened.error().in_file(path);
    }
    last_.emplace(path, *opened);
    return opened;
}

bool is_archive_head(Bytes head) {
    const auto kind = archive::kind_by_head(head);
    // The checksum of a tar header says more than what a batch begins with.
    return kind && (*kind == archive::Kind::plain_tar || !may_be_batch(head));
}

Result<bool> is_archive(const io::ReadAt& file, const std::string& path) {
    std::array<std::byte, archive::kHeadBytes> bytes{};
    const auto got = file.read_at(0, bytes);
    if (!got) {
        return got.error().in_file(path);
    }
    const Bytes head = Bytes(bytes).first(*got);
    const bool named =
        std::any_of(kEndings.begin(), kEndings.end(), [&path](std::string_view ending) { return path.ends_with(ending); });
    if (!named && !archive::kind_by_head(head)) {
        return false;
    }
    return !may_be_batch(head) || !begins_with_batch(file);
}

}  // namespace kseg::tools
