// SPDX-License-Identifier: Apache-2.0
#include "kafka/record/record.hpp"

#include <fmt/format.h>

#include <limits>

#include "base/checked.hpp"

namespace kseg::record {
namespace {

struct Message {
    std::int64_t offset = 0;
    std::int8_t magic = 0;
    std::uint8_t attributes = 0;
    std::int64_t timestamp = -1;
    NullableBytes key;
    NullableBytes value;
};

/// Reads one message of a message set. Returns nullptr, or what is wrong with it; then `out` is not to be used.
const char* read_message(wire::Reader& in, Message& out) {
    out.offset = in.i64();
    const std::int32_t size = in.i32();
    const Bytes covered = size < 0 ? (in.fail(), Bytes{}) : in.bytes(static_cast<std::uint32_t>(size));
    if (!in.ok()) {
        return "message size runs past the set";
    }
    wire::Reader message(covered);
    const std::uint32_t stored = message.u32();
    out.magic = message.i8();
    out.attributes = static_cast<std::uint8_t>(message.i8());
    if (!message.ok() || out.magic < 0 || out.magic > 1) {
        return "inner message with another magic";
    }
    out.timestamp = out.magic == 1 ? message.i64() : -1;
    out.key = message.i32_bytes();
    out.value = message.i32_bytes();
    if (!message.ok() || message.left() != 0) {
        return "key and value do not fill the message";
    }
    if (crc32_ieee(covered.subspan(4)) != stored) {
        return "inner message crc";
    }
    return nullptr;
}

}  // namespace

std::string_view to_string(Problem problem) {
    switch (problem) {
        case Problem::none: return "";
        case Problem::bad_codec: return "bad_codec";
        case Problem::bad_record: return "bad_record";
        case Problem::bad_count: return "bad_count";
        case Problem::bad_delta: return "bad_delta";
    }
    return "";
}

std::int32_t sequence_at(std::int32_t base_sequence, std::int32_t delta) {
    if (base_sequence < 0) {
        return -1;
    }
    // They begin anew behind the largest, 2^31 - 1.
    const std::int64_t sum = std::int64_t{base_sequence} + delta;
    return static_cast<std::int32_t>(sum & std::numeric_limits<std::int32_t>::max());
}

void RecordReader::set_problem(Problem problem, std::string text) {
    if (problem_ == Problem::none) {
        problem_ = problem;
        problem_text_ = std::move(text);
    }
}

void RecordReader::open(const BatchView& batch) {
    header_ = batch.header();
    done_ = false;
    inside_wrapper_ = false;
    base_offset_ = header_.base_offset;
    inner_shift_ = 0;
    last_delta_ = -1;
    count_ = 0;
    problem_ = Problem::none;
    problem_text_.clear();
    plain_ = batch.body();
    // A batch that compaction emptied may keep its codec, with no stream behind it.
    const bool emptied = !header_.is_legacy() && plain_.empty() && header_.records_count == 0;
    if (header_.codec_id() == 0 || emptied) {
        in_ = wire::Reader(header_.is_legacy() ? batch.bytes() : plain_);
        return;
    }
    Bytes packed = plain_;
    if (header_.is_legacy()) {
        wire::Reader in(plain_);
        in.i32_bytes();  // a wrapper's key means nothing
        const NullableBytes value = in.i32_bytes();
        if (!in.ok() || !value || in.left() != 0) {
            set_problem(Problem::bad_record, "key and value do not fill the wrapper message");
            done_ = true;
            return;
        }
        packed = *value;
    }
    if (!header_.has_known_codec()) {
        set_problem(Problem::bad_codec, fmt::format("codec {} is not known", header_.codec_id()));
        done_ = true;
        return;
    }
    codec::DecompressOptions options{.limit_bytes = limit_bytes_};
    if (header_.magic == 0) {
        options.lz4_header = codec::Lz4HeaderChecksum::any;
    }
    if (const auto unpacked = codec::decompress(header_.codec(), packed, scratch_, options); !unpacked) {
        set_problem(Problem::bad_codec, unpacked.error().what);
        if (unpacked.error().code == Errc::too_large) {
            scratch_.clear();  // a bomb's beginning is no data
        }
    }
    plain_ = scratch_.bytes();
    if (header_.is_legacy()) {
        open_wrapper(plain_);
    } else {
        in_ = wire::Reader(plain_);
    }
}

void RecordReader::open_wrapper(Bytes value) {
    inside_wrapper_ = true;
    in_ = wire::Reader(value);
    // One look ahead over the inner headers: the first and last offset decide what the relative ones are relative to.
    wire::Reader ahead(value);
    std::int64_t first = 0;
    std::int64_t last = 0;
    bool any = false;
    while (ahead.left() != 0) {
        const std::int64_t offset = ahead.i64();
        const std::int32_t size = ahead.i32();
        if (size < 0) {
            ahead.fail();
        }
        ahead.bytes(static_cast<std::uint32_t>(size));
        if (!ahead.ok()) {
            break;
        }
        first = any ? first : offset;
        last = offset;
        any = true;
    }
    if (header_.magic == 1 && header_.base_offset != 0) {
        inner_shift_ = wrapping_sub(header_.base_offset, last);
    }
    if (any) {
        base_offset_ = wrapping_add(first, inner_shift_);
    }
}

bool RecordReader::next(RecordView& out) {
    if (done_) {
        return false;
    }
    if (in_.left() == 0) {
        return finish();
    }
    return header_.is_legacy() ? next_message(out) : next_v2(out);
}

bool RecordReader::finish() {
    done_ = true;
    if (!header_.is_legacy() && count_ != header_.records_count) {
        set_problem(Problem::bad_count, fmt::format("record count; expected {}, got {}", count_, header_.records_count));
    }
    if (!header_.is_legacy() && header_.last_offset_delta < 0) {
        set_problem(Problem::bad_delta,
                    fmt::format("last offset delta; expected 0 or more, got {}", header_.last_offset_delta));
    }
    if (inside_wrapper_ && count_ == 0) {
        set_problem(Problem::bad_count, "compressed message holds no message");
    }
    return false;
}

bool RecordReader::next_v2(RecordView& out) {
    const std::int32_t length = in_.varint();
    if (!in_.ok() || length < 0 || static_cast<std::uint32_t>(length) > in_.left()) {
        set_problem(Problem::bad_record, fmt::format("record {}: length runs past the batch", count_));
        done_ = true;
        return false;
    }
    wire::Reader in(in_.bytes(static_cast<std::uint32_t>(length)));
    out.attributes = static_cast<std::uint8_t>(in.i8());
    const std::int64_t timestamp_delta = in.varlong();
    const std::int32_t offset_delta = in.varint();
    out.key = in.varint_bytes();
    out.value = in.varint_bytes();
    const std::int32_t headers = in.varint();
    const std::size_t left = in.left();
    // A header takes two bytes at least: this bounds the loop below by the bytes that are there.
    bool ok = in.ok() && headers >= 0 && static_cast<std::uint64_t>(headers) * 2 <= left;
    if (ok && headers != 0) {
        wire::Reader all = in;
        for (std::int32_t i = 0; i < headers && ok; ++i) {
            ok = in.varint_bytes().has_value();
            in.varint_bytes();
            ok = ok && in.ok();
        }
        out.headers = HeadersView(all.bytes(left), headers);
    } else {
        out.headers = HeadersView();
    }
    if (!ok || in.left() != 0) {
        set_problem(Problem::bad_record, fmt::format("record {}: its fields do not fill its {} bytes", count_, length));
        done_ = true;
        return false;
    }
    if (offset_delta <= last_delta_ || offset_delta > header_.last_offset_delta) {
        set_problem(Problem::bad_delta, fmt::format("record {}: offset delta; expected {} to {}, got {}", count_,
                                                    last_delta_ + 1, header_.last_offset_delta, offset_delta));
    }
    last_delta_ = offset_delta;
    out.offset = wrapping_add(header_.base_offset, offset_delta);
    out.stored_timestamp = wrapping_add(header_.base_timestamp, timestamp_delta);
    out.timestamp = header_.timestamp_type() == TimestampType::log_append ? header_.max_timestamp : out.stored_timestamp;
    out.sequence = sequence_at(header_.base_sequence, offset_delta);
    ++count_;
    return true;
}

bool RecordReader::next_message(RecordView& out) {
    Message message;
    const char* wrong = nullptr;
    if (inside_wrapper_) {
        wrong = read_message(in_, message);
        if (wrong == nullptr && message.magic != header_.magic) {
            wrong = "inner message with another magic";
        }
        if (wrong == nullptr && (message.attributes & kCodecMask) != 0) {
            wrong = "compressed message inside a compressed message";
        }
    } else {
        // The batch is this one message; its own CRC is the caller's to judge.
        in_.bytes(header_bytes(header_.magic) - 8);
        message.offset = header_.base_offset;
        message.timestamp = header_.max_timestamp;
        message.key = in_.i32_bytes();
        message.value = in_.i32_bytes();
        if (!in_.ok() || in_.left() != 0) {
            wrong = "key and value do not fill the message";
        }
    }
    if (wrong != nullptr) {
        set_problem(Problem::bad_record, fmt::format("message {}: {}", count_, wrong));
        done_ = true;
        return false;
    }
    out = RecordView{};
    out.offset = wrapping_add(message.offset, inner_shift_);
    out.stored_timestamp = message.timestamp;
    out.timestamp = header_.timestamp_type() == TimestampType::log_append ? header_.max_timestamp : message.timestamp;
    out.key = message.key;
    out.value = message.value;
    if (count_ != 0 && out.offset <= last_delta_) {
        set_problem(Problem::bad_delta,
                    fmt::format("message {}: offset; expected over {}, got {}", count_, last_delta_, out.offset));
    }
    last_delta_ = out.offset;  // here the offset itself
    ++count_;
    return true;
}

}  // namespace kseg::record
