// SPDX-License-Identifier: Apache-2.0
// What a process that serves for long asks of the system.
#pragma once

namespace kseg::tools {

/// Every partition and every client takes descriptors; a shell's limit is often for neither.
void raise_descriptor_limit();

/// Requests come and go by the megabyte: given back to the system each time, their pages would be a third of the work.
void keep_freed_memory();

}  // namespace kseg::tools
