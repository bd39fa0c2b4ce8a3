// SPDX-License-Identifier: Apache-2.0
// The options of serve.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "broker/broker.hpp"
#include "cli_fwd.hpp"
#include "store_option.hpp"

namespace kseg::tools {

struct ServeOptions {
    std::string data;  ///< empty: a temporary directory
    broker::Address listen{.host = "127.0.0.1", .port = 9092};
    std::optional<broker::Address> advertise;
    bool is_temporary = false;  ///< the directory is, and nobody asked for more than that
    bool has_sync = false;      ///< else the policy is as the directory is
    std::optional<std::int64_t> retention_age_ms;
    std::string port_file;
    StoreOption store;
    broker::BrokerSettings broker;
};

/// What clients are told to connect to, where the broker listens on a port.
broker::Address advertised_address(const ServeOptions& options, std::uint16_t port);

/// All of them but the global ones.
void add_serve_options(CLI::App& app, ServeOptions& options);

}  // namespace kseg::tools
