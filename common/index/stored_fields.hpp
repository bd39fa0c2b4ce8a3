// SPDX-License-Identifier: Apache-2.0
// The files in which a Lucene 3.0 index keeps the stored fields of its documents. Documents here have none, which takes
// nine bytes each to say; since these follow from the number of documents they are not kept.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "index/record_set.hpp"
#include "io/file.hpp"

namespace kseg::index {

/// Their names: the entry of each document, and where that is.
inline constexpr std::array<std::string_view, 2> kStoredFieldFiles{"_0.fdt", "_0.fdx"};

/// The content of one of these for so many documents.
std::unique_ptr<io::ReadAt> stored_fields(std::string_view name, Ordinal documents);

}  // namespace kseg::index
