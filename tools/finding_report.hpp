// SPDX-License-Identifier: Apache-2.0
// What opening a log found, told as warnings.
#pragma once

#include "report.hpp"
#include "wal/options.hpp"

namespace kseg::tools {

void report_finding(const wal::Finding& finding, Report& report);

}  // namespace kseg::tools
