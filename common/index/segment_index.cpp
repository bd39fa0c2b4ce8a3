// SPDX-License-Identifier: Apache-2.0
#include "index/segment_index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/crc.hpp"
#include "index/checksums.hpp"
#include "index/lucene.hpp"
#include "io/read_all.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/wire/reader.hpp"

namespace kseg::index {
namespace {

/// Batches whose headers are compared to know a log again.
constexpr std::size_t kSampledBatches = 8;

class DirectoryMembers final : public MemberSource {
  public:
    DirectoryMembers(io::Fs& fs, std::string directory) : fs_(fs), directory_(std::move(directory)) {}
    Result<std::unique_ptr<io::ReadAt>> open(const std::string& member) override { return fs_.open(name_of(member)); }
    [[nodiscard]] std::string name_of(const std::string& member) const override {
        return fmt::format("{}/{}", directory_, member);
    }

  private:
    io::Fs& fs_;
    std::string directory_;
};

/// Reads all of a member that may have at most `limit` bytes.
Result<ByteBuffer> read_member(MemberSource& members, const std::string& member, std::uint64_t limit) {
    const std::string name = members.name_of(member);
    const auto file = members.open(member);
    if (!file) {
        return file.error().in_file(name);
    }
    auto content = io::read_all(**file, limit);
    if (!content && content.error().code == Errc::too_large) {
        return Error{.code = Errc::corrupt, .what = "size; " + content.error().what, .file = name};
    }
    return content ? std::move(content) : content.error().in_file(name);
}

/// No terms: what an index without records has.
class NoTerms final : public TermIndex {
  public:
    Result<void> add_term(TermField /*field*/, std::string_view /*term*/, RecordSet& /*out*/) override { return {}; }
    Result<void> scan_terms(TermField /*field*/, std::string_view /*from*/,
                            const std::function<TermVerdict(std::string_view)>& /*judge*/, RecordSet& /*out*/) override {
        return {};
    }
};

RowBounds bounds_of(const segment::RecordRange& range) {
    RowBounds bounds;
    bounds.first_offset = range.first_offset.value_or(bounds.first_offset);
    bounds.end_offset = range.end_offset.value_or(bounds.end_offset);
    bounds.since = range.since;
    bounds.until = range.until;
    return bounds;
}

}  // namespace

struct SegmentIndex::State {
    std::unique_ptr<MemberSource> members;
    Manifest manifest;
    std::optional<Checksums> checksums;
    std::optional<BatchTable> table;
    std::unique_ptr<TermIndex> terms;
    std::optional<Found> last_found;

    [[nodiscard]] const ManifestFile* file(std::string_view name) const {
        const auto found = std::find_if(manifest.files.begin(), manifest.files.end(),
                                        [name](const ManifestFile& entry) { return entry.name == name; });
        return found == manifest.files.end() ? nullptr : &*found;
    }

    [[nodiscard]] Error corrupt(std::string_view member, std::string what) const {
        return {.code = Errc::corrupt, .what = std::move(what), .file = members->name_of(std::string(member))};
    }

    Result<void> read_checksums() {
        if (checksums) {
            return {};
        }
        const std::string member(kChecksumsFile);
        const ManifestFile* const entry = file(member);
        if (entry == nullptr) {
            return corrupt(kManifestFile, fmt::format("no file {}", member));
        }
        const auto content = read_member(*members, member, entry->size);
        if (!content) {
            return content.error();
        }
        if (content->size() != entry->size) {
            return corrupt(member, fmt::format("size; expected {}, got {}", entry->size, content->size()));
        }
        if (const std::uint32_t crc = crc32c(content->bytes()); crc != entry->crc32c) {
            return corrupt(member, fmt::format("checksum; expected 0x{:08x}, got 0x{:08x}", entry->crc32c, crc));
        }
        auto parsed = parse_checksums(content->bytes(), members->name_of(member));
        if (!parsed) {
            return parsed.error();
        }
        for (const ManifestFile& listed : manifest.files) {
            const auto sums = parsed->find(listed.name);
            if (listed.name != member &&
                (sums == parsed->end() || sums->second.size != listed.size || sums->second.crc32c() != listed.crc32c)) {
                return corrupt(member, fmt::format("the checksums of {} are not those of the manifest", listed.name));
            }
        }
        checksums = std::move(*parsed);
        return {};
    }

    /// A member whose every byte is verified.
    Result<std::unique_ptr<io::ReadAt>> open_verified(const std::string& member) {
        if (const auto read = read_checksums(); !read) {
            return read.error();
        }
        const auto sums = checksums->find(member);
        if (sums == checksums->end()) {
            return corrupt(kManifestFile, fmt::format("no file {}", member));
        }
        auto file = members->open(member);
        if (!file) {
            return file.error().in_file(members->name_of(member));
        }
        auto verified = VerifiedFile::open(std::move(*file), sums->second, members->name_of(member));
        if (!verified) {
            return verified.error();
        }
        return std::unique_ptr<io::ReadAt>(std::move(*verified));
    }

    Result<void> open_table() {
        if (table) {
            return {};
        }
        auto file = open_verified(std::string(kBatchTableFile));
        if (!file) {
            return file.error();
        }
        auto opened = BatchTable::open(std::move(*file), members->name_of(std::string(kBatchTableFile)));
        if (!opened) {
            return opened.error();
        }
        if (opened->records() != manifest.records) {
            return corrupt(kBatchTableFile,
                           fmt::format("records; expected {}, got {}", manifest.records, opened->records()));
        }
        table.emplace(std::move(*opened));
        return {};
    }

