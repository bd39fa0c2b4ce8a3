// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_header.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace kseg;

namespace {

std::string header(std::string_view name, std::uint64_t size) {
    ByteBuffer out;
    archive::append_tar_header(out, name, size);
    return std::string(out.text());
}

/// The text of a field, which ends with a zero.
std::string field(const std::string& block, std::size_t at) {
    return block.c_str() + at;
}

/// The sum of a header's bytes with blanks for the checksum, as POSIX has it.
unsigned sum_of(const std::string& block) {
    unsigned sum = 0;
    for (std::size_t i = 0; i < 512; ++i) {
        sum += i >= 148 && i < 156 ? unsigned{' '} : static_cast<unsigned char>(block[i]);
    }
    return sum;
}

}  // namespace

TEST_CASE("a short name takes one block") {
    // Fields at the places that POSIX.1-1988 has, with its values for a file of the user 0.
    const std::string block = header("a/b.log", 1234);
    REQUIRE(block.size() == 512);
    CHECK(field(block, 0) == "a/b.log");
    CHECK(field(block, 100) == "0000644");
    CHECK(field(block, 108) == "0000000");
    CHECK(field(block, 116) == "0000000");
    CHECK(field(block, 124) == "00000002322");
    CHECK(field(block, 136) == "00000000000");
    CHECK(std::stoul(field(block, 148), nullptr, 8) == sum_of(block));
    CHECK(block[156] == '0');
    CHECK(block.substr(257, 8) == std::string("ustar\0"
                                              "00",
                                              8));
    CHECK(field(block, 345).empty());
}

TEST_CASE("a name of 100 bytes fits, a longer one is split at a slash, and one that cannot be has a pax record") {
    const std::string part(100, 'n');
    CHECK(header(part, 0).size() == 512);
    CHECK(header(part, 0).substr(0, 101) == part + "0");  // no zero behind it: the mode follows
    const std::string split = header(std::string(155, 'p') + "/" + part, 0);
    REQUIRE(split.size() == 512);
    CHECK(split.substr(0, 100) == part);
    CHECK(split.substr(345, 155) == std::string(155, 'p'));
    for (const std::string& name :
         {std::string(101, 'n'), std::string(156, 'p') + "/" + part, "a/" + std::string(101, 'n')}) {
        const std::string pax = header(name, 5);
        REQUIRE(pax.size() == 3 * 512);
        CHECK(pax[156] == 'x');
        const std::string record = field(pax, 512);
        CHECK(record == std::to_string(record.size()) + " path=" + name + "\n");
        CHECK(std::stoul(field(pax, 124), nullptr, 8) == record.size());
        CHECK(pax[1024 + 156] == '0');
        CHECK(field(pax, 1024 + 124) == "00000000005");
        CHECK(std::stoul(field(pax, 1024 + 148), nullptr, 8) == sum_of(pax.substr(1024)));
    }
}

TEST_CASE("a record whose length has one digit more because of itself counts it") {
    // 99 bytes with a length of two digits would be 100 with one of three: both are to be right.
    for (std::size_t size = 101; size < 1200; ++size) {
        std::string name;
        for (std::size_t i = 0; i < size; ++i) {
            name += i % 200 == 199 ? '/' : 'n';
        }
        if (name.back() == '/') {
            continue;
        }
        const std::string pax = header(name, 5);
        if (pax.size() > 512) {
            const std::string record = pax.substr(512, std::stoul(field(pax, 124), nullptr, 8));
            CHECK(record == std::to_string(record.size()) + " path=" + name + "\n");
        }
    }
}

TEST_CASE("8 GiB less a byte fit, and 8 GiB have a pax record") {
    const std::uint64_t limit = std::uint64_t{8} << 30;
    CHECK(field(header("a", limit - 1), 124) == "77777777777");
    const std::string pax = header("a", limit);
    REQUIRE(pax.size() == 3 * 512);
    CHECK(field(pax, 512) == "19 size=8589934592\n");
    CHECK(field(pax, 1024 + 124) == "00000000000");
}

TEST_CASE("the longest name keeps within the bound") {
    std::string name = std::string(255, 'n');
    while (name.size() + 256 <= 4096) {
        name += "/" + std::string(255, 'n');
    }
    CHECK(header(name, UINT64_MAX >> 2).size() <= archive::kMaxTarHeaderBytes);
}

TEST_CASE("padding fills blocks") {
    CHECK(archive::tar_padding(0) == 0);
    CHECK(archive::tar_padding(1) == 511);
    CHECK(archive::tar_padding(512) == 0);
    CHECK(archive::tar_padding(513) == 511);
}
