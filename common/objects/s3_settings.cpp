// SPDX-License-Identifier: Apache-2.0
#include "objects/s3_settings.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "io/fs.hpp"
#include "objects/profile_file.hpp"

namespace kseg::objects {
namespace {

constexpr std::uint64_t kMostFileBytes = std::uint64_t{1} << 20;
constexpr std::size_t kMostRegionBytes = 64;
constexpr std::string_view kDefaultRegion = "us-east-1";

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// What can stand in a header's line and is no separator in it.
bool is_key_text(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f' && c != ','; });
}

std::string value_of(const Lookup& lookup, const std::string& name) {
    return lookup(name).value_or(std::string());
}

/// The profiles of a file, none where it is not there.
Result<Profiles> read_profiles(const Lookup& lookup, const std::string& variable, const std::string& default_name) {
    std::string path = value_of(lookup, variable);
    const std::string home = value_of(lookup, "HOME");
    if (path.empty()) {
        path = "~/.aws/" + default_name;
    }
    if (path.starts_with("~/")) {
        if (home.empty()) {
            return Profiles();
        }
        path = home + path.substr(1);
    }
    const auto there = io::posix_fs().info(path);
    if (!there) {
        return there.error();
    }
    if (!there->has_value()) {
        return Profiles();
    }
    auto text = io::read_small_file(path, kMostFileBytes);
    if (!text) {
        return text.error().in_file(path);
    }
    return parse_profiles(text->text());
}

/// What the profile of both files says; of a file that is not read, nothing.
struct Profile {
    std::string name;
    bool found = false;
    std::map<std::string, std::string, std::less<>> credentials{};  // of the file for them
    std::map<std::string, std::string, std::less<>> config{};
    std::map<std::string, std::string, std::less<>> services{};  // the section that the profile names

