// SPDX-License-Identifier: Apache-2.0
#include "index/lucene_support.hpp"

#include <lucene++/LuceneHeaders.h>

#include <utility>

namespace kseg::index {

void Failure::raise(Error what) {
    if (!error) {
        error = std::move(what);
    }
    throw Lucene::IOException(L"refused");
}

}  // namespace kseg::index
