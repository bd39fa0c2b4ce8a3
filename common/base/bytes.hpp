// SPDX-License-Identifier: Apache-2.0
// Byte ranges: borrowed (Bytes), owned and growing (ByteBuffer), and their views as text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace kseg {

/// A borrowed range of bytes. Never stored past the call that got it, except in types that say "View" or "borrows".
using Bytes = std::span<const std::byte>;

/// A byte string that may be null, which is not the same as empty.
using NullableBytes = std::optional<Bytes>;

inline std::string_view as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::uint8_t to_u8(std::byte b) {
    return std::to_integer<std::uint8_t>(b);
}

/// Gives back memory of `new[]` that begins `lead` bytes before what is used of it.
struct LedDelete {
    std::size_t lead = 0;
    void operator()(std::byte* data) const { ::operator delete[](data - lead); }
};

/// An owned, growing run of bytes whose new room is left uninitialised: growing never touches memory that is not used, so a
/// large capacity costs address space only. From a page on it begins at a page's begin. Keeps its capacity on clear(),
/// which makes it the scratch buffer of loops.
class ByteBuffer {
    using Storage = std::unique_ptr<std::byte[], LedDelete>;

  public:
    static constexpr std::size_t kPageBytes = 4096;

    ByteBuffer() = default;
    explicit ByteBuffer(Bytes bytes) { append(bytes); }

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t capacity() const { return capacity_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::byte* data() { return data_.get(); }
    [[nodiscard]] const std::byte* data() const { return data_.get(); }
    [[nodiscard]] Bytes bytes() const { return {data_.get(), size_}; }
    [[nodiscard]] std::string_view text() const { return as_text(bytes()); }

    void clear() { size_ = 0; }

    /// Makes room for `capacity` bytes in all; contents stay, views into the buffer do not.
    void reserve(std::size_t capacity) {
        if (capacity <= capacity_) {
            return;
        }
        Storage grown = make_room(capacity);
        if (size_ != 0) {
            std::memcpy(grown.get(), data_.get(), size_);
        }
        data_ = std::move(grown);
        capacity_ = capacity;
    }

    /// Makes room for `more` bytes after the end, at least doubling when it must grow.
    void reserve_more(std::size_t more) {
        if (capacity_ - size_ < more) {
            reserve(size_ + more > capacity_ * 2 ? size_ + more : capacity_ * 2);
        }
    }

    /// Sets the size; bytes beyond the old size are uninitialised.
    void resize(std::size_t size) {
        reserve(size);
        size_ = size;
    }

    void append(Bytes bytes) {
        if (bytes.empty()) {
            return;
        }
        reserve_more(bytes.size());
        std::memcpy(data_.get() + size_, bytes.data(), bytes.size());
        size_ += bytes.size();
    }

    void append(std::string_view text) { append(as_bytes(text)); }

    void push_back(std::byte b) {
        reserve_more(1);
        data_[size_++] = b;
    }

    void push_back(char c) { push_back(static_cast<std::byte>(c)); }

  private:
#if defined(__SANITIZE_ADDRESS__)
    static constexpr bool kOnPages = false;  // so that what is behind the room is noticed
#elif defined(__has_feature)
    static constexpr bool kOnPages = !__has_feature(address_sanitizer);
#else
    static constexpr bool kOnPages = true;
#endif

    /// Finds a page's begin in room for one page more, and asks for no alignment: what glibc before 2.38 gave aligned does
    /// not fit the same request when it is free again, and a process that lives long came to three times its buffers.
    static Storage make_room(std::size_t capacity) {
        const bool paged = kOnPages && capacity >= kPageBytes && capacity <= SIZE_MAX - kPageBytes;
        auto* const room = static_cast<std::byte*>(::operator new[](capacity + (paged ? kPageBytes - 1 : 0)));
        const std::size_t lead =
            paged ? (kPageBytes - reinterpret_cast<std::uintptr_t>(room) % kPageBytes) % kPageBytes : 0;
        return {room + lead, LedDelete{lead}};
    }

    Storage data_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace kseg
