// SPDX-License-Identifier: Apache-2.0
#include "io/sink.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

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

class ReplacingSink final : public Sink {
  public:
    ReplacingSink(Descriptor fd, std::string temporary, std::string path, bool overwrite)
        : fd_(std::move(fd)), temporary_(std::move(temporary)), path_(std::move(path)), overwrite_(overwrite) {}
    ReplacingSink(const ReplacingSink&) = delete;
    ReplacingSink& operator=(const ReplacingSink&) = delete;
    ~ReplacingSink() override {
        if (!committed_) {
            ::unlink(temporary_.c_str());
        }
    }

    Result<void> write(Bytes bytes) override {
        const auto written = write_all(fd_.get(), bytes);
        return written ? written : Result<void>(written.error().in_file(path_));
    }

    Result<void> commit() override {
        if (::fsync(fd_.get()) != 0) {
            return io_error("sync", errno).in_file(path_);
        }
        // Without leave to overwrite, a link fails where somebody made the file meanwhile; a rename would replace it.
        if (overwrite_) {
            if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
                return io_error("rename", errno).in_file(path_);
            }
        } else {
            if (::link(temporary_.c_str(), path_.c_str()) != 0) {
                return io_error("rename", errno).in_file(path_);
            }
            ::unlink(temporary_.c_str());
        }
        committed_ = true;
        const std::string parent = std::filesystem::path(path_).parent_path().string();
        const Descriptor directory(::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!directory.valid() || ::fsync(directory.get()) != 0) {
            return io_error("sync directory", errno).in_file(path_);
        }
        return {};
    }

  private:
    Descriptor fd_;
    std::string temporary_;
    std::string path_;
    bool overwrite_;
    bool committed_ = false;
};

}  // namespace

std::unique_ptr<Sink> sink_to_descriptor(int fd) {
    return std::make_unique<DescriptorSink>(fd);
}

Result<std::unique_ptr<Sink>> replace_file(const std::string& path, bool overwrite) {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) {
        if (!S_ISREG(info.st_mode)) {
            // A pipe or device is written to, not replaced.
            Descriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
            if (!fd.valid()) {
                return io_error("", errno).in_file(path);
            }
            return sink_to_descriptor(fd.release());
        }
        if (!overwrite) {
            return Error{.code = Errc::exists, .what = "is there already; --overwrite replaces it", .file = path};
        }
    }
    std::string temporary = path + ".tmpXXXXXX";
    Descriptor fd(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!fd.valid()) {
        return io_error("", errno).in_file(path);
    }
    const mode_t mask = ::umask(0);
    ::umask(mask);
    ::fchmod(fd.get(), 0666 & ~mask);  // mkostemp makes 0600
    return std::unique_ptr<Sink>(std::make_unique<ReplacingSink>(std::move(fd), std::move(temporary), path, overwrite));
}

}  // namespace kseg::io
