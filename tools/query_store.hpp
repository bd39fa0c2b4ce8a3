// SPDX-License-Identifier: Apache-2.0
// The store that a query is asked of.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "objects/object_store.hpp"
#include "report.hpp"
#include "store/archive_registry.hpp"
#include "store/listing.hpp"
#include "store_option.hpp"

namespace kseg::tools {

class QueryStore {
  public:
    /// Opens what the options name and puts it into `places`, which borrow it: a directory for its indexes and its
    /// archives, a bucket for its archives. Without --store there is none.
    /// errors   those of open_store();   io   the directory is not there
    static Result<std::unique_ptr<QueryStore>> open(const StoreOption& options, Report& report, store::Places& places);

    /// What a bucket has been asked so far.
    [[nodiscard]] objects::Traffic traffic() const { return store_ ? store_->traffic() : objects::Traffic{}; }

  private:
    std::unique_ptr<objects::ObjectStore> store_;
    std::optional<store::ArchiveRegistry> registry_;
};

}  // namespace kseg::tools
