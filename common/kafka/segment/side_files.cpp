// SPDX-License-Identifier: Apache-2.0
#include "kafka/segment/side_files.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/checked.hpp"
#include "base/crc.hpp"
#include "kafka/segment/log_dir.hpp"
#include "kafka/wire/reader.hpp"

namespace kseg::segment {
namespace {

constexpr std::size_t kOffsetIndexEntryBytes = 4 + 4;   // relative offset, position
constexpr std::size_t kTimeIndexEntryBytes = 8 + 4;     // timestamp, relative offset
constexpr std::size_t kTxnIndexEntryBytes = 2 + 4 * 8;  // version, producer id, first, last, last stable offset
constexpr std::size_t kSnapshotCrcCoverAt = 2 + 4;      // version, crc
constexpr std::size_t kSnapshotEntryBytes = 8 + 2 + 4 + 8 + 4 + 8 + 4 + 8;

Error damaged(Errc code, std::string what, std::uint64_t at) {
    return {.code = code, .what = std::move(what), .at = at};
}

/// Size without the zeros that Kafka preallocates behind the entries.
std::size_t used_bytes(Bytes bytes) {
    std::size_t used = bytes.size();
    while (used != 0 && bytes[used - 1] == std::byte{0}) {
        --used;
    }
    return used;
}

/// Walks entries of a fixed size; `entry` reads one and says what is wrong with it, or an empty text.
template <typename Read>
std::optional<Error> each_entry(Bytes bytes, std::size_t entry_bytes, std::string_view name, Read&& entry) {
    const std::size_t used = used_bytes(bytes);
    const std::size_t entries = std::min((used + entry_bytes - 1) / entry_bytes, bytes.size() / entry_bytes);
    for (std::size_t i = 0; i < entries; ++i) {
        const std::size_t at = i * entry_bytes;
        wire::Reader in(bytes.subspan(at, entry_bytes), FileOffset{at});
        if (std::string wrong = entry(in); !wrong.empty()) {
            return damaged(Errc::corrupt, fmt::format("{} entry {}: {}", name, i, wrong), at);
        }
    }
    if (used > entries * entry_bytes) {
        return damaged(
            Errc::truncated,
            fmt::format("{} entry; expected {} bytes, got {}", name, entry_bytes, bytes.size() - entries * entry_bytes),
            entries * entry_bytes);
    }
    return std::nullopt;
}

Result<void> to_result(std::optional<Error> error) {
    return error ? Result<void>(std::move(*error)) : Result<void>();
}

Result<void> txn_rows(Bytes bytes, const RowSink& sink) {
    return to_result(each_entry(bytes, kTxnIndexEntryBytes, "transaction index", [&](wire::Reader& in) -> std::string {
        const std::int16_t version = in.i16();
        if (version != 0) {
            return fmt::format("version; expected 0, got {}", version);
        }
        const std::int64_t producer_id = in.i64();
        const std::int64_t first_offset = in.i64();
        const std::int64_t last_offset = in.i64();
        const std::int64_t last_stable_offset = in.i64();
        const std::array<RowField, 5> row{{{"version", version},
                                           {"producer_id", producer_id},
                                           {"first_offset", first_offset},
                                           {"last_offset", last_offset},
                                           {"last_stable_offset", last_stable_offset}}};
        sink(row);
        return {};
    }));
}

Result<void> snapshot_rows(Bytes bytes, const RowSink& sink) {
    wire::Reader in(bytes);
    const std::int16_t version = in.i16();
    const std::uint32_t stored = in.u32();
    const std::int32_t count = in.i32();
    if (!in.ok()) {
        return damaged(Errc::truncated, "snapshot header", 0);
    }
    if (version != 1) {
        return damaged(Errc::unsupported, fmt::format("snapshot version; expected 1, got {}", version), 0);
    }
    const std::uint32_t computed = crc32c(bytes.subspan(kSnapshotCrcCoverAt));
    for (std::int32_t i = 0; i < count && in.left() >= kSnapshotEntryBytes; ++i) {
        const std::int64_t producer_id = in.i64();
        const std::int16_t producer_epoch = in.i16();
        const std::int32_t last_sequence = in.i32();
        const std::int64_t last_offset = in.i64();
        const std::int32_t offset_delta = in.i32();
        const std::int64_t timestamp = in.i64();
        const std::int32_t coordinator_epoch = in.i32();
        const std::int64_t current_txn_first_offset = in.i64();
        const std::array<RowField, 8> row{{{"producer_id", producer_id},
                                           {"producer_epoch", producer_epoch},
                                           {"last_sequence", last_sequence},
                                           {"last_offset", last_offset},
                                           {"offset_delta", offset_delta},
                                           {"timestamp", timestamp},
                                           {"coordinator_epoch", coordinator_epoch},
                                           {"current_txn_first_offset", current_txn_first_offset}}};
        sink(row);
    }
    if (computed != stored) {
        return damaged(Errc::corrupt, fmt::format("snapshot crc; expected 0x{:08x}, got 0x{:08x}", computed, stored), 2);
    }
    if (count < 0 || static_cast<std::uint64_t>(count) * kSnapshotEntryBytes != in.consumed() - 10 || in.left() != 0) {
        return damaged(Errc::corrupt,
                       fmt::format("snapshot count; expected {}, got {}", (bytes.size() - 10) / kSnapshotEntryBytes, count),
                       kSnapshotCrcCoverAt);
    }
    return {};
}

struct Line {
    std::string_view text;
    std::uint64_t at;
};

std::vector<Line> lines_of(std::string_view text) {
    std::vector<Line> lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string_view line = text.substr(at, end - at);
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        lines.push_back({.text = line, .at = at});
        at = end + 1;
    }
    return lines;
}

std::optional<std::int64_t> take_number(std::string_view& text) {
    while (text.starts_with(' ')) {
        text.remove_prefix(1);
    }
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || (end != text.data() + text.size() && *end != ' ')) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

/// Text checkpoints: a version line, a count line, then that many lines that `row` takes apart.
template <typename Row>
Result<void> checkpoint_rows(Bytes bytes, std::string_view form, Row&& row) {
    const std::vector<Line> lines = lines_of(as_text(bytes));
    std::string_view version = lines.empty() ? "" : lines[0].text;
    std::string_view count = lines.size() < 2 ? "" : lines[1].text;
    const auto version_number = take_number(version);
    const auto rows = take_number(count);
    if (!version_number || *version_number != 0) {
        return damaged(Errc::unsupported,
                       fmt::format(R"(checkpoint version; expected 0, got "{}")", lines.empty() ? "" : lines[0].text), 0);
    }
    if (!rows || *rows < 0) {
        return damaged(Errc::corrupt, "checkpoint count; expected a number", lines.size() < 2 ? bytes.size() : lines[1].at);
    }
    for (std::size_t i = 2; i < lines.size(); ++i) {
        if (!row(lines[i].text)) {
            return damaged(Errc::corrupt, fmt::format(R"(checkpoint line; expected "{}", got "{}")", form, lines[i].text),
                           lines[i].at);
        }
    }
    if (static_cast<std::uint64_t>(*rows) != lines.size() - 2) {
        return damaged(Errc::corrupt, fmt::format("checkpoint count; expected {}, got {}", lines.size() - 2, *rows),
                       lines[1].at);
    }
    return {};
}

Result<void> epoch_rows(Bytes bytes, const RowSink& sink) {
    return checkpoint_rows(bytes, "EPOCH START_OFFSET", [&](std::string_view line) {
        const auto epoch = take_number(line);
        const auto start_offset = take_number(line);
        if (!epoch || !start_offset || !line.empty()) {
            return false;
        }
        sink(std::array<RowField, 2>{{{"epoch", *epoch}, {"start_offset", *start_offset}}});
        return true;
    });
}

Result<void> partition_offset_rows(Bytes bytes, const RowSink& sink) {
    return checkpoint_rows(bytes, "TOPIC PARTITION OFFSET", [&](std::string_view line) {
        const std::size_t space = line.find(' ');
        std::string_view rest = space == std::string_view::npos ? "" : line.substr(space);
        const auto partition = take_number(rest);
        const auto offset = take_number(rest);
        if (!partition || !offset || !rest.empty()) {
            return false;
        }
        sink(std::array<RowField, 3>{
            {{"topic", std::string(line.substr(0, space))}, {"partition", *partition}, {"offset", *offset}}});
        return true;
    });
}

/// All properties make one row, whose fields are theirs.
Result<void> property_rows(Bytes bytes, const RowSink& sink) {
    std::vector<RowField> row;
    for (const Line& line : lines_of(as_text(bytes))) {
        if (line.text.empty() || line.text.starts_with('#')) {
            continue;
        }
        const std::size_t separator = line.text.find_first_of(":=");
        if (separator == std::string_view::npos) {
            return damaged(Errc::corrupt, fmt::format(R"(property; expected "NAME: VALUE", got "{}")", line.text), line.at);
        }
        std::string_view value = line.text.substr(separator + 1);
        value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
        row.push_back({line.text.substr(0, separator), std::string(value)});
    }
    sink(row);
    return {};
}

}  // namespace

