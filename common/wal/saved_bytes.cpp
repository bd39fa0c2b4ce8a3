// SPDX-License-Identifier: Apache-2.0
#include "wal/saved_bytes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "io/replace.hpp"

namespace kseg::wal {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
constexpr int kMostNames = 1000;

/// A name that is free.
Result<std::string> free_name(io::Fs& fs, const std::string& segment_path, std::uint64_t at) {
    for (int i = 0;; ++i) {
        std::string name = fmt::format("{}.cut-{}", segment_path, at);
        if (i != 0) {
            name += fmt::format("-{}", i);
        }
        const auto there = fs.info(name);
        if (!there) {
            return there.error();
        }
        if (!there->has_value()) {
            return name;
        }
        if (i == kMostNames) {
            return Error{.code = Errc::exists, .what = "is there already", .file = std::move(name)};
        }
    }
}

/// Hands the bytes of a part of a file to `take(bytes, offset in the part)`.
template <typename Take>
Result<void> each_piece(const io::ReadAt& file, const std::string& path, const Extent& extent, Take&& take) {
    ByteBuffer piece;
    piece.resize(std::min<std::uint64_t>(kPieceBytes, extent.size));
    for (std::uint64_t done = 0; done < extent.size;) {
        const std::size_t want = std::min<std::uint64_t>(piece.size(), extent.size - done);
        const auto got = file.read_at(extent.at + done, {piece.data(), want});
        if (!got) {
            return got.error().in_file(path);
        }
        if (*got == 0) {
            return Error{.code = Errc::truncated, .what = "became shorter", .file = path, .at = extent.at + done};
        }
        if (auto taken = take(piece.bytes().first(*got), done); !taken) {
            return taken;
        }
        done += *got;
    }
    return {};
}

}  // namespace

Result<std::string> save_bytes(io::Fs& fs, const std::string& segment_path, const Extent& extent) {
    const auto name = free_name(fs, segment_path, extent.at);
    if (!name) {
        return name.error();
    }
    const auto from = fs.open(segment_path);
    if (!from) {
        return from.error();
    }
    const auto to = fs.create(*name);
    if (!to) {
        return to.error();
    }
    Result<void> done = (*to)->resize(extent.size);
    if (done) {
        done = each_piece(**from, segment_path, extent, [&to](Bytes bytes, std::uint64_t at) -> Result<void> {
            const bool zero = std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
            return zero ? Result<void>() : (*to)->write_at(at, bytes);
        });
    }
    if (done) {
        done = (*to)->sync();
    }
    if (done) {
        done = fs.sync_directory(io::directory_of(*name));
    }
    if (!done) {
        (void)fs.remove(*name);
        return done.error();
    }
    return *name;
}

Result<std::string> set_segment_aside(io::Fs& fs, const std::string& segment_path) {
    const auto name = free_name(fs, segment_path, 0);
    if (!name) {
        return name.error();
    }
    if (const auto renamed = fs.rename(segment_path, *name); !renamed) {
        return renamed.error();
    }
    return *name;
}

Result<void> keep_only(io::Fs& fs, const std::string& segment_path, const std::vector<Extent>& kept) {
    const auto from = fs.open(segment_path);
    if (!from) {
        return from.error();
    }
    const auto to = io::Replacement::begin(fs, segment_path, {.overwrite = true, .keep_owner = true});
    if (!to) {
        return to.error();
    }
    for (const Extent& extent : kept) {
        if (auto copied = each_piece(**from, segment_path, extent,
                                     [&to](Bytes bytes, std::uint64_t /*at*/) { return (*to)->write(bytes); });
            !copied) {
            return copied;
        }
    }
    return (*to)->commit();
}

}  // namespace kseg::wal
