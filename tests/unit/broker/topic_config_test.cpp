// SPDX-License-Identifier: Apache-2.0
#include "broker/topic_config.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace kseg::broker;

TEST_CASE("settings stand in the order in which they are looked up, and each takes its own default") {
    CHECK(std::ranges::is_sorted(topic_configs(), {}, &ConfigDefinition::name));
    for (const ConfigDefinition& config : topic_configs()) {
        CHECK_MESSAGE(find_topic_config(config.name) == &config, config.name);
        CHECK_MESSAGE(check_config(config.name, config.default_value), config.name);
    }
    CHECK(find_topic_config("retention") == nullptr);
}

TEST_CASE("values are checked by type and range") {
    CHECK(check_config("retention.ms", "-1"));
    CHECK_FALSE(check_config("retention.ms", "-2"));
    CHECK_FALSE(check_config("retention.ms", "1d"));
    CHECK_FALSE(check_config("retention.ms", ""));
    CHECK_FALSE(check_config("segment.bytes", "13"));
    CHECK_FALSE(check_config("segment.bytes", "2147483648"));
    CHECK(check_config("cleanup.policy", "compact,delete"));
    CHECK_FALSE(check_config("cleanup.policy", "compact,remove"));
    CHECK_FALSE(check_config("preallocate", "yes"));
    CHECK_FALSE(check_config("message.timestamp.type", "createtime"));
    CHECK_FALSE(check_config("min.cleanable.dirty.ratio", "1.5"));
    CHECK_FALSE(check_config("no.such.setting", "1"));
}

TEST_CASE("what is set takes the place of the broker's default, and nothing else changes") {
    TopicSettings defaults;
    defaults.retention_bytes = 1000;
    const TopicSettings settings = settings_of(
        {{"retention.ms", "5"}, {"message.timestamp.type", "LogAppendTime"}, {"cleanup.policy", "compact"}}, defaults);
    CHECK(settings.retention_ms == 5);
    CHECK(settings.retention_bytes == 1000);
    CHECK(settings.log_append_time);
    CHECK_FALSE(settings.deletes);
    CHECK_FALSE(settings.segments.bytes);
}
