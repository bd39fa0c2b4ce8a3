// SPDX-License-Identifier: Apache-2.0
#include "open_log.hpp"

#include <string>
#include <utility>

#include "io/read_all.hpp"
#include "stop.hpp"

namespace kseg::tools {
namespace {

// Kafka's own limit is 10 MiB by default; a larger one in an archive is not unpacked.
constexpr std::uint64_t kIndexBytes = std::uint64_t{32} << 20;

/// All of a small member, or nothing where it is not there or cannot be read: an index file is a hint.
ByteBuffer read_hint(const archive::Archive& archive, const std::string& member) {
    const auto file = archive.open_member(member);
    auto bytes = file ? io::read_all(**file, kIndexBytes) : Result<ByteBuffer>(file.error());
    return bytes ? *std::move(bytes) : ByteBuffer();
}

Result<segment::SegmentPart> part_of_member(const archive::Archive& archive, const Input& input,
                                            const segment::RecordRange& range) {
    if (range.everything()) {
        return segment::SegmentPart{};
    }
    const std::string stem = input.member->substr(0, input.member->rfind('.'));
    const ByteBuffer offsets = read_hint(archive, stem + ".index");
    const ByteBuffer times = range.since ? read_hint(archive, stem + ".timeindex") : ByteBuffer();
    const auto log = archive.open_member(*input.member);
    if (!log) {
        return log.error();
    }
    return segment::part_of(offsets.bytes(), times.bytes(), **log, *input.base_offset, range);
}

Result<OpenedLog> open_member(const Input& input, const segment::RecordRange& range, Archives& archives) {
    const auto archive = archives.open(input.path);
    if (!archive) {
        return archive.error();
    }
    const auto part = part_of_member(*archive, input, range);
    if (!part) {
        return part.error();
    }
    auto stream = archive::MemberStream::open(*archive, *input.member, part->start.value, stop_asked);
    if (!stream) {
        return stream.error();
    }
    OpenedLog log{.member = stream->get(), .part = *part};
    log.source = *std::move(stream);
    return log;
}

}  // namespace

Result<OpenedLog> open_log(const Input& input, const ReadOptions& options, Archives& archives) {
    const segment::RecordRange& range = options.selection.range;
    if (input.member) {
        return open_member(input, range, archives);
    }
    auto opened = open_input(input.path);
    if (!opened) {
        return opened.error();
    }
    OpenedLog log{.input = *std::move(opened)};
    log.source = std::move(log.input.source);
    if (!log.input.is_regular) {
        if (const auto known = refuse_archive(log.source); !known) {
            return known.error();
        }
    }
    const auto is_text = decode_text(log.source, options.coding);
    if (!is_text) {
        return is_text.error();
    }
    if (*is_text || !log.input.is_regular) {
        return log;
    }
    const io::File& file = *log.input.file;
    const bool follow = options.follow && input.last_of_log;
    if (!follow && input.base_offset) {
        log.part = segment::part_of(input.path, file, *input.base_offset, range);
    }
    const auto stop = [input, follow] { return stop_asked() || (follow && input.log && next_segment(input)); };
    log.source = io::source_of(file, log.part.start.value, follow, stop);
    return log;
}

}  // namespace kseg::tools
