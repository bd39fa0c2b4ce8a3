// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/transaction_log.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

constexpr auto kTransactionLogKey =
    structure<TransactionLogKey>(field<&TransactionLogKey::transactional_id>("transactionalId", {0, 0}));

using PartitionsSchema = TransactionLogValue::PartitionsSchema;
constexpr auto kPartitionsSchema = structure<PartitionsSchema>(
    field<&PartitionsSchema::topic>("topic", since(0)), field<&PartitionsSchema::partition_ids>("partitionIds", since(0)));

constexpr auto kTransactionLogValue = structure<TransactionLogValue>(
    field<&TransactionLogValue::producer_id>("producerId", since(0)),
    field<&TransactionLogValue::previous_producer_id>("previousProducerId", since(1)).tagged(0, since(1)),
    field<&TransactionLogValue::next_producer_id>("nextProducerId", since(1)).tagged(1, since(1)),
    field<&TransactionLogValue::producer_epoch>("producerEpoch", since(0)),
    field<&TransactionLogValue::next_producer_epoch>("nextProducerEpoch", since(1)).tagged(3, since(1)),
    field<&TransactionLogValue::transaction_timeout_ms>("transactionTimeoutMs", since(0)),
    field<&TransactionLogValue::transaction_status>("transactionStatus", since(0)),
    field<&TransactionLogValue::transaction_partitions>("transactionPartitions", since(0), kPartitionsSchema)
        .nullable(since(0)),
    field<&TransactionLogValue::transaction_last_update_timestamp_ms>("transactionLastUpdateTimestampMs", since(0)),
    field<&TransactionLogValue::transaction_start_timestamp_ms>("transactionStartTimestampMs", since(0)),
    field<&TransactionLogValue::client_transaction_version>("clientTransactionVersion", since(1)).tagged(2, since(1)));

}  // namespace

constinit const Schema TransactionLogKey::kSchema = message("TransactionLogKey", {0, 0}, kNoVersions, kTransactionLogKey);
constinit const Schema TransactionLogValue::kSchema =
    message("TransactionLogValue", {0, 1}, since(1), kTransactionLogValue);

}  // namespace kseg::protocol
