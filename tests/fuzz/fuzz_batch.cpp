// SPDX-License-Identifier: Apache-2.0
// One batch of any magic: reading it, and for magic 2 taking it apart and putting it together.
#include <vector>

#include "canonical/canonical_record.hpp"
#include "fuzz_support.hpp"
#include "kafka/record/batch.hpp"
#include "kafka/record/record.hpp"
#include "kafka/wire/writer.hpp"

using namespace kseg;

namespace {

constexpr std::size_t kLimitBytes = std::size_t{4} << 20;

bool same(const std::optional<ByteBuffer>& a, const std::optional<ByteBuffer>& b) {
    return a.has_value() == b.has_value() && (!a || a->text() == b->text());
}

void same_records(const canonical::EditableBatch& a, const canonical::EditableBatch& b) {
    fuzz::require(a.records.size() == b.records.size());
    for (std::size_t i = 0; i < a.records.size(); ++i) {
        const canonical::EditableRecord& x = a.records[i];
        const canonical::EditableRecord& y = b.records[i];
        fuzz::require(x.offset == y.offset && x.stored_timestamp == y.stored_timestamp && x.attributes == y.attributes);
        fuzz::require(same(x.key, y.key) && same(x.value, y.value) && x.headers.size() == y.headers.size());
        for (std::size_t h = 0; h < x.headers.size(); ++h) {
            fuzz::require(x.headers[h].key.text() == y.headers[h].key.text() &&
                          same(x.headers[h].value, y.headers[h].value));
        }
    }
}

/// What the records do not decide stays.
void same_header(const record::BatchHeader& a, const record::BatchHeader& b) {
    fuzz::require(a.base_offset == b.base_offset && a.partition_leader_epoch == b.partition_leader_epoch);
    fuzz::require(a.attributes == b.attributes && a.last_offset_delta == b.last_offset_delta);
    fuzz::require(a.producer_id == b.producer_id && a.producer_epoch == b.producer_epoch);
    fuzz::require(a.base_sequence == b.base_sequence && a.records_count == b.records_count);
    fuzz::require(!a.has_delete_horizon() || a.base_timestamp == b.base_timestamp);
    fuzz::require((a.attributes & record::kLogAppendTimeBit) == 0 || a.max_timestamp == b.max_timestamp);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ByteBuffer bytes(fuzz::bytes_of(data, size));
    if (size >= record::kLengthFieldEnd) {
        // The length is made right: the cursor's target is where wrong ones are tried.
        wire::store_big(bytes.data() + 8, static_cast<std::int32_t>(size - record::kLengthFieldEnd));
    }
    const auto view = record::BatchView::parse(bytes.bytes(), {});
    if (!view) {
        return 0;
    }
    record::RecordReader reader(kLimitBytes);
    for (int round = 0; round < 2; ++round) {
        reader.open(*view);
        record::RecordView record;
        std::uint64_t sum = 0;
        while (reader.next(record)) {
            sum += fuzz::touch(record.key) + fuzz::touch(record.value);
            record.headers.for_each([&](const record::HeaderView& h) { sum += fuzz::touch(h.key) + fuzz::touch(h.value); });
        }
        fuzz::require(sum != 1 || reader.count() != 0);
        fuzz::require(!reader.next(record));
    }
    const auto untouched = canonical::CanonicalRecord::from_wire(bytes.bytes());
    fuzz::require(untouched && as_text(untouched->wire()) == bytes.text());
    const auto parts = untouched->parts(kLimitBytes);
    fuzz::require(parts.has_value() == (reader.problem() == record::Problem::none && !view->header().is_legacy()));
    if (!parts || !view->header().has_known_codec()) {
        return 0;
    }
    const auto built = canonical::CanonicalRecord::from_parts(*parts);
    if (!built) {
        // An offset that passes 2^63 is the one thing that reads and cannot be written.
        fuzz::require(built.error().code == Errc::invalid);
        return 0;
    }
    same_header(parts->header, built->header());
    const auto again = built->parts(kLimitBytes);
    fuzz::require(again && built->view().compute_crc() == built->header().crc);
    same_records(*parts, *again);
    const auto twice = canonical::CanonicalRecord::from_parts(*again);
    fuzz::require(twice && as_text(twice->wire()) == as_text(built->wire()));
    return 0;
}
