// SPDX-License-Identifier: Apache-2.0
// A record on a line, for people.
#pragma once

#include "base/bytes.hpp"
#include "canonical/record_line.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/record/record.hpp"

namespace kseg::tools {

/// Appends the line, newline included.
void append_record_text(ByteBuffer& out, const record::BatchHeader& header, bool crc_valid,
                        const record::RecordView& record, canonical::BytesForm form);

}  // namespace kseg::tools
