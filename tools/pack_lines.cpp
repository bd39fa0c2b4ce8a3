// SPDX-License-Identifier: Apache-2.0
#include "pack_lines.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "base/bytes.hpp"
#include "base/text.hpp"

namespace kseg::tools {
namespace {

std::string json_text(std::string_view text) {
    ByteBuffer out;
    append_json_string_lossy(out, as_bytes(text));
    return std::string(out.text());
}

std::string time_text(const std::optional<TimestampMs>& time) {
    if (!time) {
        return "-";
    }
    ByteBuffer out;
    append_time(out, *time);
    return std::string(out.text());
}

std::string number(const std::optional<TimestampMs>& value) {
    return value ? fmt::format("{}", *value) : "null";
}

std::string_view format_name(archive::Format format) {
    return format == archive::Format::tar_gz ? "tar.gz" : "tar.zst";
}

}  // namespace

std::string json_line(const store::ArchiveName& name, const PackLine& line) {
    std::string out = fmt::format(
        R"({{"name":{},"topic":{},"partition":{},"base_offset":{},"last_offset":{},"first_timestamp":{},)",
        line.written ? json_text(store::to_string(name)) : "null", json_text(name.partition.topic),
        name.partition.partition, name.base_offset,
        name.last_offset < name.base_offset ? "null" : fmt::format("{}", name.last_offset), number(name.first_timestamp));
    out += fmt::format(R"("last_timestamp":{},"size":{},"crc32c":{},"topic_id":{},"format":"{}")",
                       number(name.last_timestamp), line.written ? fmt::format("{}", name.size) : "null",
                       line.written ? fmt::format(R"("{:08x}")", name.crc32c) : "null",
                       name.topic_id.empty() ? "null" : json_text(name.topic_id), format_name(name.format));
    if (!line.action.empty()) {
        out += fmt::format(R"(,"action":"{}")", line.action);
        out += fmt::format(R"(,"problem":{})", line.problem.empty() ? "null" : json_text(line.problem));
    }
    if (!line.path.empty()) {
        out += fmt::format(R"(,"path":{})", json_text(line.path));
    }
    return out + "}\n";
}

std::string text_line(const store::ArchiveName& name) {
    const std::string offsets = name.last_offset < name.base_offset
                                    ? fmt::format("{}-none", name.base_offset)
                                    : fmt::format("{}-{}", name.base_offset, name.last_offset);
    return fmt::format("{:>24}  {:>24}  {:>24}  {:>12}  {}\n", offsets, time_text(name.first_timestamp),
                       time_text(name.last_timestamp), name.size, store::to_string(name));
}

PackPrinter::PackPrinter(bool json, Report& report)
    : json_(json), report_(report), sink_(io::sink_to_descriptor(STDOUT_FILENO)) {}

void PackPrinter::json(const store::ArchiveName& name, const PackLine& line) {
    if (json_) {
        write(json_line(name, line));
    }
}

void PackPrinter::text(std::string_view line) {
    if (!json_) {
        write(line);
    }
}

void PackPrinter::write(std::string_view line) {
    if (ended_) {
        return;
    }
    if (const auto written = sink_->write(as_bytes(line)); !written) {
        ended_ = true;
        if (written.error().what != io::kBrokenPipe) {
            report_.error(written.error());
        }
    }
}

}  // namespace kseg::tools
