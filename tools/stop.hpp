// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and SIGTERM as a flag that long work looks at, so that outputs are cleaned up on the way out.
#pragma once

namespace kseg::tools {

/// Installs the handlers; a second signal ends the program at once. Also ignores SIGPIPE: writes report it.
void catch_signals();

/// Whether a signal asked to stop.
bool stop_asked();

}  // namespace kseg::tools
