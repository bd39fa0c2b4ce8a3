// SPDX-License-Identifier: Apache-2.0
// Internal to this folder: what an open archive is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "archive/archive.hpp"
#include "archive/chunk_store.hpp"
#include "io/file.hpp"

namespace kseg::archive {

/// A tar stream that can be read anywhere, and where the members lie in it.
class Archive::State {
  public:
    std::string name;
    Kind kind = Kind::plain_tar;
    std::uint64_t size = 0;
    std::vector<Member> members;
    std::vector<std::uint64_t> positions;  // of the members, in the tar stream
    std::unordered_map<std::string_view, std::size_t> by_name;
    std::vector<std::string> refused;
    std::shared_ptr<const io::ReadAt> stream;
    std::shared_ptr<const ChunkStore> chunks;  // the stream, where there is a table

    /// Adds the members that are there to by_name, whose keys borrow their names.
    void index_names();
    [[nodiscard]] std::unique_ptr<io::ReadAt> view(std::size_t number) const;
};

}  // namespace kseg::archive
