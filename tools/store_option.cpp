// SPDX-License-Identifier: Apache-2.0
#include "store_option.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <optional>
#include <utility>

#include "objects/store_url.hpp"
#include "stop.hpp"
#include "system_clock.hpp"

namespace kseg::tools {
namespace {

std::optional<std::string> variable(const std::string& name) {
    const char* const value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nothing sets it
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

CLI::Option* add_store_options(CLI::App& app, StoreOption& options) {
    CLI::Option* const store =
        app.add_option("--store", options.url, "Where archives are: a directory, or s3://BUCKET/PREFIX")
            ->option_text("URL");
    app.add_option("--s3-endpoint", options.s3_endpoint, "The S3 server, in place of what the environment says")
        ->option_text("URL");
    return store;
}

Result<std::unique_ptr<objects::ObjectStore>> open_store(const StoreOption& options,
                                                         std::function<void(std::string_view)> detail) {
    const auto url = objects::parse_store_url(options.url);
    if (!url) {
        return url.error().in_file("--store");
    }
    if (!url->is_s3() && !options.s3_endpoint.empty()) {
        return Error{.code = Errc::invalid, .what = "the store is a directory", .file = "--s3-endpoint"};
    }
    static const SystemClock clock;
    objects::StoreOptions settings{.lookup = variable, .s3_endpoint = options.s3_endpoint};
    settings.s3.clock = &clock;
    settings.s3.stop = stop_asked;
    settings.s3.detail = std::move(detail);
    return objects::open_store(*url, settings);
}

}  // namespace kseg::tools
