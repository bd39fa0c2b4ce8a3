// SPDX-License-Identifier: Apache-2.0
#include "archive/writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include "archive/member_name.hpp"
#include "archive/tar_header.hpp"
#include "base/checked.hpp"
#include "base/crc.hpp"
#include "base/ordered_jobs.hpp"
#include "kafka/codec/chunk.hpp"

namespace kseg::archive {
namespace {

/// A piece of the tar stream.
struct Piece {
    ByteBuffer content;
    bool store = false;
};

/// The same, compressed.
struct Packed {
    ByteBuffer bytes;
    std::uint32_t size = 0;
    std::uint32_t crc32c = 0;
    std::optional<Error> error;
    ByteBuffer content;  // back for another piece
};

constexpr std::uint64_t kMaxMemberBytes = std::uint64_t{1} << 60;
constexpr std::size_t kMaxTableBytes = std::size_t{200} << 20;  // less than readers take

/// Content in memory, borrowed.
class BytesFile final : public io::ReadAt {
  public:
    explicit BytesFile(Bytes bytes) : bytes_(bytes) {}
    [[nodiscard]] Result<std::uint64_t> size() const override { return std::uint64_t{bytes_.size()}; }
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
        const auto at = static_cast<std::size_t>(std::min<std::uint64_t>(offset, bytes_.size()));
        const Bytes part = bytes_.subspan(at, std::min(into.size(), bytes_.size() - at));
        std::copy(part.begin(), part.end(), into.begin());
        return part.size();
    }

  private:
    Bytes bytes_;
};

Error invalid(std::string what) {
    return {.code = Errc::invalid, .what = std::move(what)};
}

}  // namespace

class ArchiveWriter::Impl {
  public:
    Impl(io::Sink& out, const WriteOptions& options)
        : out_(out),
          format_(options.format),
          jobs_(
              options.jobs, [options] { return compressor(options); }, [this](Packed& packed) { take(packed); }) {}

    Result<void> add(std::string_view name, const io::ReadAt& content, const AddOptions& options);
    Result<Written> finish();

  private:
    using Jobs = OrderedJobs<Piece, Packed>;
    static Jobs::Work compressor(const WriteOptions& options);
    Result<void> check(std::string_view name, const AddOptions& options) const;
    Result<std::uint32_t> append_content(const io::ReadAt& content, std::uint64_t size, std::size_t chunk_bytes);
    void cut();
    void take(Packed& packed);
    void write(Bytes bytes);
    Error fail(Error error);

    io::Sink& out_;
    Format format_;
    std::optional<Error> error_;  // the first one
    Table table_;
    std::set<std::string, std::less<>> names_;
    std::size_t table_bytes_ = 0;  // about, for its limit
    Written written_;
    Piece open_;                     // the end of the tar stream, not yet handed over
    std::uint64_t handed_over_ = 0;  // bytes of the tar stream before it
    std::vector<ByteBuffer> spare_;
    Jobs jobs_;  // last, so that its threads end first
};

ArchiveWriter::Impl::Jobs::Work ArchiveWriter::Impl::compressor(const WriteOptions& options) {
    const bool is_gz = options.format == Format::tar_gz;
    const auto codec = is_gz ? codec::ChunkCodec::gzip : codec::ChunkCodec::zstd;
    const int level = options.level.value_or(is_gz ? codec::kChunkGzipLevel : codec::kChunkZstdLevel);
    return [codec, level](Piece& piece, Packed& packed) {
        packed.bytes.clear();
        packed.size = checked_cast<std::uint32_t>(piece.content.size());
        packed.crc32c = crc32c(piece.content.bytes());
        const auto done = codec::compress_chunk(codec, piece.content.bytes(),
                                                piece.store ? std::nullopt : std::optional(level), packed.bytes);
        packed.error = done ? std::nullopt : std::optional(done.error());
        packed.content = std::move(piece.content);
    };
}

Error ArchiveWriter::Impl::fail(Error error) {
    if (!error_) {
        error_ = std::move(error);
    }
    return *error_;
}

void ArchiveWriter::Impl::write(Bytes bytes) {
    if (error_) {
        return;
    }
    if (const auto done = out_.write(bytes); !done) {
        error_ = done.error();
        return;
    }
    written_.bytes += bytes.size();
    written_.crc32c = crc32c(bytes, written_.crc32c);
}

void ArchiveWriter::Impl::take(Packed& packed) {
    if (packed.error && !error_) {
        error_ = packed.error;
    }
    write(packed.bytes.bytes());
    table_.add_chunk(checked_cast<std::uint32_t>(packed.bytes.size()), packed.size, packed.crc32c);
    packed.content.clear();
    spare_.push_back(std::move(packed.content));
}

