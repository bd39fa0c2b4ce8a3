// SPDX-License-Identifier: Apache-2.0
#include "archive/extract.hpp"

#include <memory>

#include "io/replace.hpp"

namespace kseg::archive {
namespace {

Result<void> check_refused(const Archive& archive) {
    if (archive.refused().empty()) {
        return {};
    }
    return Error{.code = Errc::corrupt, .what = archive.refused().front(), .file = archive.name()};
}

class FileWriter final : public MemberSink {
  public:
    FileWriter(io::Fs& fs, std::string directory, bool overwrite)
        : fs_(fs), directory_(std::move(directory)), overwrite_(overwrite) {}

    Result<void> begin(const Member& member) override {
        const std::string path = directory_ + "/" + member.name;
        if (const auto made = fs_.make_directories(io::directory_of(path)); !made) {
            return made.error();
        }
        auto file = io::Replacement::begin(fs_, path, {.overwrite = overwrite_});
        if (!file) {
            return file.error();
        }
        file_ = *std::move(file);
        return {};
    }

    Result<void> write(Bytes bytes) override { return file_->write(bytes); }

    Result<void> end() override {
        auto done = file_->commit();
        file_.reset();
        return done;
    }

  private:
    io::Fs& fs_;
    std::string directory_;
    bool overwrite_;
    std::unique_ptr<io::Replacement> file_;
};

class NoWriter final : public MemberSink {
  public:
    Result<void> begin(const Member& /*member*/) override { return {}; }
    Result<void> write(Bytes /*bytes*/) override { return {}; }
    Result<void> end() override { return {}; }
};

}  // namespace

Result<void> extract(const Archive& archive, io::Fs& fs, const std::string& directory, const ExtractOptions& options) {
    if (const auto good = check_refused(archive); !good) {
        return good.error();
    }
    if (const auto made = fs.make_directories(directory); !made) {
        return made.error();
    }
    FileWriter writer(fs, directory, options.overwrite);
    return archive.read_all(writer, options.jobs);
}

Result<void> verify(const Archive& archive, unsigned jobs) {
    if (const auto good = check_refused(archive); !good) {
        return good.error();
    }
    NoWriter nobody;
    return archive.read_all(nobody, jobs);
}

}  // namespace kseg::archive
