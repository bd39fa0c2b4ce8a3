// SPDX-License-Identifier: Apache-2.0
#include "canonical/control.hpp"

#include <fmt/format.h>

#include <array>

#include "kafka/wire/reader.hpp"

namespace kseg::canonical {
namespace {

constexpr std::array<std::string_view, 7> kNames{"abort",           "commit",        "leader_change", "snapshot_header",
                                                 "snapshot_footer", "kraft_version", "kraft_voters"};
constexpr std::int16_t kLastTransactional = 1;  // abort and commit carry the coordinator's epoch

}  // namespace

ControlRecord parse_control(const record::RecordView& record) {
    ControlRecord control;
    wire::Reader key(record.key.value_or(Bytes{}));
    key.i16();  // version
    const std::int16_t type = key.i16();
    if (!key.ok()) {
        return control;
    }
    control.type = type;
    if (type >= 0 && type <= kLastTransactional) {
        wire::Reader value(record.value.value_or(Bytes{}));
        value.i16();  // version
        const std::int32_t epoch = value.i32();
        if (value.ok()) {
            control.coordinator_epoch = epoch;
        }
    }
    return control;
}

std::string control_name(std::int16_t type) {
    if (type >= 0 && static_cast<std::size_t>(type) < kNames.size()) {
        return std::string(kNames[static_cast<std::size_t>(type)]);
    }
    return fmt::format("unknown_{}", type);
}

}  // namespace kseg::canonical
