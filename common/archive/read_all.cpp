// SPDX-License-Identifier: Apache-2.0
// An archive from its begin to its end.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "archive/archive.hpp"
#include "archive/archive_state.hpp"
#include "archive/chunk_store.hpp"
#include "archive/tar_header.hpp"
#include "base/crc.hpp"
#include "base/ordered_jobs.hpp"

namespace kseg::archive {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
constexpr std::size_t kFetchBytes = std::size_t{4} << 20;

Error corrupt(std::string what) {
    return {.code = Errc::corrupt, .what = std::move(what)};
}

/// Takes the tar stream of an archive with a table: gives members to a sink, and compares what is between them.
class StreamReader {
  public:
    StreamReader(const std::vector<Member>& members, const std::vector<std::uint64_t>& positions, MemberSink& sink)
        : members_(members), positions_(positions), sink_(sink) {
        expect_between();
    }

    Result<void> take(Bytes bytes) {
        while (!bytes.empty()) {
            if (!between_.empty()) {
                const std::size_t part = std::min(bytes.size(), between_.size() - between_done_);
                if (as_text(bytes.first(part)) != between_.text().substr(between_done_, part)) {
                    return corrupt(number_ < members_.size() ? fmt::format("{}: its tar header is another", here())
                                                             : "the tar stream ends otherwise");
                }
                position_ += part;
                between_done_ += part;
                bytes = bytes.subspan(part);
                if (between_done_ < between_.size()) {
                    return {};
                }
                between_.clear();
                if (number_ == members_.size()) {
                    continue;
                }
                if (position_ != positions_[number_]) {
                    return corrupt(fmt::format("{}: its content begins at {}, the table says {}", here(), position_,
                                               positions_[number_]));
                }
                if (const auto begun = sink_.begin(members_[number_]); !begun) {
                    return begun.error();
                }
            } else if (number_ == members_.size()) {
                return corrupt("bytes follow the end of the tar stream");
            }
            if (const auto done = take_content(bytes); !done) {
                return done.error();
            }
        }
        return {};
    }

    Result<void> finish() const {
        if (number_ < members_.size() || !between_.empty()) {
            return corrupt("the tar stream ends early");
        }
        return {};
    }

  private:
    [[nodiscard]] const std::string& here() const { return members_[number_].name; }

    /// Sets what stands before the content of the next member, or at the end.
    void expect_between() {
        between_done_ = 0;
        append_zeros(between_, number_ == 0 ? 0 : tar_padding(members_[number_ - 1].size));
        if (number_ < members_.size()) {
            append_tar_header(between_, here(), members_[number_].size);
        } else {
            append_zeros(between_, kTarEndBytes);
        }
    }

    /// Takes content of the member from `bytes`, all of which may be another's, and ends it.
    Result<void> take_content(Bytes& bytes) {
        if (number_ == members_.size()) {
            return {};
        }
        const Member& member = members_[number_];
        const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), member.size - member_done_));
        if (part != 0) {
            if (const auto done = sink_.write(bytes.first(part)); !done) {
                return done.error();
            }
        }
        crc_ = crc32c(bytes.first(part), crc_);
        position_ += part;
        member_done_ += part;
        bytes = bytes.subspan(part);
        if (member_done_ < member.size) {
            return {};
        }
        if (crc_ != member.crc32c) {
            return corrupt(fmt::format("{}: crc; expected 0x{:08x}, got 0x{:08x}", here(), *member.crc32c, crc_));
        }
        crc_ = 0;
        member_done_ = 0;
        ++number_;
        expect_between();
        return sink_.end();
    }

    const std::vector<Member>& members_;
    const std::vector<std::uint64_t>& positions_;
    MemberSink& sink_;
    std::size_t number_ = 0;  // of the member that comes next, or whose content comes
    std::uint64_t position_ = 0;
    std::uint64_t member_done_ = 0;
    std::uint32_t crc_ = 0;
    ByteBuffer between_;
    std::size_t between_done_ = 0;
};

struct Fetched {
    std::shared_ptr<const ByteBuffer> run;  // compressed bytes of several chunks
    std::size_t begin = 0;
    const ChunkRow* chunk = nullptr;
};

struct Unpacked {
    ByteBuffer bytes;
    std::optional<Error> error;
};

/// Goes through all chunks in order.
Result<void> read_chunks(const ChunkStore& store, unsigned jobs, StreamReader& reader) {
    using Jobs = OrderedJobs<Fetched, Unpacked>;
    std::optional<Error> error;
    Jobs unpacking(
        jobs,
        [&store] {
            return [&store](Fetched& fetched, Unpacked& unpacked) {
                const ChunkRow& chunk = *fetched.chunk;
                unpacked.bytes.resize(chunk.size);
                const auto done = store.unpack(chunk, fetched.run->bytes().subspan(fetched.begin, chunk.compressed),
                                               {unpacked.bytes.data(), unpacked.bytes.size()});
                unpacked.error = done ? std::nullopt : std::optional(done.error());
            };
        },
        [&reader, &error](Unpacked& unpacked) {
            if (error) {
                return;
            }
            error = std::move(unpacked.error);
            if (!error) {
                if (const auto taken = reader.take(unpacked.bytes.bytes()); !taken) {
                    error = taken.error();
                }
            }
        });
    const std::span<const ChunkRow> chunks = store.chunks();
    for (std::size_t first = 0; first < chunks.size() && !error;) {
        std::size_t last = first;
        while (last + 1 < chunks.size() &&
               chunks[last + 1].offset + chunks[last + 1].compressed - chunks[first].offset <= kFetchBytes) {
            ++last;
        }
        const auto run = std::make_shared<ByteBuffer>();
        if (const auto done = store.fetch(chunks.subspan(first, last - first + 1), *run); !done) {
            return done.error();
        }
        for (std::size_t i = first; i <= last && !error; ++i) {
            unpacking.submit({run, static_cast<std::size_t>(chunks[i].offset - chunks[first].offset), &chunks[i]});
        }
        first = last + 1;
    }
    unpacking.drain();
    if (error) {
        return *error;
    }
    return reader.finish();
}

Result<void> copy_member(const io::ReadAt& content, std::uint64_t size, MemberSink& sink) {
    ByteBuffer piece;
    for (std::uint64_t at = 0; at < size;) {
        piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(size - at, kPieceBytes)));
        const auto got = content.read_at(at, {piece.data(), piece.size()});
        if (!got) {
            return got.error();
        }
        if (const auto done = sink.write(piece.bytes().first(*got)); !done) {
            return done.error();
        }
        at += *got;
    }
    return {};
}

}  // namespace

Result<void> Archive::read_all(MemberSink& sink, unsigned jobs) const {
    if (state_->chunks) {
        StreamReader reader(state_->members, state_->positions, sink);
        if (const auto done = read_chunks(*state_->chunks, jobs, reader); !done) {
            return done.error().in_file(state_->name);
        }
        return {};
    }
    for (std::size_t i = 0; i < state_->members.size(); ++i) {
        const Member& member = state_->members[i];
        const auto content = state_->view(i);
        if (const auto begun = sink.begin(member); !begun) {
            return begun.error();
        }
        if (const auto done = copy_member(*content, member.size, sink); !done) {
            return done.error();
        }
        if (const auto ended = sink.end(); !ended) {
            return ended.error();
        }
    }
    return {};
}

}  // namespace kseg::archive
