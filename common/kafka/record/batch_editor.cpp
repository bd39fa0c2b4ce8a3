// SPDX-License-Identifier: Apache-2.0
#include "kafka/record/batch_editor.hpp"

#include <fmt/format.h>

#include "kafka/record/message_editor.hpp"
#include "kafka/wire/writer.hpp"

namespace kseg::record {
namespace {

constexpr std::size_t kLeaderEpochAt = kLengthFieldEnd;

bool same(Bytes a, Bytes b) {
    return as_text(a) == as_text(b);
}

Error bad_body(const std::string& what) {
    return {.code = Errc::corrupt, .what = "body; " + what};
}

/// Gives the batch at the end of `out` its offset and leader epoch, which lie outside its CRC.
void patch_frame(std::byte* batch, std::int64_t base_offset, std::optional<std::int32_t> leader_epoch) {
    wire::store_big(batch, base_offset);
    if (leader_epoch) {
        wire::store_big(batch + kLeaderEpochAt, *leader_epoch);
    }
}

}  // namespace

std::int64_t BatchEditor::base_offset_of(const BatchView& batch) {
    if (!batch.header().is_legacy()) {
        return batch.header().base_offset;
    }
    reader_.open(batch);
    return reader_.base_offset();
}

Result<bool> BatchEditor::edit_frame(const BatchView& batch, std::int64_t offset_shift, ByteBuffer& out) const {
    const BatchHeader& h = batch.header();
    const auto epoch = h.is_legacy() ? std::nullopt : edits_.leader_epoch;
    if (offset_shift == 0 && (!epoch || *epoch == h.partition_leader_epoch)) {
        return false;
    }
    if (auto fits = check_shift(h.base_offset, h.last_offset(), offset_shift); !fits) {
        return fits.error();
    }
    const std::size_t begin = out.size();
    out.append(batch.bytes());
    patch_frame(out.data() + begin, h.base_offset + offset_shift, epoch);
    return true;
}

Result<bool> BatchEditor::edit(const BatchView& batch, std::int64_t offset_shift, ByteBuffer& out) {
    const BatchHeader& h = batch.header();
    if (h.is_legacy()) {
        return edit_message({.canonical = edits_.canonical, .codec = edits_.codec, .offset_shift = offset_shift}, batch,
                            reader_, out);
    }
    const bool other_codec = edits_.codec && static_cast<std::uint8_t>(*edits_.codec) != h.codec_id() && !h.is_control();
    if (!edits_.canonical && !other_codec) {
        return edit_frame(batch, offset_shift, out);
    }
    const std::size_t begin = out.size();
    const auto changed = edit_body(batch, out);
    if (!changed) {
        return changed.error();
    }
    if (!*changed) {
        return edit_frame(batch, offset_shift, out);
    }
    const auto edited = BatchView::parse(out.bytes().subspan(begin), {});
    if (auto fits = check_shift(h.base_offset, edited->header().last_offset(), offset_shift); !fits) {
        out.resize(begin);
        return fits.error();
    }
    patch_frame(out.data() + begin, h.base_offset + offset_shift, edits_.leader_epoch);
    return true;
}

/// Walks the records of a batch of magic 2; under `canonical` they are put together again in plain_, uncompressed.
Result<void> BatchEditor::read_records(const BatchView& batch) {
    BatchHeader plain = batch.header();
    plain.attributes &= static_cast<std::uint16_t>(~kCodecMask);
    builder_.begin(plain);
    reader_.open(batch);
    RecordView record;
    while (reader_.next(record)) {
        if (edits_.canonical) {
            if (auto added = builder_.add(record); !added) {
                return bad_body(added.error().what);
            }
        }
    }
    const Problem problem = reader_.problem();
    const bool mended = edits_.canonical && (problem == Problem::bad_count || problem == Problem::bad_delta);
    if (problem != Problem::none && !mended) {
        return bad_body(reader_.problem_text());
    }
    plain_.clear();
    return edits_.canonical ? builder_.finish(plain_) : Result<void>();
}

Result<bool> BatchEditor::edit_body(const BatchView& batch, ByteBuffer& out) {
    const BatchHeader& h = batch.header();
    if (auto read = read_records(batch); !read) {
        return read.error();
    }
    BatchHeader wanted = h;
    Bytes body = reader_.plain_body();
    if (edits_.canonical) {
        const auto rebuilt = BatchView::parse(plain_.bytes(), {});
        wanted = rebuilt->header();
        wanted.attributes = h.attributes;
        body = rebuilt->body();
    }
    // A batch that compaction emptied has nothing to compress, whatever codec it names.
    if (edits_.codec && !h.is_control() && !body.empty()) {
        wanted.attributes =
            static_cast<std::uint16_t>((h.attributes & ~kCodecMask) | static_cast<std::uint16_t>(*edits_.codec));
    }
    const bool same_stream = wanted.attributes == h.attributes && same(body, reader_.plain_body());
    if (same_stream && wanted.last_offset_delta == h.last_offset_delta && wanted.base_timestamp == h.base_timestamp &&
        wanted.max_timestamp == h.max_timestamp && wanted.records_count == h.records_count) {
        return false;
    }
    const std::size_t begin = out.size();
    begin_batch(wanted, out);
    if (same_stream || wanted.codec_id() == 0) {
        out.append(same_stream ? batch.body() : body);
    } else if (auto packed = codec::compress(wanted.codec(), body, out); !packed) {
        out.resize(begin);
        return packed.error();
    }
    if (auto ended = end_batch(begin, out); !ended) {
        return ended.error();
    }
    return true;
}

}  // namespace kseg::record
