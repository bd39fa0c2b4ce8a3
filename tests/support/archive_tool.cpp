// SPDX-License-Identifier: Apache-2.0
// Makes and reads archives, for tests that compare them with what other programs make and read.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "archive/archive.hpp"
#include "archive/extract.hpp"
#include "archive/writer.hpp"
#include "io/replace.hpp"

using namespace kseg;

namespace {

constexpr const char* kUsage = R"(usage: archive_tool pack OUT [ARG...]
         --zst | --level N | --jobs N    before the first member
         --chunk BYTES | --store | --no-store    for the members that follow
         NAME=FILE
       archive_tool list ARCHIVE
       archive_tool cat ARCHIVE MEMBER [OFFSET BYTES]
       archive_tool verify ARCHIVE [JOBS]
       archive_tool extract ARCHIVE DIRECTORY [JOBS]
)";

[[noreturn]] void fail(const Error& error) {
    fmt::print(stderr, "error: {}: {}\n", to_string(error.code), error.message());
    std::exit(1);
}

template <typename T>
T take(Result<T> result) {
    if (!result) {
        fail(result.error());
    }
    return *std::move(result);
}

void take(const Result<void>& result) {
    if (!result) {
        fail(result.error());
    }
}

std::uint64_t number(const std::string& text) {
    return std::strtoull(text.c_str(), nullptr, 10);
}

int pack(const std::string& out, const std::vector<std::string>& args) {
    const auto file = take(io::replace_file(out, true));
    archive::WriteOptions write;
    archive::AddOptions add;
    std::unique_ptr<archive::ArchiveWriter> writer;
    for (std::size_t i = 0; i < args.size(); ++i) {
        if (args[i] == "--zst") {
            write.format = archive::Format::tar_zst;
        } else if (args[i] == "--level") {
            write.level = std::atoi(args.at(++i).c_str());
        } else if (args[i] == "--jobs") {
            write.jobs = static_cast<unsigned>(number(args.at(++i)));
        } else if (args[i] == "--chunk") {
            add.chunk_bytes = number(args.at(++i));
        } else if (args[i] == "--store" || args[i] == "--no-store") {
            add.store = args[i] == "--store";
        } else {
            if (!writer) {
                writer = take(archive::ArchiveWriter::begin(*file, write));
            }
            const std::size_t equals = args[i].find('=');
            const io::File content = take(io::File::open(args[i].substr(equals + 1)));
            take(writer->add(args[i].substr(0, equals), content, add));
        }
    }
    if (!writer) {
        writer = take(archive::ArchiveWriter::begin(*file, write));
    }
    const archive::Written written = take(writer->finish());
    take(file->commit());
    fmt::print("{} {:08x}\n", written.bytes, written.crc32c);
    return 0;
}

archive::Archive open(const std::string& path) {
    return take(archive::Archive::open(std::make_shared<io::File>(take(io::File::open(path))), path));
}

int list(const std::string& path) {
    const archive::Archive opened = open(path);
    fmt::print("{}\n", to_string(opened.kind()));
    for (const archive::Member& member : opened.members()) {
        fmt::print("{} {} {}\n", member.name, member.size, member.crc32c ? fmt::format("{:08x}", *member.crc32c) : "-");
    }
    for (const std::string& what : opened.refused()) {
        fmt::print("refused: {}\n", what);
    }
    return 0;
}

int cat(const std::string& path, const std::string& name, std::uint64_t offset, std::uint64_t bytes) {
    const archive::Archive opened = open(path);
    const auto member = take(opened.open_member(name));
    std::vector<std::byte> piece(std::size_t{1} << 20);
    while (bytes > 0) {
        const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), bytes));
        const std::size_t got = take(member->read_at(offset, std::span(piece).first(wanted)));
        if (got == 0) {
            break;
        }
        if (std::fwrite(piece.data(), 1, got, stdout) != got) {
            return 1;
        }
        offset += got;
        bytes -= got;
    }
    return 0;
}

unsigned jobs_of(const std::vector<std::string>& args, std::size_t at) {
    return at < args.size() ? static_cast<unsigned>(number(args[at])) : 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> args(argv + 1, argv + argc);
    if (args.size() >= 2 && args[0] == "pack") {
        return pack(args[1], {args.begin() + 2, args.end()});
    }
    if (args.size() == 2 && args[0] == "list") {
        return list(args[1]);
    }
    if ((args.size() == 3 || args.size() == 5) && args[0] == "cat") {
        return args.size() == 3 ? cat(args[1], args[2], 0, UINT64_MAX)
                                : cat(args[1], args[2], number(args[3]), number(args[4]));
    }
    if (args.size() >= 2 && args[0] == "verify") {
        take(archive::verify(open(args[1]), jobs_of(args, 2)));
        return 0;
    }
    if (args.size() >= 3 && args[0] == "extract") {
        take(archive::extract(open(args[1]), io::posix_fs(), args[2], {.jobs = jobs_of(args, 3)}));
        return 0;
    }
    std::fputs(kUsage, stderr);
    return 2;
}
