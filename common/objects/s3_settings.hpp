// SPDX-License-Identifier: Apache-2.0
// Where an S3 store is and who asks: the variables and files that every AWS tool reads. Source: AWS SDKs and Tools
// Reference Guide, "Shared config and credentials files", "Environment variables", "Service-specific endpoints".
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "objects/signature.hpp"

namespace kseg::objects {

/// The value of a variable of the environment, or nothing. What is empty counts as not set.
using Lookup = std::function<std::optional<std::string>(const std::string& name)>;

struct Endpoint {
    bool tls = true;
    std::string host{};  ///< with ":port" behind it where that is not the scheme's own
    std::string path{};  ///< in front of every path: empty, or encoded, with '/' in front and none behind

    [[nodiscard]] std::string origin() const { return (tls ? "https://" : "http://") + host; }
};

/// errors   invalid   it is not http://HOST[:PORT][/PATH] or the same with https
Result<Endpoint> parse_endpoint(std::string_view text);

/// How a bucket is named in a request: in the path, or as a part of the host's name.
enum class Addressing { automatic, path, virtual_host };

struct S3Settings {
    Credentials credentials{};
    std::string region{};
    std::optional<Endpoint> endpoint{};  ///< nothing: AWS's, in the region
    Addressing addressing = Addressing::automatic;
    std::string ca_bundle{};  ///< a file of certificates to trust instead of the system's
    std::string proxy{};      ///< for the endpoint's scheme, as libcurl takes it
    std::string no_proxy{};
};

/// Reads the settings: keys from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, else of the profile
/// AWS_PROFILE ("default") from AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials), else from AWS_CONFIG_FILE
/// (~/.aws/config); the region from AWS_REGION, AWS_DEFAULT_REGION or the profile, else us-east-1; the endpoint from
/// `endpoint`, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or the profile; AWS_CA_BUNDLE; https_proxy and no_proxy. endpoint   of
/// the command line; empty where it names none errors     io        a file is there and cannot be read
///            invalid   no keys, or a value that cannot be one; the error names where it is from and never shows it
Result<S3Settings> read_s3_settings(const Lookup& lookup, std::string_view endpoint);

}  // namespace kseg::objects
