// SPDX-License-Identifier: Apache-2.0
#include "process_limits.hpp"

#include <malloc.h>
#include <sys/resource.h>

namespace kseg::tools {
namespace {

#ifdef M_TRIM_THRESHOLD
constexpr int kKeptBytes = 32 << 20;
#endif

}  // namespace

void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

void keep_freed_memory() {
#ifdef M_TRIM_THRESHOLD
    // Before there is another thread.
    (void)::mallopt(M_MMAP_THRESHOLD, kKeptBytes);  // NOLINT(concurrency-mt-unsafe)
    (void)::mallopt(M_TRIM_THRESHOLD, kKeptBytes);  // NOLINT(concurrency-mt-unsafe)
#endif
}

}  // namespace kseg::tools
