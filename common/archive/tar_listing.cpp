// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_listing.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "archive/member_name.hpp"
#include "base/bytes.hpp"

namespace kseg::archive {
namespace {

// libarchive's own types are in the global namespace, as is its `archive`.
using Reader = ::archive;

constexpr std::size_t kBlockBytes = std::size_t{64} << 10;

struct FreeReader {
    void operator()(Reader* reader) const { archive_read_free(reader); }
};

/// What libarchive reads from.
struct Input {
    const io::ReadAt& stream;
    std::uint64_t position = 0;
    ByteBuffer block;
    std::optional<Error> error;
};

la_ssize_t read_block(Reader* reader, void* context, const void** block) {
    Input& input = *static_cast<Input*>(context);
    const auto got = input.stream.read_at(input.position, {input.block.data(), input.block.size()});
    if (!got) {
        input.error = got.error();
        archive_set_error(reader, EIO, "read");
        return ARCHIVE_FATAL;
    }
    input.position += *got;
    *block = input.block.data();
    return static_cast<la_ssize_t>(*got);
}

la_int64_t skip_bytes(Reader* /*reader*/, void* context, la_int64_t bytes) {
    static_cast<Input*>(context)->position += static_cast<std::uint64_t>(bytes);
    return bytes;
}

/// The entry's name without what "tar c ." puts before it.
std::string name_of(archive_entry* entry) {
    const char* name = archive_entry_pathname_utf8(entry);
    if (name == nullptr) {
        name = archive_entry_pathname(entry);  // bytes that libarchive cannot convert
    }
    std::string_view rest(name == nullptr ? "" : name);
    while (rest.substr(0, 2) == "./") {
        rest.remove_prefix(2);
    }
    return std::string(rest);
}

/// What is wrong with an entry as a member, its name apart.
std::optional<std::string> problem_of_entry(archive_entry* entry) {
    if (archive_entry_hardlink(entry) != nullptr || archive_entry_hardlink_utf8(entry) != nullptr) {
        return "is a link";
    }
    switch (archive_entry_filetype(entry)) {
        case AE_IFREG: break;
        case AE_IFLNK: return "is a link";
        default: return "is no file";
    }
    if (archive_entry_sparse_reset(entry) > 0) {
        return "is a sparse file";
    }
    if (archive_entry_size_is_set(entry) == 0 || archive_entry_size(entry) < 0) {
        return "has no size";
    }
    return std::nullopt;
}

Error error_of(Reader* reader, Input& input, bool first) {
    if (input.error) {
        return *std::move(input.error);
    }
    const char* text = archive_error_string(reader);
    return {.code = first ? Errc::unsupported : Errc::corrupt,
            .what = first ? std::string("no tar archive") : fmt::format("tar: {}", printable(text == nullptr ? "" : text)),
            .at = first ? std::nullopt : std::optional(static_cast<std::uint64_t>(archive_filter_bytes(reader, 0)))};
}

void add_entry(archive_entry* entry, std::uint64_t position, std::set<std::string>& names, TarListing& listing) {
    std::string name = name_of(entry);
    if (archive_entry_filetype(entry) == AE_IFDIR && archive_entry_hardlink(entry) == nullptr) {
        if (!name.empty() && name.back() == '/') {
            name.pop_back();
        }
        // Directories are made as members need them; their names have to be good ones all the same.
        const auto problem = name.empty() || name == "." ? std::nullopt : problem_of_name(name);
        if (problem) {
            listing.refused.push_back(fmt::format("the name \"{}\" {}", printable(name), *problem));
        }
        return;
    }
    if (const auto problem = problem_of_name(name)) {
        listing.refused.push_back(fmt::format("the name \"{}\" {}", printable(name), *problem));
    } else if (const auto other = problem_of_entry(entry)) {
        listing.refused.push_back(fmt::format("\"{}\" {}", printable(name), *other));
    } else if (!names.insert(name).second) {
        listing.refused.push_back(fmt::format("\"{}\" is there twice", printable(name)));
    } else {
        const auto size = static_cast<std::uint64_t>(archive_entry_size(entry));
        listing.entries.push_back({.name = std::move(name), .position = position, .size = size});
    }
}

}  // namespace

Result<TarListing> list_tar(const io::ReadAt& stream) {
    const std::unique_ptr<Reader, FreeReader> reader(archive_read_new());
    Input input{.stream = stream};
    input.block.resize(kBlockBytes);
    if (!reader || archive_read_support_format_tar(reader.get()) != ARCHIVE_OK ||
        archive_read_set_read_callback(reader.get(), read_block) != ARCHIVE_OK ||
        archive_read_set_skip_callback(reader.get(), skip_bytes) != ARCHIVE_OK ||
        archive_read_set_callback_data(reader.get(), &input) != ARCHIVE_OK ||
        archive_read_open1(reader.get()) != ARCHIVE_OK) {
        return input.error ? *input.error : Error{.code = Errc::io, .what = "libarchive cannot begin"};
    }
    TarListing listing;
    std::set<std::string> names;
    for (bool first = true;; first = false) {
        archive_entry* entry = nullptr;
        const int result = archive_read_next_header(reader.get(), &entry);
        if (result == ARCHIVE_EOF) {
            return listing;
        }
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
            return error_of(reader.get(), input, first);
        }
        if (listing.entries.size() + listing.refused.size() >= kMaxTarEntries) {
            return Error{.code = Errc::too_large, .what = fmt::format("more than {} members", kMaxTarEntries)};
        }
        add_entry(entry, static_cast<std::uint64_t>(archive_filter_bytes(reader.get(), 0)), names, listing);
    }
}

}  // namespace kseg::archive