std::optional<SideFile> side_file_of(std::string_view name) {
    if (parse_segment_name(name, ".index")) {
        return SideFile::offset_index;
    }
    if (parse_segment_name(name, ".timeindex")) {
        return SideFile::time_index;
    }
    if (parse_segment_name(name, ".txnindex")) {
        return SideFile::txn_index;
    }
    if (parse_segment_name(name, ".snapshot")) {
        return SideFile::snapshot;
    }
    if (name == "leader-epoch-checkpoint") {
        return SideFile::leader_epochs;
    }
    if (name == "recovery-point-offset-checkpoint" || name == "log-start-offset-checkpoint" ||
        name == "replication-offset-checkpoint" || name == "cleaner-offset-checkpoint") {
        return SideFile::partition_offsets;
    }
    if (name == "partition.metadata" || name == "meta.properties") {
        return SideFile::properties;
    }
    return std::nullopt;
}

IndexFile<OffsetIndexEntry> parse_offset_index(Bytes bytes, std::int64_t base_offset) {
    IndexFile<OffsetIndexEntry> file{};
    file.damage = each_entry(bytes, kOffsetIndexEntryBytes, "index", [&](wire::Reader& in) -> std::string {
        const std::int32_t relative = in.i32();
        const std::int32_t position = in.i32();
        const OffsetIndexEntry entry{.offset = saturating_add(base_offset, relative),
                                     .position = static_cast<std::uint32_t>(position)};
        if (relative < 0 || position < 0) {
            return fmt::format("expected numbers of 0 or more, got {} and {}", relative, position);
        }
        if (!file.entries.empty() &&
            (entry.offset <= file.entries.back().offset || entry.position <= file.entries.back().position)) {
            return fmt::format("expected more than offset {} at position {}, got {} at {}", file.entries.back().offset,
                               file.entries.back().position, entry.offset, entry.position);
        }
        file.entries.push_back(entry);
        return {};
    });
    return file;
}

