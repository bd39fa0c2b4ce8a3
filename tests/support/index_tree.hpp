// SPDX-License-Identifier: Apache-2.0
// Indexes on a CrashFs: made as `kseg index` makes them, and looked at file by file.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "index/build.hpp"
#include "index/segment_finder.hpp"
#include "support/crash_fs.hpp"

namespace kseg::test {

/// The files of an index by name, with what they hold.
using IndexFiles = std::map<std::string, std::string>;
/// Directories by their names below the one that takes them all, as in `t-0/00000000000000000000`.
using IndexTree = std::map<std::string, IndexFiles>;

/// Everything below `out` but the locks; names that begin with a dot too.
inline IndexTree index_tree(CrashFs& fs, const std::string& out) {
    IndexTree tree;
    if (!fs.info(out)->has_value()) {
        return tree;
    }
    const auto partitions = fs.list(out);
    for (const std::string& partition : *partitions) {
        const auto names = fs.list(out + "/" + partition);
        for (const std::string& name : *names) {
            if (name == ".lock") {
                continue;
            }
            const std::string directory = out + "/" + partition + "/" + name;
            IndexFiles& files = tree[partition + "/" + name];
            const auto listed = fs.list(directory);
            for (const std::string& file : *listed) {
                files[file] = fs.content(directory + "/" + file).value_or("(a directory)");
            }
        }
    }
    return tree;
}

/// Makes the indexes of all sealed segments of a log directory; returns the first error, or nothing. Goes on behind errors.
inline std::string make_indexes(io::Fs& fs, const std::string& logs, const std::string& out,
                                const index::BuildOptions& options) {
    std::string first;
    const auto note = [&first](const Error& error) {
        if (first.empty()) {
            first = error.message();
        }
    };
    index::SegmentFinder finder(fs, {});
    finder.add_directory(logs);
    for (const index::SealedSegment& segment : finder.poll(note)) {
        const auto indexes = index::PartitionIndexes::open(fs, out, segment.partition);
        if (!indexes) {
            note(indexes.error());
            continue;
        }
        if (const auto built = (*indexes)->build(segment, options); !built) {
            note(built.error());
        }
    }
    return first;
}

}  // namespace kseg::test
