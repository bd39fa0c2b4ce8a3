// SPDX-License-Identifier: Apache-2.0
// Where bytes come from: files, descriptors, and texts that stand for bytes.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "io/file.hpp"

namespace kseg::io {
namespace {

// How long a wait lasts before the stop flag and the file's size are looked at again.
constexpr int kPollMs = 100;

class FileSource final : public ByteSource {
  public:
    FileSource(const ReadAt& file, std::uint64_t start, bool follow, StopFlag stop)
        : file_(file), start_(start), next_(start), follow_(follow), stop_(std::move(stop)) {}

    Result<std::size_t> read(std::span<std::byte> into) override {
        for (bool waited = false;; waited = true) {
            // Asked before the read, so that what was written before the stop is still read.
            const bool last = stop_ && stop_();
            if (last && !follow_) {
                return Error{.code = Errc::cancelled, .what = "interrupted"};
            }
            const auto got = file_.read_at(next_, into);
            if (!got) {
                return got.error();
            }
            if (*got != 0 || !follow_ || last) {
                next_ += *got;
                return *got;
            }
            if (!waited && before_wait) {
                before_wait();
            }
            ::poll(nullptr, 0, kPollMs);
        }
    }

    std::optional<std::size_t> peek(std::uint64_t at, std::span<std::byte> into) override {
        if (follow_) {
            return std::nullopt;  // what is not there yet may come
        }
        const auto got = file_.read_at(start_ + at, into);
        return got ? std::optional(*got) : std::nullopt;
    }

  private:
    const ReadAt& file_;
    std::uint64_t start_;
    std::uint64_t next_;
    bool follow_;
    StopFlag stop_;
};

class DescriptorSource final : public ByteSource {
  public:
    DescriptorSource(int fd, StopFlag stop) : fd_(fd), stop_(std::move(stop)) {}

    Result<std::size_t> read(std::span<std::byte> into) override {
        bool told = false;
        for (;;) {
            if (stop_ && stop_()) {
                return Error{.code = Errc::cancelled, .what = "interrupted"};
            }
            pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
            const int ready = ::poll(&waiting, 1, told ? kPollMs : 0);
            if (ready <= 0) {  // nothing there yet, or a signal
                if (!told && before_wait) {
                    before_wait();
                }
                told = true;
                continue;
            }
            const ssize_t got = ::read(fd_, into.data(), into.size());
            if (got >= 0) {
                return static_cast<std::size_t>(got);
            }
            if (errno != EINTR && errno != EAGAIN) {
                return io_error("read", errno);
            }
        }
    }

  private:
    int fd_;
    StopFlag stop_;
};

class HeadedSource final : public ByteSource {
  public:
    HeadedSource(ByteBuffer head, std::unique_ptr<ByteSource> rest) : head_(std::move(head)), rest_(std::move(rest)) {}

    Result<std::size_t> read(std::span<std::byte> into) override {
        if (taken_ < head_.size()) {
            const std::size_t part = std::min(into.size(), head_.size() - taken_);
            std::copy_n(head_.data() + taken_, part, into.data());
            taken_ += part;
            return part;
        }
        rest_->before_wait = before_wait;
        return rest_->read(into);
    }