void ArchiveWriter::Impl::cut() {
    if (open_.content.empty()) {
        return;
    }
    handed_over_ += open_.content.size();
    table_bytes_ += 12;
    const bool store = open_.store;
    jobs_.submit(std::exchange(open_, {}));
    open_.store = store;
    if (!spare_.empty()) {
        open_.content = std::move(spare_.back());
        spare_.pop_back();
    }
}

Result<void> ArchiveWriter::Impl::check(std::string_view name, const AddOptions& options) const {
    if (const auto problem = problem_of_name(name)) {
        return invalid(fmt::format("the member name \"{}\" {}", printable(name), *problem));
    }
    if (names_.find(name) != names_.end()) {
        return invalid(fmt::format("two members \"{}\"", name));
    }
    if (options.chunk_bytes < AddOptions::kLeastChunkBytes || options.chunk_bytes > AddOptions::kMostChunkBytes) {
        return invalid(fmt::format("chunk size; expected {} to {} bytes, got {}", AddOptions::kLeastChunkBytes,
                                   AddOptions::kMostChunkBytes, options.chunk_bytes));
    }
    return {};
}

/// Appends content to the open piece, which is cut after each `chunk_bytes` of it. Returns the CRC-32C of all.
Result<std::uint32_t> ArchiveWriter::Impl::append_content(const io::ReadAt& content, std::uint64_t size,
                                                          std::size_t chunk_bytes) {
    std::uint32_t crc = 0;
    for (std::uint64_t at = 0; at < size;) {
        const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(size - at, chunk_bytes));
        const std::size_t start = open_.content.size();
        open_.content.resize(start + part);
        const auto got = content.read_at(at, {open_.content.data() + start, part});
        if (!got) {
            return got.error();
        }
        if (*got != part) {
            return Error{.code = Errc::truncated, .what = "the file became shorter while it was read", .at = at + *got};
        }
        crc = crc32c(open_.content.bytes().subspan(start), crc);
        at += part;
        if (at < size) {
            cut();
            if (error_) {
                return *error_;
            }
        }
    }
    return crc;
}

Result<void> ArchiveWriter::Impl::add(std::string_view name, const io::ReadAt& content, const AddOptions& options) {
    if (error_) {
        return *error_;
    }
    if (const auto good = check(name, options); !good) {
        return fail(good.error());
    }
    const auto size = content.size();
    if (!size) {
        return fail(size.error());
    }
    table_bytes_ += 22 + name.size();
    if (*size > kMaxMemberBytes || table_bytes_ + *size / options.chunk_bytes * 12 > kMaxTableBytes) {
        return fail({.code = Errc::too_large, .what = fmt::format("the table of contents, at \"{}\"", name)});
    }
    ByteBuffer header;
    append_tar_header(header, name, *size);
    const std::uint64_t all = header.size() + *size + tar_padding(*size);
    // A member begins a chunk, unless all of it goes into the one that is open.
    if (open_.content.size() + all > options.chunk_bytes || open_.store != options.store) {
        cut();
    }
    open_.store = options.store;
    open_.content.append(header.bytes());
    const std::uint64_t position = handed_over_ + open_.content.size();
    const auto crc = append_content(content, *size, options.chunk_bytes);
    if (!crc) {
        return fail(crc.error());
    }
    append_zeros(open_.content, tar_padding(*size));
    names_.emplace(name);
    table_.members.push_back({.name = std::string(name), .position = position, .size = *size, .crc32c = *crc});
    return {};
}

Result<Written> ArchiveWriter::Impl::finish() {
    if (error_) {
        return *error_;
    }
    append_zeros(open_.content, kTarEndBytes);
    cut();
    jobs_.drain();
    if (error_) {
        return *error_;
    }
    const ByteBuffer tail = encode_tail(format_, table_);
    write(tail.bytes());
    if (error_) {
        return *error_;
    }
    error_ = invalid("the archive is finished");
    return written_;
}

ArchiveWriter::ArchiveWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ArchiveWriter::~ArchiveWriter() = default;

Result<std::unique_ptr<ArchiveWriter>> ArchiveWriter::begin(io::Sink& out, const WriteOptions& options) {
    if (options.level) {
        const bool is_gz = options.format == Format::tar_gz;
        const auto good =
            codec::check_chunk_level(is_gz ? codec::ChunkCodec::gzip : codec::ChunkCodec::zstd, *options.level);
        if (!good) {
            return good.error();
        }
    }
    return std::unique_ptr<ArchiveWriter>(new ArchiveWriter(std::make_unique<Impl>(out, options)));
}

Result<void> ArchiveWriter::add(std::string_view name, const io::ReadAt& content, const AddOptions& options) {
    return impl_->add(name, content, options);
}

Result<void> ArchiveWriter::add(std::string_view name, Bytes content, const AddOptions& options) {
    return impl_->add(name, BytesFile(content), options);
}

Result<Written> ArchiveWriter::finish() {
    return impl_->finish();
}

}  // namespace kseg::archive