    [[nodiscard]] std::string get(std::string_view key) const {
        const auto value = config.find(key);
        return value == config.end() ? std::string() : value->second;
    }
};

Result<Profile> read_profile(const Lookup& lookup) {
    Profile profile{.name = value_of(lookup, "AWS_PROFILE")};
    if (profile.name.empty()) {
        profile.name = "default";
    }
    const auto take = [](const Profiles& from, const std::string& section, auto& into) {
        if (const auto found = from.find(section); found != from.end()) {
            into = found->second;
            return true;
        }
        return false;
    };
    const auto credentials = read_profiles(lookup, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
    if (!credentials) {
        return credentials.error();
    }
    profile.found = take(*credentials, profile.name, profile.credentials);
    const auto config = read_profiles(lookup, "AWS_CONFIG_FILE", "config");
    if (!config) {
        return config.error();
    }
    // The default one may do without the word.
    const bool named = take(*config, "profile " + profile.name, profile.config) ||
                       (profile.name == "default" && take(*config, "default", profile.config));
    profile.found = profile.found || named;
    take(*config, "services " + profile.get("services"), profile.services);
    return profile;
}

/// Takes the keys of a group of values, and checks that they can be sent in a header.
/// from   names the group in an error
Result<std::optional<Credentials>> keys_of(const std::function<std::string(const std::string&)>& get,
                                           std::string_view from) {
    const Credentials found{
        .key_id = get("aws_access_key_id"), .secret = get("aws_secret_access_key"), .token = get("aws_session_token")};
    if (found.key_id.empty() && found.secret.empty()) {
        return std::optional<Credentials>();
    }
    const auto bad = [from](std::string_view what) {
        return Error{.code = Errc::invalid, .what = fmt::format("{}: {}", from, what)};
    };
    if (found.key_id.empty() || found.secret.empty()) {
        return bad("has one of access key id and secret access key; expected both");
    }
    if (!is_key_text(found.key_id) || found.key_id.find('/') != std::string::npos) {
        return bad("the access key id has a character that none can have");
    }
    // It is not sent, but a line break behind it is a mistake that servers answer with a riddle.
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
    if (std::ranges::any_of(found.secret, is_control) || found.secret.front() == ' ' || found.secret.back() == ' ') {
        return bad("the secret access key has a character that none can have");
    }
    if (!found.token.empty() && !is_key_text(found.token)) {
        return bad("the session token has a character that none can have");
    }
    return std::optional(found);
}

Result<Credentials> find_keys(const Lookup& lookup, const Profile& profile) {
    const auto from_variable = [&lookup](std::string name) {
        std::ranges::transform(name, name.begin(),
                               [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
        return value_of(lookup, name);
    };
    const auto from_map = [](const auto& values) {
        return [&values](const std::string& name) {
            const auto found = values.find(name);
            return found == values.end() ? std::string() : found->second;
        };
    };
    auto keys = keys_of(from_variable, "environment");
    if (keys && !*keys) {
        keys = keys_of(from_map(profile.credentials), fmt::format("profile {} of the credentials file", profile.name));
    }
    if (keys && !*keys) {
        keys = keys_of(from_map(profile.config), fmt::format("profile {} of the config file", profile.name));
    }
    if (!keys) {
        return keys.error();
    }
    if (!*keys) {
        return Error{
            .code = Errc::invalid,
            .what = fmt::format("no keys for S3; expected AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or profile {} {}",
                                profile.name, profile.found ? "with keys of its own" : "in ~/.aws/credentials")};
    }
    return **keys;
}

/// The first of some values that is not empty.
std::string first_of(std::initializer_list<std::string> values) {
    const auto* const found = std::ranges::find_if(values, [](const std::string& value) { return !value.empty(); });
    return found == values.end() ? std::string() : *found;
}

Result<std::string> find_region(const Lookup& lookup, const Profile& profile) {
    std::string region = first_of({value_of(lookup, "AWS_REGION"), value_of(lookup, "AWS_DEFAULT_REGION"),
                                   profile.get("region"), std::string(kDefaultRegion)});
    const auto fits = [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; };
    if (region.size() > kMostRegionBytes || !std::ranges::all_of(region, fits)) {
        return Error{.code = Errc::invalid, .what = "AWS region; expected letters, digits and '-'"};
    }
    return region;
}

Result<std::optional<Endpoint>> find_endpoint(const Lookup& lookup, const Profile& profile, std::string_view given) {
    const auto of_service = profile.services.find("s3.endpoint_url");
    const std::string text =
        first_of({std::string(given), value_of(lookup, "AWS_ENDPOINT_URL_S3"), value_of(lookup, "AWS_ENDPOINT_URL"),
                  of_service == profile.services.end() ? std::string() : of_service->second, profile.get("endpoint_url")});
    if (text.empty()) {
        return std::optional<Endpoint>();
    }
    auto endpoint = parse_endpoint(text);
    return endpoint ? Result<std::optional<Endpoint>>(*std::move(endpoint)) : endpoint.error();
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
    const auto refused = [] {
        // Not shown: there may be a password in it.
        return Error{.code = Errc::invalid, .what = "S3 endpoint; expected http://HOST[:PORT] or https://HOST[:PORT]"};
    };
    Endpoint endpoint{.tls = text.starts_with("https://")};
    if (!endpoint.tls && !text.starts_with("http://")) {
        return refused();
    }
    text.remove_prefix(endpoint.tls ? 8 : 7);
    const std::size_t slash = std::min(text.find('/'), text.size());
    std::string_view host = text.substr(0, slash);
    std::string_view path = text.substr(slash);
    const auto in_host = [](char c) {
        return is_alphanumeric(c) || std::string_view("-._:[]").find(c) != std::string_view::npos;
    };
    const auto in_path = [](char c) {
        return is_alphanumeric(c) || std::string_view("-._~/%").find(c) != std::string_view::npos;
    };
    const std::size_t bracket = host.rfind(']');
    const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
    const std::string_view name = host.substr(0, colon);
    const std::string_view port = colon == std::string_view::npos ? std::string_view() : host.substr(colon + 1);
    const bool port_fits = port.size() <= 5 && std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
    if (name.empty() || !std::ranges::all_of(host, in_host) || !port_fits || !std::ranges::all_of(path, in_path) ||
        path.find("/..") != std::string_view::npos || path.find("//") != std::string_view::npos) {
        return refused();
    }
    // The signature is over the host as the HTTP client sends it, which leaves out the scheme's own port.
    endpoint.host = port.empty() || port == (endpoint.tls ? "443" : "80") ? std::string(name) : std::string(host);
    endpoint.path = path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
    return endpoint;
}

Result<S3Settings> read_s3_settings(const Lookup& lookup, std::string_view endpoint) {
    const auto profile = read_profile(lookup);
    if (!profile) {
        return profile.error();
    }
    S3Settings settings;
    auto keys = find_keys(lookup, *profile);
    auto region = find_region(lookup, *profile);
    auto where = find_endpoint(lookup, *profile, endpoint);
    if (!keys || !region || !where) {
        return !keys ? keys.error() : (!region ? region.error() : where.error());
    }
    settings.credentials = *std::move(keys);
    settings.region = *std::move(region);
    settings.endpoint = *std::move(where);
    const std::string style = profile->get("s3.addressing_style");
    settings.addressing = style == "path"      ? Addressing::path
                          : style == "virtual" ? Addressing::virtual_host
                                               : Addressing::automatic;
    settings.ca_bundle = first_of({value_of(lookup, "AWS_CA_BUNDLE"), profile->get("ca_bundle")});
    const bool tls = !settings.endpoint || settings.endpoint->tls;
    // HTTP_PROXY in capitals is a header of CGI's, which anybody can set, and is not read, as by every tool.
    settings.proxy =
        tls ? first_of({value_of(lookup, "https_proxy"), value_of(lookup, "HTTPS_PROXY"), value_of(lookup, "all_proxy"),
                        value_of(lookup, "ALL_PROXY")})
            : first_of({value_of(lookup, "http_proxy"), value_of(lookup, "all_proxy"), value_of(lookup, "ALL_PROXY")});
    settings.no_proxy = first_of({value_of(lookup, "no_proxy"), value_of(lookup, "NO_PROXY")});
    return settings;
}

}  // namespace kseg::objects
