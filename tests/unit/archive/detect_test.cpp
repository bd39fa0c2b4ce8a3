// SPDX-License-Identifier: Apache-2.0
#include "archive/detect.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/hex.hpp"

using namespace kseg;
using archive::kind_by_head;

namespace {

/// A header of the POSIX.1-1988 standard for a file "a" of 3 bytes: mode 644, time 0, checksum by hand: the characters are
/// 'a' 97, mode 0000644 350, user and group 0000000 336 each, size 00000000003 531, time 00000000000 528, eight blanks 256,
/// type '0' 48, "ustar" 559, version "00" 96, device numbers 336 each; together 3809, in octal 7341.
std::string header() {
    std::string block(512, '\0');
    block.replace(0, 1, "a");
    block.replace(100, 7, "0000644");
    block.replace(108, 7, "0000000");
    block.replace(116, 7, "0000000");
    block.replace(124, 11, "00000000003");
    block.replace(136, 11, "00000000000");
    block.replace(148, 8, std::string("007341\0 ", 8));
    block[156] = '0';
    block.replace(257, 5, "ustar");
    block.replace(263, 2, "00");
    block.replace(329, 7, "0000000");
    block.replace(337, 7, "0000000");
    return block;
}

}  // namespace

TEST_CASE("gzip and zstd are told by their magic, with nothing behind it too") {
    CHECK(kind_by_head(test::from_hex("1f 8b").bytes()) == archive::Kind::plain_tar_gz);
    CHECK(kind_by_head(test::from_hex("1f 8b 08 00").bytes()) == archive::Kind::plain_tar_gz);
    CHECK(kind_by_head(test::from_hex("28 b5 2f fd").bytes()) == archive::Kind::plain_tar_zst);
    CHECK(kind_by_head(test::from_hex("5e 2a 4d 18 00").bytes()) == archive::Kind::plain_tar_zst);
    for (const char* other : {"", "1f", "1f 8a", "28 b5 2f", "28 b5 2f fc", "6e 2a 4d 18", "5e 2a 4d"}) {
        CHECK_FALSE(kind_by_head(test::from_hex(other).bytes()));
    }
}

TEST_CASE("tar is told by its magic and the checksum of its header") {
    const std::string good = header();
    CHECK(kind_by_head(as_bytes(good)) == archive::Kind::plain_tar);
    CHECK(archive::begins_as_tar(as_bytes(good)));
    CHECK_FALSE(kind_by_head(as_bytes(good).first(511)));
    for (std::size_t at = 0; at < good.size(); ++at) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 0x01);
        // Behind the digits of the checksum anything may be that ends a number.
        CHECK((!kind_by_head(as_bytes(bad)) || (at >= 154 && at < 156)));
    }
}

TEST_CASE("a tar stream of an older dialect begins as one, and one without members") {
    std::string old = header();
    old.replace(257, 8, std::string(8, '\0'));
    CHECK_FALSE(archive::begins_as_tar(as_bytes(old)));
    old.replace(148, 8, std::string("006122\0 ", 8));  // without 559 and 96: 3154
    CHECK_FALSE(kind_by_head(as_bytes(old)));
    CHECK(archive::begins_as_tar(as_bytes(old)));
    CHECK(archive::begins_as_tar(as_bytes(std::string(512, '\0'))));
    CHECK_FALSE(archive::begins_as_tar({}));
}
