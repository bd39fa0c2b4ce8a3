// SPDX-License-Identifier: Apache-2.0
// Where output goes: a descriptor, or a file that appears whole or not at all.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "io/file.hpp"

namespace kseg::io {

class Sink {
  public:
    virtual ~Sink() = default;

    /// Writes all of `bytes`.
    /// errors   io   with Error::what naming EPIPE as kBrokenPipe where the reader has gone
    virtual Result<void> write(Bytes bytes) = 0;

    /// Makes what was written take effect; nothing may be written after.
    virtual Result<void> commit() = 0;
};

/// Error::what of a write whose reader has gone.
inline constexpr std::string_view kBrokenPipe = "broken pipe";

/// Writes to a descriptor such as stdout, which it does not close.
std::unique_ptr<Sink> sink_to_descriptor(int fd);

/// A new file that appears whole or not at all (io/replace.hpp); a pipe or device that is there is written to instead.
/// overwrite   whether an existing file may be replaced
/// errors      exists   path is there and overwrite is false;   io
Result<std::unique_ptr<Sink>> replace_file(const std::string& path, bool overwrite);

}  // namespace kseg::io
