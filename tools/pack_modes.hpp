// SPDX-License-Identifier: Apache-2.0
// What `kseg pack` does: packs segments, or does something with the archives that a store has.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "objects/object_store.hpp"
#include "pack_lines.hpp"
#include "progress.hpp"
#include "report.hpp"
#include "store/archive_pack.hpp"
#include "store_option.hpp"

namespace kseg::tools {

struct PackCommand {
    StoreOption store;
    std::vector<std::string> names;  ///< of archives; where it packs, of indexes and directories
    bool list = false;
    bool verify = false;
    bool deep = false;
    std::optional<std::string> extract{};  ///< a directory
    bool remove = false;
    bool dry_run = false;
    bool watch = false;
    bool overwrite = false;
    bool json = false;
    std::optional<archive::Format> format{};
    std::optional<std::string> log_directory{};
    std::optional<std::string> topic_id{};
    unsigned jobs = 1;
};

/// What the modes work with; all borrowed.
struct PackContext {
    const PackCommand& command;
    objects::ObjectStore& store;
    Report& report;
    PackPrinter& printer;
    Progress& progress;
    std::string scratch{};  ///< directory for what nobody sees
};

/// Whether a directory is one of a partition's logs, or holds such directories.
bool is_log_directory(const std::string& path);

/// Each reports on stderr and prints what it did or found. They end early when the user asks to stop.
void pack_segments(const PackContext& context);
/// Of directories that hold logs, or, to be watched, will.
void pack_logs(const PackContext& context, const std::vector<std::string>& directories);
void list_archives(const PackContext& context);
void verify_archives(const PackContext& context);
void extract_archives(const PackContext& context);
void remove_archives(const PackContext& context);

}  // namespace kseg::tools
