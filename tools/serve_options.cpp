// SPDX-License-Identifier: Apache-2.0
#include "serve_options.hpp"

#include <unistd.h>
#include <CLI/CLI.hpp>

#include <array>
#include <charconv>

#include "append_options.hpp"
#include "base/text.hpp"
#include "options.hpp"

namespace kseg::tools {
namespace {

broker::Address address_of(const std::string& option, const std::string& text) {
    const auto address = broker::parse_address(text);
    if (!address) {
        reject(option, "HOST:PORT", text);
    }
    return *address;
}

void add_topic(const std::string& text, ServeOptions& options) {
    const std::size_t colon = text.find(':');
    const std::string name = text.substr(0, colon);
    std::int32_t partitions = 0;  // as many as --default-partitions says, which may come later
    bool good = broker::is_topic_name(name);
    if (colon != std::string::npos) {
        const char* const end = text.data() + text.size();
        const auto parsed = std::from_chars(text.data() + colon + 1, end, partitions);
        good = good && parsed.ec == std::errc{} && parsed.ptr == end && partitions >= 1 &&
               partitions <= broker::kMostPartitions;
    }
    if (!good) {
        reject("--topic", "NAME or NAME:PARTITIONS", text);
    }
    options.broker.topics.emplace_back(name, partitions);
}

void add_topic_options(CLI::App& app, ServeOptions& options) {
    // Each time it is named by itself: CLI11 would take what follows for more topics.
    app.add_option_function<std::vector<std::string>>(
           "--topic",
           [&options](const std::vector<std::string>& texts) {
               for (const std::string& text : texts) {
                   add_topic(text, options);
               }
           },
           "A topic to make where it is missing; may be given several times")
        ->option_text("NAME[:PARTITIONS]")
        ->allow_extra_args(false);
    app.add_flag("!--no-auto-create", options.broker.auto_create, "Make no topic because a client asks for it");
    app.add_option("--default-partitions", options.broker.default_partitions,
                   "Partitions of a topic for which nobody says how many (1)")
        ->option_text("N")
        ->check(CLI::Range(1, broker::kMostPartitions).description(""));
}

void add_log_options(CLI::App& app, ServeOptions& options) {
    add_sync_option(app, options.broker.log,
                    "When to make records durable: always, interval:MS or none (always with --data, else none)")
        ->each([&options](const std::string& /*text*/) { options.has_sync = true; });
    add_segment_options(app, options.broker.log);
    app.add_option_function<std::string>(
           "--retention-bytes",
           [&options](const std::string& text) {
               const auto size = parse_size(text);
               if (!size || *size > INT64_MAX) {
                   reject("--retention-bytes", "a number of bytes such as 1048576 or 64M", text);
               }
               options.broker.defaults.retention_bytes = static_cast<std::int64_t>(*size);
           },
           "Delete a partition's oldest segments when it has more")
        ->option_text("BYTES");
    add_span_option(app, "--retention-age", options.retention_age_ms, "Delete segments whose records are all older");
    app.add_flag("--read-only", options.broker.read_only, "Write nothing to the directory; clients can only read");
}

}  // namespace

broker::Address advertised_address(const ServeOptions& options, std::uint16_t port) {
    broker::Address address = options.advertise.value_or(options.listen);
    if (address.port == 0 || !options.advertise) {
        address.port = port;
    }
    if (address.host == "0.0.0.0" || address.host == "::") {
        std::array<char, 256> name{};
        address.host = ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
    }
    return address;
}

void add_serve_options(CLI::App& app, ServeOptions& options) {
    app.add_option("--data", options.data, "The directory of the logs (a temporary one)")->option_text("DIR");
    app.add_option_function<std::string>(
           "--listen", [&options](const std::string& text) { options.listen = address_of("--listen", text); },
           "Where to listen; port 0 picks one (127.0.0.1:9092)")
        ->option_text("HOST:PORT");
    app.add_option_function<std::string>(
           "--advertise", [&options](const std::string& text) { options.advertise = address_of("--advertise", text); },
           "What clients are told to connect to (what is listened on)")
        ->option_text("HOST:PORT");
    add_topic_options(app, options);
    add_log_options(app, options);
    add_store_options(app, options.store)
        ->description("Archive sealed segments there and serve them from it: a directory, or s3://BUCKET/PREFIX");
    app.add_option("--port-file", options.port_file, "Write HOST:PORT to this file once clients can connect")
        ->option_text("FILE");
}

}  // namespace kseg::tools
