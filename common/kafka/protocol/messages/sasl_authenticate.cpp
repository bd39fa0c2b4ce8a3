// SPDX-License-Identifier: Apache-2.0
#include "kafka/protocol/messages/sasl_authenticate.hpp"

#include "kafka/protocol/schema.hpp"

namespace kseg::protocol {

namespace {

constexpr auto kRequest =
    structure<SaslAuthenticateRequest>(field<&SaslAuthenticateRequest::auth_bytes>("authBytes", since(0)));

constexpr auto kResponse = structure<SaslAuthenticateResponse>(
    field<&SaslAuthenticateResponse::error_code>("errorCode", since(0)),
    field<&SaslAuthenticateResponse::error_message>("errorMessage", since(0)).nullable(since(0)),
    field<&SaslAuthenticateResponse::auth_bytes>("authBytes", since(0)),
    field<&SaslAuthenticateResponse::session_lifetime_ms>("sessionLifetimeMs", since(1)).ignorable());

}  // namespace

constinit const Schema SaslAuthenticateRequest::kSchema = message("SaslAuthenticateRequest", {0, 2}, since(2), kRequest);
constinit const Schema SaslAuthenticateResponse::kSchema = message("SaslAuthenticateResponse", {0, 2}, since(2), kResponse);

}  // namespace kseg::protocol
