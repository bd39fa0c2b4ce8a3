// SPDX-License-Identifier: Apache-2.0
// Terms and the records they occur in, as a query sees them.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/result.hpp"
#include "index/record_set.hpp"
#include "index/terms.hpp"

namespace kseg::index {

/// What is to be done with a term that a scan has come to.
enum class TermVerdict : std::uint8_t { skip, take, stop };

/// The text index of one segment. Errors: io; corrupt, where its files are not what was written.
class TermIndex {
  public:
    virtual ~TermIndex() = default;

    /// Adds the records that have this term, which is at most kMaxTermBytes long unless the field's are named ones.
    virtual Result<void> add_term(TermField field, std::string_view term, RecordSet& out) = 0;

    /// Goes over the terms of a field from `from` on, in the order of their bytes, asks `judge` of each, and adds the
    /// records of those that it takes.
    virtual Result<void> scan_terms(TermField field, std::string_view from,
                                    const std::function<TermVerdict(std::string_view)>& judge, RecordSet& out) = 0;
};

}  // namespace kseg::index