IndexFile<TimeIndexEntry> parse_time_index(Bytes bytes, std::int64_t base_offset) {
    IndexFile<TimeIndexEntry> file{};
    file.damage = each_entry(bytes, kTimeIndexEntryBytes, "time index", [&](wire::Reader& in) -> std::string {
        const std::int64_t timestamp = in.i64();
        const std::int32_t relative = in.i32();
        const TimeIndexEntry entry{.timestamp = timestamp, .offset = saturating_add(base_offset, relative)};
        if (relative < 0) {
            return fmt::format("expected a relative offset of 0 or more, got {}", relative);
        }
        if (!file.entries.empty() &&
            (timestamp <= file.entries.back().timestamp || entry.offset < file.entries.back().offset)) {
            return fmt::format("expected more than timestamp {} at offset {}, got {} at {}", file.entries.back().timestamp,
                               file.entries.back().offset, timestamp, entry.offset);
        }
        file.entries.push_back(entry);
        return {};
    });
    return file;
}

Result<void> read_rows(SideFile kind, Bytes bytes, std::int64_t base_offset, const RowSink& sink) {
    switch (kind) {
        case SideFile::offset_index: {
            auto file = parse_offset_index(bytes, base_offset);
            for (const auto& [offset, position] : file.entries) {
                sink(std::array<RowField, 2>{{{"offset", offset}, {"position", std::int64_t{position}}}});
            }
            return to_result(std::move(file.damage));
        }
        case SideFile::time_index: {
            auto file = parse_time_index(bytes, base_offset);
            for (const auto& [timestamp, offset] : file.entries) {
                sink(std::array<RowField, 2>{{{"timestamp", timestamp}, {"offset", offset}}});
            }
            return to_result(std::move(file.damage));
        }
        case SideFile::txn_index: return txn_rows(bytes, sink);
        case SideFile::snapshot: return snapshot_rows(bytes, sink);
        case SideFile::leader_epochs: return epoch_rows(bytes, sink);
        case SideFile::partition_offsets: return partition_offset_rows(bytes, sink);
        case SideFile::properties: return property_rows(bytes, sink);
    }
    return {};
}

}  // namespace kseg::segment
