// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/offset_delete.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using OffsetDeleteRequestPartition = OffsetDeleteRequest::OffsetDeleteRequestPartition;
constexpr auto kOffsetDeleteRequestPartition = structure<OffsetDeleteRequestPartition>(
    field<&OffsetDeleteRequestPartition::partition_index>("partitionIndex", since(0)));

using OffsetDeleteRequestTopic = OffsetDeleteRequest::OffsetDeleteRequestTopic;
constexpr auto kOffsetDeleteRequestTopic = structure<OffsetDeleteRequestTopic>(
    field<&OffsetDeleteRequestTopic::name>("name", since(0)),
    field<&OffsetDeleteRequestTopic::partitions>("partitions", since(0), kOffsetDeleteRequestPartition));

constexpr auto kRequest =
    structure<OffsetDeleteRequest>(field<&OffsetDeleteRequest::group_id>("groupId", since(0)),
                                   field<&OffsetDeleteRequest::topics>("topics", since(0), kOffsetDeleteRequestTopic));

using OffsetDeleteResponsePartition = OffsetDeleteResponse::OffsetDeleteResponsePartition;
constexpr auto kOffsetDeleteResponsePartition = structure<OffsetDeleteResponsePartition>(
    field<&OffsetDeleteResponsePartition::partition_index>("partitionIndex", since(0)),
    field<&OffsetDeleteResponsePartition::error_code>("errorCode", since(0)));

using OffsetDeleteResponseTopic = OffsetDeleteResponse::OffsetDeleteResponseTopic;
constexpr auto kOffsetDeleteResponseTopic = structure<OffsetDeleteResponseTopic>(
    field<&OffsetDeleteResponseTopic::name>("name", since(0)),
    field<&OffsetDeleteResponseTopic::partitions>("partitions", since(0), kOffsetDeleteResponsePartition));

constexpr auto kResponse =
    structure<OffsetDeleteResponse>(field<&OffsetDeleteResponse::error_code>("errorCode", since(0)),
                                    field<&OffsetDeleteResponse::throttle_time_ms>("throttleTimeMs", since(0)).ignorable(),
                                    field<&OffsetDeleteResponse::topics>("topics", since(0), kOffsetDeleteResponseTopic));

}  // namespace

constinit const Schema OffsetDeleteRequest::kSchema = message("OffsetDeleteRequest", {0, 0}, kNoVersions, kRequest);
constinit const Schema OffsetDeleteResponse::kSchema = message("OffsetDeleteResponse", {0, 0}, kNoVersions, kResponse);

}  // namespace kseg::protocol
