// SPDX-License-Identifier: Apache-2.0
#include "objects/s3_settings.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <string>

#include "objects/profile_file.hpp"
#include "unit/objects/object_support.hpp"

using namespace kseg;
using objects::Addressing;
using objects::parse_endpoint;
using objects::read_s3_settings;
using objects::S3Settings;

namespace {

using Variables = std::map<std::string, std::string>;

/// A home directory with AWS's two files, and variables.
class Home {
    test::Scratch scratch_;

  public:
    Variables variables{{"HOME", scratch_ / "home"}};

    void credentials(const std::string& text) { test::write_file(scratch_ / "home/.aws/credentials", text); }
    void config(const std::string& text) { test::write_file(scratch_ / "home/.aws/config", text); }
    [[nodiscard]] std::string path(const std::string& name) const { return scratch_ / name; }

    [[nodiscard]] Result<S3Settings> read(std::string_view endpoint = "") const {
        return read_s3_settings(
            [this](const std::string& name) {
                const auto found = variables.find(name);
                return found == variables.end() ? std::nullopt : std::optional(found->second);
            },
            endpoint);
    }
};

constexpr const char* kKeys = "[default]\naws_access_key_id = AKDEFAULT\naws_secret_access_key = s/default+1=\n";

}  // namespace

TEST_CASE("keys of the environment come before those of files") {
    Home home;
    home.credentials(kKeys);
    home.variables["AWS_ACCESS_KEY_ID"] = "AKENV";
    home.variables["AWS_SECRET_ACCESS_KEY"] = "s/env";
    home.variables["AWS_PROFILE"] = "other";
    const auto settings = home.read();
    REQUIRE(settings);
    CHECK(settings->credentials.key_id == "AKENV");
    CHECK(settings->credentials.secret == "s/env");
    CHECK(settings->credentials.token.empty());
    CHECK(settings->region == "us-east-1");
    CHECK_FALSE(settings->endpoint);
    home.variables["AWS_SESSION_TOKEN"] = "tok//en==";
    CHECK(home.read()->credentials.token == "tok//en==");
}

TEST_CASE("a profile is looked up in the credentials file, then in the config file") {
    Home home;
    home.credentials(std::string("\xef\xbb\xbf# keys\r\n") + kKeys +
                     "\n[team]\r\naws_access_key_id=AKTEAM\r\nAWS_SECRET_ACCESS_KEY = s team # not this\r\n"
                     "aws_session_token = t0k\r\n");
    home.config(
        "[default]\nregion = eu-west-1\n[profile team]\nregion = eu-central-1\nendpoint_url = http://127.0.0.1:9000\n"
        "s3 =\n  addressing_style = path\n  other = 1\nca_bundle = /ca.pem\n"
        "[profile config-only]\naws_access_key_id = AKCONFIG\naws_secret_access_key = s\n"
        "[team]\nregion = not-this\n");
    auto settings = home.read();
    REQUIRE(settings);
    CHECK(settings->credentials.key_id == "AKDEFAULT");
    CHECK(settings->credentials.secret == "s/default+1=");
    CHECK(settings->region == "eu-west-1");
    home.variables["AWS_PROFILE"] = "team";
    settings = home.read();
    REQUIRE(settings);
    CHECK(settings->credentials.key_id == "AKTEAM");
    CHECK(settings->credentials.secret == "s team");
    CHECK(settings->credentials.token == "t0k");
    CHECK(settings->region == "eu-central-1");
    CHECK(settings->endpoint->host == "127.0.0.1:9000");
    CHECK(settings->addressing == Addressing::path);
    CHECK(settings->ca_bundle == "/ca.pem");
    home.variables["AWS_PROFILE"] = "config-only";
    settings = home.read();
    REQUIRE(settings);
    CHECK(settings->credentials.key_id == "AKCONFIG");
}

TEST_CASE("the region and the endpoint come from the nearest that names one") {
    Home home;
    home.credentials(kKeys);
    home.config(
        "[default]\nregion = r-file\nendpoint_url = http://file\nservices = mine\n"
        "[services mine]\ndynamodb =\n  endpoint_url = http://not-this\ns3 =\n  endpoint_url = http://service\n");
    CHECK(home.read()->region == "r-file");
    CHECK(home.read()->endpoint->host == "service");
    home.variables["AWS_DEFAULT_REGION"] = "r-default";
    home.variables["AWS_ENDPOINT_URL"] = "http://all";
    CHECK(home.read()->region == "r-default");
    CHECK(home.read()->endpoint->host == "all");
    home.variables["AWS_REGION"] = "r-env";
    home.variables["AWS_ENDPOINT_URL_S3"] = "http://s3";
    CHECK(home.read()->region == "r-env");
    CHECK(home.read()->endpoint->host == "s3");
    CHECK(home.read("https://given:444")->endpoint->host == "given:444");
}

