// SPDX-License-Identifier: Apache-2.0
// A file that appears whole or not at all: written under another name, synced, read back by whoever wants to, renamed.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "io/fs.hpp"
#include "io/sink.hpp"

namespace kseg::io {

struct ReplaceOptions {
    bool overwrite = false;  ///< an existing file may be replaced
    bool backup = false;     ///< what is replaced stays under its name with ".bak" behind it
    bool overwrite_backup = false;
    /// The new file gets the owner and permissions of the one that it replaces; otherwise those of any new file.
    bool keep_owner = false;
};

/// Destroyed without commit(), it removes what it wrote and leaves `path` as it was.
class Replacement final : public Sink {
  public:
    Replacement(const Replacement&) = delete;
    Replacement& operator=(const Replacement&) = delete;
    ~Replacement() override;

    /// Begins a file that shall get the name `path`. Borrows the file system.
    /// errors   exists   path is there and may not be replaced, or its backup's name is taken;   io
    static Result<std::unique_ptr<Replacement>> begin(Fs& fs, const std::string& path, const ReplaceOptions& options);

    Result<void> write(Bytes bytes) override;

    /// Syncs what was written. commit() does so too, where nobody did.
    Result<void> sync();

    /// What was written so far, for reading it back.
    [[nodiscard]] const ReadAt& content() const { return *file_; }
    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// Its name until commit().
    [[nodiscard]] const std::string& temporary() const { return temporary_; }

    /// Syncs, keeps the backup, renames, syncs the directory. At every moment `path` is the old file or the new one, whole.
    /// errors   io, exists   Where the name was changed and only the directory's sync failed, the error says "sync
    ///          directory": then the new file is there, but a power cut may bring the old one back.
    Result<void> commit() override;

  private:
    Replacement(Fs& fs, std::unique_ptr<WritableFile> file, std::string temporary, std::string path, ReplaceOptions options)
        : fs_(fs), file_(std::move(file)), temporary_(std::move(temporary)), path_(std::move(path)), options_(options) {}
    Result<void> keep_backup();
    Result<void> replace_backup(const std::string& backup);

    Fs& fs_;
    std::unique_ptr<WritableFile> file_;
    std::string temporary_;  // empty once it has its name
    std::string path_;
    ReplaceOptions options_;
    std::uint64_t size_ = 0;
    std::uint64_t announced_ = 0;  // up to where start_sync() was called
    bool synced_ = false;
};

/// The name under which a replaced file stays.
std::string backup_of(const std::string& path);

/// A name beside `path` that nothing has: a new, empty file.
Result<std::pair<std::string, std::unique_ptr<WritableFile>>> create_temporary(Fs& fs, const std::string& path);

}  // namespace kseg::io
