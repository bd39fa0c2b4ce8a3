// SPDX-License-Identifier: Apache-2.0
// JSON strings and UTF-8, sixteen bytes at a time.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#if defined(__SSSE3__)
#include <tmmintrin.h>
#endif

#include "base/text.hpp"
#include "base/vector.hpp"

namespace kseg {
namespace {

/// What stands for a byte that JSON does not take as it is: up to six characters, and how many.
struct Escape {
    std::array<char, 7> text{};
    std::uint8_t size = 0;
};

constexpr std::array<Escape, 128> make_escapes() {
    std::array<Escape, 128> table{};
    for (std::size_t c = 0; c < 0x20; ++c) {
        table[c] = {{'\\', 'u', '0', '0', c < 16 ? '0' : '1', "0123456789abcdef"[c % 16]}, 6};
    }
    constexpr std::string_view kBytes = "\"\\\b\f\n\r\t";
    constexpr std::string_view kLetters = "\"\\bfnrt";
    for (std::size_t i = 0; i < kBytes.size(); ++i) {
        table[static_cast<std::uint8_t>(kBytes[i])] = {{'\\', kLetters[i]}, 2};
    }
    return table;
}
constexpr auto kEscapes = make_escapes();
static_assert(sizeof(Escape) == 8, "copied as one word");

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
        if (!continues(1) || !continues(2) || !continues(3) || (lead == 0xf0 && p[1] < 0x90) ||
            (lead == 0xf4 && p[1] > 0x8f)) {
            return 0;
        }
        return 4;
    }
    return 0;
}

std::uint32_t special_bytes(Vector v) {
    return mask_of(reinterpret_cast<Vector>((v < 0x20) | (v >= 0x80) | (v == '"') | (v == '\\')));
}

#if defined(__SSSE3__)
/// For each set of bytes among eight that are quotes or backslashes: where each of up to sixteen bytes of output comes
/// from, with the top bit set where it is an added backslash.
constexpr std::array<std::array<std::uint8_t, 16>, 256> make_spreads() {
    std::array<std::array<std::uint8_t, 16>, 256> table{};
    for (std::size_t mask = 0; mask < table.size(); ++mask) {
        std::size_t to = 0;
        for (std::uint8_t from = 0; from < 8; ++from) {
            if ((mask >> from & 1U) != 0) {
                table[mask][to++] = 0x80;
            }
            table[mask][to++] = from;
        }
    }
    return table;
}
alignas(16) constexpr auto kSpreads = make_spreads();

/// Writes eight bytes, those in `quoted` behind a backslash; returns the end of what was written. Stores sixteen.
std::uint8_t* spread(__m128i eight, std::uint32_t quoted, std::uint8_t* out) {
    const __m128i from = _mm_load_si128(reinterpret_cast<const __m128i*>(kSpreads[quoted].data()));
    const __m128i added = _mm_and_si128(_mm_cmpgt_epi8(_mm_setzero_si128(), from), _mm_set1_epi8('\\'));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_or_si128(_mm_shuffle_epi8(eight, from), added));
    return out + 8 + __builtin_popcount(quoted);
}
#endif

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

/// Writes a string's inside. Reads `in` only within its size; `out` has room for the worst case and two vectors more.
class Encoder {
  public:
    Encoder(const std::uint8_t* in, std::size_t size, std::uint8_t* out, bool lossy)
        : in_(in), end_(in + size), out_(out), lossy_(lossy) {}

    /// Goes on until at least `stop` has been read; false at the first byte that breaks UTF-8, unless lossy.
    bool run(const std::uint8_t* stop) {
        while (in_ < stop) {
            quoted_blocks(stop);
            if (in_ >= stop) {
                break;
            }
            // Twice a vector and the rest of a sequence, because what follows a special byte is copied before it is known
            // to be wanted.
            if (end_ - in_ >= static_cast<std::ptrdiff_t>(2 * sizeof(Vector) + 3)) {
                if (!block()) {
                    return false;
                }
            } else if (const std::uint8_t c = *in_; c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
                *out_++ = c;
                ++in_;
            } else if (!special()) {
                return false;
            }
        }
        return true;
    }

    [[nodiscard]] const std::uint8_t* in() const { return in_; }
    [[nodiscard]] std::uint8_t* out() const { return out_; }

