// SPDX-License-Identifier: Apache-2.0
#include "index/term_run.hpp"

#include <algorithm>
#include <compare>
#include <utility>

#include "io/window.hpp"
#include "kafka/wire/reader.hpp"
#include "kafka/wire/writer.hpp"

namespace kseg::index {
namespace {

// A run's file: entries of field u8, term length u32, count u32, postings length u32, term, postings; big-endian.
constexpr std::size_t kEntryHeadBytes = 1 + 4 + 4 + 4;
constexpr std::size_t kWriteBytes = std::size_t{256} * 1024;

std::strong_ordering order(const TermRun& a, const TermRun& b) {
    if (a.field() != b.field()) {
        return a.field() <=> b.field();
    }
    return a.term() <=> b.term();
}

/// Of two runs, which comes later: by term, and among equals by number, so that ordinals rise.
struct Later {
    const std::vector<std::unique_ptr<TermRun>>& runs;

    bool operator()(std::size_t a, std::size_t b) const {
        const auto by_term = order(*runs[a], *runs[b]);
        return by_term != 0 ? by_term > 0 : a > b;
    }
};

class MergedRun final : public TermRun {
  public:
    explicit MergedRun(std::vector<std::unique_ptr<TermRun>> runs) : runs_(std::move(runs)) {}

    Result<bool> next() override {
        if (!started_) {
            started_ = true;
            for (std::size_t i = 0; i < runs_.size(); ++i) {
                current_.push_back(i);
            }
        }
        for (const std::size_t i : current_) {
            const auto there = runs_[i]->next();
            if (!there) {
                return there.error();
            }
            if (*there) {
                heap_.push_back(i);
                std::push_heap(heap_.begin(), heap_.end(), Later{runs_});
            }
        }
        current_.clear();
        if (heap_.empty()) {
            return false;
        }
        do {
            std::pop_heap(heap_.begin(), heap_.end(), Later{runs_});
            current_.push_back(heap_.back());
            heap_.pop_back();
        } while (!heap_.empty() && order(*runs_[heap_.front()], *runs_[current_.front()]) == 0);
        join();
        return true;
    }

    [[nodiscard]] TermField field() const override { return runs_[current_.front()]->field(); }
    [[nodiscard]] std::string_view term() const override { return runs_[current_.front()]->term(); }
    [[nodiscard]] PostingsView postings() const override {
        return current_.size() == 1 ? runs_[current_.front()]->postings() : PostingsView(joined_.bytes(), count_);
    }

  private:
    /// Postings of all runs that have the term. A record that was cut in two is in two runs.
    void join() {
        if (current_.size() == 1) {
            return;
        }
        joined_.clear();
        count_ = 0;
        Ordinal last = 0;
        for (const std::size_t i : current_) {
            PostingsView postings = runs_[i]->postings();
            for (Ordinal at = 0; postings.next(at); last = at) {
                if (count_ == 0 || at != last) {
                    append_posting(joined_, at - last);
                    ++count_;
                }
            }
        }
    }

    std::vector<std::unique_ptr<TermRun>> runs_;
    std::vector<std::size_t> heap_;     // runs that stand at a term, the next one in front
    std::vector<std::size_t> current_;  // those that have the current term, in order
    bool started_ = false;
    ByteBuffer joined_;
    std::uint32_t count_ = 0;
};

class FileRun final : public TermRun {
  public:
    explicit FileRun(std::unique_ptr<io::ReadAt> file)
        : file_(std::move(file)), source_(io::source_of(*file_, 0)), window_(*source_, FileOffset{}, kWriteBytes) {}

    Result<bool> next() override {
        const auto head = window_.ensure(at_, kEntryHeadBytes);
        if (!head) {
            return head.error();
        }
        if (head->empty()) {
            return false;
        }
        wire::Reader in(*head);
        field_ = static_cast<TermField>(in.i8());
        const std::uint32_t term_bytes = in.u32();
        count_ = in.u32();
        const std::uint32_t postings_bytes = in.u32();
        const std::size_t all = kEntryHeadBytes + term_bytes + postings_bytes;
        const auto whole = window_.ensure(at_, all);
        if (!whole) {
            return whole.error();
        }
        if (!in.ok() || whole->size() < all) {
            return Error{.code = Errc::corrupt, .what = "a file of terms ends inside an entry", .at = at_.value};
        }
        term_ = as_text(whole->subspan(kEntryHeadBytes, term_bytes));
        postings_ = whole->subspan(kEntryHeadBytes + term_bytes, postings_bytes);
        at_ = at_ + all;
        return true;
    }

    [[nodiscard]] TermField field() const override { return field_; }
    [[nodiscard]] std::string_view term() const override { return term_; }
    [[nodiscard]] PostingsView postings() const override { return {postings_, count_}; }

  private:
    std::unique_ptr<io::ReadAt> file_;
    std::unique_ptr<io::ByteSource> source_;
    io::Window window_;
    FileOffset at_;
    TermField field_{};
    std::uint32_t count_ = 0;
    std::string_view term_;  // both borrow from the window until the next step
    Bytes postings_;
};

}  // namespace

void append_posting(ByteBuffer& out, std::uint32_t gap) {
    for (; gap > 0x7f; gap >>= 7) {
        out.push_back(static_cast<std::byte>((gap & 0x7fU) | 0x80U));
    }
    out.push_back(static_cast<std::byte>(gap));
}

std::unique_ptr<TermRun> merge_runs(std::vector<std::unique_ptr<TermRun>> runs) {
    return runs.size() == 1 ? std::move(runs.front()) : std::make_unique<MergedRun>(std::move(runs));
}

Result<void> write_run(io::Fs& fs, const std::string& path, TermRun& run) {
    auto file = fs.create(path);
    if (!file) {
        return file.error();
    }
    std::uint64_t at = 0;
    ByteBuffer out;
    for (;;) {
        const auto there = run.next();
        if (!there) {
            return there.error();
        }
        if (*there) {
            wire::Writer writer(out);
            writer.i8(static_cast<std::int8_t>(run.field()));
            writer.u32(static_cast<std::uint32_t>(run.term().size()));
            const PostingsView postings = run.postings();
            writer.u32(postings.count());
            writer.u32(static_cast<std::uint32_t>(postings.encoded().size()));
            writer.bytes(as_bytes(run.term()));
            writer.bytes(postings.encoded());
        }
        if (out.size() >= kWriteBytes || !*there) {
            if (auto written = (*file)->write_at(at, out.bytes()); !written) {
                return written;
            }
            at += out.size();
            out.clear();
        }
        if (!*there) {
            return {};
        }
    }
}

Result<std::unique_ptr<TermRun>> read_run(io::Fs& fs, const std::string& path) {
    auto file = fs.open(path);
    if (!file) {
        return file.error();
    }
    return std::unique_ptr<TermRun>(std::make_unique<FileRun>(std::move(*file)));
}

}  // namespace kseg::index
