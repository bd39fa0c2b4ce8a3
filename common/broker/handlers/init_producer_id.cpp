// SPDX-License-Identifier: Apache-2.0
// InitProducerId: a number for an idempotent producer. Source: KIP-98, KIP-360, Kafka 4.1, TransactionCoordinator.
#include "kafka/protocol/messages/init_producer_id.hpp"
#include "broker/handlers/handlers.hpp"

namespace kseg::broker {

void serve_init_producer_id(Broker& broker) {
    broker.dispatcher().serve<protocol::InitProducerIdRequest>(
        protocol::ApiKey::init_producer_id, [&broker](const CallPtr& call, protocol::InitProducerIdRequest&& request) {
            protocol::InitProducerIdResponse response;
            response.producer_epoch = -1;
            if (request.transactional_id) {
                // Transactions are not served: an empty id is none, and any other needs a coordinator.
                response.error_code = request.transactional_id->empty()
                                          ? protocol::ErrorCode::invalid_request
                                          : protocol::ErrorCode::transactional_id_authorization_failed;
                call->answer(response);
                return;
            }
            const auto id = broker.topics().next_producer_id();
            if (id) {
                response.producer_id = *id;
                response.producer_epoch = 0;
            } else {
                response.error_code = protocol::ErrorCode::coordinator_not_available;
            }
            call->answer(response);
        });
}

}  // namespace kseg::broker
