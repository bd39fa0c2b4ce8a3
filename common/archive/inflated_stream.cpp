// SPDX-License-Identifier: Apache-2.0
#include "archive/inflated_stream.hpp"

#include <algorithm>
#include <utility>

namespace kseg::archive {
namespace {

constexpr std::size_t kInputBytes = std::size_t{256} << 10;

}  // namespace

Result<void> InflatedStream::begin() const {
    auto stream = codec::open_stream(codec_);
    if (!stream) {
        return stream.error();
    }
    stream_ = *std::move(stream);
    file_at_ = 0;
    input_.clear();
    input_used_ = 0;
    for (Block& block : blocks_) {
        block.position = 0;
        block.bytes.clear();
    }
    return {};
}

/// Reads more of the file where all has been used. False at its end.
Result<bool> InflatedStream::refill() const {
    if (input_used_ < input_.size()) {
        return true;
    }
    input_.resize(kInputBytes);
    input_used_ = 0;
    const auto got = file_->read_at(file_at_, {input_.data(), input_.size()});
    if (!got) {
        input_.clear();
        return got.error();
    }
    input_.resize(*got);
    file_at_ += *got;
    return *got != 0;
}

/// Decompresses the block behind the newer one, in place of the older. False at the end of the stream.
Result<bool> InflatedStream::next_block() const {
    std::swap(blocks_[0], blocks_[1]);
    Block& block = blocks_[1];
    block.position = blocks_[0].position + blocks_[0].bytes.size();
    block.bytes.resize(kBlockBytes);
    std::size_t made = 0;
    while (made < kBlockBytes) {
        const auto more = refill();
        if (!more) {
            return more.error();
        }
        if (!*more) {
            if (!stream_->may_end()) {
                return Error{.code = Errc::truncated, .what = "the archive ends early", .at = file_at_};
            }
            break;
        }
        const Bytes in = input_.bytes().subspan(input_used_);
        const auto step = stream_->step(in, {block.bytes.data() + made, kBlockBytes - made});
        if (!step) {
            Error error = step.error();
            error.at = file_at_ - in.size();
            return error;
        }
        if (step->used == 0 && step->made == 0) {
            return Error{.code = Errc::corrupt, .what = "the stream does not go on", .at = file_at_ - in.size()};
        }
        made += step->made;
        input_used_ += step->used;
    }
    block.bytes.resize(made);
    if (made == 0) {
        // The last block stays the newer one.
        block.position = blocks_[0].position;
        std::swap(blocks_[0], blocks_[1]);
    }
    return made != 0;
}

Result<std::size_t> InflatedStream::read_at(std::uint64_t position, std::span<std::byte> into) const {
    const std::lock_guard lock(mutex_);
    std::size_t done = 0;
    while (done < into.size()) {
        if (!stream_ || position < blocks_[0].position) {
            if (const auto begun = begin(); !begun) {
                return begun.error();
            }
        }
        bool found = false;
        for (const Block& block : blocks_) {
            const std::uint64_t end = block.position + block.bytes.size();
            if (position >= block.position && position < end) {
                const std::size_t part =
                    static_cast<std::size_t>(std::min<std::uint64_t>(end - position, into.size() - done));
                std::copy_n(block.bytes.data() + (position - block.position), part, into.data() + done);
                done += part;
                position += part;
                found = true;
                break;
            }
        }
        if (found) {
            continue;
        }
        const auto more = next_block();
        if (!more) {
            stream_.reset();  // the next read begins anew
            return more.error();
        }
        if (!*more) {
            break;
        }
    }
    return done;
}

Result<std::uint64_t> InflatedStream::size() const {
    // Beyond every end, so that reading there goes through all that is left.
    std::byte nothing{};
    if (const auto end = read_at(std::uint64_t{1} << 62, {&nothing, 1}); !end) {
        return end.error();
    }
    const std::lock_guard lock(mutex_);
    return blocks_[1].position + blocks_[1].bytes.size();
}

}  // namespace kseg::archive
