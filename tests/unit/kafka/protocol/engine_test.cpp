// SPDX-License-Identifier: Apache-2.0
// Hand-annotated bytes: KIP-482's layouts and Kafka's schemas.
#include <doctest/doctest.h>

#include <string>

#include "kafka/protocol/message.hpp"
#include "kafka/protocol/messages/create_topics.hpp"
#include "kafka/protocol/messages/describe_topic_partitions.hpp"
#include "kafka/protocol/messages/fetch.hpp"
#include "kafka/protocol/messages/group_records.hpp"
#include "kafka/protocol/messages/heartbeat.hpp"
#include "kafka/protocol/messages/metadata.hpp"
#include "kafka/protocol/messages/produce.hpp"
#include "kafka/wire/writer.hpp"
#include "support/hex.hpp"

using namespace kseg;
using namespace kseg::protocol;
using test::from_hex;

namespace {

template <typename T>
std::string json_of(const T& message, Version version) {
    ByteBuffer out;
    append_json(out, message, version);
    return std::string(out.text());
}

template <typename T>
bool writes(const T& message, Version version, std::string_view hex) {
    Output out;
    return encode(message, version, out) && out.bytes.text() == from_hex(hex).text() &&
           *measure(message, version) == out.size();
}

template <typename T>
Errc refusal(const T& message, Version version) {
    Output out;
    out.bytes.append(std::string_view("before"));
    const auto done = encode(message, version, out);
    REQUIRE_FALSE(done);
    CHECK(out.bytes.text() == "before");
    CHECK(out.holes.empty());
    CHECK(measure(message, version).error().code == done.error().code);
    return done.error().code;
}

}  // namespace

TEST_CASE("a heartbeat request v4 carries compact strings and an empty tag section") {
    const auto bytes = from_hex(
        "02 67"        // group_id "g", length + 1
        "00 00 00 07"  // generation_id 7
        "02 6d  00"    // member_id "m", group_instance_id null
        "00");         // no tagged fields
    const auto request = decode<HeartbeatRequest>(bytes.bytes(), 4);
    REQUIRE(request);
    CHECK(request->group_id == "g");
    CHECK(request->generation_id == 7);
    CHECK(request->member_id == "m");
    CHECK_FALSE(request->group_instance_id);
    CHECK(json_of(*request, 4) == R"({"groupId":"g","generationId":7,"memberId":"m","groupInstanceId":null})");
    CHECK(writes(*request, 4, "02 67 00000007 02 6d 00 00"));
    CHECK(writes(*request, 3, "0001 67 00000007 0001 6d ffff"));
    CHECK(writes(*request, 0, "0001 67 00000007 0001 6d"));
}

TEST_CASE("unknown tagged fields are passed over, in any struct") {
    // Tag 5 with two bytes; tag 300 (ac 02) with none.
    const auto read = decode<HeartbeatRequest>(from_hex("02 67 00000007 02 6d 00  02  05 02 aa bb  ac 02 00").bytes(), 4);
    REQUIRE(read);
    CHECK(writes(*read, 4, "02 67 00000007 02 6d 00 00"));
    // CreateTopics 5: one topic "t", with a tag of its own.
    CHECK(decode<CreateTopicsRequest>(from_hex("02  02 74 00000001 0001 01 01  01 09 01 ff  00000000 00 00").bytes(), 5));
}

TEST_CASE("tag sections that are not in order, or lie, are refused") {
    for (const char* const tags : {
             "02 05 00 05 00",        // twice
             "02 06 00 05 00",        // descending
             "01 05 03 aa bb",        // longer than the rest
             "02 05 00",              // fewer than said
             "ff ff ff ff 0f",        // 4294967295 of them
             "01 05 ff ff ff ff 0f",  // 4294967295 bytes
             "ff ff ff ff ff 01 00",  // a varint of 6 bytes
             "80 80 80 80 10",        // over 32 bits
         }) {
        CAPTURE(tags);
        const ByteBuffer bytes = from_hex(std::string("02 67 00000007 02 6d 00 ") + tags);
        const auto read = decode<HeartbeatRequest>(bytes.bytes(), 4);
        REQUIRE_FALSE(read);
        CHECK(read.error().code == Errc::corrupt);
    }
}

TEST_CASE("a known tagged field has to take all of its bytes") {
    // FetchRequest 12: cluster_id is tag 0, "ab".
    const std::string before = "ffffffff 00000000 00000000 00000000 00 00000000 00000000 01 01 01 ";
    const auto read = decode<FetchRequest>(from_hex(before + "01 00 03 03 61 62").bytes(), 12);
    REQUIRE(read);
    CHECK(read->cluster_id == "ab");
    CHECK_FALSE(decode<FetchRequest>(from_hex(before + "01 00 04 03 61 62 00").bytes(), 12));
    CHECK_FALSE(decode<FetchRequest>(from_hex(before + "01 00 02 03 61 62").bytes(), 12));
    // In version 12 tag 1 is unknown: replica_state comes with 15.
    CHECK(decode<FetchRequest>(from_hex(before + "01 01 01 ff").bytes(), 12));
}

