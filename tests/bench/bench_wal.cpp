// SPDX-License-Identifier: Apache-2.0
// The write-ahead log at work, and what it is compared with:
//   tickets DIR OPEN COUNT GROUPS   appends COUNT batches of 1 KiB with OPEN tickets open; writes the groups that were
//   synced bare DIR GROUPS                 a loop that writes and syncs in the same groups append DIR MIB appends batches
//   of 1 MiB without a sync, and leaves the log open fill DIR MIB                    the same, and closes it cleanly open
//   DIR                        opens it read FILE FROM                  reads a file from a position on
// Each prints the seconds that it took, without the process's start.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include "kafka/record/builder.hpp"
#include "wal/wal.hpp"

using namespace kseg;

namespace {

using Steady = std::chrono::steady_clock;

class FixedClock final : public Clock {
  public:
    [[nodiscard]] TimestampMs now() const override { return 1700000000000; }
};

double seconds_since(Steady::time_point start) {
    return std::chrono::duration<double>(Steady::now() - start).count();
}

ByteBuffer batch_of(std::size_t bytes) {
    constexpr std::size_t kAround = 80;  // header and the record's own fields
    record::BatchBuilder builder;
    builder.begin({.base_offset = 0});
    const std::string value(bytes - kAround, 'v');
    (void)builder.add(record::RecordView{.offset = 0, .stored_timestamp = 1700000000000, .value = as_bytes(value)});
    ByteBuffer out;
    (void)builder.finish(out);
    return out;
}

/// The sizes of what was written to a log between one sync and the next.
struct Groups {
    std::mutex mutex;
    std::size_t open = 0;
    std::vector<std::size_t> done;
};

class CountingFile final : public io::WritableFile {
  public:
    CountingFile(std::unique_ptr<io::WritableFile> file, Groups& groups) : file_(std::move(file)), groups_(groups) {}
    [[nodiscard]] Result<std::uint64_t> size() const override { return file_->size(); }
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t at, std::span<std::byte> into) const override {
        return file_->read_at(at, into);
    }
    Result<void> write_at(std::uint64_t at, Bytes bytes) override {
        auto done = file_->write_at(at, bytes);
        const std::lock_guard lock(groups_.mutex);
        ++groups_.open;
        return done;
    }
    Result<void> resize(std::uint64_t bytes) override { return file_->resize(bytes); }
    Result<void> sync() override {
        {
            const std::lock_guard lock(groups_.mutex);
            groups_.done.push_back(groups_.open);
            groups_.open = 0;
        }
        return file_->sync();
    }
    void start_sync() override { file_->start_sync(); }

  private:
    std::unique_ptr<io::WritableFile> file_;
    Groups& groups_;
};

/// The machine's file system, with the groups of .log files counted.
class CountingFs final : public io::Fs {
  public:
    explicit CountingFs(Groups& groups) : groups_(groups) {}
    Result<std::unique_ptr<io::ReadAt>> open(const std::string& path) override { return fs_.open(path); }
    Result<std::unique_ptr<io::WritableFile>> create(const std::string& path) override {
        return wrap(path, fs_.create(path));
    }
    Result<std::unique_ptr<io::WritableFile>> open_writable(const std::string& path) override {
        return wrap(path, fs_.open_writable(path));
    }
    Result<std::optional<io::FileInfo>> info(const std::string& path) override { return fs_.info(path); }
    Result<std::vector<std::string>> list(const std::string& path) override { return fs_.list(path); }
    Result<void> make_directories(const std::string& path) override { return fs_.make_directories(path); }
    Result<void> link(const std::string& from, const std::string& to) override { return fs_.link(from, to); }
    Result<void> rename(const std::string& from, const std::string& to) override { return fs_.rename(from, to); }
    Result<void> remove(const std::string& path) override { return fs_.remove(path); }
    Result<void> remove_directory(const std::string& path) override { return fs_.remove_directory(path); }
    Result<void> sync_directory(const std::string& path) override { return fs_.sync_directory(path); }
    Result<void> copy_owner(const std::string& from, const std::string& to) override { return fs_.copy_owner(from, to); }
    Result<std::unique_ptr<io::FileLock>> lock(const std::string& path) override { return fs_.lock(path); }
    Result<bool> is_locked(const std::string& path) override { return fs_.is_locked(path); }

  private:
    Result<std::unique_ptr<io::WritableFile>> wrap(const std::string& path,
                                                   Result<std::unique_ptr<io::WritableFile>> file) {
        if (!file || !path.ends_with(".log")) {
            return file;
        }
        return std::unique_ptr<io::WritableFile>(std::make_unique<CountingFile>(*std::move(file), groups_));
    }

    io::Fs& fs_ = io::posix_fs();
    Groups& groups_;
};

[[noreturn]] void fail(const Error& error) {
    fmt::print(stderr, "{}\n", error.message());
    std::exit(1);
}

