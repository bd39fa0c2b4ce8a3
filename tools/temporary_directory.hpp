// SPDX-License-Identifier: Apache-2.0
// A directory that is gone with whoever made it.
#pragma once

#include <string>

#include "base/result.hpp"

namespace kseg::tools {

class TemporaryDirectory {
  public:
    TemporaryDirectory() = default;
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    /// Removes it with all that is in it.
    ~TemporaryDirectory();

    /// Makes it, and returns its path.
    /// errors   io
    Result<std::string> make();

  private:
    std::string path_;
};

}  // namespace kseg::tools
