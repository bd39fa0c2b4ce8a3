// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/add_offsets_to_txn.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

constexpr auto kRequest =
    structure<AddOffsetsToTxnRequest>(field<&AddOffsetsToTxnRequest::transactional_id>("transactionalId", since(0)),
                                      field<&AddOffsetsToTxnRequest::producer_id>("producerId", since(0)),
                                      field<&AddOffsetsToTxnRequest::producer_epoch>("producerEpoch", since(0)),
                                      field<&AddOffsetsToTxnRequest::group_id>("groupId", since(0)));

constexpr auto kResponse =
    structure<AddOffsetsToTxnResponse>(field<&AddOffsetsToTxnResponse::throttle_time_ms>("throttleTimeMs", since(0)),
                                       field<&AddOffsetsToTxnResponse::error_code>("errorCode", since(0)));

}  // namespace

constinit const Schema AddOffsetsToTxnRequest::kSchema = message("AddOffsetsToTxnRequest", {0, 4}, since(3), kRequest);
constinit const Schema AddOffsetsToTxnResponse::kSchema = message("AddOffsetsToTxnResponse", {0, 4}, since(3), kResponse);

}  // namespace kseg::protocol
