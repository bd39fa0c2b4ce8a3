// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/mend_file.hpp"

namespace kseg::segment {

Result<std::unique_ptr<RejectsFile>> RejectsFile::create(io::Fs& fs, const std::string& path, bool overwrite) {
    const auto there = fs.info(path);
    if (there && there->has_value() && overwrite) {
        (void)fs.remove(path);  // what could not be removed cannot be made either
    }
    auto file = fs.create(path);
    if (!file) {
        Error error = file.error();
        error.what = error.code == Errc::exists ? "is there already; --overwrite replaces it" : error.what;
        return error;
    }
    return std::unique_ptr<RejectsFile>(new RejectsFile(fs, path, *std::move(file)));
}

Result<void> RejectsFile::write(Bytes bytes) {
    auto written = file_->write_at(size_, bytes);
    size_ += bytes.size();
    return written;
}

Result<void> RejectsFile::sync() {
    auto synced = file_->sync();
    return synced ? fs_.sync_directory(io::directory_of(path_)) : synced;
}

Result<void> commit_mended(io::Replacement& file, const MendTotals& totals,
                           const std::function<Result<void>()>& before_replace) {
    Result<void> done = file.sync();
    if (done) {
        done = verify_mended(file.content(), totals);
    }
    if (done && before_replace) {
        done = before_replace();
    }
    return done ? file.commit() : done;
}

Result<MendTotals> mend_to_file(io::Fs& fs, io::ByteSource& source, const std::string& path, bool overwrite,
                                const MendOptions& options, const MendOutputs& outputs) {
    if (const auto made = fs.make_directories(io::directory_of(path)); !made) {
        return made.error();
    }
    auto file = io::Replacement::begin(fs, path, {.overwrite = overwrite});
    if (!file) {
        return file.error();
    }
    MendOutputs to = outputs;
    to.mended = file->get();
    auto totals = mend(source, options, to);
    if (!totals) {
        return totals;
    }
    const auto done = commit_mended(**file, *totals, outputs.before_replace);
    return done ? totals : Result<MendTotals>(done.error().in_file(path));
}

}  // namespace kseg::segment
