// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/delete_topics.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

using DeleteTopicState = DeleteTopicsRequest::DeleteTopicState;
constexpr auto kDeleteTopicState =
    structure<DeleteTopicState>(field<&DeleteTopicState::name>("name", since(6)).nullable(since(6)),
                                field<&DeleteTopicState::topic_id>("topicId", since(6)));

constexpr auto kRequest =
    structure<DeleteTopicsRequest>(field<&DeleteTopicsRequest::topics>("topics", since(6), kDeleteTopicState),
                                   field<&DeleteTopicsRequest::topic_names>("topicNames", {0, 5}).ignorable(),
                                   field<&DeleteTopicsRequest::timeout_ms>("timeoutMs", since(0)));

using DeletableTopicResult = DeleteTopicsResponse::DeletableTopicResult;
constexpr auto kDeletableTopicResult = structure<DeletableTopicResult>(
    field<&DeletableTopicResult::name>("name", since(0)).nullable(since(6)),
    field<&DeletableTopicResult::topic_id>("topicId", since(6)).ignorable(),
    field<&DeletableTopicResult::error_code>("errorCode", since(0)),
    field<&DeletableTopicResult::error_message>("errorMessage", since(5)).nullable(since(5)).ignorable());

constexpr auto kResponse =
    structure<DeleteTopicsResponse>(field<&DeleteTopicsResponse::throttle_time_ms>("throttleTimeMs", since(1)).ignorable(),
                                    field<&DeleteTopicsResponse::responses>("responses", since(0), kDeletableTopicResult));

}  // namespace

constinit const Schema DeleteTopicsRequest::kSchema = message("DeleteTopicsRequest", {0, 6}, since(4), kRequest);
constinit const Schema DeleteTopicsResponse::kSchema = message("DeleteTopicsResponse", {0, 6}, since(4), kResponse);

}  // namespace kseg::protocol
