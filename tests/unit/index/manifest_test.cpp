// SPDX-License-Identifier: Apache-2.0
#include "index/manifest.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <string>

#include "base/crc.hpp"
#include "index/manifest_seal.hpp"

namespace {

using namespace kseg;
using index::Manifest;

/// Written by the table of kseg-index.5; its CRC is that of tests/support/kseg_cli.py over the text with zeros there.
const std::string kGolden = R"({
  "format": "kseg-index",
  "version": 1,
  "analysis": 1,
  "topic": "orders.eu",
  "partition": 3,
  "base_offset": 100,
  "first_offset": 100,
  "last_offset": 9223372036854775807,
  "min_timestamp": -9223372036854775808,
  "max_timestamp": 1700000000020,
  "batches": 2,
  "records": 4,
  "damaged": 1,
  "offsets_rise": true,
  "log": {
    "path": "../00000000000000000100.log",
    "size": 18446744073709551615,
    "crc32c": "0a1b2c3d"
  },
  "fields": {
    "key": true,
    "value": true,
    "headers": false,
    "json_paths": true
  },
  "files": [
    {
      "name": "batches",
      "size": 146,
      "crc32c": "00000001"
    },
    {
      "name": "checksums",
      "size": 48,
      "crc32c": "ffffffff"
    }
  ],
  "crc32c": "2f06db03"
}
)";

Manifest golden_manifest() {
    return {
        .topic = "orders.eu",
        .partition = 3,
        .base_offset = 100,
        .first_offset = 100,
        .last_offset = std::numeric_limits<std::int64_t>::max(),
        .min_timestamp = std::numeric_limits<TimestampMs>::min(),
        .max_timestamp = 1700000000020,
        .batches = 2,
        .records = 4,
        .damaged = 1,
        .offsets_rise = true,
        .log_path = "../00000000000000000100.log",
        .log_size = std::numeric_limits<std::uint64_t>::max(),
        .log_crc32c = 0x0a1b2c3d,
        .fields = {.key = true, .value = true, .headers = false, .json_paths = true},
        .files = {{.name = "batches", .size = 146, .crc32c = 1}, {.name = "checksums", .size = 48, .crc32c = 0xffffffff}}};
}

/// What is said of the golden manifest with one text replaced by another, its checksum being right.
std::string refusal(const std::string& from, const std::string& to) {
    std::string text = kGolden;
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
    text.replace(text.size() - 12, 8, "00000000");
    index::seal(text);
    const auto parsed = index::parse_manifest(as_bytes(text), "manifest.json");
    if (parsed) {
        return "";
    }
    CHECK(parsed.error().file == "manifest.json");
    return std::string(to_string(parsed.error().code)) + ": " + parsed.error().what;
}

std::string no_sense(const std::string& member) {
    return "corrupt: manifest: member \"" + member + "\" is missing or makes no sense";
}

}  // namespace

TEST_CASE("a manifest is written as the manual page has it, and read") {
    CHECK(index::write_manifest(golden_manifest()).text() == kGolden);
    const auto parsed = index::parse_manifest(as_bytes(kGolden), "manifest.json");
    REQUIRE(parsed);
    CHECK(*parsed == golden_manifest());
}

TEST_CASE("what is not there is null, and names that are not UTF-8 keep their bytes") {
    Manifest manifest;
    manifest.topic = "a\xff\"\n\x01";
    manifest.log_path = std::string("\x80\0/", 3);
    manifest.files = {{.name = "\xfe", .size = 0, .crc32c = 0}};
    const ByteBuffer text = index::write_manifest(manifest);
    CHECK(text.text().find("\"topic\": {\n    \"base64\": \"Yf8iCgE=\"\n  }") != std::string_view::npos);
    CHECK(text.text().find("\"first_offset\": null") != std::string_view::npos);
    CHECK(text.text().find("\"files\": [\n    {\n      \"name\": {\n        \"base64\": \"/g==\"") !=
          std::string_view::npos);
    const auto parsed = index::parse_manifest(text.bytes(), "manifest.json");
    REQUIRE(parsed);
    CHECK(*parsed == manifest);
}

TEST_CASE("a manifest of which one byte is changed, or that is cut or longer, is refused") {
    for (std::size_t at = 0; at < kGolden.size(); ++at) {
        CAPTURE(at);
        REQUIRE_FALSE(index::parse_manifest(as_bytes(kGolden).first(at), "manifest.json"));
        for (unsigned byte = 0; byte < 256; ++byte) {
            std::string copy = kGolden;
            copy[at] = static_cast<char>(byte);
            REQUIRE(index::parse_manifest(as_bytes(copy), "manifest.json").has_value() == (copy == kGolden));
        }
        std::string copy = kGolden;
        copy.insert(at, 1, ' ');
        REQUIRE_FALSE(index::parse_manifest(as_bytes(copy), "manifest.json"));
        copy = kGolden;
        copy.erase(at, 1);
        REQUIRE_FALSE(index::parse_manifest(as_bytes(copy), "manifest.json"));
    }
    CHECK_FALSE(index::parse_manifest(as_bytes(kGolden + "\n"), "manifest.json"));
}

