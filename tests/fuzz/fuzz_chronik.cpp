// SPDX-License-Identifier: Apache-2.0
// A Chronik WAL of arbitrary bytes. The first byte chooses how the source hands them out.
#include <string>
#include <vector>

#include "fuzz_support.hpp"
#include "support/piece_source.hpp"
#include "wal/chronik_cursor.hpp"

using namespace kseg;

namespace {

constexpr std::uint64_t kMaxBatchBytes = std::uint64_t{1} << 20;

struct Step {
    segment::Outcome outcome;
    std::uint64_t position;
    std::uint64_t size;
    bool valid;
    std::string text;  // the batch's bytes, or a gap in words

    friend bool operator==(const Step&, const Step&) = default;
};

struct Pieces {
    std::size_t source;
    std::size_t window;
    std::size_t batches;
    bool peeks;
};

std::vector<Step> walk(Bytes all, const Pieces& pieces) {
    test::PieceSource source(all, pieces.source, pieces.peeks);
    io::Window window(source, {}, pieces.window);
    wal::ChronikCursor cursor(window, {}, {.max_batch_bytes = kMaxBatchBytes, .piece_bytes = pieces.batches});
    std::vector<Step> steps;
    std::uint64_t begin = 0;  // of the record or gap that the last item was of
    std::uint64_t end = 0;
    for (;;) {
        const auto item = cursor.next();
        fuzz::require(item.has_value());
        if (item->outcome == segment::Outcome::end) {
            break;
        }
        const bool of_the_same_record =
            item->outcome == segment::Outcome::batch && item->position.value == begin && end != 0;
        fuzz::require(of_the_same_record || item->position.value == end);
        begin = item->position.value;
        end = cursor.position().value;
        fuzz::require(end > begin && end <= all.size());
        Step step{.outcome = item->outcome, .position = begin, .size = item->size, .valid = item->crc_valid, .text = {}};
        if (item->outcome == segment::Outcome::batch) {
            fuzz::require(item->batch.bytes().size() == item->size);
            step.text = as_text(item->batch.bytes());
        } else {
            fuzz::require(end - begin == item->size);
            step.text = std::string(to_string(item->reason)) + ' ' + item->describe_gap();
        }
        for (const std::string& warning : cursor.warnings()) {
            step.text += warning;
        }
        steps.push_back(std::move(step));
    }
    fuzz::require(end == all.size());
    return steps;
}

/// Batches whose CRC is right read as records to their end; those made of fields have no problem.
void read_records(Bytes all) {
    test::PieceSource source(all, all.size() + 1, true);
    io::Window window(source, {});
    wal::ChronikCursor cursor(window, {}, {.max_batch_bytes = kMaxBatchBytes});
    record::RecordReader reader(kMaxBatchBytes);
    for (;;) {
        const auto item = cursor.next();
        if (item->outcome == segment::Outcome::end) {
            return;
        }
        if (item->outcome != segment::Outcome::batch) {
            continue;
        }
        reader.open(item->batch);
        record::RecordView record;
        while (reader.next(record)) {
            fuzz::touch(record.key);
            fuzz::touch(record.value);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const ByteBuffer all(fuzz::bytes_of(data + 1, size - 1));
    const Pieces small{.source = 1U + (data[0] & 7U),
                       .window = 64U << (data[0] >> 3 & 3U),
                       .batches = 16U << (data[0] >> 5 & 3U),
                       .peeks = (data[0] & 0x80U) != 0};
    const auto whole = walk(all.bytes(), {all.size() + 1, std::size_t{1} << 20, std::size_t{1} << 20, !small.peeks});
    fuzz::require(walk(all.bytes(), small) == whole);
    read_records(all.bytes());
    return 0;
}