    Result<void> open_terms() {
        if (terms) {
            return {};
        }
        if (manifest.records == 0) {
            terms = std::make_unique<NoTerms>();
            return {};
        }
        std::vector<std::string> names;
        for (const ManifestFile& entry : manifest.files) {
            if (entry.name != kBatchTableFile && entry.name != kChecksumsFile) {
                names.push_back(entry.name);
            }
        }
        auto opened = open_lucene([this](const std::string& name) { return open_verified(name); }, std::move(names),
                                  static_cast<Ordinal>(manifest.records), members->name_of(""));
        if (!opened) {
            return opened.error();
        }
        terms = std::move(*opened);
        return {};
    }

    using Visit = std::function<Result<bool>(const Candidate&)>;

    /// Rows of a log whose offsets do not rise are put in order first.
    Result<void> visit_rows(const RowBounds& bounds, const Found* found, const Visit& visit) const {
        if (manifest.offsets_rise) {
            return table->scan(bounds, [&](const BatchRow& row) { return visit({.row = row, .found = found}); });
        }
        std::vector<BatchRow> rows;
        auto scanned = table->scan(bounds, [&rows](const BatchRow& row) -> Result<bool> {
            rows.push_back(row);
            return true;
        });
        if (!scanned) {
            return scanned;
        }
        std::stable_sort(rows.begin(), rows.end(),
                         [](const BatchRow& a, const BatchRow& b) { return a.base_offset < b.base_offset; });
        for (const BatchRow& row : rows) {
            const auto more = visit({.row = row, .found = found});
            if (!more || !*more) {
                return more ? Result<void>{} : more.error();
            }
        }
        return {};
    }
};

std::unique_ptr<MemberSource> members_of_directory(io::Fs& fs, std::string directory) {
    return std::make_unique<DirectoryMembers>(fs, std::move(directory));
}

SegmentIndex::SegmentIndex(std::unique_ptr<State> state) : state_(std::move(state)) {}
SegmentIndex::~SegmentIndex() = default;

Result<std::unique_ptr<SegmentIndex>> SegmentIndex::open(std::unique_ptr<MemberSource> members) {
    auto state = std::make_unique<State>();
    state->members = std::move(members);
    const std::string member(kManifestFile);
    const auto content = read_member(*state->members, member, kMostManifestBytes);
    if (!content) {
        return content.error();
    }
    auto manifest = parse_manifest(content->bytes(), state->members->name_of(member));
    if (!manifest) {
        return manifest.error();
    }
    state->manifest = std::move(*manifest);
    return std::unique_ptr<SegmentIndex>(new SegmentIndex(std::move(state)));
}

const Manifest& SegmentIndex::manifest() const {
    return state_->manifest;
}

Result<void> SegmentIndex::open_all() {
    if (auto opened = state_->open_table(); !opened) {
        return opened;
    }
    return state_->open_terms();
}

Result<void> SegmentIndex::check_log(const io::ReadAt& log, const std::string& name) {
    const auto size = log.size();
    if (!size) {
        return size.error().in_file(name);
    }
    if (*size != state_->manifest.log_size) {
        return Error{
            .code = Errc::corrupt,
            .what = fmt::format("not the log of {}: size; expected {}, got {}",
                                state_->members->name_of(std::string(kManifestFile)), state_->manifest.log_size, *size),
            .file = name};
    }
    if (auto opened = state_->open_table(); !opened) {
        return opened;
    }
    const auto rows = state_->table->sample(kSampledBatches);
    if (!rows) {
        return rows.error();
    }
    for (const BatchRow& row : *rows) {
        std::array<std::byte, record::kBatchHeaderBytes> header{};
        const std::size_t want = record::header_bytes(row.magic);
        const auto got = log.read_at(row.position, std::span(header).first(want));
        if (!got) {
            return got.error().in_file(name);
        }
        const std::size_t crc_at = record::crc_at(row.magic);
        if (*got < want || std::to_integer<std::int8_t>(header[record::kMagicAt]) != row.magic ||
            wire::load_big<std::uint32_t>(header.data() + crc_at) != row.crc) {
            return Error{.code = Errc::corrupt,
                         .what = fmt::format("not the log of {}: another batch stands here",
                                             state_->members->name_of(std::string(kManifestFile))),
                         .file = name,
                         .at = row.position};
        }
    }
    return {};
}

Result<void> SegmentIndex::find(const Ask& ask, const std::function<Result<bool>(const Candidate&)>& visit) {
    if (auto opened = state_->open_table(); !opened) {
        return opened;
    }
    RowBounds bounds = bounds_of(ask.range);
    if (ask.query == nullptr) {
        return state_->visit_rows(bounds, nullptr, visit);
    }
    if (auto opened = state_->open_terms(); !opened) {
        return opened;
    }
    auto found = search(*ask.query, state_->manifest.fields, *state_->terms, *state_->table);
    if (!found) {
        return found.error();
    }
    state_->last_found = *std::move(found);
    bounds.records = &state_->last_found->maybe;
    return state_->visit_rows(bounds, &*state_->last_found, visit);
}

}  // namespace kseg::index