struct Log {
    std::unique_ptr<wal::Wal> wal;
    wal::PartitionLog* partition = nullptr;
};

Log open_log(io::Fs& fs, const std::string& directory, wal::SyncPolicy policy) {
    static const FixedClock clock;
    auto wal = wal::Wal::open(fs, clock, directory, {.sync = policy});
    if (!wal) {
        fail(wal.error());
    }
    const auto partition = (*wal)->partition({.topic = "bench", .partition = 0});
    if (!partition) {
        fail(partition.error());
    }
    return {.wal = *std::move(wal), .partition = *partition};
}

double tickets(const std::string& directory, std::uint64_t open, std::uint64_t count, const std::string& file) {
    Groups groups;
    CountingFs fs(groups);
    const Log log = open_log(fs, directory, wal::SyncPolicy::always);
    ByteBuffer batch = batch_of(1024);
    const auto start = Steady::now();
    for (std::uint64_t i = 1; i <= count; ++i) {
        const auto done = log.partition->append({batch.data(), batch.size()});
        if (!done) {
            fail(done.error());
        }
        if (done->ticket >= open) {
            if (const auto waited = log.partition->wait(done->ticket - open + 1); !waited) {
                fail(waited.error());
            }
        }
    }
    if (const auto synced = log.partition->sync(); !synced) {
        fail(synced.error());
    }
    const double took = seconds_since(start);
    std::ofstream out(file);
    for (const std::size_t size : groups.done) {
        out << size << '\n';
    }
    return took;
}

double bare(const std::string& directory, const std::string& file) {
    std::ifstream in(file);
    std::vector<std::size_t> groups;
    for (std::size_t size = 0; in >> size;) {
        groups.push_back(size);
    }
    const int fd = ::open((directory + "/bare").c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);
    const ByteBuffer batch = batch_of(1024);
    off_t at = 0;
    const auto start = Steady::now();
    for (const std::size_t size : groups) {
        for (std::size_t i = 0; i < size; ++i, at += static_cast<off_t>(batch.size())) {
            if (::pwrite(fd, batch.data(), batch.size(), at) < 0) {
                std::exit(1);
            }
        }
        if (::fdatasync(fd) != 0) {
            std::exit(1);
        }
    }
    return seconds_since(start);
}

double append(const std::string& directory, std::uint64_t mib, std::uint64_t batch_bytes, bool close) {
    const Log log = open_log(io::posix_fs(), directory, wal::SyncPolicy::none);
    ByteBuffer batch = batch_of(batch_bytes);
    const auto start = Steady::now();
    for (std::uint64_t left = mib << 20; left >= batch.size(); left -= batch.size()) {
        if (const auto done = log.partition->append({batch.data(), batch.size()}); !done) {
            fail(done.error());
        }
    }
    const double took = seconds_since(start);
    if (close) {
        if (const auto closed = log.wal->close(); !closed) {
            fail(closed.error());
        }
    }
    return took;
}

double open_only(const std::string& directory) {
    const auto start = Steady::now();
    const Log log = open_log(io::posix_fs(), directory, wal::SyncPolicy::always);
    const double took = seconds_since(start);
    fmt::print(stderr, "end {}\n", log.partition->end_offset());
    return took;
}

double read_from(const std::string& path, off_t from) {
    constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
    alignas(4096) static char piece[kPieceBytes];
    from -= from % 4096;  // as any reader that cares does: copies out of the page cache are slower otherwise
    const auto start = Steady::now();
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    for (ssize_t got = 0; (got = ::pread(fd, piece, kPieceBytes, from)) > 0;) {
        from += got;
    }
    return seconds_since(start);
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> args(argv + 1, argv + argc);
    const auto number = [&args](std::size_t i) { return std::strtoull(args[i].c_str(), nullptr, 10); };
    double took = -1;
    if (args.size() == 5 && args[0] == "tickets") {
        took = tickets(args[1], number(2), number(3), args[4]);
    } else if (args.size() == 3 && args[0] == "bare") {
        took = bare(args[1], args[2]);
    } else if (args.size() == 4 && (args[0] == "append" || args[0] == "fill")) {
        took = append(args[1], number(2), number(3), args[0] == "fill");
    } else if (args.size() == 2 && args[0] == "open") {
        took = open_only(args[1]);
    } else if (args.size() == 3 && args[0] == "read") {
        took = read_from(args[1], static_cast<off_t>(number(2)));
    } else if (args.size() == 2 && args[0] == "forget") {
        const int fd = ::open(args[1].c_str(), O_RDWR | O_CLOEXEC);
        took = ::fdatasync(fd) == 0 ? ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) : 1;
    } else {
        return 2;
    }
    fmt::print("{:.9f}\n", took);
    std::fflush(stdout);
    ::_exit(0);  // the log is left as a process leaves it that is killed
}
