// SPDX-License-Identifier: Apache-2.0
#include "store/archive_unpack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "archive/archive.hpp"
#include "archive/extract.hpp"
#include "index/build.hpp"
#include "index/manifest.hpp"
#include "store/archive_manifest.hpp"

namespace kseg::store {
namespace {

Error corrupt(std::string what) {
    return {.code = Errc::corrupt, .what = std::move(what)};
}

/// Whether the archive is of this name, as far as its manifest says, and its files go into one directory.
Result<void> check(const archive::Archive& archive, const ArchiveName& name) {
    if (archive.size() != name.size) {
        return corrupt(fmt::format("size; expected {}, got {}", name.size, archive.size()));
    }
    if (!archive.refused().empty()) {
        return corrupt(archive.refused().front());
    }
    for (const archive::Member& member : archive.members()) {
        if (member.name.find('/') != std::string::npos) {
            return corrupt(fmt::format("{}: is no member of an archive of a segment", member.name));
        }
    }
    if (archive.members().empty() || archive.members().back().name != index::kManifestFile) {
        return corrupt(fmt::format("the last member; expected {}", index::kManifestFile));
    }
    const auto manifest = read_manifest(archive);
    const auto topic_id = manifest ? read_topic_id(archive) : Result<std::string>(manifest.error());
    if (!topic_id) {
        return topic_id.error();
    }
    const auto inside = name_archive(*manifest, *topic_id, name.format);
    return inside && same_segment(*inside, name) ? Result<void>() : corrupt("name; what is inside is another segment");
}

/// Takes away what of another archive of this segment would stay beside this one's files, the manifest first.
Result<void> clear(io::Fs& fs, const std::string& directory, const ArchiveName& name) {
    std::vector<std::string> names{std::string(index::kManifestFile), std::string(kTopicIdFile)};
    for (const std::string_view extension : {".index", ".timeindex", ".txnindex"}) {
        names.push_back(segment_member(name.base_offset, extension));
    }
    for (const std::string& file : names) {
        if (auto removed = fs.remove(fmt::format("{}/{}", directory, file)); !removed) {
            return removed;
        }
    }
    return fs.sync_directory(directory);
}

}  // namespace

std::vector<std::vector<ArchiveName>> by_segment(std::vector<ArchiveName> archives) {
    std::map<std::pair<segment::PartitionName, std::int64_t>, std::vector<ArchiveName>> segments;
    for (ArchiveName& name : archives) {
        auto& same = segments[{name.partition, name.base_offset}];
        same.push_back(std::move(name));
    }
    std::vector<std::vector<ArchiveName>> all;
    for (auto& [segment, same] : segments) {
        std::ranges::stable_sort(same, std::ranges::greater{}, &ArchiveName::last_offset);
        all.push_back(std::move(same));
    }
    return all;
}

Result<std::string> unpack_archive(objects::ObjectStore& store, const ArchiveName& name, io::Fs& fs,
                                   const std::string& directory, const UnpackOptions& options) {
    const std::string object = store.describe(to_string(name));
    const auto opened = store.open(to_string(name));
    if (!opened) {
        return opened.error();
    }
    const auto archive =
        archive::Archive::open(std::make_shared<SummedRead>(**opened, options.stop, options.on_read), object);
    if (!archive) {
        return archive.error();
    }
    if (const auto good = check(*archive, name); !good) {
        return good.error().in_file(object);
    }
    std::string target = fmt::format("{}/{}", directory, index::index_name(name.partition, name.base_offset));
    auto ready = io::make_durable_directory(fs, target);
    if (ready && options.overwrite) {
        ready = clear(fs, target, name);
    }
    if (!ready) {
        return ready.error();
    }
    const auto done = archive::extract(*archive, fs, target, {.overwrite = options.overwrite, .jobs = options.jobs});
    return done ? Result<std::string>(std::move(target)) : done.error().in_file(object);
}

}  // namespace kseg::store