TEST_CASE("another version is unsupported") {
    CHECK(refusal("\"version\": 1", "\"version\": 2") ==
          "unsupported: index version; expected 1, analysis 1, got 2, analysis 1");
    CHECK(refusal("\"analysis\": 1", "\"analysis\": 7") ==
          "unsupported: index version; expected 1, analysis 1, got 1, analysis 7");
    CHECK(refusal("kseg-index", "kseg-archive") == "corrupt: manifest: of another format");
    // Whatever else another version may have.
    CHECK(refusal("\"version\": 1,\n  \"analysis\": 1,\n  \"topic\"", "\"version\": 2,\n  \"analysis\": 1,\n  \"subject\"")
              .substr(0, 11) == "unsupported");
}

TEST_CASE("members that are unknown are passed over") {
    CHECK(refusal("\"topic\"", "\"more\": {\"a\": [1.5, null]}, \"topic\"").empty());
    CHECK(refusal("\"partition\": 3", "\"partition\":3").empty());
}

TEST_CASE("members that are missing or make no sense are named") {
    for (const std::string member :
         {"topic", "partition", "base_offset", "first_offset", "last_offset", "min_timestamp", "max_timestamp", "batches",
          "records", "damaged", "offsets_rise", "log", "fields", "files"}) {
        CHECK(refusal("\"" + member + "\"", "\"x\"") == no_sense(member));
        CHECK(refusal("\"" + member + "\": ", "\"" + member + "\": \"\",\"x\": ") ==
              (member == "topic" ? "" : no_sense(member)));
    }
    CHECK(refusal("\"path\"", "\"x\"") == no_sense("log.path"));
    CHECK(refusal("0a1b2c3d", "0A1b2c3d") == no_sense("log.crc32c"));
    CHECK(refusal("0a1b2c3d", "a1b2c3d") == no_sense("log.crc32c"));
    CHECK(refusal("0a1b2c3d", "0x1b2c3d") == no_sense("log.crc32c"));
    CHECK(refusal("\"key\": true", "\"key\": 1") == no_sense("fields.key"));
    CHECK(refusal("\"name\": \"batches\"", "\"name\": \"\"") == no_sense("files[0].name"));
    CHECK(refusal("\"name\": \"batches\"", "\"name\": \"..\"") == no_sense("files[0].name"));
    CHECK(refusal("\"name\": \"batches\"", "\"name\": \"../batches\"") == no_sense("files[0].name"));
    CHECK(refusal("\"name\": \"batches\"", "\"name\": \"a\\u0000\"") == no_sense("files[0].name"));
    CHECK(refusal("\"name\": \"batches\"", "\"name\": \"checksums\"") == no_sense("files[1].name"));
    CHECK(refusal("\"name\": \"batches\"", "\"name\": \"d\"") == no_sense("files[1].name"));
    CHECK(refusal("\"name\": \"batches\"", "\"name\": {\"base64\": \"Yg\"}") == no_sense("files[0].name"));
    CHECK(refusal("\"size\": 146", "\"size\": -1") == no_sense("files[0].size"));
    CHECK(refusal("\"size\": 146", "\"size\": 146.0") == no_sense("files[0].size"));
    CHECK(refusal("\"partition\": 3", "\"partition\": -1") == no_sense("partition"));
    CHECK(refusal("\"partition\": 3", "\"partition\": 2147483648") == no_sense("partition"));
    CHECK(refusal("\"last_offset\": 9223372036854775807", "\"last_offset\": 9223372036854775808") ==
          no_sense("last_offset"));
    CHECK(refusal("\"last_offset\": 9223372036854775807", "\"last_offset\": null") == no_sense("last_offset"));
    CHECK(refusal("\"max_timestamp\": 1700000000020", "\"max_timestamp\": null") == no_sense("max_timestamp"));
    CHECK(refusal("18446744073709551615", "18446744073709551616") == no_sense("log.size"));
}

TEST_CASE("what is no JSON, too deep or too large is refused, its checksum being right") {
    CHECK(refusal("\"topic\"", "topic") == "corrupt: manifest: no JSON text");
    CHECK(refusal("\"topic\": \"orders", "\"topic\": \"\xff") == "corrupt: manifest: no JSON text");
    CHECK(refusal("\"topic\"", "\"x\": " + std::string(7, '[') + std::string(7, ']') + ", \"topic\"").empty());
    CHECK(refusal("\"topic\"", "\"x\": " + std::string(8, '[') + std::string(8, ']') + ", \"topic\"") ==
          "corrupt: manifest: nested too deep");
    CHECK(refusal("\"topic\"", "\"x\": " + std::string(1000000, '[') + ", \"topic\"") ==
          "corrupt: manifest: nested too deep");
    CHECK(refusal("orders.eu", "\\\"[[[[[[[[[[{{{{{{{{").empty());
    CHECK(refusal("orders.eu", std::string((16U << 20) - kGolden.size() + 9, 'x')).empty());
    CHECK(refusal("orders.eu", std::string((16U << 20) - kGolden.size() + 10, 'x')) ==
          "corrupt: manifest size; expected at most 16777216, got 16777217");
}

TEST_CASE("many members take no quadratic time") {
    std::string members;
    for (std::int64_t i = 0; members.size() < (3U << 20); ++i) {
        members += "\"" + std::to_string(i * 7919 % 1000003 + i) + "\":0,";
    }
    CHECK(refusal("\"topic\"", members + "\"topic\"").empty());
}
