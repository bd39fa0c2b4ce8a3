// SPDX-License-Identifier: Apache-2.0
#include "broker/call.hpp"

namespace kseg::broker {

std::span<std::byte> Call::writable(Bytes part) const {
    return {frame_->bytes.data() + (part.data() - frame_->bytes.data()), part.size()};
}

void Call::send(const protocol::Schema& schema, const void* message, protocol::Version version,
                std::vector<Piece> records) const {
    protocol::Output out;
    const auto written =
        protocol::write_response(out, *request_.api, version, request_.header.correlation_id, schema, message);
    if (!written) {
        // A version that cannot say what we have to say: better no answer than a wrong one.
        close();
        return;
    }
    Response response;
    if (out.holes.empty()) {
        response.pieces.emplace_back(std::move(out.bytes));
    } else {
        std::size_t done = 0;
        for (const protocol::Hole& hole : out.holes) {
            response.pieces.emplace_back(ByteBuffer(out.bytes.bytes().subspan(done, hole.at - done)));
            response.pieces.emplace_back(std::move(records[static_cast<std::size_t>(hole.id)]));
            done = hole.at;
        }
        response.pieces.emplace_back(ByteBuffer(out.bytes.bytes().subspan(done)));
    }
    reply_(std::move(response));
}

}  // namespace kseg::broker
