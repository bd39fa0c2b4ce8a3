// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "io/file.hpp"
#include "support/hex.hpp"
#include "support/piece_source.hpp"

using namespace kseg;
using io::TextCoding;

namespace {

struct Read {
    std::string bytes;
    std::optional<Error> error{};
};

Read read_all(io::ByteSource& source, std::size_t most = 1000) {
    Read all;
    std::string part(most, '\0');
    for (;;) {
        const auto got = source.read(std::as_writable_bytes(std::span(part)));
        if (!got) {
            all.error = got.error();
            return all;
        }
        if (*got == 0) {
            return all;
        }
        all.bytes.append(part, 0, *got);
    }
}

Read decoded(std::string_view text, TextCoding coding, std::size_t piece = 5) {
    const auto source = io::source_of_text(std::make_unique<test::PieceSource>(as_bytes(text), piece, false), coding);
    return read_all(*source, 3);
}

/// A file that goes when the test ends.
class Scratch {
  public:
    Scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "kseg-unit-XXXXXX").string();
        const io::Descriptor fd(::mkstemp(name.data()));
        REQUIRE(fd.valid());
        path = name;
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { std::filesystem::remove(path); }
    void append(std::string_view text) const { std::ofstream(path, std::ios::app | std::ios::binary) << text; }
    std::string path;
};

}  // namespace

TEST_CASE("hex text gives its bytes through white space, colons and a leading 0x") {
    CHECK(decoded("00 ff:1A\r\n2b\t", TextCoding::hex).bytes == std::string("\0\xff\x1a\x2b", 4));
    CHECK(decoded("0x00ff", TextCoding::hex).bytes == std::string("\0\xff", 2));
    CHECK(decoded("0X0102", TextCoding::hex).bytes == "\x01\x02");
    const Read odd = decoded("00 f", TextCoding::hex);
    REQUIRE(odd.error);
    CHECK(odd.error->code == Errc::truncated);
    const Read bad = decoded("0011\n2g", TextCoding::hex);
    REQUIRE(bad.error);
    CHECK(bad.error->code == Errc::corrupt);
    CHECK(bad.error->at == 6);
}

TEST_CASE("base64 text gives its bytes in either alphabet, wrapped, padded or not") {
    CHECK(decoded("Zm9v\nYmFy", TextCoding::base64).bytes == "foobar");
    CHECK(decoded("Zg==", TextCoding::base64).bytes == "f");
    CHECK(decoded("Zg", TextCoding::base64).bytes == "f");
    CHECK(decoded("-__-+//+", TextCoding::base64).bytes == "\xfb\xff\xfe\xfb\xff\xfe");
    CHECK(decoded("Zm9v*", TextCoding::base64).error->at == 4);
}

TEST_CASE("text is told from a segment by its first bytes") {
    CHECK(io::detect_text(as_bytes("00000000 00000000 00000031 ffffffff 02")) == TextCoding::hex);
    CHECK(io::detect_text(as_bytes("0x000000000000000000000031ffffffff02")) == TextCoding::hex);
    CHECK(io::detect_text(as_bytes("AAAAAAAAAAAAAAAxAAAAAAIAAAAA+/==\n")) == TextCoding::base64);
    CHECK_FALSE(io::detect_text(as_bytes("not one, not the other, just words")));
    CHECK_FALSE(io::detect_text(as_bytes("00ff")));
    CHECK_FALSE(io::detect_text(test::read_data("kseg-segment.5.example.bin").bytes()));
    CHECK_FALSE(io::detect_text({}));
}

TEST_CASE("bytes that were read to look at them come first") {
    const std::string rest = "world";
    const auto source =
        io::source_with_head(ByteBuffer(as_bytes("hello ")), std::make_unique<test::PieceSource>(as_bytes(rest), 2, false));
    CHECK(read_all(*source, 4).bytes == "hello world");
}

TEST_CASE("a file is read from where it is asked, and peeked at without moving") {
    const Scratch scratch;
    scratch.append("0123456789");
    const auto file = io::File::open(scratch.path);
    REQUIRE(file);
    CHECK(*file->size() == 10);
    const auto source = io::source_of(*file, 4);
    std::string ahead(3, ' ');
    CHECK(source->peek(2, std::as_writable_bytes(std::span(ahead))) == 3);
    CHECK(ahead == "678");
    CHECK(read_all(*source).bytes == "456789");
    CHECK(io::read_small_file(scratch.path, 10)->text() == "0123456789");
    const auto large = io::read_small_file(scratch.path, 9);
    REQUIRE_FALSE(large);
    CHECK(large.error().code == Errc::too_large);
    const auto absent = io::File::open(scratch.path + ".absent");
    REQUIRE_FALSE(absent);
    CHECK(absent.error().message().find(scratch.path + ".absent: ") == 0);
}

TEST_CASE("a file that is followed gives what is appended, and all of it before it ends") {
    const Scratch scratch;
    scratch.append("one");
    const auto file = io::File::open(scratch.path);
    REQUIRE(file);
    bool stop = false;
    int waits = 0;
    const auto source = io::source_of(*file, 0, true, [&stop] { return stop; });
    source->before_wait = [&] {
        ++waits;
        scratch.append(waits == 1 ? "two" : "three");
        stop = waits == 2;
    };
    CHECK(read_all(*source).bytes == "onetwothree");
    CHECK(waits == 2);
}

TEST_CASE("a stop ends a read that does not follow with an error") {
    const Scratch scratch;
    const auto file = io::File::open(scratch.path);
    const auto source = io::source_of(*file, 0, false, [] { return true; });
    const Read read = read_all(*source);
    REQUIRE(read.error);
    CHECK(read.error->code == Errc::cancelled);
}
