// SPDX-License-Identifier: Apache-2.0
// JSON strings and UTF-8, sixteen bytes at a time where the machine has SSE2 or NEON (GCC's vector types pick them).
#include <array>
#include <cstdint>
#include <cstring>

#include "base/text.hpp"

namespace kseg {
namespace {

using Vector = std::uint8_t __attribute__((vector_size(16)));

constexpr std::array<std::array<char, 6>, 32> control_escapes() {
    std::array<std::array<char, 6>, 32> table{};
    for (std::size_t c = 0; c < table.size(); ++c) {
        table[c] = {'\\', 'u', '0', '0', c < 16 ? '0' : '1', "0123456789abcdef"[c % 16]};
    }
    return table;
}
constexpr auto kControlEscapes = control_escapes();

/// Length of the UTF-8 sequence at `p` of `left` bytes, or 0 where it is none. Table 3-7 of the Unicode standard.
std::size_t sequence_bytes(const std::uint8_t* p, std::size_t left) {
    const auto continues = [&](std::size_t i) { return i < left && (p[i] & 0xc0U) == 0x80U; };
    const std::uint8_t lead = p[0];
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xc2 && lead <= 0xdf) {
        return continues(1) ? 2 : 0;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        if (!continues(1) || !continues(2) || (lead == 0xe0 && p[1] < 0xa0) || (lead == 0xed && p[1] > 0x9f)) {
            return 0;
        }
        return 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        if (!continues(1) || !continues(2) || !continues(3) || (lead == 0xf0 && p[1] < 0x90) || (lead == 0xf4 && p[1] > 0x8f)) {
            return 0;
        }
        return 4;
    }
    return 0;
}

bool any(Vector v) {
    std::array<std::uint64_t, 2> halves{};
    std::memcpy(halves.data(), &v, sizeof v);
    return (halves[0] | halves[1]) != 0;
}

/// Copies bytes that need neither escape nor check, sixteen at a time, and then one at a time; returns how many.
std::size_t copy_plain(const std::uint8_t* in, std::size_t left, std::uint8_t* out) {
    std::size_t done = 0;
    for (; left - done >= sizeof(Vector); done += sizeof(Vector)) {
        Vector v;
        std::memcpy(&v, in + done, sizeof v);
        std::memcpy(out + done, &v, sizeof v);
        const auto special = (v < 0x20) | (v >= 0x80) | (v == '"') | (v == '\\');
        if (any(reinterpret_cast<Vector>(special))) {
            break;
        }
    }
    for (; done < left; ++done) {
        const std::uint8_t c = in[done];
        if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\') {
            break;
        }
        out[done] = c;
    }
    return done;
}

std::size_t put_escape(std::uint8_t c, std::uint8_t* out) {
    char letter = 0;
    switch (c) {
        case '"': letter = '"'; break;
        case '\\': letter = '\\'; break;
        case '\n': letter = 'n'; break;
        case '\r': letter = 'r'; break;
        case '\t': letter = 't'; break;
        case '\b': letter = 'b'; break;
        case '\f': letter = 'f'; break;
        default: std::memcpy(out, kControlEscapes[c].data(), 6); return 6;
    }
    out[0] = '\\';
    out[1] = static_cast<std::uint8_t>(letter);
    return 2;
}

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

/// Appends the string; where `lossy` is false stops at the first byte that breaks UTF-8 and returns false.
bool append_string(ByteBuffer& out, Bytes bytes, bool lossy) {
    constexpr std::size_t kMostPerByte = 6;  // a control character's escape
    constexpr std::size_t kPart = 4096;      // room is made for this many bytes at once, at their worst
    const std::size_t before = out.size();
    const auto* in = reinterpret_cast<const std::uint8_t*>(bytes.data());
    std::size_t left = bytes.size();
    out.push_back('"');
    while (left != 0) {
        // Never so little that a sequence of four would be cut where the part ends.
        const std::size_t part = left < kPart + 4 ? left : kPart;
        out.reserve_more(part * kMostPerByte + sizeof(Vector) + 4);
        auto* const begin = reinterpret_cast<std::uint8_t*>(out.data() + out.size());
        auto* to = begin;
        std::size_t done = 0;
        while (done < part) {
            const std::size_t plain = copy_plain(in + done, part - done, to);
            done += plain;
            to += plain;
            if (done >= part) {
                break;
            }
            const std::uint8_t c = in[done];
            if (c < 0x80) {
                to += put_escape(c, to);
                ++done;
                continue;
            }
            const std::size_t sequence = sequence_bytes(in + done, left - done);
            if (sequence != 0) {
                std::memcpy(to, in + done, sequence);
                to += sequence;
                done += sequence;
            } else if (lossy) {
                std::memcpy(to, kReplacement.data(), kReplacement.size());
                to += kReplacement.size();
                ++done;
            } else {
                out.resize(before);
                return false;
            }
        }
        out.resize(out.size() + static_cast<std::size_t>(to - begin));
        in += done;
        left -= done;
    }
    out.push_back('"');
    return true;
}

}  // namespace

bool is_utf8(Bytes bytes) {
    const auto* in = reinterpret_cast<const std::uint8_t*>(bytes.data());
    for (std::size_t i = 0; i < bytes.size();) {
        if (bytes.size() - i >= sizeof(Vector)) {
            Vector v;
            std::memcpy(&v, in + i, sizeof v);
            if (!any(reinterpret_cast<Vector>(v >= 0x80))) {
                i += sizeof(Vector);
                continue;
            }
        }
        const std::size_t sequence = sequence_bytes(in + i, bytes.size() - i);
        if (sequence == 0) {
            return false;
        }
        i += sequence;
    }
    return true;
}

bool append_json_string(ByteBuffer& out, Bytes bytes) {
    return append_string(out, bytes, false);
}

void append_json_string_lossy(ByteBuffer& out, Bytes bytes) {
    append_string(out, bytes, true);
}

}  // namespace kseg
