// SPDX-License-Identifier: Apache-2.0
// Control records: what the broker writes between the data. Layout: man/kseg-segment.5, CONTROL RECORDS.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kafka/record/record.hpp"

namespace kseg::canonical {

struct ControlRecord {
    std::int16_t type = -1;                           ///< -1 where the key does not say
    std::optional<std::int32_t> coordinator_epoch{};  ///< of commit and abort
};

/// Reads key and value of a record in a control batch.
ControlRecord parse_control(const record::RecordView& record);

/// "commit", "abort", "leader_change", "snapshot_header", "snapshot_footer", "kraft_version", "kraft_voters", "unknown_N".
std::string control_name(std::int16_t type);

}  // namespace kseg::canonical
