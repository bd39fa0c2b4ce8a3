// SPDX-License-Identifier: Apache-2.0
// Messages: the first byte chooses one, the second its version. What is read is written, and reads as the same. The bytes
// are taken as a connection's too.
#include "fuzz_support.hpp"
#include "kafka/protocol/header.hpp"
#include "support/any_message.hpp"

using namespace kseg;

namespace {

void check_message(const protocol::Schema& schema, protocol::Version version, Bytes input) {
    test::AnyMessage message(schema);
    std::size_t used = 0;
    if (!message.read_some(input, version, used)) {
        return;
    }
    fuzz::require(used <= input.size());
    const std::string json = message.json(version);
    protocol::Output out;
    fuzz::require(message.write(version, out).has_value());
    const auto measured = message.measure(version);
    fuzz::require(measured.has_value() && *measured == out.bytes.size());
    test::AnyMessage again(schema);
    fuzz::require(again.read(out.bytes.bytes(), version).has_value());
    fuzz::require(again.json(version) == json);
    // Other versions may refuse it, and must not do worse.
    for (int other = schema.versions.from; other <= schema.versions.to; ++other) {
        out = {};
        static_cast<void>(message.write(static_cast<protocol::Version>(other), out));
    }
}

void check_connection(Bytes input) {
    const auto frame = protocol::first_frame(input, 1U << 20);
    if (!frame || !*frame) {
        return;
    }
    const auto request = protocol::parse_request(**frame);
    if (!request || request->api == nullptr) {
        return;
    }
    test::AnyMessage message(*request->api->request);
    static_cast<void>(message.read(request->body, request->header.request_api_version));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto schemas = test::all_schemas();
    check_connection(fuzz::bytes_of(data, size));
    if (size < 2) {
        return 0;
    }
    const protocol::Schema& schema = *schemas[data[0] % schemas.size()];
    const int count = schema.versions.to - schema.versions.from + 1;
    check_message(schema, static_cast<protocol::Version>(schema.versions.from + data[1] % count),
                  fuzz::bytes_of(data + 2, size - 2));
    return 0;
}
