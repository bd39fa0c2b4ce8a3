// SPDX-License-Identifier: Apache-2.0
#include "io/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace kseg::io {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) {
        if (fd_ >= 0) {
            ::close(fd_);
        }
        fd_ = other.release();
    }
    return *this;
}

Descriptor::~Descriptor() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

int Descriptor::release() {
    return std::exchange(fd_, -1);
}

Result<File> File::open(const std::string& path) {
    Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) {
        return io_error("", errno).in_file(path);
    }
    return File(std::move(fd));
}

Result<std::uint64_t> File::size() const {
    struct stat info {};
    if (::fstat(fd_.get(), &info) != 0) {
        return io_error("stat", errno);
    }
    return static_cast<std::uint64_t>(info.st_size);
}

Result<std::size_t> read_descriptor_at(int fd, std::uint64_t offset, std::span<std::byte> into) {
    std::size_t done = 0;
    while (done < into.size()) {
        const ssize_t got = ::pread(fd, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            Error error = io_error("read", errno);
            error.at = offset + done;
            return error;
        }
        if (got == 0) {
            break;
        }
        done += static_cast<std::size_t>(got);
    }
    return done;
}

Result<std::size_t> File::read_at(std::uint64_t offset, std::span<std::byte> into) const {
    return read_descriptor_at(fd_.get(), offset, into);
}

Result<ByteBuffer> read_small_file(const std::string& path, std::uint64_t limit_bytes) {
    auto file = File::open(path);
    if (!file) {
        return file.error();
    }
    const auto size = file->size();
    if (!size) {
        return size.error().in_file(path);
    }
    if (*size > limit_bytes) {
        return Error{.code = Errc::too_large,
                     .what = fmt::format("file size; expected at most {} bytes, got {}", limit_bytes, *size),
                     .file = path};
    }
    ByteBuffer all;
    all.resize(static_cast<std::size_t>(*size));
    const auto got = file->read_at(0, {all.data(), all.size()});
    if (!got) {
        return got.error().in_file(path);
    }
    all.resize(*got);
    return all;
}

}  // namespace kseg::io
