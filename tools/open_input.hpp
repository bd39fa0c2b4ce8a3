// SPDX-License-Identifier: Apache-2.0
// Inputs opened for reading: a file, a named pipe or stdin, binary or written as text.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "io/file.hpp"

namespace kseg::tools {

/// How the bytes of an input are written.
enum class Coding : std::uint8_t { automatic, raw, hex, base64 };

struct OpenedInput {
    std::unique_ptr<io::File> file{};  ///< null for stdin
    std::unique_ptr<io::ByteSource> source{};
    bool is_regular = false;  ///< `file` can be read anywhere
};

/// Opens a path, "-" for stdin, from its beginning. The source ends with Errc::cancelled when the user asks to stop.
/// errors   io, naming the input
Result<OpenedInput> open_input(const std::string& path);

/// Whether the input is a Chronik WAL, by its name or its first bytes, which the source gives all the same.
/// errors   those of the source
Result<bool> is_chronik_wal(OpenedInput& input, const std::string& path);

/// Looks at the first bytes of what is no file; the source gives them all the same.
/// errors   those of the source;   unsupported   it is an archive, which is read from its end
Result<void> refuse_archive(std::unique_ptr<io::ByteSource>& source);

/// Where the coding says text, or is automatic and the first bytes look like text, the source is replaced by one of the
/// bytes that the text stands for. Returns whether that was so.
Result<bool> decode_text(std::unique_ptr<io::ByteSource>& source, Coding coding);

}  // namespace kseg::tools
