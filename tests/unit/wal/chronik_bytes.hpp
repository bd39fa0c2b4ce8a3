// SPDX-License-Identifier: Apache-2.0
// Chronik records of hand-annotated hex, their CRCs computed with Python's zlib; and a small writer for more of them.
#pragma once

#include <initializer_list>
#include <string_view>

#include "base/bytes.hpp"
#include "base/crc.hpp"
#include "support/hex.hpp"

namespace kseg::test {

inline constexpr std::string_view kVersion1 =
    "7e ca  01  00  3b 00 00 00"  // magic, version 1, flags, length 59
    "05 00 00 00 00 00 00 00"     // offset 5
    "00 68 e5 cf 8b 01 00 00"     // timestamp 1700000000000
    "d9 7e 07 34"                 // crc32
    "02 00 00 00  6b 31"          // key "k1"
    "03 00 00 00  76 ff 31"       // value 76 ff 31
    "02 00 00 00"                 // two headers
    "01 00  68  01 00 00 00  41"  // "h" "A"
    "00 00  00 00 00 00";         // "" ""

inline constexpr std::string_view kVersion2Head =
    "7e ca  02  00  af 00 00 00"  // magic, version 2, flags, length 175
    "df a7 d2 93";                // crc32
inline constexpr std::string_view kVersion2Topic =
    "01 00  74  03 00 00 00"  // topic "t", partition 3
    "90 00 00 00";            // 144 bytes of data
inline constexpr std::string_view kVersion2Data =
    "07 00 00 00 00 00 00 00"          // base_offset 7
    "03 00 00 00"                      // partition_leader_epoch 3
    "e9 03 00 00 00 00 00 00  02 00"   // producer_id 1001, producer_epoch 2
    "05 00 00 00"                      // base_sequence 5
    "01  00"                           // transactional, not control
    "00 00 00 00  00 00 00 00"         // no compression, create time
    "00 68 e5 cf 8b 01 00 00"          // base_timestamp 1700000000000
    "01 68 e5 cf 8b 01 00 00"          // max_timestamp 1700000000001
    "02 00 00 00 00 00 00 00"          // two records
    "07 00 00 00 00 00 00 00"          // offset 7
    "00 68 e5 cf 8b 01 00 00"          // timestamp
    "01  01 00 00 00 00 00 00 00  61"  // key "a"
    "01  00 00 00 00 00 00 00 00"      // value, empty
    "00 00 00 00 00 00 00 00  00"      // no headers, attributes 0
    "09 00 00 00 00 00 00 00"          // offset 9
    "01 68 e5 cf 8b 01 00 00"          // timestamp
    "00  00"                           // key and value null
    "01 00 00 00 00 00 00 00"          // one header
    "01 00 00 00 00 00 00 00  68  00"  // "h", null
    "80"                               // attributes -128
    "00  00  00";                      // no compressed_records, original_v1, original_v2
inline constexpr std::string_view kVersion2Trailer =
    "07 00 00 00 00 00 00 00"  // base_offset 7
    "09 00 00 00 00 00 00 00"  // last_offset 9
    "02 00 00 00";             // record_count 2

inline ByteBuffer version1() {
    return from_hex(kVersion1);
}

inline ByteBuffer version2() {
    ByteBuffer all = from_hex(kVersion2Head);
    for (const std::string_view part : {kVersion2Topic, kVersion2Data, kVersion2Trailer}) {
        all.append(from_hex(part).bytes());
    }
    return all;
}

inline ByteBuffer joined(std::initializer_list<Bytes> parts) {
    ByteBuffer all;
    for (const Bytes part : parts) {
        all.append(part);
    }
    return all;
}

template <typename T>
void put(ByteBuffer& out, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        out.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xffU));
    }
}

inline void put_bytes(ByteBuffer& out, Bytes bytes) {
    put<std::uint64_t>(out, bytes.size());
    out.append(bytes);
}

inline void put_option(ByteBuffer& out, const NullableBytes& bytes) {
    put<std::uint8_t>(out, bytes ? 1 : 0);
    if (bytes) {
        put_bytes(out, *bytes);
    }
}

/// One entry of `data`, without headers.
inline void put_entry(ByteBuffer& out, std::int64_t offset, std::int64_t timestamp, std::string_view value) {
    put(out, offset);
    put(out, timestamp);
    put<std::uint8_t>(out, 0);
    put_option(out, as_bytes(value));
    put<std::uint64_t>(out, 0);
    put<std::uint8_t>(out, 0);
}

/// What `data` says before its records.
struct DataHead {
    std::int64_t base_offset = 0;
    std::uint32_t codec = 0;
    std::uint32_t timestamp_type = 0;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
    std::int64_t base_timestamp = 1000;
    std::int64_t max_timestamp = 1000;
};

inline ByteBuffer data_of(const DataHead& head, std::uint64_t count, Bytes entries, const NullableBytes& compressed = {},
                          const NullableBytes& v1 = {}, const NullableBytes& v2 = {}) {
    ByteBuffer out;
    put(out, head.base_offset);
    put<std::int32_t>(out, 0);
    put(out, head.producer_id);
    put(out, head.producer_epoch);
    put(out, head.base_sequence);
    put<std::uint16_t>(out, 0);  // two flags
    put(out, head.codec);
    put(out, head.timestamp_type);
    put(out, head.base_timestamp);
    put(out, head.max_timestamp);
    put(out, count);
    out.append(entries);
    put_option(out, compressed);
    put_option(out, v1);
    put_option(out, v2);
    return out;
}

/// A version 2 record of topic "t", partition 0, with the right CRC.
inline ByteBuffer record_of(Bytes data, std::int64_t base_offset, std::int64_t last_offset, std::int32_t count) {
    ByteBuffer body = from_hex("01 00  74  00 00 00 00");
    put<std::uint32_t>(body, static_cast<std::uint32_t>(data.size()));
    body.append(data);
    put(body, base_offset);
    put(body, last_offset);
    put(body, count);
    ByteBuffer all = from_hex("7e ca  02  00");
    put<std::uint32_t>(all, static_cast<std::uint32_t>(body.size()));
    put(all, crc32_ieee(body.bytes(), crc32_ieee(all.bytes())));
    all.append(body.bytes());
    return all;
}

}  // namespace kseg::test
