// SPDX-License-Identifier: Apache-2.0
// Drives a store for tests/e2e: commands as lines on stdin, words between tabs, one line of JSON for each on stdout.
//
//   objects_tool URL [--endpoint URL] [--part-bytes N] [--attempts N] [--connect-timeout-ms N] [--patience-s N]
//   put NAME FILE | get NAME FILE | range NAME OFFSET SIZE | head NAME | list [PREFIX] | remove NAME | clean BEFORE_MS |
//   traffic
//
// What options.detail is told goes to stderr.
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "io/file.hpp"
#include "objects/store_url.hpp"

namespace {

using nlohmann::json;
using namespace kseg;

class SystemClock final : public Clock {
  public:
    [[nodiscard]] TimestampMs now() const override {
        return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    }
};

std::int64_t number(const std::string& text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

json error_line(const Error& error) {
    return {{"error", std::string(to_string(error.code))}, {"message", error.message()}};
}

Result<std::string> read_range(const io::ReadAt& object, std::uint64_t offset, std::size_t size) {
    std::string text(size, '\0');
    const auto got = object.read_at(offset, std::as_writable_bytes(std::span(text)));
    if (!got) {
        return got.error();
    }
    text.resize(*got);
    return text;
}

json put(objects::ObjectStore& store, const std::string& name, const std::string& path) {
    const auto file = io::File::open(path);
    if (!file) {
        return error_line(file.error());
    }
    const auto done = store.put_if_absent(name, *file);
    return done ? json::object() : error_line(done.error());
}

json get(objects::ObjectStore& store, const std::string& name, const std::string& path) {
    const auto object = store.open(name);
    if (!object) {
        return error_line(object.error());
    }
    const std::uint64_t size = (*object)->size().value();
    auto text = read_range(**object, 0, size);
    if (!text) {
        return error_line(text.error());
    }
    std::ofstream(path, std::ios::binary) << *text;
    return {{"size", size}};
}

json range(objects::ObjectStore& store, const std::string& name, std::uint64_t offset, std::size_t size) {
    const auto object = store.open(name);
    if (!object) {
        return error_line(object.error());
    }
    const auto text = read_range(**object, offset, size);
    if (!text) {
        return error_line(text.error());
    }
    ByteBuffer hex;
    append_hex(hex, as_bytes(*text));
    return {{"hex", std::string(hex.text())}};
}

json head(objects::ObjectStore& store, const std::string& name) {
    const auto found = store.head(name);
    if (!found) {
        return error_line(found.error());
    }
    return {{"size", found->has_value() ? json((*found)->size) : json()}};
}

json list(objects::ObjectStore& store, const std::string& prefix) {
    json objects = json::array();
    const auto listed = store.list(prefix, [&objects](const objects::ObjectInfo& info) {
        objects.push_back({info.name, info.size});
        return true;
    });
    return listed ? json{{"objects", objects}} : error_line(listed.error());
}

json run(objects::ObjectStore& store, const std::vector<std::string>& words) {
    const std::string& command = words.at(0);
    if (command == "put") {
        return put(store, words.at(1), words.at(2));
    }
    if (command == "get") {
        return get(store, words.at(1), words.at(2));
    }
    if (command == "range") {
        return range(store, words.at(1), static_cast<std::uint64_t>(number(words.at(2))),
                     static_cast<std::size_t>(number(words.at(3))));
    }
    if (command == "head") {
        return head(store, words.at(1));
    }
    if (command == "list") {
        return list(store, words.size() > 1 ? words[1] : "");
    }
    if (command == "remove") {
        const auto removed = store.remove(words.at(1));
        return removed ? json::object() : error_line(removed.error());
    }
    if (command == "clean") {
        const auto removed = store.remove_unfinished(number(words.at(1)));
        return removed ? json{{"removed", *removed}} : error_line(removed.error());
    }
    const objects::Traffic traffic = store.traffic();
    return {{"requests", traffic.requests},
            {"retries", traffic.retries},
            {"sent", traffic.bytes_sent},
            {"received", traffic.bytes_received}};
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> args(argv, argv + argc);
    const SystemClock clock;
    objects::StoreOptions options;
    options.lookup = [](const std::string& name) {
        const char* const value = std::getenv(name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    };
    options.s3.clock = &clock;
    options.s3.detail = [](std::string_view line) { std::cerr << "detail: " << line << std::endl; };
    for (std::size_t i = 2; i + 1 < args.size(); i += 2) {
        const std::string& value = args[i + 1];
        if (args[i] == "--endpoint") {
            options.s3_endpoint = value;
        } else if (args[i] == "--part-bytes") {
            options.s3.part_bytes = static_cast<std::uint64_t>(number(value));
        } else if (args[i] == "--attempts") {
            options.s3.retry.attempts = static_cast<int>(number(value));
        } else if (args[i] == "--connect-timeout-ms") {
            options.s3.connect_timeout = std::chrono::milliseconds(number(value));
        } else if (args[i] == "--patience-s") {
            options.s3.patience = std::chrono::seconds(number(value));
        }
    }
    const auto url = objects::parse_store_url(args.at(1));
    auto store = url ? objects::open_store(*url, options) : url.error();
    if (!store) {
        std::cout << error_line(store.error()) << std::endl;
        return 1;
    }
    for (std::string line; std::getline(std::cin, line);) {
        std::vector<std::string> words;
        std::istringstream in(line);
        for (std::string word; std::getline(in, word, '\t');) {
            words.push_back(word);
        }
        std::cout << run(**store, words) << std::endl;
    }
}
