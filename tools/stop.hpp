// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and SIGTERM as a flag that long work looks at, so that outputs are cleaned up on the way out.
#pragma once

namespace kseg::tools {

/// Installs the handlers; a second signal ends the program at once. Also ignores SIGPIPE: writes report it.
void catch_signals();

/// From now on a signal also writes to this event descriptor (eventfd(2)), so that whoever waits for it wakes; -1: no more.
void wake_on_stop(int descriptor);

/// Whether a signal asked to stop.
bool stop_asked();

}  // namespace kseg::tools