TEST_CASE("null is read only where the version has it") {
    CHECK(decode<MetadataRequest>(from_hex("ffffffff").bytes(), 1)->topics == std::nullopt);
    CHECK(decode<MetadataRequest>(from_hex("00000000").bytes(), 1)->topics->empty());
    CHECK_FALSE(decode<MetadataRequest>(from_hex("ffffffff").bytes(), 0));
    CHECK_FALSE(decode<HeartbeatRequest>(from_hex("ffff 00000007 0001 6d").bytes(), 0));
    CHECK_FALSE(decode<HeartbeatRequest>(from_hex("00 00000007 02 6d 00 00").bytes(), 4));
    // Strings in an array too: a topic's name in a DescribeTopicPartitions request.
    CHECK(decode<DescribeTopicPartitionsRequest>(from_hex("02 02 74 00 00000001 ff 00").bytes(), 0)->cursor ==
          std::nullopt);
    CHECK(decode<DescribeTopicPartitionsRequest>(from_hex("01 00000001 01 02 74 00000003 00 00").bytes(), 0)
              ->cursor->partition_index == 3);
    CHECK_FALSE(decode<DescribeTopicPartitionsRequest>(from_hex("02 00 00 00000001 ff 00").bytes(), 0));
}

TEST_CASE("counts and lengths that the bytes cannot hold are refused before anything is allocated") {
    for (const char* const hex :
         {"7fffffff", "00000002 0001 61", "fffffffe", "80000000", "00000001 fffe", "00000001 0002 61"}) {
        CAPTURE(hex);
        const ByteBuffer bytes = from_hex(hex);
        const auto read = decode<MetadataRequest>(bytes.bytes(), 4);
        REQUIRE_FALSE(read);
        CHECK(read.error().code == Errc::corrupt);
    }
    // A compact count of 4294967294, and a string of 32768 bytes, which Kafka's own types do not allow.
    CHECK_FALSE(decode<MetadataRequest>(from_hex("ff ff ff ff 0f 01 61").bytes(), 9));
    ByteBuffer longest = from_hex("81 80 02");
    longest.resize(longest.size() + 32768);
    std::memset(longest.data() + 3, 'x', 32768);
    longest.append(from_hex("00000007 02 6d 00 00").bytes());
    CHECK_FALSE(decode<HeartbeatRequest>(longest.bytes(), 4));
    longest = from_hex("80 80 02");
    longest.resize(longest.size() + 32767);
    std::memset(longest.data() + 3, 'x', 32767);
    longest.append(from_hex("00000007 02 6d 00 00").bytes());
    CHECK(decode<HeartbeatRequest>(longest.bytes(), 4)->group_id.size() == 32767);
}

TEST_CASE("arrays of small elements cannot take more memory than the limit") {
    // CreateTopics 5: topics of 10 bytes on the wire take more than 100 in memory.
    constexpr std::uint32_t kTopics = 2'000'000;
    ByteBuffer bytes;
    wire::Writer out(bytes);
    out.unsigned_varint(kTopics + 1);
    const ByteBuffer topic = from_hex("01 00000001 0001 01 01 00");
    for (std::uint32_t i = 0; i < kTopics; ++i) {
        out.bytes(topic.bytes());
    }
    out.bytes(from_hex("00000000 00 00").bytes());
    const auto read = decode<CreateTopicsRequest>(bytes.bytes(), 5);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Errc::too_large);
}

TEST_CASE("an error names message, version, field and place") {
    const auto read = decode<HeartbeatRequest>(from_hex("0001 67 0000").bytes(), 0);
    REQUIRE_FALSE(read);
    CHECK(read.error().message() == "offset 3: HeartbeatRequest version 0: field generationId does not fit");
}

TEST_CASE("what a version cannot carry is refused, unless it may be dropped") {
    HeartbeatRequest request;
    request.group_instance_id = "i";
    CHECK(refusal(request, 2) == Errc::unsupported);
    CHECK(writes(request, 3, "0000 00000000 0000 0001 69"));
    HeartbeatResponse response;
    response.throttle_time_ms = 5;
    CHECK(writes(response, 0, "0000"));
    CHECK(writes(response, 1, "00000005 0000"));
}

TEST_CASE("null, and strings over 32767 bytes, are refused where the version has no room for them") {
    MetadataRequest request;
    request.topics.reset();
    CHECK(refusal(request, 0) == Errc::invalid);
    CHECK(writes(request, 1, "ffffffff"));
    HeartbeatRequest heartbeat;
    heartbeat.group_id.assign(32768, 'x');
    CHECK(refusal(heartbeat, 0) == Errc::invalid);
    CHECK(refusal(heartbeat, 4) == Errc::invalid);
    heartbeat.group_id.pop_back();
    CHECK(*measure(heartbeat, 0) == 2 + 32767 + 4 + 2);
    CHECK(*measure(heartbeat, 4) == 3 + 32767 + 4 + 1 + 1 + 1);
}

