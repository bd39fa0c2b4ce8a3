// SPDX-License-Identifier: Apache-2.0
#include "finding_report.hpp"

#include <fmt/format.h>

namespace kseg::tools {

void report_finding(const wal::Finding& finding, Report& report) {
    const std::string saved =
        finding.saved_as.empty()
            ? ""
            : (finding.size == 0 ? fmt::format("; is now {}", finding.saved_as)
                                 : fmt::format("; {} bytes saved as {}", finding.size, finding.saved_as));
    if (finding.is_damage()) {
        report.damage(finding.file, finding.at, finding.what + saved);
    } else {
        report.detail(finding.file + ": " + finding.what);
    }
}

}  // namespace kseg::tools
