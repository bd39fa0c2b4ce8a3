// SPDX-License-Identifier: Apache-2.0
#include "store/counted_files.hpp"

#include <utility>

namespace kseg::store {
namespace {

// An index file of Kafka has at most 10 MiB unless it was told otherwise.
constexpr std::uint64_t kHintBytes = std::uint64_t{256} << 20;

class CountedFile final : public io::ReadAt {
  public:
    CountedFile(std::unique_ptr<io::ReadAt> file, ReadCounts& counts) : file_(std::move(file)), counts_(counts) {}

    [[nodiscard]] Result<std::uint64_t> size() const override { return file_->size(); }

    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
        ++counts_.requests;
        auto got = file_->read_at(offset, into);
        counts_.bytes += got ? *got : 0;
        return got;
    }

  private:
    std::unique_ptr<io::ReadAt> file_;
    ReadCounts& counts_;
};

class CountedMembers final : public index::MemberSource {
  public:
    CountedMembers(std::unique_ptr<index::MemberSource> members, ReadCounts& counts)
        : members_(std::move(members)), counts_(counts) {}

    Result<std::unique_ptr<io::ReadAt>> open(const std::string& member) override {
        auto file = members_->open(member);
        if (!file) {
            return file.error();
        }
        ++counts_.files;
        return std::unique_ptr<io::ReadAt>(std::make_unique<CountedFile>(*std::move(file), counts_));
    }

    [[nodiscard]] std::string name_of(const std::string& member) const override { return members_->name_of(member); }

  private:
    std::unique_ptr<index::MemberSource> members_;
    ReadCounts& counts_;
};

/// Members of an archive, whose reads are counted where they reach its file.
class ArchiveMembers final : public index::MemberSource {
  public:
    explicit ArchiveMembers(archive::Archive archive) : archive_(std::move(archive)) {}

    Result<std::unique_ptr<io::ReadAt>> open(const std::string& member) override { return archive_.open_member(member); }
    [[nodiscard]] std::string name_of(const std::string& member) const override { return archive_.name() + "/" + member; }

  private:
    archive::Archive archive_;
};

}  // namespace

Result<void> CountedFiles::open_archive(std::string path, std::unique_ptr<io::ReadAt> file,
                                        const archive::OpenOptions& options) {
    archive_.reset();
    ++counts_.files;
    auto opened = archive::Archive::open(std::make_shared<CountedFile>(std::move(file), counts_), path, options);
    if (!opened) {
        return opened.error();
    }
    archive_path_ = std::move(path);
    archive_ = *std::move(opened);
    return {};
}

/// The member that a path leads to, where it is one below the archive.
std::optional<std::string_view> CountedFiles::member_of(std::string_view path) const {
    if (!archive_ || !path.starts_with(archive_path_) || !path.substr(archive_path_.size()).starts_with('/')) {
        return std::nullopt;
    }
    return path.substr(archive_path_.size() + 1);
}

std::optional<std::uint64_t> CountedFiles::size_of(const std::string& path) {
    if (const auto name = member_of(path)) {
        const archive::Member* member = archive_->find(*name);
        return member == nullptr ? std::nullopt : std::optional(member->size);
    }
    const auto there = fs_.info(path);
    if (!there || !there->has_value() || !(*there)->is_regular) {
        return std::nullopt;
    }
    return (*there)->size;
}

std::optional<std::uint32_t> CountedFiles::crc32c_of(const std::string& path) const {
    const auto name = member_of(path);
    const archive::Member* member = name ? archive_->find(*name) : nullptr;
    return member == nullptr ? std::nullopt : member->crc32c;
}

Result<std::unique_ptr<io::ReadAt>> CountedFiles::open(const std::string& path) {
    if (const auto member = member_of(path)) {
        return archive_->open_member(*member);
    }
    // A pipe, which an index may name as well as a log, would be waited for.
    const auto there = fs_.info(path);
    if (there && there->has_value() && !(*there)->is_regular) {
        return Error{.code = Errc::io, .what = "not a regular file", .file = path};
    }
    auto file = fs_.open(path);
    if (!file) {
        return file.error().in_file(path);
    }
    ++counts_.files;
    return std::unique_ptr<io::ReadAt>(std::make_unique<CountedFile>(*std::move(file), counts_));
}

ByteBuffer CountedFiles::read_hint(const std::string& path) {
    ByteBuffer content;
    const auto size = size_of(path);
    if (!size || *size > kHintBytes) {
        return content;
    }
    const auto file = open(path);
    if (!file) {
        return content;
    }
    content.resize(*size);
    const auto got = (*file)->read_at(0, {content.data(), content.size()});
    content.resize(got ? *got : 0);
    return content;
}

std::unique_ptr<index::MemberSource> CountedFiles::members_of(const std::string& directory) {
    if (archive_ && directory == archive_path_) {
        return std::make_unique<ArchiveMembers>(*archive_);
    }
    return std::make_unique<CountedMembers>(index::members_of_directory(fs_, directory), counts_);
}

}  // namespace kseg::store
