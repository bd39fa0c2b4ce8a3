// SPDX-License-Identifier: Apache-2.0
// Reads archives: any byte of any member without unpacking the rest, on a file or on an object's ranges. Plain tar, tar.gz
// and tar.zst files are read too, at the cost that they have. Format: man/kseg-archive.5.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "io/file.hpp"

namespace kseg::archive {

struct Member {
    std::string name;
    std::uint64_t size = 0;
    std::optional<std::uint32_t> crc32c{};  ///< of the content; nothing in a plain archive
};

struct OpenOptions {
    /// Decompressed chunks kept for all members together; the one in use is kept however large.
    std::size_t cache_bytes = std::size_t{32} << 20;
    /// The first read: what an archive of usual size has its table in, and the members before it.
    std::size_t tail_bytes = std::size_t{128} << 10;
    /// Most compressed bytes that are asked for in one read.
    std::size_t request_bytes = std::size_t{8} << 20;
    /// Most bytes that a read fetches beyond what it needs, where reads follow one another; up to four times as much is
    /// kept. 0 for files, where a read costs little; some MiB for an object store.
    std::size_t read_ahead_bytes = 0;
};

/// What an archive is in.
enum class Kind : std::uint8_t {
    seekable_tar_gz,
    seekable_tar_zst,
    plain_tar,      ///< members are read where they are
    plain_tar_gz,   ///< each read of a member decompresses from where the last one ended, or from the begin
    plain_tar_zst,  ///< the same
};

std::string_view to_string(Kind kind);

/// Takes members one after another: begin(), write() as often as needed, end().
class MemberSink {
  public:
    virtual ~MemberSink() = default;
    virtual Result<void> begin(const Member& member) = 0;
    virtual Result<void> write(Bytes bytes) = 0;
    virtual Result<void> end() = 0;
};

/// An open archive; copies share it. What open_member() gave lives on without it. All of it may be used by several threads.
class Archive {
  public:
    /// file    asked for its size once, then for its tail; several threads read it where several read members
    /// name    for messages
    /// errors  io;   corrupt, truncated   damage where members are listed;   unsupported   another version, or no archive
    static Result<Archive> open(std::shared_ptr<const io::ReadAt> file, std::string name, const OpenOptions& options = {});

    [[nodiscard]] Kind kind() const;
    [[nodiscard]] const std::string& name() const;
    [[nodiscard]] std::uint64_t size() const;

    /// In the archive's order.
    [[nodiscard]] const std::vector<Member>& members() const;
    /// What a plain archive holds besides, and why it is no member: a link, a device, a name that leads out of a directory.
    [[nodiscard]] const std::vector<std::string>& refused() const;
    /// Null where there is none.
    [[nodiscard]] const Member* find(std::string_view member) const;

    /// Opens a member. Each chunk is verified before a byte of it is returned; neighbouring chunks come by one read of the
    /// file. A read that fails says which archive and member, and where in the archive.
    /// errors   invalid   there is no such member
    /// errors of reading   io;   corrupt, truncated   the archive is damaged there
    [[nodiscard]] Result<std::unique_ptr<io::ReadAt>> open_member(std::string_view member) const;

    /// Where in a member the chunk ends that holds its byte at `offset`: from there on reading does not need that chunk.
    /// Nothing in a plain archive, behind the member's end, and of a member that is not there.
    [[nodiscard]] std::optional<std::uint64_t> chunk_end(std::string_view member, std::uint64_t offset) const;

    /// Reads everything once, from the begin to the end, and verifies all that can be: every chunk, the CRC of every member
    /// and the tar headers between them; in a plain archive what its codec verifies. What the sink has been given of a
    /// member is right only once end() is called. jobs     threads that decompress; 0 does it here. Plain archives need
    /// none. errors   those of the sink, and of reading a member
    Result<void> read_all(MemberSink& sink, unsigned jobs) const;

  private:
    class State;
    static Result<void> open_plain(State& state, const std::shared_ptr<const io::ReadAt>& file);
    explicit Archive(std::shared_ptr<const State> state) : state_(std::move(state)) {}
    std::shared_ptr<const State> state_;
};

}  // namespace kseg::archive
