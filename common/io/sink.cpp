// SPDX-License-Identifier: Apache-2.0
#include "io/sink.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "io/replace.hpp"

namespace kseg::io {
namespace {

Result<void> write_all(int fd, Bytes bytes) {
    while (!bytes.empty()) {
        const ssize_t done = ::write(fd, bytes.data(), bytes.size());
        if (done < 0) {
            if (errno == EINTR) {
                continue;
            }
            return errno == EPIPE ? Error{.code = Errc::io, .what = std::string(kBrokenPipe)} : io_error("write", errno);
        }
        bytes = bytes.subspan(static_cast<std::size_t>(done));
    }
    return {};
}

class DescriptorSink final : public Sink {
  public:
    explicit DescriptorSink(int fd) : fd_(fd) {}
    Result<void> write(Bytes bytes) override { return write_all(fd_, bytes); }
    Result<void> commit() override { return {}; }

  private:
    int fd_;
};

/// The same with a descriptor of its own.
class OwningSink final : public Sink {
  public:
    explicit OwningSink(Descriptor fd) : fd_(std::move(fd)) {}
    Result<void> write(Bytes bytes) override { return write_all(fd_.get(), bytes); }
    Result<void> commit() override { return {}; }

  private:
    Descriptor fd_;
};

}  // namespace

std::unique_ptr<Sink> sink_to_descriptor(int fd) {
    return std::make_unique<DescriptorSink>(fd);
}

Result<std::unique_ptr<Sink>> replace_file(const std::string& path, bool overwrite) {
    const auto there = posix_fs().info(path);
    if (there && there->has_value() && !(*there)->is_regular) {
        Descriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
        if (!fd.valid()) {
            return io_error("", errno).in_file(path);
        }
        return std::unique_ptr<Sink>(std::make_unique<OwningSink>(std::move(fd)));
    }
    auto replacement = Replacement::begin(posix_fs(), path, {.overwrite = overwrite});
    if (!replacement) {
        return replacement.error();
    }
    return std::unique_ptr<Sink>(*std::move(replacement));
}

}  // namespace kseg::io
