// SPDX-License-Identifier: Apache-2.0
// Records of __consumer_offsets, as Kafka writes and reads them.
// Source: Kafka's OffsetCommitKey and Value, GroupMetadataKey and Value; versions as Kafka 4.3 chooses them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "broker/groups/group.hpp"
#include "broker/groups/offset_store.hpp"
#include "broker/groups/offsets_log.hpp"

namespace kseg::broker {

/// Assignments of a generation by the member's id.
using Assignments = std::map<std::string, protocol::Blob, std::less<>>;

Result<OffsetsRecord> offset_record(std::string_view group, std::string_view topic, std::int32_t partition,
                                    const CommittedOffset& offset);
Result<OffsetsRecord> offset_tombstone(std::string_view group, std::string_view topic, std::int32_t partition);
/// A group with its members and these assignments; who has none gets an empty one.
Result<OffsetsRecord> group_record(const Group& group, const Assignments& assignments);
Result<OffsetsRecord> group_tombstone(std::string_view group);

/// Assignments that the members have.
Assignments assignments_of(const Group& group);

/// What a record says.
class OffsetsRecordReader {
  public:
    OffsetsRecordReader() = default;
    OffsetsRecordReader(const OffsetsRecordReader&) = delete;
    OffsetsRecordReader& operator=(const OffsetsRecordReader&) = delete;
    virtual ~OffsetsRecordReader() = default;

    virtual void on_offset(const protocol::OffsetCommitKey& key, CommittedOffset offset) = 0;
    virtual void on_offset_tombstone(const protocol::OffsetCommitKey& key) = 0;
    virtual void on_group(const std::string& group, const protocol::GroupMetadataValue& value) = 0;
    virtual void on_group_tombstone(const std::string& group) = 0;

    /// Takes a record apart. Records of other kinds, of Kafka's newer coordinators, are passed over.
    /// errors  corrupt, unsupported, too_large  it is of a kind that is known, and not what its kind should be
    Result<void> read(Bytes key, NullableBytes value);
};

}  // namespace kseg::broker
