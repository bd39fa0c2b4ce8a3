// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_listing.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "archive/member_name.hpp"
#include "archive/tar_header.hpp"
#include "base/bytes.hpp"
#include "base/loaded_library.hpp"

namespace kseg::archive {
namespace {

// libarchive's own types are in the global namespace, as is its `archive`.
using Reader = ::archive;

/// What is used of libarchive, which brings along what it needs for other formats.
struct Tar {
    LoadedLibrary library{KSEG_ARCHIVE_LIBRARY};
    KSEG_LOADED_FUNCTION(read_new, archive_read_new);
    KSEG_LOADED_FUNCTION(read_free, archive_read_free);
    KSEG_LOADED_FUNCTION(read_support_format_tar, archive_read_support_format_tar);
    KSEG_LOADED_FUNCTION(read_set_read_callback, archive_read_set_read_callback);
    KSEG_LOADED_FUNCTION(read_set_skip_callback, archive_read_set_skip_callback);
    KSEG_LOADED_FUNCTION(read_set_callback_data, archive_read_set_callback_data);
    KSEG_LOADED_FUNCTION(read_open1, archive_read_open1);
    KSEG_LOADED_FUNCTION(read_next_header, archive_read_next_header);
    KSEG_LOADED_FUNCTION(read_data_skip, archive_read_data_skip);
    KSEG_LOADED_FUNCTION(filter_bytes, archive_filter_bytes);
    KSEG_LOADED_FUNCTION(error_string, archive_error_string);
    KSEG_LOADED_FUNCTION(set_error, archive_set_error);
    KSEG_LOADED_FUNCTION(entry_pathname, archive_entry_pathname);
    KSEG_LOADED_FUNCTION(entry_pathname_utf8, archive_entry_pathname_utf8);
    KSEG_LOADED_FUNCTION(entry_hardlink, archive_entry_hardlink);
    KSEG_LOADED_FUNCTION(entry_hardlink_utf8, archive_entry_hardlink_utf8);
    KSEG_LOADED_FUNCTION(entry_filetype, archive_entry_filetype);
    KSEG_LOADED_FUNCTION(entry_sparse_reset, archive_entry_sparse_reset);
    KSEG_LOADED_FUNCTION(entry_size, archive_entry_size);
    KSEG_LOADED_FUNCTION(entry_size_is_set, archive_entry_size_is_set);
};

const Tar& tar() {
    static const Tar loaded;
    return loaded;
}

constexpr std::size_t kBlockBytes = std::size_t{64} << 10;

struct FreeReader {
    void operator()(Reader* reader) const { tar().read_free(reader); }
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
        tar().set_error(reader, EIO, "read");
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
    const char* name = tar().entry_pathname_utf8(entry);
    if (name == nullptr) {
        name = tar().entry_pathname(entry);  // bytes that libarchive cannot convert
    }
    std::string_view rest(name == nullptr ? "" : name);
    while (rest.substr(0, 2) == "./") {
        rest.remove_prefix(2);
    }
    return std::string(rest);
}

/// What is wrong with an entry as a member, its name apart.
std::optional<std::string> problem_of_entry(archive_entry* entry) {
    if (tar().entry_hardlink(entry) != nullptr || tar().entry_hardlink_utf8(entry) != nullptr) {
        return "is a link";
    }
    switch (tar().entry_filetype(entry)) {
        case AE_IFREG: break;
        case AE_IFLNK: return "is a link";
        default: return "is no file";
    }
    if (tar().entry_sparse_reset(entry) > 0) {
        return "is a sparse file";
    }
    if (tar().entry_size_is_set(entry) == 0 || tar().entry_size(entry) < 0) {
        return "has no size";
    }
    return std::nullopt;
}

Error error_of(Reader* reader, Input& input) {
    if (input.error) {
        return *std::move(input.error);
    }
    const char* text = tar().error_string(reader);
    return {.code = Errc::corrupt,
            .what = fmt::format("tar: {}", printable(text == nullptr ? "" : text)),
            .at = static_cast<std::uint64_t>(tar().filter_bytes(reader, 0))};
}

/// Opens a reader, which looks whether this is a tar stream.
Result<std::unique_ptr<Reader, FreeReader>> open_reader(Input& input) {
    std::unique_ptr<Reader, FreeReader> reader(tar().read_new());
    if (!reader || tar().read_support_format_tar(reader.get()) != ARCHIVE_OK ||
        tar().read_set_read_callback(reader.get(), read_block) != ARCHIVE_OK ||
        tar().read_set_skip_callback(reader.get(), skip_bytes) != ARCHIVE_OK ||
        tar().read_set_callback_data(reader.get(), &input) != ARCHIVE_OK) {
        return Error{.code = Errc::io, .what = "libarchive: no memory"};
    }
    if (tar().read_open1(reader.get()) != ARCHIVE_OK) {
        return input.error ? *input.error : Error{.code = Errc::unsupported, .what = "no archive"};
    }
    return reader;
}

/// Looks for the block of zeros that ends a tar stream: without it the stream may have been cut between two members.
Result<void> check_end(const io::ReadAt& stream, std::uint64_t at) {
    std::array<std::byte, kTarBlockBytes> block{};
    const auto got = stream.read_at(at, block);
    if (!got) {
        return got.error();
    }
    if (*got != block.size()) {
        return Error{.code = Errc::truncated, .what = "tar: the end of the archive is missing", .at = at};
    }
    if (std::any_of(block.begin(), block.end(), [](std::byte b) { return b != std::byte{0}; })) {
        return Error{.code = Errc::corrupt, .what = "tar: no header, and not the end of the archive", .at = at};
    }
    return {};
}

void add_entry(archive_entry* entry, std::uint64_t position, std::set<std::string>& names, TarListing& listing) {
    std::string name = name_of(entry);
    if (tar().entry_filetype(entry) == AE_IFDIR && tar().entry_hardlink(entry) == nullptr) {
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
        const auto size = static_cast<std::uint64_t>(tar().entry_size(entry));
        listing.entries.push_back({.name = std::move(name), .position = position, .size = size});
    }
}

}  // namespace

Result<TarListing> list_tar(const io::ReadAt& stream) {
    if (const auto loaded = tar().library.check(); !loaded) {
        return loaded.error();
    }
    Input input{.stream = stream};
    input.block.resize(kBlockBytes);
    const auto opened = open_reader(input);
    if (!opened) {
        return opened.error();
    }
    Reader* const reader = opened->get();
    TarListing listing;
    std::set<std::string> names;
    for (std::uint64_t next = 0;;) {
        archive_entry* entry = nullptr;
        const int result = tar().read_next_header(reader, &entry);
        if (result == ARCHIVE_EOF) {
            if (const auto whole = check_end(stream, next); !whole) {
                return whole.error();
            }
            return listing;
        }
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
            return error_of(reader, input);
        }
        if (listing.entries.size() + listing.refused.size() >= kMaxTarEntries) {
            return Error{.code = Errc::too_large, .what = fmt::format("more than {} members", kMaxTarEntries)};
        }
        add_entry(entry, static_cast<std::uint64_t>(tar().filter_bytes(reader, 0)), names, listing);
        if (tar().read_data_skip(reader) != ARCHIVE_OK) {
            return error_of(reader, input);
        }
        next = static_cast<std::uint64_t>(tar().filter_bytes(reader, 0));
    }
}

}  // namespace kseg::archive
