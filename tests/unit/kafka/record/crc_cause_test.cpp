// SPDX-License-Identifier: Apache-2.0
#include "kafka/record/crc_cause.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "kafka/wire/reader.hpp"
#include "kafka/wire/writer.hpp"
#include "support/hex.hpp"

using namespace kseg;
using record::BatchView;
using record::CrcCause;

namespace {

/// A CRC bit by bit, apart from the one under test.
std::uint32_t slow_crc(std::uint32_t poly, const std::vector<std::byte>& bytes) {
    std::uint32_t crc = 0xffffffff;
    for (const std::byte b : bytes) {
        crc ^= std::to_integer<std::uint32_t>(b);
        for (int i = 0; i < 8; ++i) {
            crc = (crc >> 1) ^ ((crc & 1U) != 0 ? poly : 0U);
        }
    }
    return ~crc;
}

/// The first batch of a segment of Kafka's.
ByteBuffer first_batch(const std::string& name) {
    const ByteBuffer all = test::read_data(name);
    const auto size = 12 + static_cast<std::size_t>(wire::load_big<std::int32_t>(all.data() + 8));
    return ByteBuffer(all.bytes().first(size));
}

void zero(std::vector<std::byte>& bytes, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
        bytes.at(i) = std::byte{0};
    }
}

/// Recipes, then bits.
std::vector<CrcCause> explain(const BatchView& batch) {
    const std::int8_t magic = batch.header().magic;
    const std::uint32_t computed = batch.compute_crc();
    const Bytes covered = batch.bytes().subspan(record::crc_cover_at(magic));
    auto causes = record::explain_by_recipe(batch, computed, crc(record::other_crc_kind(magic), covered));
    for (const CrcCause& cause : record::explain_by_bit(batch, computed)) {
        causes.push_back(cause);
    }
    return causes;
}

std::vector<std::string> causes_of(Bytes batch) {
    const auto view = BatchView::parse(batch, {});
    REQUIRE(view);
    std::vector<std::string> names;
    for (const CrcCause& cause : explain(*view)) {
        names.push_back(record::to_string(cause, view->header().magic));
    }
    return names;
}

constexpr std::uint32_t kCastagnoli = 0x82f63b78;
constexpr std::uint32_t kIeee = 0xedb88320;

}  // namespace

TEST_CASE("each wrong recipe for magic 2 is told by its name") {
    const ByteBuffer healthy = first_batch("corpus/v2-txn-none/00000000000000000100.log");
    REQUIRE(wire::load_big<std::int64_t>(healthy.data()) == 100);
    // The bytes from `at` on, with those of the CRC zero where they are among them.
    const auto from = [&](std::size_t at, bool base_offset_zero = false) {
        std::vector<std::byte> bytes(healthy.data(), healthy.data() + healthy.size());
        zero(bytes, 17, 21);
        zero(bytes, 0, base_offset_zero ? 8 : 0);
        bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
        return bytes;
    };
    auto flipped = from(21);
    flipped[1] ^= std::byte{8};
    struct Recipe {
        std::string name;
        std::uint32_t crc;
    };
    const std::vector<Recipe> recipes{
        {"zero_crc", 0},
        {"crc32_ieee", slow_crc(kIeee, from(21))},
        {"byte_swapped", __builtin_bswap32(slow_crc(kCastagnoli, from(21)))},
        {"range_from_magic", slow_crc(kCastagnoli, from(16))},
        {"range_from_crc", slow_crc(kCastagnoli, from(17))},
        {"range_from_leader_epoch", slow_crc(kCastagnoli, from(12))},
        {"range_whole_batch", slow_crc(kCastagnoli, from(0))},
        {"base_offset_changed", slow_crc(kCastagnoli, from(0, true))},
        {"crc32_ieee+byte_swapped", __builtin_bswap32(slow_crc(kIeee, from(21)))},
        {"crc32_ieee+range_from_leader_epoch", slow_crc(kIeee, from(12))},
        {"crc32_ieee+byte_swapped+base_offset_changed", __builtin_bswap32(slow_crc(kIeee, from(0, true)))},
        {"crc32_ieee+timestamp_type_flipped", slow_crc(kIeee, flipped)},
    };
    for (const Recipe& recipe : recipes) {
        CAPTURE(recipe.name);
        ByteBuffer batch(healthy.bytes());
        wire::store_big(batch.data() + 17, recipe.crc);
        CHECK(causes_of(batch.bytes()) == std::vector<std::string>{recipe.name});
    }
    ByteBuffer batch(healthy.bytes());
    wire::store_big(batch.data() + 17, slow_crc(kCastagnoli, flipped));
    CHECK(causes_of(batch.bytes()) == std::vector<std::string>{"timestamp_type_flipped", "single_bit"});
}

TEST_CASE("a message's recipes have the names of what is wrong there") {
    const ByteBuffer healthy = first_batch("corpus/v1-none/00000000000000000020.log");
    std::vector<std::byte> covered(healthy.data() + 16, healthy.data() + healthy.size());
    ByteBuffer batch(healthy.bytes());
    wire::store_big(batch.data() + 12, slow_crc(kCastagnoli, covered));
    CHECK(causes_of(batch.bytes()) == std::vector<std::string>{"crc32c"});
    covered.insert(covered.begin(), 4, std::byte{0});
    wire::store_big(batch.data() + 12, slow_crc(kIeee, covered));
    CHECK(causes_of(batch.bytes()) == std::vector<std::string>{"range_from_crc"});
}

TEST_CASE("with base offset 0 there is no other base offset to explain anything by") {
    const ByteBuffer healthy = first_batch("corpus/damaged/v2-none-ok/00000000000000000000.log");
    std::vector<std::byte> whole(healthy.data(), healthy.data() + healthy.size());
    zero(whole, 17, 21);
    ByteBuffer batch(healthy.bytes());
    wire::store_big(batch.data() + 17, slow_crc(kCastagnoli, whole));
    CHECK(causes_of(batch.bytes()) == std::vector<std::string>{"range_whole_batch"});
}

TEST_CASE("every single bit that the CRC covers, and every bit of the CRC, is found") {
    for (const std::string name :
         {"corpus/v2-txn-none/00000000000000000100.log", "corpus/v1-none/00000000000000000020.log"}) {
        ByteBuffer batch = first_batch(name);
        const std::size_t first = batch.data()[16] == std::byte{2} ? 17 : 12;
        for (std::uint64_t bit = 8 * first; bit < 8 * batch.size(); ++bit) {
            if (bit / 8 == 16) {
                continue;  // another magic is another format
            }
            CAPTURE(bit);
            batch.data()[bit / 8] ^= std::byte{1} << (bit % 8);
            const auto view = BatchView::parse(batch.bytes(), {});
            REQUIRE(view);
            const auto causes = explain(*view);
            REQUIRE_FALSE(causes.empty());
            CHECK(causes.back().kind == CrcCause::Kind::single_bit);
            CHECK(causes.back().bit == bit);
            CHECK(record::is_crc_bit(bit, view->header().magic) == (bit / 8 < first + 4));
            batch.data()[bit / 8] ^= std::byte{1} << (bit % 8);
        }
    }
}
