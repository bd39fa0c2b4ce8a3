// SPDX-License-Identifier: Apache-2.0
#include "canonical/canonical_record.hpp"

#include <fmt/format.h>

#include "kafka/record/builder.hpp"
#include "kafka/wire/writer.hpp"

namespace kseg::canonical {
namespace {

constexpr std::size_t kLeaderEpochAt = record::kLengthFieldEnd;

std::optional<ByteBuffer> owned(const NullableBytes& bytes) {
    return bytes ? std::optional<ByteBuffer>(ByteBuffer(*bytes)) : std::nullopt;
}

NullableBytes borrowed(const std::optional<ByteBuffer>& bytes) {
    return bytes ? NullableBytes(bytes->bytes()) : std::nullopt;
}

}  // namespace

Result<void> CanonicalRecord::adopt(ByteBuffer wire) {
    const auto view = record::BatchView::parse(wire.bytes(), {});
    if (!view) {
        return view.error();
    }
    header_ = view->header();
    wire_ = std::move(wire);
    return {};
}

Result<CanonicalRecord> CanonicalRecord::from_wire(Bytes whole) {
    CanonicalRecord batch;
    if (const auto adopted = batch.adopt(ByteBuffer(whole)); !adopted) {
        return adopted.error();
    }
    return batch;
}

record::BatchView CanonicalRecord::view() const {
    return *record::BatchView::parse(wire_.bytes(), {});
}

void CanonicalRecord::set_base_offset(std::int64_t base_offset) {
    wire::store_big(wire_.data(), base_offset);
    header_.base_offset = base_offset;
}

Result<void> CanonicalRecord::set_leader_epoch(std::int32_t epoch) {
    if (header_.is_legacy()) {
        return Error{.code = Errc::unsupported, .what = fmt::format("magic {} has no leader epoch", header_.magic)};
    }
    wire::store_big(wire_.data() + kLeaderEpochAt, epoch);
    header_.partition_leader_epoch = epoch;
    return {};
}

Result<EditableBatch> CanonicalRecord::parts(std::size_t limit_bytes) const {
    if (header_.is_legacy()) {
        return Error{.code = Errc::unsupported, .what = fmt::format("batches of magic {} cannot be edited", header_.magic)};
    }
    EditableBatch parts{.header = header_, .records = {}};
    record::RecordReader reader(limit_bytes);
    reader.open(view());
    record::RecordView record;
    while (reader.next(record)) {
        EditableRecord copy{.offset = record.offset,
                            .stored_timestamp = record.stored_timestamp,
                            .attributes = record.attributes,
                            .key = owned(record.key),
                            .value = owned(record.value),
                            .headers = {}};
        record.headers.for_each([&copy](const record::HeaderView& header) {
            copy.headers.push_back({.key = ByteBuffer(header.key), .value = owned(header.value)});
        });
        parts.records.push_back(std::move(copy));
    }
    if (reader.problem() != record::Problem::none) {
        return Error{.code = Errc::corrupt, .what = reader.problem_text()};
    }
    return parts;
}

Result<CanonicalRecord> CanonicalRecord::from_parts(const EditableBatch& parts, const codec::CompressOptions& options) {
    record::BatchBuilder builder;
    builder.begin(parts.header);
    std::vector<record::HeaderView> headers;
    for (const EditableRecord& part : parts.records) {
        headers.clear();
        for (const EditableHeader& header : part.headers) {
            headers.push_back({.key = header.key.bytes(), .value = borrowed(header.value)});
        }
        const record::RecordView record{.offset = part.offset,
                                        .stored_timestamp = part.stored_timestamp,
                                        .attributes = part.attributes,
                                        .key = borrowed(part.key),
                                        .value = borrowed(part.value),
                                        .headers = {}};
        if (const auto added = builder.add(record, headers); !added) {
            return added.error();
        }
    }
    ByteBuffer wire;
    if (const auto built = builder.finish(wire, options); !built) {
        return built.error();
    }
    CanonicalRecord batch;
    if (const auto adopted = batch.adopt(std::move(wire)); !adopted) {
        return adopted.error();
    }
    return batch;
}

}  // namespace kseg::canonical
