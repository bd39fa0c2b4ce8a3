// SPDX-License-Identifier: Apache-2.0
// Makes segments to measure with: bench_segments CODEC BYTES RECORDS_PER_BATCH FILE [STREAMS]
// Values are JSON of about 300 bytes; the same arguments give the same file. STREAMS takes the compressed bodies alone, one
// behind the other, which the codec's own tool decompresses as one stream. BYTES counts decompressed records.
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "kafka/record/builder.hpp"

using namespace kseg;

namespace {

std::string value_of(std::mt19937_64& random, std::int64_t time) {
    static constexpr std::array<std::string_view, 4> kLevels{"INFO", "WARN", "ERROR", "DEBUG"};
    static constexpr std::array<std::string_view, 5> kPaths{"/api/v1/orders/{id}", "/api/v2/search", "/api/v1/users",
                                                            "/health", "/api/v1/carts/{id}/items"};
    return fmt::format(
        R"({{"ts":{},"level":"{}","service":"checkout","host":"node-{}.eu-west-1.example.org","user_id":{},)"
        R"("path":"{}","status":{},"latency_ms":{:.3f},"trace_id":"{:016x}{:016x}","message":"request finished after )"
        R"({} attempts, {} bytes sent to the client","tags":["a{}","b{}"]}})",
        time, kLevels[random() % 4], random() % 64, random() % 100000, kPaths[random() % 5], random() % 20 == 0 ? 500 : 200,
        static_cast<double>(random() % 500000) / 1000, random(), random(), random() % 3 + 1, random() % 100000,
        random() % 50, random() % 10);
}

bool put(std::FILE* file, Bytes bytes) {
    return std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5) {
        std::fputs("usage: bench_segments CODEC BYTES RECORDS_PER_BATCH FILE [STREAMS]\n", stderr);
        return 2;
    }
    const std::string name = argv[1];
    const auto wanted = std::strtoull(argv[2], nullptr, 10);
    const auto records = std::strtoll(argv[3], nullptr, 10);
    std::uint16_t codec = 0;
    while (codec <= codec::kLastCodec && to_string(static_cast<codec::Codec>(codec)) != name) {
        ++codec;
    }
    std::FILE* const file = std::fopen(argv[4], "wb");
    std::FILE* const streams = argc > 5 ? std::fopen(argv[5], "wb") : nullptr;
    if (codec > codec::kLastCodec || file == nullptr || records <= 0) {
        return 1;
    }
    std::mt19937_64 random(42);
    record::BatchBuilder builder;
    ByteBuffer batch;
    std::int64_t offset = 0;
    std::int64_t time = 1'700'000'000'000;
    for (std::uint64_t made = 0; made < wanted;) {
        record::BatchHeader header;
        header.base_offset = offset;
        header.attributes = codec;
        builder.begin(header);
        for (std::int64_t i = 0; i < records; ++i, ++offset, ++time) {
            const std::string key = fmt::format("user-{}", random() % 10000);
            const std::string value = value_of(random, time);
            const record::RecordView record{
                .offset = offset, .stored_timestamp = time, .key = as_bytes(key), .value = as_bytes(value), .headers = {}};
            if (!builder.add(record)) {
                return 1;
            }
            made += key.size() + value.size() + 10;
        }
        batch.clear();
        if (!builder.finish(batch) || !put(file, batch.bytes()) ||
            (streams != nullptr && !put(streams, batch.bytes().subspan(record::kBatchHeaderBytes)))) {
            return 1;
        }
    }
    std::printf("%lld records\n", static_cast<long long>(offset));
    return std::fclose(file) == 0 && (streams == nullptr || std::fclose(streams) == 0) ? 0 : 1;
}
