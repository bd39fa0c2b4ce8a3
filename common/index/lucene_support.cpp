// SPDX-License-Identifier: Apache-2.0
#include "index/lucene_support.hpp"

#include <lucene++/LuceneHeaders.h>  // before the others, which need it

#include <lucene++/BufferedIndexInput.h>

#include <functional>
#include <utility>

namespace kseg::index {
namespace {

constexpr std::int32_t kBufferBytes = 4096;

/// Reads a file that others may read too: Lucene++ clones its inputs.
class Input final : public Lucene::BufferedIndexInput {
  public:
    Input(std::shared_ptr<io::ReadAt> file, std::int64_t size, Failure& failure)
        : BufferedIndexInput(kBufferBytes), file_(std::move(file)), size_(size), failure_(failure) {}

    std::int64_t length() override { return size_; }
    Lucene::LuceneObjectPtr clone(const Lucene::LuceneObjectPtr& other) override {
        const Lucene::LuceneObjectPtr copy =
            other ? other : Lucene::LuceneObjectPtr(Lucene::newLucene<Input>(file_, size_, std::ref(failure_)));
        auto cloned = BufferedIndexInput::clone(copy);
        boost::dynamic_pointer_cast<Input>(cloned)->at_ = at_;
        return cloned;
    }

  protected:
    void readInternal(std::uint8_t* b, std::int32_t offset, std::int32_t length) override {
        const auto into = std::as_writable_bytes(std::span(b + offset, static_cast<std::size_t>(length)));
        at_ = static_cast<std::uint64_t>(getFilePointer());
        const auto got = file_->read_at(at_, into);
        if (!got) {
            failure_.raise(got.error());
        }
        if (*got < into.size()) {
            failure_.raise({.code = Errc::corrupt, .what = "the file ends too early", .at = at_});
        }
    }
    void seekInternal(std::int64_t pos) override { at_ = static_cast<std::uint64_t>(pos); }

  private:
    std::shared_ptr<io::ReadAt> file_;  // shared with the clones
    std::int64_t size_;
    Failure& failure_;
    std::uint64_t at_ = 0;
};

}  // namespace

void Failure::raise(Error what) {
    if (!error) {
        error = std::move(what);
    }
    throw Lucene::IOException(L"refused");
}

boost::shared_ptr<Lucene::IndexInput> open_input(Result<std::unique_ptr<io::ReadAt>> file, Failure& failure) {
    if (!file) {
        failure.raise(file.error());
    }
    const auto size = (*file)->size();
    if (!size) {
        failure.raise(size.error());
    }
    return Lucene::newLucene<Input>(std::shared_ptr<io::ReadAt>(std::move(*file)), static_cast<std::int64_t>(*size),
                                    std::ref(failure));
}

}  // namespace kseg::index
