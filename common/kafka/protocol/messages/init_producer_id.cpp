// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/init_producer_id.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

constexpr auto kRequest = structure<InitProducerIdRequest>(
    field<&InitProducerIdRequest::transactional_id>("transactionalId", since(0)).nullable(since(0)),
    field<&InitProducerIdRequest::transaction_timeout_ms>("transactionTimeoutMs", since(0)),
    field<&InitProducerIdRequest::producer_id>("producerId", since(3)),
    field<&InitProducerIdRequest::producer_epoch>("producerEpoch", since(3)),
    field<&InitProducerIdRequest::enable_2pc>("enable2Pc", since(6)),
    field<&InitProducerIdRequest::keep_prepared_txn>("keepPreparedTxn", since(6)));

constexpr auto kResponse = structure<InitProducerIdResponse>(
    field<&InitProducerIdResponse::throttle_time_ms>("throttleTimeMs", since(0)).ignorable(),
    field<&InitProducerIdResponse::error_code>("errorCode", since(0)),
    field<&InitProducerIdResponse::producer_id>("producerId", since(0)),
    field<&InitProducerIdResponse::producer_epoch>("producerEpoch", since(0)),
    field<&InitProducerIdResponse::ongoing_txn_producer_id>("ongoingTxnProducerId", since(6)),
    field<&InitProducerIdResponse::ongoing_txn_producer_epoch>("ongoingTxnProducerEpoch", since(6)));

}  // namespace

constinit const Schema InitProducerIdRequest::kSchema = message("InitProducerIdRequest", {0, 6}, since(2), kRequest);
constinit const Schema InitProducerIdResponse::kSchema = message("InitProducerIdResponse", {0, 6}, since(2), kResponse);

}  // namespace kseg::protocol
