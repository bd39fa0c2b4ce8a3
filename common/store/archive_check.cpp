// SPDX-License-Identifier: Apache-2.0
#include "store/archive_check.hpp"

#include <fmt/format.h>

#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "archive/archive.hpp"
#include "archive/extract.hpp"
#include "store/archive_manifest.hpp"
#include "store/archive_rebuild.hpp"
#include "store/summed_read.hpp"

namespace kseg::store {
namespace {

Error corrupt(std::string what) {
    return {.code = Errc::corrupt, .what = std::move(what)};
}

/// Whether a member is there as the manifest has it.
Result<void> check_member(const archive::Archive& archive, const index::ManifestFile& file) {
    const archive::Member* const member = archive.find(file.name);
    if (member == nullptr) {
        return corrupt(fmt::format("{}: is missing", file.name));
    }
    if (member->size != file.size) {
        return corrupt(fmt::format("{}: size; expected {}, got {}", file.name, file.size, member->size));
    }
    if (member->crc32c != file.crc32c) {
        return corrupt(fmt::format("{}: checksum; expected 0x{:08x}, got 0x{:08x}", file.name, file.crc32c,
                                   member->crc32c.value_or(0)));
    }
    return {};
}

/// Whether the members are those of the manifest and those that Kafka has beside a log.
Result<void> check_members(const archive::Archive& archive, const index::Manifest& manifest) {
    const std::string log = segment_member(manifest.base_offset, ".log");
    if (manifest.log_path != log) {
        return corrupt(
            fmt::format("{}: path of the log; expected {}, got {}", index::kManifestFile, log, manifest.log_path));
    }
    if (auto good = check_member(archive, {.name = log, .size = manifest.log_size, .crc32c = manifest.log_crc32c}); !good) {
        return good;
    }
    std::set<std::string, std::less<>> known{log,
                                             segment_member(manifest.base_offset, ".index"),
                                             segment_member(manifest.base_offset, ".timeindex"),
                                             segment_member(manifest.base_offset, ".txnindex"),
                                             std::string(kTopicIdFile),
                                             std::string(index::kManifestFile)};
    for (const index::ManifestFile& file : manifest.files) {
        if (auto good = check_member(archive, file); !good) {
            return good;
        }
        known.insert(file.name);
    }
    if (archive.members().back().name != index::kManifestFile) {
        return corrupt(
            fmt::format("the last member; expected {}, got {}", index::kManifestFile, archive.members().back().name));
    }
    for (const archive::Member& member : archive.members()) {
        if (!known.contains(member.name)) {
            return corrupt(fmt::format("{}: is no member of an archive of this segment", member.name));
        }
    }
    return {};
}

/// Whether the name is that of what is inside.
Result<index::Manifest> check_name(const archive::Archive& archive, const ArchiveName& name) {
    const bool is_gz = name.format == archive::Format::tar_gz;
    const auto kind = is_gz ? archive::Kind::seekable_tar_gz : archive::Kind::seekable_tar_zst;
    if (archive.kind() != kind) {
        return corrupt(
            fmt::format("expected a {}, got a {}", archive::to_string(kind), archive::to_string(archive.kind())));
    }
    auto manifest = read_manifest(archive);
    const auto topic_id = manifest ? read_topic_id(archive) : Result<std::string>(manifest.error());
    if (!topic_id) {
        return topic_id.error();
    }
    const auto wanted = name_archive(*manifest, *topic_id, name.format);
    if (!wanted) {
        return wanted.error();
    }
    if (!same_segment(name, *wanted)) {
        ArchiveName whole = *wanted;
        whole.size = name.size;
        whole.crc32c = name.crc32c;
        return corrupt(fmt::format("name; what is inside is called {}", to_string(whole)));
    }
    return manifest;
}

/// All checks of an archive that is opened by way of `summed`.
Result<index::Manifest> check_content(const std::shared_ptr<const SummedRead>& summed, const std::string& object,
                                      const ArchiveName& name, unsigned jobs) {
    const auto size = summed->size();
    if (!size) {
        return size.error();
    }
    if (*size != name.size) {
        return corrupt(fmt::format("size; expected {}, got {}", name.size, *size));
    }
    const auto archive = archive::Archive::open(summed, object);
    if (!archive) {
        return archive.error();
    }
    if (const auto good = archive::verify(*archive, jobs); !good) {
        return good.error();
    }
    if (const auto read = summed->finish(); !read) {
        return read.error();
    }
    if (summed->crc() != name.crc32c) {
        return corrupt(fmt::format("checksum; expected 0x{:08x}, got 0x{:08x}", name.crc32c, summed->crc()));
    }
    auto manifest = check_name(*archive, name);
    if (manifest) {
        if (const auto good = check_members(*archive, *manifest); !good) {
            return good.error();
        }
    }
    return manifest;
}

}  // namespace

Result<index::Manifest> check_archive(objects::ObjectStore& store, const ArchiveName& name, io::Fs& fs,
                                      const CheckOptions& options) {
    const std::string object = store.describe(to_string(name));
    const auto opened = store.open(to_string(name));
    if (!opened) {
        return opened.error();
    }
    auto manifest =
        check_content(std::make_shared<SummedRead>(**opened, options.stop, options.on_read), object, name, options.jobs);
    if (manifest && options.deep) {
        const auto again = std::make_shared<SummedRead>(**opened, options.stop, options.on_read);
        const auto archive = archive::Archive::open(again, object);
        if (!archive) {
            return archive.error();
        }
        if (const auto good = check_by_log(*archive, *manifest, fs, options.scratch, options.stop); !good) {
            return good.error().in_file(object);
        }
    }
    return manifest ? manifest : manifest.error().in_file(object);
}

Result<void> read_back(const objects::ObjectStore& store, const ArchiveName& name, const io::ReadAt& content,
                       const io::StopFlag& stop, std::function<void(std::size_t bytes)> on_read) {
    const SummedRead back(content, stop, std::move(on_read));
    const std::string object = store.describe(to_string(name));
    if (const auto read = back.finish(); !read) {
        return read.error().in_file(object);
    }
    if (back.bytes() != name.size || back.crc() != name.crc32c) {
        return Error{.code = Errc::corrupt,
                     .what = fmt::format("reads back otherwise; expected {} bytes with checksum 0x{:08x}, got {} with "
                                         "0x{:08x}; pack --remove takes it away",
                                         name.size, name.crc32c, back.bytes(), back.crc()),
                     .file = object};
    }
    return {};
}

}  // namespace kseg::store
