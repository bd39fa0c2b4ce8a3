// SPDX-License-Identifier: Apache-2.0
#include "query_store.hpp"

#include <string>
#include <utility>

#include "objects/store_url.hpp"

namespace kseg::tools {
namespace {

// An answer of a bucket takes as long as this many bytes of it do.
constexpr std::size_t kRemoteReadAhead = std::size_t{4} << 20;

}  // namespace

Result<std::unique_ptr<QueryStore>> QueryStore::open(const StoreOption& options, Report& report, store::Places& places) {
    auto opened = std::make_unique<QueryStore>();
    if (options.url.empty()) {
        return opened;
    }
    const auto url = objects::parse_store_url(options.url);
    if (!url) {
        return url.error().in_file("--store");
    }
    auto store = open_store(options, [&report](std::string_view text) { report.detail(text); });
    if (!store) {
        return store.error();
    }
    if (url->is_s3()) {
        places.archive_options.read_ahead_bytes = kRemoteReadAhead;
    } else {
        places.store = url->directory;
    }
    opened->store_ = *std::move(store);
    opened->registry_.emplace(*opened->store_);
    places.archives = &*opened->registry_;
    return opened;
}

}  // namespace kseg::tools
