// SPDX-License-Identifier: Apache-2.0
#include "kafka/record/message_editor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kafka/record/message_writer.hpp"
#include "kafka/wire/reader.hpp"
#include "kafka/wire/writer.hpp"

namespace kseg::record {
namespace {

/// Bit 3 of magic 1; magic 0 has no timestamps.
std::uint8_t time_bit(const BatchHeader& h) {
    return h.magic == 1 ? static_cast<std::uint8_t>(h.attributes & kLogAppendTimeBit) : std::uint8_t{0};
}

MessageFields fields_of(const BatchHeader& h, const RecordView& record, std::int64_t shift) {
    return {.offset = record.offset + shift,
            .magic = h.magic,
            .attributes = time_bit(h),
            .timestamp = record.timestamp,
            .key = record.key,
            .value = record.value};
}

/// Visits the records of a message whose offsets can be moved; stops at the first error.
template <typename Visit>
Result<void> for_each_record(const BatchView& message, RecordReader& reader, std::int64_t shift, Visit&& visit) {
    reader.open(message);
    RecordView record;
    while (reader.next(record)) {
        if (auto fits = check_shift(record.offset, record.offset, shift); !fits) {
            return fits;
        }
        if (Result<void> visited = visit(record); !visited) {
            return visited;
        }
    }
    if (reader.problem() != Problem::none) {
        return Error{.code = Errc::corrupt, .what = "body; " + reader.problem_text()};
    }
    return {};
}

Result<void> append_packed(MessageFields wrapper, Bytes set, codec::Codec codec, ByteBuffer& out) {
    ByteBuffer packed;
    wrapper.attributes = static_cast<std::uint8_t>((wrapper.attributes & ~kCodecMask) | static_cast<std::uint8_t>(codec));
    if (auto done = codec::compress(codec, set, packed, {.lz4_checksum_over_magic = wrapper.magic == 0}); !done) {
        return done;
    }
    wrapper.value = packed.bytes();
    return append_message(wrapper, out);
}

/// A plain message becomes a compressed one with itself inside.
Result<void> pack(const BatchView& message, RecordReader& reader, codec::Codec codec, std::int64_t shift, ByteBuffer& out) {
    const BatchHeader& h = message.header();
    return for_each_record(message, reader, shift, [&](const RecordView& record) -> Result<void> {
        ByteBuffer set;
        MessageFields inner = fields_of(h, record, shift);
        const MessageFields wrapper{.offset = inner.offset,
                                    .magic = h.magic,
                                    .attributes = inner.attributes,
                                    .timestamp = inner.timestamp,
                                    .key = {},
                                    .value = {}};
        inner.offset = h.magic == 1 ? 0 : inner.offset;  // relative in magic 1
        if (auto done = append_message(inner, set); !done) {
            return done;
        }
        return append_packed(wrapper, set.bytes(), codec, out);
    });
}

/// A compressed message becomes the messages in it.
Result<void> unpack(const BatchView& message, RecordReader& reader, std::int64_t shift, ByteBuffer& out) {
    return for_each_record(message, reader, shift, [&](const RecordView& record) {
        return append_message(fields_of(message.header(), record, shift), out);
    });
}

/// A compressed message stays one: moved, compressed by another codec, or with another timestamp.
Result<bool> repack(const MessageEdits& edits, const BatchView& message, RecordReader& reader, ByteBuffer& out) {
    const BatchHeader& h = message.header();
    // Offsets inside are absolute in magic 0, so moving them makes the set anew; in magic 1 they are relative to the last.
    const bool renumber = h.magic == 0 && edits.offset_shift != 0;
    ByteBuffer set;
    std::int64_t last_offset = h.base_offset;
    std::int64_t largest_time = -1;
    const auto read = for_each_record(message, reader, edits.offset_shift, [&](const RecordView& record) -> Result<void> {
        last_offset = record.offset;
        largest_time = std::max(largest_time, record.timestamp);
        return renumber ? append_message(fields_of(h, record, edits.offset_shift), set) : Result<void>();
    });
    if (!read) {
        return read.error();
    }
    const codec::Codec codec = edits.codec.value_or(h.codec());
    wire::Reader body(message.body());
    MessageFields wrapper{.offset = edits.offset_shift == 0 ? h.base_offset : last_offset + edits.offset_shift,
                          .magic = h.magic,
                          .attributes = static_cast<std::uint8_t>(h.attributes),
                          .timestamp = h.max_timestamp,
                          .key = body.i32_bytes(),
                          .value = body.i32_bytes()};
    if (edits.canonical && h.magic == 1 && time_bit(h) == 0) {
        wrapper.timestamp = largest_time;
    }
    if (renumber || codec != h.codec()) {
        const auto done = append_packed(wrapper, renumber ? set.bytes() : reader.plain_body(), codec, out);
        return done ? Result<bool>(true) : done.error();
    }
    if (wrapper.offset == h.base_offset && wrapper.timestamp == h.max_timestamp) {
        return false;
    }
    const auto done = append_message(wrapper, out);
    return done ? Result<bool>(true) : done.error();
}

}  // namespace

Result<void> check_shift(std::int64_t first, std::int64_t last, std::int64_t shift) {
    std::int64_t moved = 0;
    if (__builtin_add_overflow(first, shift, &moved) || moved < 0 || __builtin_add_overflow(last, shift, &moved)) {
        return Error{.code = Errc::invalid,
                     .what = fmt::format("offsets {} to {} moved by {} leave the range of offsets", first, last, shift)};
    }
    return {};
}

Result<bool> edit_message(const MessageEdits& edits, const BatchView& message, RecordReader& reader, ByteBuffer& out) {
    const BatchHeader& h = message.header();
    const bool was_packed = h.codec_id() != 0;
    const bool to_pack = edits.codec ? edits.codec != codec::Codec::none : was_packed;
    if (edits.codec == codec::Codec::zstd) {
        return Error{.code = Errc::unsupported, .what = fmt::format("magic {} has no zstd", h.magic)};
    }
    if (was_packed && to_pack) {
        return repack(edits, message, reader, out);
    }
    const std::size_t begin = out.size();
    Result<void> done;
    if (was_packed) {
        done = unpack(message, reader, edits.offset_shift, out);
    } else if (to_pack) {
        done = pack(message, reader, *edits.codec, edits.offset_shift, out);
    } else {
        if (edits.offset_shift == 0) {
            return false;
        }
        done = check_shift(h.base_offset, h.base_offset, edits.offset_shift);
        if (done) {
            out.append(message.bytes());
            wire::store_big(out.data() + begin, h.base_offset + edits.offset_shift);
        }
    }
    if (!done) {
        out.resize(begin);
        return done.error();
    }
    return true;
}

}  // namespace kseg::record
