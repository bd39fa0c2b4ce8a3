// SPDX-License-Identifier: Apache-2.0
#include "query_partitions.hpp"

#include <fmt/format.h>

#include <utility>

namespace kseg::tools {
namespace {

constexpr std::size_t kMostNamed = 20;

/// The error of a topic or partition that is not there, which names those that are, if they are few.
Error not_there(const AskedPartitions& asked, const std::vector<segment::PartitionName>& all) {
    bool has_topic = false;
    for (const segment::PartitionName& name : all) {
        has_topic = has_topic || name.topic == asked.topic;
    }
    std::vector<std::string> names;
    for (const segment::PartitionName& name : all) {
        std::string shown = has_topic ? fmt::format("{}", name.partition) : name.topic;
        if ((!has_topic || name.topic == asked.topic) && (names.empty() || names.back() != shown)) {
            names.push_back(std::move(shown));
        }
    }
    std::string what = has_topic ? fmt::format("topic {} has no partition {}", asked.topic, *asked.partition)
                                 : fmt::format("no topic {}", asked.topic);
    if (names.empty()) {
        what += "; there are no topics";
    } else if (names.size() <= kMostNamed) {
        what += fmt::format("; there {} {}", names.size() == 1 ? "is" : "are", fmt::join(names, ", "));
    } else {
        what += fmt::format("; there are {} others", names.size());
    }
    return {.code = Errc::invalid, .what = std::move(what)};
}

}  // namespace

Result<std::vector<segment::PartitionName>> find_partitions(const store::Places& places, const AskedPartitions& asked) {
    if (places.store && places.store->find("://") != std::string::npos) {
        return Error{.code = Errc::unsupported, .what = "only a directory can be a store yet", .file = *places.store};
    }
    const auto all = store::list_partitions(io::posix_fs(), places);
    if (!all) {
        return all.error();
    }
    std::vector<segment::PartitionName> wanted;
    for (const segment::PartitionName& name : *all) {
        if (name.topic == asked.topic && (!asked.partition || name.partition == *asked.partition)) {
            wanted.push_back(name);
        }
    }
    if (wanted.empty()) {
        return not_there(asked, *all);
    }
    return wanted;
}

}  // namespace kseg::tools
