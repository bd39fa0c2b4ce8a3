// SPDX-License-Identifier: Apache-2.0
// Packs and reads archives, for tests/bench/run.
//   pack gz|zst JOBS FILE    writes an archive of FILE, as the member `log`, to stdout
//   open ARCHIVE COUNT       prints the seconds that opening it and reading 4 KiB of the middle of `log` takes
//   reads ARCHIVE COUNT      prints the seconds that reading 4 KiB somewhere in `log` takes, no chunk being kept
//   scan ARCHIVE JOBS        reads all of it and verifies it
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "archive/archive.hpp"
#include "archive/extract.hpp"
#include "archive/writer.hpp"
#include "io/sink.hpp"

using namespace kseg;

namespace {

constexpr std::size_t kReadBytes = 4096;

template <typename T>
T take(Result<T> result) {
    if (!result) {
        fmt::print(stderr, "error: {}\n", result.error().message());
        std::exit(1);
    }
    return *std::move(result);
}

archive::Archive open(const char* path, const archive::OpenOptions& options = {}) {
    return take(archive::Archive::open(std::make_shared<io::File>(take(io::File::open(path))), path, options));
}

int pack(std::string_view format, unsigned jobs, const char* path) {
    const auto sink = io::sink_to_descriptor(STDOUT_FILENO);
    const auto writer = take(archive::ArchiveWriter::begin(
        *sink, {.format = format == "gz" ? archive::Format::tar_gz : archive::Format::tar_zst, .jobs = jobs}));
    const io::File file = take(io::File::open(path));
    const auto added = writer->add("log", file);
    return added && writer->finish() ? 0 : 1;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int time_open(const char* path, int count) {
    std::vector<std::byte> piece(kReadBytes);
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < count; ++i) {
        const auto member = take(open(path).open_member("log"));
        take(member->read_at(take(member->size()) / 2, piece));
    }
    fmt::print("{}\n", seconds_since(start) / count);
    return 0;
}

int time_reads(const char* path, int count) {
    const auto member = take(open(path, {.cache_bytes = 1}).open_member("log"));
    const std::uint64_t size = take(member->size());
    std::vector<std::byte> piece(kReadBytes);
    std::mt19937_64 random(1);  // NOLINT: the same places every time
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < count; ++i) {
        take(member->read_at(random() % (size - kReadBytes), piece));
    }
    fmt::print("{}\n", seconds_since(start) / count);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view mode = argc > 1 ? argv[1] : "";
    if (mode == "pack" && argc == 5) {
        return pack(argv[2], static_cast<unsigned>(std::atoi(argv[3])), argv[4]);
    }
    if (mode == "open" && argc == 4) {
        return time_open(argv[2], std::atoi(argv[3]));
    }
    if (mode == "reads" && argc == 4) {
        return time_reads(argv[2], std::atoi(argv[3]));
    }
    if (mode == "scan" && argc == 4) {
        return archive::verify(open(argv[2]), static_cast<unsigned>(std::atoi(argv[3]))) ? 0 : 1;
    }
    return 2;
}
