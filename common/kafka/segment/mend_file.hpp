// SPDX-License-Identifier: Apache-2.0
// Mends a segment into a new file, which has its name only once it was read back and what was left out of it is safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "io/fs.hpp"
#include "io/replace.hpp"
#include "kafka/segment/mend.hpp"

namespace kseg::segment {

/// A file for what is left out, written as it comes.
class RejectsFile final : public io::Sink {
  public:
    /// Borrows the file system.
    /// errors   exists   it is there and may not be overwritten;   io
    static Result<std::unique_ptr<RejectsFile>> create(io::Fs& fs, const std::string& path, bool overwrite);

    Result<void> write(Bytes bytes) override;
    /// Makes what was written, and the file's name, durable.
    Result<void> sync();
    Result<void> commit() override { return sync(); }

  private:
    RejectsFile(io::Fs& fs, std::string path, std::unique_ptr<io::WritableFile> file)
        : fs_(fs), path_(std::move(path)), file_(std::move(file)) {}

    io::Fs& fs_;
    std::string path_;
    std::unique_ptr<io::WritableFile> file_;
    std::uint64_t size_ = 0;
};

/// Gives a file that was mended into its name: syncs it, reads it back, and calls `before_replace` first.
/// errors   those of verify_mended(), Replacement::commit() and before_replace()
Result<void> commit_mended(io::Replacement& file, const MendTotals& totals,
                           const std::function<Result<void>()>& before_replace);

/// Mends into the file `path`, whose directories are made.
/// outputs   its `mended` is not used
/// errors    those of mend(), Replacement::begin() and commit_mended()
Result<MendTotals> mend_to_file(io::Fs& fs, io::ByteSource& source, const std::string& path, bool overwrite,
                                const MendOptions& options, const MendOutputs& outputs);

}  // namespace kseg::segment