  private:
    /// Takes blocks in which nothing but quotes and backslashes needs an escape, without a branch for each of these: in
    /// JSON values they are every fifth byte, and no branch can be predicted.
    void quoted_blocks([[maybe_unused]] const std::uint8_t* stop) {
#if defined(__SSSE3__)
        while (in_ < stop && end_ - in_ >= static_cast<std::ptrdiff_t>(sizeof(Vector))) {
            Vector v;
            std::memcpy(&v, in_, sizeof v);
            if (mask_of(reinterpret_cast<Vector>((v < 0x20) | (v >= 0x80))) != 0) {
                return;
            }
            const std::uint32_t quoted = mask_of(reinterpret_cast<Vector>((v == '"') | (v == '\\')));
            const auto bytes = reinterpret_cast<__m128i>(v);
            out_ = spread(bytes, quoted & 0xffU, out_);
            out_ = spread(_mm_srli_si128(bytes, 8), quoted >> 8U, out_);
            in_ += sizeof v;
        }
#endif
    }

    bool block() {
        Vector v;
        std::memcpy(&v, in_, sizeof v);
        std::memcpy(out_, &v, sizeof v);
        std::uint32_t specials = special_bytes(v);
        if (specials == 0) {
            in_ += sizeof v;
            out_ += sizeof v;
            return true;
        }
        const std::uint8_t* const block_end = in_ + sizeof v;
        do {
            const auto plain = static_cast<unsigned>(__builtin_ctz(specials));
            in_ += plain;
            out_ += plain;
            const std::uint8_t* const before = in_;
            if (!special()) {
                return false;
            }
            // Whatever follows is copied at once, and overwritten where it turns out to be special too.
            std::memcpy(out_, in_, sizeof v);
            const auto passed = plain + static_cast<unsigned>(in_ - before);
            specials = passed < 32 ? specials >> passed : 0;
        } while (specials != 0);
        if (in_ < block_end) {
            out_ += block_end - in_;
            in_ = block_end;
        }
        return true;
    }

    /// Takes one byte that needs an escape, or one UTF-8 sequence.
    bool special() {
        const std::uint8_t c = *in_;
        if (c < 0x80) {
            std::memcpy(out_, &kEscapes[c], sizeof(Escape));
            out_ += kEscapes[c].size;
            ++in_;
            return true;
        }
        const std::size_t sequence = sequence_bytes(in_, static_cast<std::size_t>(end_ - in_));
        if (sequence != 0) {
            for (std::size_t i = 0; i < sequence; ++i) {
                *out_++ = *in_++;
            }
            return true;
        }
        if (!lossy_) {
            return false;
        }
        std::memcpy(out_, kReplacement.data(), kReplacement.size());
        out_ += kReplacement.size();
        ++in_;
        return true;
    }

    const std::uint8_t* in_;
    const std::uint8_t* end_;
    std::uint8_t* out_;
    bool lossy_;
};

/// Appends the string; where `lossy` is false stops at the first byte that breaks UTF-8 and returns false.
bool append_string(ByteBuffer& out, Bytes bytes, bool lossy) {
    constexpr std::size_t kMostPerByte = 6;  // a control character's escape
    constexpr std::size_t kPart = 4096;      // room is made for this many bytes at once, at their worst
    constexpr std::size_t kSlack = 4 * sizeof(Vector) * kMostPerByte;  // a run may pass its part's end by a block
    const std::size_t before = out.size();
    const auto* in = reinterpret_cast<const std::uint8_t*>(bytes.data());
    const std::uint8_t* const end = in + bytes.size();
    out.push_back('"');
    while (in < end) {
        const std::size_t part = std::min<std::size_t>(static_cast<std::size_t>(end - in), kPart);
        out.reserve_more(part * kMostPerByte + kSlack);
        auto* const begin = reinterpret_cast<std::uint8_t*>(out.data() + out.size());
        Encoder encoder(in, static_cast<std::size_t>(end - in), begin, lossy);
        if (!encoder.run(in + part)) {
            out.resize(before);
            return false;
        }
        out.resize(out.size() + static_cast<std::size_t>(encoder.out() - begin));
        in = encoder.in();
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
            if (mask_of(reinterpret_cast<Vector>(v >= 0x80)) == 0) {
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
