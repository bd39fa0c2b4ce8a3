// SPDX-License-Identifier: Apache-2.0
// Files as the rest of the program sees them: bytes at an offset (ReadAt), bytes one after another (ByteSource), bytes out
// (Sink). Each is an interface, so that a pipe, an archive member or a faulty disk can take a file's place.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace kseg::io {

/// Owns a file descriptor.
class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();

    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool valid() const { return fd_ >= 0; }
    int release();

  private:
    int fd_ = -1;
};

/// Bytes that can be read anywhere: a file, a mapping, a member of an archive, an object's range.
class ReadAt {
  public:
    virtual ~ReadAt() = default;

    /// Size in bytes now; a file that is being written grows.
    [[nodiscard]] virtual Result<std::uint64_t> size() const = 0;

    /// Fills `into` from `offset` as far as there are bytes; returns how many. Fewer than asked only at the end.
    [[nodiscard]] virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const = 0;
};

/// Fills `into` from `offset` of an open file, as ReadAt::read_at() does.
Result<std::size_t> read_descriptor_at(int fd, std::uint64_t offset, std::span<std::byte> into);

/// A regular file, opened for reading.
class File final : public ReadAt {
  public:
    /// errors   io   it cannot be opened; the error names it
    static Result<File> open(const std::string& path);

    [[nodiscard]] Result<std::uint64_t> size() const override;
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override;

    /// Its descriptor, for reading what is no regular file; stays the File's.
    [[nodiscard]] int descriptor() const { return fd_.get(); }

  private:
    explicit File(Descriptor fd) : fd_(std::move(fd)) {}
    Descriptor fd_;
};

/// Reads all of a small file.
/// errors   io   cannot be read;   too_large   it has more than limit_bytes
Result<ByteBuffer> read_small_file(const std::string& path, std::uint64_t limit_bytes);

/// Bytes that come one after another.
class ByteSource {
  public:
    virtual ~ByteSource() = default;

    /// Reads at least one byte into `into`, or returns 0 at the end.
    /// errors   io, cancelled
    virtual Result<std::size_t> read(std::span<std::byte> into) = 0;

    /// Looks at bytes that read() has not come to yet: fills `into` from position `at` (counted as read() counts, from the
    /// source's first byte). Returns how many bytes there were, or nothing where the source cannot look ahead.
    virtual std::optional<std::size_t> peek(std::uint64_t at, std::span<std::byte> into);

    /// Called before a read() that would wait for bytes that are not there yet.
    std::function<void()> before_wait;
};

/// Asked often by reads that wait: true ends them with Errc::cancelled.
using StopFlag = std::function<bool()>;

/// Reads a ReadAt from `start` on, borrowing it. With `follow`, waits for more at the end until `stop` says true and then
/// reports the end instead of an error.
std::unique_ptr<ByteSource> source_of(const ReadAt& file, std::uint64_t start, bool follow = false, StopFlag stop = {});

/// Reads a descriptor such as stdin, which it does not close.
std::unique_ptr<ByteSource> source_of_descriptor(int fd, StopFlag stop = {});

/// The source `head` followed by what `rest` still has: puts back bytes that were read to look at them.
std::unique_ptr<ByteSource> source_with_head(ByteBuffer head, std::unique_ptr<ByteSource> rest);

/// How bytes are written as text.
enum class TextCoding : std::uint8_t { hex, base64 };

/// The bytes that a hex or base64 text stands for. White space is passed over, in hex also ':' and a leading "0x".
/// errors   corrupt   a character that the coding does not have, at its offset in the text
std::unique_ptr<ByteSource> source_of_text(std::unique_ptr<ByteSource> text, TextCoding coding);

/// The coding of a text that begins so, or nothing where it looks like neither.
std::optional<TextCoding> detect_text(Bytes head);

}  // namespace kseg::io