TEST_CASE("tagged fields are written in the order of their tags, and only where they are not the default") {
    FetchRequest request;
    CHECK(writes(request, 15, "00000000 00000000 7fffffff 00 00000000 ffffffff 01 01 01 00"));
    request.cluster_id = "c";
    request.replica_state.replica_id = 3;
    CHECK(writes(request, 15,
                 "00000000 00000000 7fffffff 00 00000000 ffffffff 01 01 01"
                 "02  00 02 02 63"                        // cluster_id
                 "01 0d 00000003 ffffffffffffffff 00"));  // replica_state, with its own tag section
}

TEST_CASE("records are views of what was read") {
    // Produce 3: no transactional id, acks 1, timeout 5; topic "t", partition 2, three bytes.
    const ByteBuffer bytes = from_hex("ffff 0001 00000005 00000001 0001 74 00000001 00000002 00000003 aabbcc");
    const auto request = decode<ProduceRequest>(bytes.bytes(), 3);
    REQUIRE(request);
    const Records& records = request->topic_data[0].partition_data[0].records;
    REQUIRE(records.bytes);
    CHECK(records.bytes->data() == bytes.data() + bytes.size() - 3);
    CHECK(records.bytes->size() == 3);
    const ByteBuffer none = from_hex("ffff 0001 00000005 00000001 0001 74 00000001 00000002 ffffffff");
    CHECK_FALSE(decode<ProduceRequest>(none.bytes(), 3)->topic_data[0].partition_data[0].records.bytes);
}

TEST_CASE("records that lie elsewhere leave a hole, which every length counts") {
    const ByteBuffer held = from_hex("aa bb");
    FetchResponse response;
    response.responses.resize(1);
    response.responses[0].partitions.resize(3);
    auto& partitions = response.responses[0].partitions;
    partitions[0].records = {.bytes = {}, .external_size = 1000, .external_id = 7};
    partitions[1].records = {.bytes = held.bytes(), .external_size = 5, .external_id = 8};
    partitions[2].records = {.bytes = Bytes{}};
    Output out;
    REQUIRE(encode(response, 12, out));
    REQUIRE(out.holes.size() == 2);
    CHECK(out.holes[0].size == 1000);
    CHECK(out.holes[0].id == 7);
    CHECK(out.holes[1].size == 5);
    CHECK(out.holes[1].id == 8);
    CHECK(out.size() == out.bytes.size() + 1005);
    CHECK(*measure(response, 12) == out.size());
    // The length before the hole is 1000 + 1, as a varint: e9 07.
    CHECK(out.bytes.bytes()[out.holes[0].at - 2] == std::byte{0xe9});
    CHECK(out.bytes.bytes()[out.holes[0].at - 1] == std::byte{0x07});
    // Filled, it reads as if the bytes had been there.
    ByteBuffer filled(out.bytes.bytes().first(out.holes[0].at));
    const ByteBuffer first(as_bytes(std::string(1000, 'f')));
    filled.append(first.bytes());
    filled.append(out.bytes.bytes().subspan(out.holes[0].at, out.holes[1].at - out.holes[0].at));
    filled.append(std::string_view("split"));
    filled.append(out.bytes.bytes().subspan(out.holes[1].at));
    const auto read = decode<FetchResponse>(filled.bytes(), 12);
    REQUIRE(read);
    const auto& back = read->responses[0].partitions;
    CHECK(as_text(*back[0].records.bytes) == first.text());
    CHECK(as_text(*back[1].records.bytes) == "\xaa\xbbsplit");
    CHECK(back[2].records.bytes->empty());
}

TEST_CASE("a uuid is printed as Kafka prints it") {
    Uuid uuid;
    CHECK(uuid.is_zero());
    CHECK(to_string(uuid) == "AAAAAAAAAAAAAAAAAAAAAA");
    uuid.bytes.fill(std::byte{0xff});
    // Python: base64.urlsafe_b64encode(b"\xff" * 16).rstrip(b"=")
    CHECK(to_string(uuid) == "_____________________w");
}

TEST_CASE("records of internal topics stand behind their version") {
    // As kafka-console-consumer shows keys of __consumer_offsets: version 1, group "g", topic "t", partition 3.
    const ByteBuffer bytes = from_hex("0001 0001 67 0001 74 00000003");
    CHECK(*leading_version(bytes.bytes()) == 1);
    const auto key = decode_versioned<OffsetCommitKey>(bytes.bytes());
    REQUIRE(key);
    CHECK(key->version == 1);
    CHECK(key->message.partition == 3);
    Output out;
    REQUIRE(encode_versioned(key->message, 1, out));
    CHECK(out.bytes.text() == bytes.text());
    CHECK_FALSE(encode_versioned(key->message, 2, out));
    CHECK(out.bytes.text() == bytes.text());
    CHECK_FALSE(decode_versioned<OffsetCommitKey>(from_hex("0002 0001 67").bytes()));
    CHECK_FALSE(decode_versioned<OffsetCommitKey>(from_hex("00").bytes()));
    CHECK(decode_versioned<GroupMetadataKey>(from_hex("0002 0001 67").bytes())->message.group == "g");
}
