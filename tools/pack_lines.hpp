// SPDX-License-Identifier: Apache-2.0
// Archives on stdout, a line each: columns for people, or JSON.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "io/sink.hpp"
#include "report.hpp"
#include "store/archive_name.hpp"

namespace kseg::tools {

/// What is said of an archive besides its name.
struct PackLine {
    std::string_view action{};   ///< what was done, or would be; empty where archives are listed
    std::string_view problem{};  ///< empty where there is none
    std::string_view path{};     ///< directory that was packed or unpacked to; empty where there is none
    bool written = true;         ///< false: nothing was, so that the name lacks its size and checksum
};

/// A JSON object with a line feed.
std::string json_line(const store::ArchiveName& name, const PackLine& line);

/// Columns and the name.
std::string text_line(const store::ArchiveName& name);

/// Writes to stdout. Where nobody reads any more, nothing more is written.
class PackPrinter {
  public:
    PackPrinter(bool json, Report& report);
    /// A line of JSON, if JSON is wanted.
    void json(const store::ArchiveName& name, const PackLine& line);
    /// A line of text, if it is not.
    void text(std::string_view line);

  private:
    void write(std::string_view line);

    bool json_;
    bool ended_ = false;
    Report& report_;
    std::unique_ptr<io::Sink> sink_;
};

}  // namespace kseg::tools