  private:
    ByteBuffer head_;
    std::size_t taken_ = 0;
    std::unique_ptr<ByteSource> rest_;
};

constexpr int kNoDigit = -1;

constexpr int hex_digit(std::uint8_t c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const std::uint8_t lower = c | 0x20U;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : kNoDigit;
}

constexpr int base64_digit(std::uint8_t c) {
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    // Both alphabets: 62 and 63 are "+/" in the plain one and "-_" in the one for addresses.
    return c == '+' || c == '-' ? 62 : (c == '/' || c == '_' ? 63 : kNoDigit);
}

constexpr bool is_space(std::uint8_t c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

class TextSource final : public ByteSource {
  public:
    TextSource(std::unique_ptr<ByteSource> text, TextCoding coding)
        : text_(std::move(text)), coding_(coding), digit_bits_(coding == TextCoding::hex ? 4 : 6) {}

    Result<std::size_t> read(std::span<std::byte> into) override {
        text_->before_wait = before_wait;
        std::size_t made = 0;
        while (made == 0) {
            // One text character makes at most one byte, so this never fills more than `into`.
            std::array<std::byte, std::size_t{64} << 10> part{};
            const auto got = text_->read(std::span(part).first(std::min(part.size(), into.size())));
            if (!got) {
                return got.error();
            }
            if (*got == 0) {
                return finish();
            }
            for (std::size_t i = 0; i < *got; ++i, ++text_at_) {
                const std::uint8_t c = to_u8(part[i]);
                if (!take(c)) {
                    return Error{.code = Errc::corrupt,
                                 .what = fmt::format("{} text; got character 0x{:02x}",
                                                     coding_ == TextCoding::hex ? "hex" : "base64", c),
                                 .at = text_at_};
                }
                if (bits_ >= 8) {
                    bits_ -= 8;
                    into[made++] = static_cast<std::byte>((pending_ >> bits_) & 0xffU);
                }
            }
        }
        return made;
    }

  private:
    /// Adds a character; false where the coding does not have it.
    bool take(std::uint8_t c) {
        const bool hex = coding_ == TextCoding::hex;
        if (is_space(c) || (hex && c == ':')) {
            return true;
        }
        if (!hex && c == '=') {
            bits_ = 0;  // padding ends a group; another text may follow
            digits_ = 0;
            return true;
        }
        if (hex && (c == 'x' || c == 'X') && digits_ == 1 && pending_ == 0) {
            bits_ = 0;  // the 0 of a leading 0x
            return true;
        }
        const int digit = hex ? hex_digit(c) : base64_digit(c);
        if (digit == kNoDigit) {
            return false;
        }
        pending_ = (pending_ << digit_bits_) | static_cast<std::uint32_t>(digit);
        pending_ &= 0xffffU;
        bits_ += digit_bits_;
        ++digits_;
        return true;
    }

    Result<std::size_t> finish() {
        if (coding_ == TextCoding::hex && bits_ != 0) {
            return Error{.code = Errc::truncated, .what = "hex text; odd number of digits", .at = text_at_};
        }
        return std::size_t{0};
    }

    std::unique_ptr<ByteSource> text_;
    TextCoding coding_;
    unsigned digit_bits_;
    std::uint32_t pending_ = 0;
    unsigned bits_ = 0;
    std::uint64_t digits_ = 0;
    std::uint64_t text_at_ = 0;
};

}  // namespace

std::optional<std::size_t> ByteSource::peek(std::uint64_t /*at*/, std::span<std::byte> /*into*/) {
    return std::nullopt;
}

std::unique_ptr<ByteSource> source_of(const ReadAt& file, std::uint64_t start, bool follow, StopFlag stop) {
    return std::make_unique<FileSource>(file, start, follow, std::move(stop));
}

std::unique_ptr<ByteSource> source_of_descriptor(int fd, StopFlag stop) {
    return std::make_unique<DescriptorSource>(fd, std::move(stop));
}

std::unique_ptr<ByteSource> source_with_head(ByteBuffer head, std::unique_ptr<ByteSource> rest) {
    return std::make_unique<HeadedSource>(std::move(head), std::move(rest));
}

std::unique_ptr<ByteSource> source_of_text(std::unique_ptr<ByteSource> text, TextCoding coding) {
    return std::make_unique<TextSource>(std::move(text), coding);
}

std::optional<TextCoding> detect_text(Bytes head) {
    // A segment begins with the high bytes of an offset, which are no text; a text begins with at least a frame's digits.
    constexpr std::size_t kLeastDigits = 24;
    std::size_t digits = 0;
    bool hex = true;
    bool base64 = true;
    for (const std::byte b : head) {
        const std::uint8_t c = to_u8(b);
        if (is_space(c)) {
            continue;
        }
        ++digits;
        hex = hex && (hex_digit(c) != kNoDigit || c == ':' || (digits == 2 && (c == 'x' || c == 'X')));
        base64 = base64 && (base64_digit(c) != kNoDigit || c == '=');
        if (!hex && !base64) {
            return std::nullopt;
        }
    }
    if (digits < kLeastDigits) {
        return std::nullopt;
    }
    return hex ? TextCoding::hex : TextCoding::base64;
}

}  // namespace kseg::io
