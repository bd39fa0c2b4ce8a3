// SPDX-License-Identifier: Apache-2.0
#include "objects/signature.hpp"

#include <doctest/doctest.h>

#include <string>

#include "objects/digest.hpp"

using namespace kseg;
using objects::authorization;
using objects::canonical_request;
using objects::Credentials;
using objects::NamedValues;
using objects::SignedParts;

namespace {

// The examples of the Amazon S3 API Reference, "Signature Calculations for the Authorization Header".
constexpr std::string_view kTime = "20130524T000000Z";
constexpr std::string_view kEmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const Credentials kCredentials{.key_id = "AKIAIOSFODNN7EXAMPLE", .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
const std::pair<std::string, std::string> kHost{"Host", "examplebucket.s3.amazonaws.com"};
const std::pair<std::string, std::string> kDate{"x-amz-date", "20130524T000000Z"};
const std::pair<std::string, std::string> kNoContent{"x-amz-content-sha256", std::string(kEmptyHash)};

std::string hash_of(const SignedParts& parts) {
    return objects::hex_of(objects::sha256(as_bytes(canonical_request(parts))));
}

std::string signature_of(const std::string& header) {
    return header.substr(header.find("Signature=") + 10);
}

}  // namespace

TEST_CASE("the documented GET of a range has the documented signature") {
    const NamedValues headers{kHost, kNoContent, {"Range", "bytes=0-9"}, kDate};
    const SignedParts parts{
        .method = "GET", .path = "/test.txt", .query = {}, .headers = headers, .payload_hash = kEmptyHash};
    CHECK(hash_of(parts) == "7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972");
    CHECK(authorization(parts, kCredentials, "us-east-1", kTime) ==
          "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
          "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
          "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_CASE("the documented PUT has the documented signature") {
    const std::string hash = objects::hex_of(objects::sha256(as_bytes("Welcome to Amazon S3.")));
    CHECK(hash == "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
    const NamedValues headers{{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                              kHost,
                              kDate,
                              {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                              {"x-amz-content-sha256", hash}};
    const std::string path = objects::encode_path("/test$file.text");
    const SignedParts parts{.method = "PUT", .path = path, .query = {}, .headers = headers, .payload_hash = hash};
    CHECK(hash_of(parts) == "9e0e90d9c76de8fa5b200d8c849cd5b8dc7a3be3951ddb7f6a76b4158342019d");
    CHECK(signature_of(authorization(parts, kCredentials, "us-east-1", kTime)) ==
          "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_CASE("the documented requests with queries have the documented signatures") {
    const NamedValues headers{kHost, kNoContent, kDate};
    const NamedValues lifecycle{{"lifecycle", ""}};
    const NamedValues list{{"prefix", "J"}, {"max-keys", "2"}};
    const auto sign = [&](const NamedValues& query) {
        return signature_of(
            authorization({.method = "GET", .path = "/", .query = query, .headers = headers, .payload_hash = kEmptyHash},
                          kCredentials, "us-east-1", kTime));
    };
    CHECK(sign(lifecycle) == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    CHECK(sign(list) == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

// Signatures of botocore 1.44.8's S3SigV4Auth, over the same requests.
TEST_CASE("requests as the store makes them are signed as botocore signs them") {
    const Credentials credentials{
        .key_id = "AKIDEXAMPLE", .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", .token = "FwoGZXIvYXdzE//token+=="};
    constexpr std::string_view kNow = "20240229T235958Z";
    const auto sign = [&](std::string_view method, const std::string& path, const NamedValues& query, NamedValues headers,
                          std::string_view body) {
        const std::string hash = objects::hex_of(objects::sha256(as_bytes(body)));
        headers.emplace_back("x-amz-date", kNow);
        headers.emplace_back("x-amz-content-sha256", hash);
        return signature_of(
            authorization({.method = method, .path = path, .query = query, .headers = headers, .payload_hash = hash},
                          credentials, "eu-central-1", kNow));
    };
    CHECK(sign("PUT", "/bucket" + objects::encode_path("/a b/\xc3\xa4+c~d"), {},
               {{"content-type", "application/octet-stream"},
                {"if-none-match", "*"},
                {"x-amz-meta-kseg-put", "00ff"},
                {"host", "127.0.0.1:9000"},
                {"x-amz-security-token", credentials.token}},
               "0123456789") == "130e9dc688575c829e346943fb33570a950742a1391a596d0bbec9cae8767aca");
    CHECK(sign("GET", "/bucket",
               {{"list-type", "2"},
                {"encoding-type", "url"},
                {"prefix", "logs/a b+c=d&e/\xc3\xa4"},
                {"continuation-token", "1/x+y=="}},
               {{"host", "127.0.0.1:9000"}}, "") == "b071cd7198490a480f818bb5cc9ff32d7a93a68749fcc2f787c96f68b664e0e6");
    CHECK(sign("POST", "/base/bucket/k", {{"uploadId", "2~a-b_c.d/e"}},
               {{"content-type", "application/xml"}, {"host", "h.example"}},
               "<x/>") == "b2561b76ac1c64a9e017243efd9889cf5c8708b6b31234d63855bee9bcc715a4");
}

TEST_CASE("every byte but the unreserved ones is encoded, in a path also but the slash") {
    std::string all;
    for (int c = 0; c < 256; ++c) {
        all += static_cast<char>(c);
    }
    // As RFC 3986 has it: 66 characters stand for themselves.
    CHECK(objects::encode_query(all).size() == 66 + 190 * 3);
    CHECK(objects::encode_path(all).size() == 67 + 189 * 3);
    CHECK(objects::encode_query("a/b c+\xff") == "a%2Fb%20c%2B%FF");
    CHECK(objects::encode_path("a/b c+\xff~") == "a/b%20c%2B%FF~");
}

TEST_CASE("the time of a signature is UTC to the second") {
    CHECK(objects::signing_time(1369353600000) == "20130524T000000Z");
    CHECK(objects::signing_time(1369353600999) == "20130524T000000Z");
    CHECK(objects::signing_time(1709251198000) == "20240229T235958Z");
    CHECK(objects::signing_time(0) == "19700101T000000Z");
}

TEST_CASE("digests are those of the published examples") {
    CHECK(objects::check_digests());
    CHECK(objects::hex_of(objects::sha256({})) == kEmptyHash);
    // RFC 4231, test case 6: a key longer than a block.
    const std::string key(131, '\xaa');
    CHECK(objects::hex_of(objects::hmac_sha256(as_bytes(key), "Test Using Larger Than Block-Size Key - Hash Key First")) ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}
