// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/mend.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "support/hex.hpp"
#include "support/piece_source.hpp"

using namespace kseg;
using segment::MendAction;
namespace fs = std::filesystem;

namespace {

class MemorySink final : public io::Sink {
  public:
    Result<void> write(Bytes bytes) override {
        text += as_text(bytes);
        return {};
    }
    Result<void> commit() override { return {}; }
    std::string text;
};

struct Mended {
    std::string out;
    std::string rejects;
    segment::MendTotals totals;
    std::vector<std::string> findings;
};

Mended mend(Bytes all, const segment::MendOptions& options, std::size_t piece = std::size_t{1} << 20, bool peeks = true) {
    Mended mended;
    MemorySink out;
    MemorySink rejects;
    test::PieceSource source(all, piece, peeks);
    const auto note = [&](const segment::Finding& finding) {
        std::string text = std::to_string(finding.item.position.value) + " " + std::to_string(finding.item.size) + " " +
                           std::string(to_string(finding.action));
        for (const record::CrcCause& cause : finding.causes) {
            text += " " + record::to_string(cause, finding.item.batch.header().magic) + ":" + std::to_string(cause.bit);
        }
        mended.findings.push_back(text);
    };
    const auto totals = segment::mend(source, options, {.mended = &out, .rejects = &rejects, .finding = note});
    REQUIRE(totals);
    mended.totals = *totals;
    mended.out = out.text;
    mended.rejects = rejects.text;
    return mended;
}

std::vector<std::string> damaged_files() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(std::string(KSEG_TEST_DATA) + "/corpus/damaged")) {
        if (entry.is_directory()) {
            names.push_back("corpus/damaged/" + entry.path().filename().string() + "/00000000000000000000.log");
        }
    }
    REQUIRE(names.size() >= 240);
    return names;
}

}  // namespace

TEST_CASE("how the input comes in pieces changes nothing") {
    for (const std::string& name : damaged_files()) {
        CAPTURE(name);
        const ByteBuffer all = test::read_data(name);
        if (all.size() > 100'000) {
            continue;
        }
        for (const bool salvage : {false, true}) {
            const Mended whole = mend(all.bytes(), {.salvage = salvage});
            for (const std::size_t piece : {std::size_t{7}, std::size_t{500}}) {
                const Mended pieces = mend(all.bytes(), {.salvage = salvage}, piece, false);
                CHECK(pieces.out == whole.out);
                CHECK(pieces.rejects == whole.rejects);
                CHECK(pieces.findings == whole.findings);
            }
        }
    }
}

TEST_CASE("every byte of damaged input is written or rejected, and what was written reads back") {
    for (const std::string& name : damaged_files()) {
        CAPTURE(name);
        const ByteBuffer all = test::read_data(name);
        const Mended kept = mend(all.bytes(), {});
        CHECK(kept.out.size() == all.size());
        CHECK(kept.rejects.empty());
        CHECK(kept.totals.crc_out == crc32c(as_bytes(kept.out)));
        const Mended salvaged = mend(all.bytes(), {.salvage = true});
        CHECK(salvaged.out.size() + salvaged.rejects.size() == all.size());
        // What was salvaged has nothing wrong any more, and mending it again changes nothing.
        const Mended again = mend(as_bytes(salvaged.out), {});
        CHECK(again.findings.empty());
        CHECK(again.out == salvaged.out);
        CHECK(again.totals.good_out == salvaged.totals.good_out);
    }
}

TEST_CASE("a read-back that differs by one byte is no success") {
    class Memory final : public io::ReadAt {
      public:
        explicit Memory(std::string text) : text_(std::move(text)) {}
        [[nodiscard]] Result<std::uint64_t> size() const override { return text_.size(); }
        [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
            const std::size_t part = offset >= text_.size() ? 0 : std::min(into.size(), text_.size() - offset);
            std::copy_n(as_bytes(text_).data() + offset, part, into.data());
            return part;
        }

      private:
        std::string text_;
    };
    const ByteBuffer all = test::read_data("corpus/v2-txn-none/00000000000000000100.log");
    const Mended mended = mend(all.bytes(), {});
    CHECK(segment::verify_mended(Memory(mended.out), mended.totals));
    CHECK_FALSE(segment::verify_mended(Memory(mended.out.substr(1)), mended.totals));
    CHECK_FALSE(segment::verify_mended(Memory(mended.out + '\0'), mended.totals));
    for (const std::size_t at : {std::size_t{0}, std::size_t{13}, std::size_t{100}, mended.out.size() - 1}) {
        std::string other = mended.out;
        other[at] = static_cast<char>(other[at] ^ 1);
        CHECK_FALSE(segment::verify_mended(Memory(other), mended.totals));
    }
}

TEST_CASE("a length that lies hides neither the batch itself nor those with a wrong CRC behind it") {
    // Three batches of Kafka's; the first's length has a flipped bit, the second's CRC is swapped, the third is good.
    ByteBuffer all = test::read_data("corpus/damaged/v2-none-ok/00000000000000000000.log");
    const std::string healthy(all.text());
    all.data()[10] ^= std::byte{4};
    std::swap(all.data()[506 + 17], all.data()[506 + 20]);
    std::swap(all.data()[506 + 18], all.data()[506 + 19]);
    const Mended mended = mend(all.bytes(), {});
    CHECK(mended.out == healthy);
    CHECK(mended.findings ==
          std::vector<std::string>{"0 506 bit_flipped_back single_bit:82", "506 516 recomputed byte_swapped:0"});
    CHECK(mended.totals.left_over() == 0);
}

TEST_CASE("two flipped bits in a plain body are vouched for by nothing") {
    ByteBuffer all = test::read_data("corpus/damaged/v2-none-ok/00000000000000000000.log");
    all.data()[300] ^= std::byte{4};
    all.data()[301] ^= std::byte{4};
    const Mended kept = mend(all.bytes(), {});
    CHECK(kept.findings == std::vector<std::string>{"0 506 kept unknown:0"});
    CHECK(kept.out == all.text());
    const Mended trusted = mend(all.bytes(), {.trust_body = true});
    CHECK(trusted.findings == std::vector<std::string>{"0 506 recomputed unknown:0"});
    const Mended salvaged = mend(all.bytes(), {.salvage = true});
    CHECK(salvaged.findings == std::vector<std::string>{"0 506 dropped unknown:0"});
    CHECK(salvaged.rejects == all.text().substr(0, 506));
    CHECK(salvaged.out == all.text().substr(506));
}
