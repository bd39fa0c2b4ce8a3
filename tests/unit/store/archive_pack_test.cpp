// SPDX-License-Identifier: Apache-2.0
#include "store/archive_pack.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "archive/archive.hpp"
#include "objects/directory_store.hpp"
#include "store/archive_check.hpp"
#include "store/archive_manifest.hpp"
#include "store/archive_select.hpp"
#include "store/archive_unpack.hpp"
#include "store/index_search.hpp"
#include "store/log_survey.hpp"
#include "store/pack_scratch.hpp"
#include "support/crash_fs.hpp"
#include "support/faulty_store.hpp"
#include "support/index_tree.hpp"
#include "support/make_batch.hpp"
#include "support/memory_file.hpp"

using namespace kseg;
using store::PackOptions;
using store::PackOutcome;
using test::CrashFs;

namespace {

const std::string kIndex = "/indexes/t-0/00000000000000000000";
const std::string kStore = "/store";
const std::string kScratch = "/scratch";

std::string log_of(std::int64_t base_offset, int batches) {
    std::string log;
    for (int i = 0; i < batches; ++i) {
        const std::int64_t offset = base_offset + 3 * i;
        log += test::make_batch(static_cast<std::uint64_t>(offset), {.records = 3, .base_offset = offset}).text();
    }
    return log;
}

/// A partition with one sealed segment, and its index.
void make_segment(CrashFs& fs) {
    fs.put("/data/t-0/00000000000000000000.log", log_of(0, 4));
    fs.put("/data/t-0/00000000000000000012.log", "");
    fs.put(kScratch + "/other", "");
    REQUIRE(test::make_indexes(fs, "/data", "/indexes", {}).empty());
    fs.settle();
}

std::vector<std::string> objects_of(objects::ObjectStore& store) {
    std::vector<std::string> names;
    REQUIRE(store.list("", [&names](const objects::ObjectInfo& object) {
        names.push_back(object.name);
        return true;
    }));
    return names;
}

/// A store whose objects read back with a bit flipped.
class FlippingStore final : public objects::ObjectStore {
  public:
    explicit FlippingStore(std::unique_ptr<objects::ObjectStore> store) : store_(std::move(store)) {}
    Result<void> put_if_absent(const std::string& name, const io::ReadAt& content) override {
        return store_->put_if_absent(name, content);
    }
    Result<std::unique_ptr<io::ReadAt>> open(const std::string& name) override {
        auto opened = store_->open(name);
        return opened ? std::unique_ptr<io::ReadAt>(std::make_unique<Flipped>(*std::move(opened))) : std::move(opened);
    }
    Result<std::optional<objects::ObjectInfo>> head(const std::string& name) override { return store_->head(name); }
    Result<void> list(const std::string& prefix, const objects::Visitor& visit) override {
        return store_->list(prefix, visit);
    }
    Result<void> remove(const std::string& name) override { return store_->remove(name); }
    Result<std::uint64_t> remove_unfinished(TimestampMs before) override { return store_->remove_unfinished(before); }
    [[nodiscard]] std::string describe(std::string_view name) const override { return store_->describe(name); }

  private:
    class Flipped final : public io::ReadAt {
      public:
        explicit Flipped(std::unique_ptr<io::ReadAt> file) : file_(std::move(file)) {}
        [[nodiscard]] Result<std::uint64_t> size() const override { return file_->size(); }
        [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
            auto got = file_->read_at(offset, into);
            if (got && offset <= kAt && kAt < offset + *got) {
                into[static_cast<std::size_t>(kAt - offset)] ^= std::byte{1};
            }
            return got;
        }

      private:
        static constexpr std::uint64_t kAt = 700;
        std::unique_ptr<io::ReadAt> file_;
    };
    std::unique_ptr<objects::ObjectStore> store_;
};

}  // namespace

TEST_CASE("a segment is packed once, and is up to date then") {
    CrashFs fs;
    make_segment(fs);
    const auto store = objects::directory_store(fs, kStore);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> progress;
    const PackOptions options{.scratch = kScratch, .on_progress = [&progress](std::uint64_t done, std::uint64_t total) {
                                  progress.emplace_back(done, total);
                              }};
    const auto packed = store::pack_segment(fs, *store, kIndex, options);
    REQUIRE(packed);
    CHECK(packed->outcome == PackOutcome::packed);
    CHECK(packed->name.last_offset == 11);
    CHECK(objects_of(*store) == std::vector{to_string(packed->name)});
    CHECK(std::ranges::is_sorted(progress, {}, &std::pair<std::uint64_t, std::uint64_t>::first));
    REQUIRE_FALSE(progress.empty());
    CHECK(progress.back().first == progress.back().second);
    CHECK(*fs.list(kScratch) == std::vector<std::string>{"other"});

    const auto again = store::pack_segment(fs, *store, kIndex, options);
    REQUIRE(again);
    CHECK(again->outcome == PackOutcome::up_to_date);
    CHECK(again->name == packed->name);
    CHECK(objects_of(*store).size() == 1);
}

