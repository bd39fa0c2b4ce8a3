// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/describe_log_dirs.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using DescribableLogDirTopic = DescribeLogDirsRequest::DescribableLogDirTopic;
constexpr auto kDescribableLogDirTopic =
    structure<DescribableLogDirTopic>(field<&DescribableLogDirTopic::topic>("topic", since(0)),
                                      field<&DescribableLogDirTopic::partitions>("partitions", since(0)));

constexpr auto kRequest = structure<DescribeLogDirsRequest>(
    field<&DescribeLogDirsRequest::topics>("topics", since(0), kDescribableLogDirTopic).nullable(since(0)));

using DescribeLogDirsPartition = DescribeLogDirsResponse::DescribeLogDirsPartition;
constexpr auto kDescribeLogDirsPartition =
    structure<DescribeLogDirsPartition>(field<&DescribeLogDirsPartition::partition_index>("partitionIndex", since(0)),
                                        field<&DescribeLogDirsPartition::partition_size>("partitionSize", since(0)),
                                        field<&DescribeLogDirsPartition::offset_lag>("offsetLag", since(0)),
                                        field<&DescribeLogDirsPartition::is_future_key>("isFutureKey", since(0)));

using DescribeLogDirsTopic = DescribeLogDirsResponse::DescribeLogDirsTopic;
constexpr auto kDescribeLogDirsTopic = structure<DescribeLogDirsTopic>(
    field<&DescribeLogDirsTopic::name>("name", since(0)),
    field<&DescribeLogDirsTopic::partitions>("partitions", since(0), kDescribeLogDirsPartition));

using DescribeLogDirsResult = DescribeLogDirsResponse::DescribeLogDirsResult;
constexpr auto kDescribeLogDirsResult =
    structure<DescribeLogDirsResult>(field<&DescribeLogDirsResult::error_code>("errorCode", since(0)),
                                     field<&DescribeLogDirsResult::log_dir>("logDir", since(0)),
                                     field<&DescribeLogDirsResult::topics>("topics", since(0), kDescribeLogDirsTopic),
                                     field<&DescribeLogDirsResult::total_bytes>("totalBytes", since(4)).ignorable(),
                                     field<&DescribeLogDirsResult::usable_bytes>("usableBytes", since(4)).ignorable(),
                                     field<&DescribeLogDirsResult::is_cordoned>("isCordoned", since(5)).ignorable());

constexpr auto kResponse = structure<DescribeLogDirsResponse>(
    field<&DescribeLogDirsResponse::throttle_time_ms>("throttleTimeMs", since(0)),
    field<&DescribeLogDirsResponse::error_code>("errorCode", since(3)).ignorable(),
    field<&DescribeLogDirsResponse::results>("results", since(0), kDescribeLogDirsResult));

}  // namespace

constinit const Schema DescribeLogDirsRequest::kSchema = message("DescribeLogDirsRequest", {0, 5}, since(2), kRequest);
constinit const Schema DescribeLogDirsResponse::kSchema = message("DescribeLogDirsResponse", {0, 5}, since(2), kResponse);

}  // namespace kseg::protocol
