// SPDX-License-Identifier: Apache-2.0
// The baseline: reads a file in pieces of 1 MiB and does nothing with them. With "snappy" before the file, also
// decompresses the xerial streams in it block by block with the library, since that codec has no tool of its own.
#include <fcntl.h>
#include <snappy.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace {

int read_all(int fd) {
    // At a page's begin, as any reader that cares does: 16 bytes behind it, where malloc puts it, reading is four times
    // slower.
    constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
    alignas(4096) static char piece[kPieceBytes];
    for (;;) {
        const ssize_t got = read(fd, piece, kPieceBytes);
        if (got <= 0) {
            return got == 0 ? 0 : 1;
        }
    }
}

int unpack_xerial(int fd) {
    std::string all;
    std::vector<char> piece(std::size_t{1} << 20);
    for (ssize_t got = 0; (got = read(fd, piece.data(), piece.size())) > 0;) {
        all.append(piece.data(), static_cast<std::size_t>(got));
    }
    std::vector<char> out(std::size_t{1} << 20);
    std::size_t total = 0;
    for (std::size_t at = 0; at + 4 <= all.size();) {
        if (std::memcmp(all.data() + at, "\x82SNA", 4) == 0) {
            at += 16;
            continue;
        }
        std::uint32_t size = 0;
        std::memcpy(&size, all.data() + at, sizeof size);
        size = __builtin_bswap32(size);
        std::size_t plain = 0;
        if (!snappy::GetUncompressedLength(all.data() + at + 4, size, &plain) || plain > out.size() ||
            !snappy::RawUncompress(all.data() + at + 4, size, out.data())) {
            return 1;
        }
        at += 4 + size;
        total += plain;
    }
    std::printf("%zu\n", total);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const bool unpack = argc == 3 && std::strcmp(argv[1], "snappy") == 0;
    const int fd = argc < 2 ? -1 : open(argv[argc - 1], O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 2;
    }
    return unpack ? unpack_xerial(fd) : read_all(fd);
}