TEST_CASE("a dry run changes nothing on the disk") {
    CrashFs fs;
    make_segment(fs);
    const auto store = objects::directory_store(fs, kStore);
    const std::uint64_t before = fs.operations();
    const auto packed = store::pack_segment(fs, *store, kIndex, {.scratch = "/not there", .dry_run = true});
    REQUIRE(packed);
    CHECK(packed->outcome == PackOutcome::packed);
    CHECK(packed->name.size == 0);
    REQUIRE(store::pack_segment(fs, *store, kIndex, {.scratch = kScratch}));
    const std::uint64_t then = fs.operations();
    const auto there = store::pack_segment(fs, *store, kIndex, {.scratch = "/not there", .dry_run = true});
    REQUIRE(there);
    CHECK(there->outcome == PackOutcome::up_to_date);
    CHECK(fs.operations() == then);
    CHECK(then > before);
}

TEST_CASE("an archive that does not read back is an error that names it") {
    CrashFs fs;
    make_segment(fs);
    FlippingStore store(objects::directory_store(fs, kStore));
    const auto packed = store::pack_segment(fs, store, kIndex, {.scratch = kScratch});
    REQUIRE_FALSE(packed);
    CHECK(packed.error().code == Errc::corrupt);
    CHECK(packed.error().file.starts_with(kStore + "/t/0/00000000000000000000_00000000000000000011_"));
}

TEST_CASE("whoever stops it gets no archive, and nothing is left") {
    CrashFs fs;
    make_segment(fs);
    bool whole = false;
    for (int polls = 0; !whole; ++polls) {
        const auto store = objects::directory_store(fs, kStore);
        int left = polls;
        const auto packed =
            store::pack_segment(fs, *store, kIndex, {.scratch = kScratch, .stop = [&left] { return left-- <= 0; }});
        whole = packed.has_value();
        if (!whole) {
            CHECK(packed.error().code == Errc::cancelled);
        }
        CHECK(*fs.list(kScratch) == std::vector<std::string>{"other"});
        REQUIRE(polls < 1000);
    }
}

TEST_CASE("a stored archive is checked and unpacked to what was packed") {
    CrashFs fs;
    make_segment(fs);
    const auto store = objects::directory_store(fs, kStore);
    for (const archive::Format format : {archive::Format::tar_gz, archive::Format::tar_zst}) {
        const auto packed = store::pack_segment(fs, *store, kIndex, {.format = format, .scratch = kScratch});
        REQUIRE(packed);
        for (const bool deep : {false, true}) {
            const auto manifest = store::check_archive(*store, packed->name, fs, {.deep = deep, .scratch = kScratch});
            REQUIRE(manifest);
            CHECK(*manifest == store::packed_manifest(packed->manifest));
        }
        CHECK(*fs.list(kScratch) == std::vector<std::string>{"other"});
    }
    const auto selection = store::select_archives(*store, {"t"});
    REQUIRE(selection);
    REQUIRE(selection->archives.size() == 2);
    const auto target = store::unpack_archive(*store, selection->archives.front(), fs, "/out", {});
    REQUIRE(target);
    CHECK(*target == "/out/t-0/00000000000000000000");
    CHECK(fs.content(*target + "/00000000000000000000.log") == log_of(0, 4));
    CHECK(fs.content(*target + "/batches") == fs.content(kIndex + "/batches"));
    const auto again = store::unpack_archive(*store, selection->archives.front(), fs, "/out", {});
    REQUIRE_FALSE(again);
    CHECK(again.error().code == Errc::exists);
    // It is there whatever is lost.
    fs.crash(1);
    CHECK(store::find_indexes(fs, "/out", [](const Error&) {}) == std::vector{*target});
}

TEST_CASE("a fault of the store while an archive is checked is an error, and none of the archive") {
    CrashFs fs;
    make_segment(fs);
    const auto packed = store::pack_segment(fs, *objects::directory_store(fs, kStore), kIndex, {.scratch = kScratch});
    REQUIRE(packed);
    for (std::uint64_t call = 1;; ++call) {
        test::FaultyStore store(objects::directory_store(fs, kStore));
        store.fail_at(call, test::StoreFault::before);
        const auto manifest = store::check_archive(store, packed->name, fs, {.deep = true, .scratch = kScratch});
        if (store.calls() < call) {
            CHECK(manifest);
            CHECK(call > 2);
            break;
        }
        REQUIRE_FALSE(manifest);
        CHECK(manifest.error().code == Errc::io);
    }
}

