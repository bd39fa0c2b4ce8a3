// SPDX-License-Identifier: Apache-2.0
// Archives of a store by name: one, all of a partition or of a topic, or all.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "objects/object_store.hpp"
#include "store/archive_name.hpp"

namespace kseg::store {

struct Selection {
    std::vector<ArchiveName> archives{};  ///< by name, each once
    std::vector<std::string> others{};    ///< objects among them that are no archives
    std::vector<std::string> missing{};   ///< names that select nothing
};

/// names    of an archive, or what stands before a '/' in the names of several, such as `orders` or `orders/3`;
///          none selects all that the store has
/// errors   invalid   what can be no name;   io
Result<Selection> select_archives(objects::ObjectStore& store, const std::vector<std::string>& names);

}  // namespace kseg::store
