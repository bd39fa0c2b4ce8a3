// SPDX-License-Identifier: Apache-2.0
// CLI11's types for headers: its own header takes five seconds to compile, and most files here add no options.
#pragma once

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
class Option;
}  // namespace CLI
