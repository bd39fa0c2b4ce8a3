// SPDX-License-Identifier: Apache-2.0
#include "query_partitions.hpp"

#include <fmt/format.h>

#include <utility>

namespace kseg::tools {
namespace {

constexpr std::size_t kMostNamed = 20;

/// The error of a topic or partition that is not there, which names those that are, if they are few.
Error not_there(std::string what, const std::vector<std::string>& names) {
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
    auto partitions = store::list_partitions(io::posix_fs(), places, asked.topic);
    if (!partitions) {
        return partitions.error();
    }
    if (partitions->empty()) {
        const auto topics = store::list_topics(io::posix_fs(), places);
        return topics ? not_there(fmt::format("no topic {}", asked.topic), *topics) : topics.error();
    }
    std::vector<segment::PartitionName> wanted;
    std::vector<std::string> numbers;
    for (segment::PartitionName& name : *partitions) {
        numbers.push_back(fmt::format("{}", name.partition));
        if (!asked.partition || name.partition == *asked.partition) {
            wanted.push_back(std::move(name));
        }
    }
    if (wanted.empty()) {
        return not_there(fmt::format("topic {} has no partition {}", asked.topic, *asked.partition), numbers);
    }
    return wanted;
}

}  // namespace kseg::tools
