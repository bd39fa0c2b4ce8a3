// SPDX-License-Identifier: Apache-2.0
#include "store/archive_rebuild.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/crc.hpp"
#include "index/segment_index.hpp"
#include "store/archive_manifest.hpp"
#include "store/log_survey.hpp"
#include "store/pack_scratch.hpp"

namespace kseg::store {
namespace {

Error differs(std::string_view member, std::string_view what) {
    return {.code = Errc::corrupt, .what = fmt::format("{}: {} that the log gives", member, what)};
}

/// Whether a member has this content; with nothing, whether there is none.
Result<void> compare_member(const archive::Archive& archive, const std::string& name, const ByteBuffer* content) {
    const archive::Member* const member = archive.find(name);
    if ((member == nullptr) != (content == nullptr)) {
        return differs(name, member == nullptr ? "is missing, and is one" : "is none");
    }
    if (content != nullptr && (member->size != content->size() || member->crc32c != crc32c(content->bytes()))) {
        return differs(name, "is not the one");
    }
    return {};
}

/// What a manifest says apart from files.
index::Manifest without_files(index::Manifest manifest) {
    manifest.files.clear();
    return manifest;
}

Result<void> compare_manifests(const index::Manifest& has, const index::Manifest& made) {
    if (without_files(has) != without_files(made)) {
        return differs(index::kManifestFile, "its offsets, times or counts are not those");
    }
    for (const index::ManifestFile& file : has.files) {
        const auto same = std::ranges::find(made.files, file.name, &index::ManifestFile::name);
        if (same == made.files.end()) {
            return differs(file.name, "is none");
        }
        if (*same != file) {
            return differs(file.name, "is not the one");
        }
    }
    return has.files.size() == made.files.size() ? Result<void>()
                                                 : differs(index::kManifestFile, "its files are not those");
}

}  // namespace

Result<void> check_by_log(const archive::Archive& archive, const index::Manifest& manifest, io::Fs& fs,
                          const std::string& scratch, const io::StopFlag& stop) {
    const auto directory = ScratchDirectory::create(fs, scratch);
    if (!directory) {
        return directory.error();
    }
    auto writer = index::SegmentIndexWriter::create(fs, (*directory)->path(),
                                                    {.topic = manifest.topic, .partition = manifest.partition},
                                                    manifest.base_offset, {.fields = manifest.fields});
    const auto log = archive.open_member(manifest.log_path);
    if (!writer || !log) {
        return writer ? log.error() : writer.error();
    }
    const auto survey =
        survey_log(**log, manifest.base_offset,
                   {.stop = stop, .on_item = [&writer](const segment::Item& item) { return (*writer)->write_item(item); }});
    if (!survey) {
        return survey.error();
    }
    const auto made = (*writer)->commit(manifest.log_path, survey->bytes, survey->crc32c);
    if (!made) {
        return made.error();
    }
    if (auto same = compare_manifests(manifest, *made); !same) {
        return same;
    }
    const KafkaIndexes* const indexes = survey->indexes ? &*survey->indexes : nullptr;
    auto same = compare_member(archive, segment_member(manifest.base_offset, ".index"),
                               indexes == nullptr ? nullptr : &indexes->offset_index);
    return same ? compare_member(archive, segment_member(manifest.base_offset, ".timeindex"),
                                 indexes == nullptr ? nullptr : &indexes->time_index)
                : same;
}

}  // namespace kseg::store
