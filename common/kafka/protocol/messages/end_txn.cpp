// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/end_txn.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

constexpr auto kRequest = structure<EndTxnRequest>(field<&EndTxnRequest::transactional_id>("transactionalId", since(0)),
                                                   field<&EndTxnRequest::producer_id>("producerId", since(0)),
                                                   field<&EndTxnRequest::producer_epoch>("producerEpoch", since(0)),
                                                   field<&EndTxnRequest::committed>("committed", since(0)));

constexpr auto kResponse =
    structure<EndTxnResponse>(field<&EndTxnResponse::throttle_time_ms>("throttleTimeMs", since(0)),
                              field<&EndTxnResponse::error_code>("errorCode", since(0)),
                              field<&EndTxnResponse::producer_id>("producerId", since(5)).ignorable(),
                              field<&EndTxnResponse::producer_epoch>("producerEpoch", since(5)).ignorable());

}  // namespace

constinit const Schema EndTxnRequest::kSchema = message("EndTxnRequest", {0, 5}, since(3), kRequest);
constinit const Schema EndTxnResponse::kSchema = message("EndTxnResponse", {0, 5}, since(3), kResponse);

}  // namespace kseg::protocol
