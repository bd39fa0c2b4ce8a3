// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/sasl_handshake.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

constexpr auto kRequest = structure<SaslHandshakeRequest>(field<&SaslHandshakeRequest::mechanism>("mechanism", since(0)));

constexpr auto kResponse =
    structure<SaslHandshakeResponse>(field<&SaslHandshakeResponse::error_code>("errorCode", since(0)),
                                     field<&SaslHandshakeResponse::mechanisms>("mechanisms", since(0)));

}  // namespace

constinit const Schema SaslHandshakeRequest::kSchema = message("SaslHandshakeRequest", {0, 1}, kNoVersions, kRequest);
constinit const Schema SaslHandshakeResponse::kSchema = message("SaslHandshakeResponse", {0, 1}, kNoVersions, kResponse);

}  // namespace kseg::protocol