TEST_CASE("the files may be elsewhere, and one that is not there is empty") {
    Home home;
    test::write_file(home.path("elsewhere"), kKeys);
    home.variables["AWS_SHARED_CREDENTIALS_FILE"] = home.path("elsewhere");
    home.variables["AWS_CONFIG_FILE"] = home.path("none");
    CHECK(home.read()->credentials.key_id == "AKDEFAULT");
    home.variables["AWS_SHARED_CREDENTIALS_FILE"] = "~/../elsewhere";
    CHECK_FALSE(home.read());  // the directory ~ is not there
    test::write_file(home.path("home/x"), "");
    CHECK(home.read()->credentials.key_id == "AKDEFAULT");
    home.variables.erase("HOME");
    CHECK_FALSE(home.read());
    home.variables["AWS_SHARED_CREDENTIALS_FILE"] = home.path("home");  // a directory
    const auto unreadable = home.read();
    REQUIRE_FALSE(unreadable);
    CHECK(unreadable.error().code == Errc::io);
    CHECK(unreadable.error().file == home.path("home"));
}

TEST_CASE("what is missing or cannot be is said without showing it") {
    const auto fails = [](const Variables& variables, const std::string& credentials) {
        Home home;
        home.credentials(credentials);
        home.variables.insert(variables.begin(), variables.end());
        const auto settings = home.read();
        REQUIRE_FALSE(settings);
        CHECK(settings.error().code == Errc::invalid);
        CHECK(settings.error().message().find("hidden") == std::string::npos);
        return settings.error().message();
    };
    CHECK(fails({}, "").find("expected AWS_ACCESS_KEY_ID") != std::string::npos);
    CHECK(fails({{"AWS_PROFILE", "nobody"}}, kKeys).find("profile nobody") != std::string::npos);
    CHECK(fails({{"AWS_ACCESS_KEY_ID", "AKhidden"}}, kKeys).find("expected both") != std::string::npos);
    fails({{"AWS_SECRET_ACCESS_KEY", "hidden"}}, kKeys);
    fails({{"AWS_ACCESS_KEY_ID", "A"}, {"AWS_SECRET_ACCESS_KEY", "hidden\n"}}, "");
    fails({{"AWS_ACCESS_KEY_ID", "A"}, {"AWS_SECRET_ACCESS_KEY", "hidden "}}, "");
    fails({{"AWS_ACCESS_KEY_ID", "A\r\nX: hidden"}, {"AWS_SECRET_ACCESS_KEY", "s"}}, "");
    fails({{"AWS_ACCESS_KEY_ID", "A/hidden"}, {"AWS_SECRET_ACCESS_KEY", "s"}}, "");
    fails({{"AWS_ACCESS_KEY_ID", "A"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_SESSION_TOKEN", "hid den"}}, "");
    fails({}, "[default]\naws_access_key_id = AKhidden\n");
    fails({{"AWS_REGION", "us-east-1/hidden"}}, kKeys);
    fails({{"AWS_ENDPOINT_URL", "http://user:hidden@host"}}, kKeys);
}

TEST_CASE("a proxy is the one of the endpoint's scheme") {
    Home home;
    home.credentials(kKeys);
    home.variables["http_proxy"] = "http://plain:1";
    home.variables["HTTP_PROXY"] = "http://never:1";
    home.variables["HTTPS_PROXY"] = "http://secure:1";
    home.variables["no_proxy"] = "localhost";
    CHECK(home.read()->proxy == "http://secure:1");
    CHECK(home.read("http://h")->proxy == "http://plain:1");
    CHECK(home.read()->no_proxy == "localhost");
    home.variables.erase("http_proxy");
    CHECK(home.read("http://h")->proxy.empty());
}

TEST_CASE("an endpoint is a scheme, a host, and perhaps a port and a path") {
    const auto check = [](const char* text, bool tls, const char* host, const char* path) {
        CAPTURE(text);
        const auto endpoint = parse_endpoint(text);
        REQUIRE(endpoint);
        CHECK(endpoint->tls == tls);
        CHECK(endpoint->host == host);
        CHECK(endpoint->path == path);
    };
    check("http://127.0.0.1:9000", false, "127.0.0.1:9000", "");
    check("https://s3.example.com/", true, "s3.example.com", "");
    check("https://s3.example.com:443", true, "s3.example.com", "");
    check("http://s3.example.com:80/", false, "s3.example.com", "");
    check("https://s3.example.com:80", true, "s3.example.com:80", "");
    check("http://[::1]:9000", false, "[::1]:9000", "");
    check("http://[::1]", false, "[::1]", "");
    check("https://h/storage/v1/s3/", true, "h", "/storage/v1/s3");
    for (const char* const text :
         {"", "localhost:9000", "ftp://h", "http://", "http:///x", "http://h:x", "http://h:123456", "http://h?x",
          "http://h/#x", "http://u@h", "http://h/a b", "http://h/../x", "http://h//x", "http://h\r\nX: y", "http://:80"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_endpoint(text));
    }
}

TEST_CASE("lines of a profile file that are none are passed over") {
    const auto profiles = objects::parse_profiles(
        "before = 1\n[ a ]\n x = indented without a name before it\nNAME=v=w\n; c\n# c\nno value\nempty =\n  y = 1\n"
        "[unclosed\nlost = 1\n[b]\n[a]\nlater = 2 ; comment\nmark = a#b\n");
    CHECK(profiles.size() == 2);
    CHECK(profiles.at("b").empty());
    const std::map<std::string, std::string, std::less<>> expected{{"x", "indented without a name before it"},
                                                                   {"name", "v=w"},
                                                                   {"empty", ""},
                                                                   {"empty.y", "1"},
                                                                   {"later", "2"},
                                                                   {"mark", "a#b"}};
    CHECK(profiles.at("a") == expected);
}