TEST_CASE("archives of one segment are ordered as readers prefer them") {
    const auto name = [](std::int64_t base, std::int64_t last, std::uint64_t size) {
        return store::ArchiveName{
            .partition = {.topic = "t", .partition = 1}, .base_offset = base, .last_offset = last, .size = size};
    };
    const auto groups = store::by_segment({name(5, 7, 1), name(5, 9, 2), name(5, 9, 3), name(10, 12, 4)});
    REQUIRE(groups.size() == 2);
    CHECK(groups[0] == std::vector{name(5, 9, 2), name(5, 9, 3), name(5, 7, 1)});
    CHECK(groups[1] == std::vector{name(10, 12, 4)});
}

TEST_CASE("a topic's id is 22 characters of base64 in the properties beside a log") {
    const auto id = [](std::string_view text) { return store::topic_id_in(as_bytes(text)); };
    const std::string known = "4Vd1GyL6QWmDC_ybrQZx0w";
    CHECK(id("version: 0\ntopic_id: " + known) == known);
    CHECK(id("version: 0\r\ntopic_id: " + known + "\r\n") == known);
    CHECK(id(store::topic_id_content(known)) == known);
    CHECK(id("topic_id: AAAAAAAAAAAAAAAAAAAAAA").empty());  // Kafka's id of no topic
    CHECK(id("topic_id: 4Vd1GyL6QWmDC_ybrQZx0").empty());
    CHECK(id("topic_id: 4Vd1GyL6QWmDC/ybrQZx0w").empty());
    CHECK(id("no properties").empty());
    CHECK(id("").empty());
}

TEST_CASE("a name is made of a manifest, or there is none") {
    index::Manifest manifest{.topic = "orders", .partition = 3, .base_offset = 42};
    const auto text = [&manifest] {
        const auto name = store::name_archive(manifest, "", archive::Format::tar_gz);
        return name ? to_string(*name) : "none";
    };
    CHECK(text() == "orders/3/00000000000000000042_00000000000000000041_none_none_0_00000000.tar.gz");
    manifest.last_offset = 99;
    manifest.min_timestamp = -1;
    manifest.max_timestamp = 1763000000000;
    CHECK(text() == "orders/3/00000000000000000042_00000000000000000099_-1_1763000000000_0_00000000.tar.gz");
    manifest.damaged = 1;
    CHECK(text() == "orders/3/00000000000000000042_00000000000000000099_none_none_0_00000000.tar.gz");
    manifest.last_offset = 40;
    CHECK(text() == "none");
    manifest.last_offset = 99;
    for (const std::string topic : {"", "a/b", "..", "a\nb"}) {
        manifest.topic = topic;
        CHECK(text() == "none");
    }
}

TEST_CASE("a log without damage whose batches are compressed is known as such") {
    const auto survey = [](const std::string& log) {
        auto surveyed = store::survey_log(test::MemoryFile(as_bytes(log)), 0, {});
        REQUIRE(surveyed);
        return *std::move(surveyed);
    };
    CHECK_FALSE(survey("").compressed);
    CHECK_FALSE(survey(log_of(0, 3)).compressed);
    CHECK(survey("").indexes->offset_index.empty());
    CHECK(survey(log_of(0, 3)).bytes == log_of(0, 3).size());
    // Offsets that do not rise cannot be searched.
    CHECK_FALSE(survey(log_of(9, 1) + log_of(0, 1)).indexes);
    CHECK_FALSE(survey(log_of(9, 1) + log_of(9, 1)).indexes);
    CHECK(survey(log_of(0, 1) + log_of(9, 1)).indexes);
}

TEST_CASE("a scratch file has no name, and one that was left is taken away") {
    CrashFs fs;
    fs.put(kScratch + "/kseg-pack-0", "left");
    {
        const auto file = store::ScratchFile::create(fs, kScratch);
        REQUIRE(file);
        CHECK(fs.list(kScratch)->empty());
        REQUIRE((*file)->write(as_bytes("some")));
        REQUIRE((*file)->write(as_bytes("thing")));
        std::array<std::byte, 16> into{};
        CHECK(*(*file)->content().read_at(2, into) == 7);
        CHECK(as_text(Bytes(into).first(7)) == "mething");
    }
    CHECK_FALSE(store::ScratchFile::create(fs, "/not there"));
}

TEST_CASE("scratch directories are apart from each other, and gone at the end") {
    CrashFs fs;
    fs.put(kScratch + "/kseg-verify-0/left", "by a run that was killed");
    {
        const auto one = store::ScratchDirectory::create(fs, kScratch);
        const auto two = store::ScratchDirectory::create(fs, kScratch);
        REQUIRE(one);
        REQUIRE(two);
        CHECK((*one)->path() != (*two)->path());
        CHECK(fs.list((*one)->path())->empty());
        REQUIRE(fs.create((*two)->path() + "/file"));
    }
    CHECK(fs.list(kScratch)->empty());
}
