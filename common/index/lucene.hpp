// SPDX-License-Identifier: Apache-2.0
// Lucene++ as this program uses it: an index of terms alone, one document a record, written once from sorted terms and then
// only read. Its types, its exceptions and its trust in files stop here.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "index/term_index.hpp"
#include "index/term_run.hpp"
#include "io/file.hpp"
#include "io/fs.hpp"

namespace kseg::index {

/// Writes a Lucene 3.0 index of one segment into a directory, without the files of stored fields, which say nothing. The
/// same terms give the same bytes. Nothing is synced. records   how many documents, with terms or without errors    io;
/// corrupt   those of the run;   unsupported   Lucene++ refused
Result<void> write_lucene(io::Fs& fs, const std::string& directory, TermRun& run, Ordinal records);

/// Opens a file of the index by its name.
using OpenFile = std::function<Result<std::unique_ptr<io::ReadAt>>(const std::string& name)>;

/// Opens what write_lucene() wrote. Every byte that `open` gives must have been verified: Lucene++ trusts its files.
/// names     of the index's files
/// records   how many there must be
/// where     the index for messages
/// errors    those of `open` and its files;   corrupt   it is no such index
Result<std::unique_ptr<TermIndex>> open_lucene(OpenFile open, std::vector<std::string> names, Ordinal records,
                                               std::string where);

}  // namespace kseg::index
