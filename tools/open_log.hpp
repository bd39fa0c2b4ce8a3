// SPDX-License-Identifier: Apache-2.0
// A log opened for a walk, from the place where what is wanted of it begins.
#pragma once

#include <memory>

#include "archive/member_stream.hpp"
#include "archives.hpp"
#include "base/result.hpp"
#include "inputs.hpp"
#include "io/file.hpp"
#include "kafka/segment/range.hpp"
#include "open_input.hpp"
#include "read_options.hpp"

namespace kseg::tools {

struct OpenedLog {
    OpenedInput input{};                      ///< of a member: empty
    archive::MemberStream* member = nullptr;  ///< the source, where it is one
    std::unique_ptr<io::ByteSource> source{};
    segment::SegmentPart part{};
};

/// Opens a file, stdin, or the member of an archive, as bytes or as text that stands for them. Where there is an offset or
/// time index beside it, what the range does not need is passed over.
/// errors   io, cancelled;   corrupt, truncated   of an archive;   unsupported   an archive that is no file
Result<OpenedLog> open_log(const Input& input, const ReadOptions& options, Archives& archives);

}  // namespace kseg::tools
