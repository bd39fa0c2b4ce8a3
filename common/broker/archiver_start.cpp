// SPDX-License-Identifier: Apache-2.0
// How an archiver learns what its store has. Rules: man/kseg-serve.1, STORE.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "broker/archiver.hpp"
#include "store/archived_log.hpp"

namespace kseg::broker {

void Archiver::start(std::function<void()> then) {
    then_ = std::move(then);
    list();
}

void Archiver::list() {
    objects::ObjectStore* const store = around_.stores.front();
    ++running_;
    around_.workers.run([self = weak_from_this(), store]() -> Loop::Task {
        Names names;
        const auto listed = store->list("", [&names](const objects::ObjectInfo& object) {
            auto name = store::parse_archive_name(object.name);
            // One without a topic's id may be of any topic of that name, and one of another size is damaged.
            if (name && !name->topic_id.empty() && name->size == object.size) {
                names.push_back(*std::move(name));
            }
            return true;
        });
        auto outcome = listed ? Result<Names>(std::move(names)) : Result<Names>(listed.error());
        return [self, outcome = std::move(outcome)] {
            if (const auto archiver = self.lock()) {
                --archiver->running_;
                archiver->on_listed(outcome);
            }
        };
    });
}

void Archiver::on_listed(Result<Names> listed) {
    if (*stopped_) {
        return;
    }
    if (!listed) {
        ++failed_listings_;
        if (!std::exchange(failing_, true)) {
            around_.notices.warn(listed.error());
        }
        retry_later(failed_listings_, [this] { list(); });
        return;
    }
    failing_ = false;
    listed_ = true;
    assign(*std::move(listed));
    if (then_) {
        std::exchange(then_, {})();
    }
    for (const auto& [id, name] : around_.topics.deleted()) {
        removed(name, id);
    }
    for (const auto& [name, topic] : around_.topics.all()) {
        for (const auto& [number, partition] : topic->partitions) {
            shortened(*partition);
            look_at(*partition);
        }
    }
}

void Archiver::assign(Names names) {
    std::map<std::string, std::map<protocol::Uuid, std::map<std::int32_t, Names>>> found;
    const auto deleted = around_.topics.deleted();
    for (store::ArchiveName& name : names) {
        const auto id = parse_uuid(name.topic_id);
        if (id && !deleted.contains(*id)) {
            found[name.partition.topic][*id][name.partition.partition].push_back(std::move(name));
        }
    }
    if (!around_.topics.is_read_only()) {
        for (auto& [topic, by_id] : found) {
            adopt(topic, by_id);
        }
    }
    std::map<std::int32_t, Names> none;
    for (const auto& [name, topic] : around_.topics.all()) {
        const auto of_name = found.find(name);
        const bool has_any = of_name != found.end() && of_name->second.contains(topic->id);
        learn(*topic, has_any ? of_name->second[topic->id] : none);
    }
}

/// Makes what only the store has: a topic that nobody here knows, or partitions of one. Where several topics had the name,
/// the one with the latest records.
void Archiver::adopt(const std::string& name, std::map<protocol::Uuid, std::map<std::int32_t, Names>>& by_id) {
    const Topic* const topic = around_.topics.find(name);
    protocol::Uuid id = topic == nullptr ? protocol::Uuid{} : topic->id;
    TimestampMs latest = -1;
    for (const auto& [other, partitions] : by_id) {
        for (const auto& [number, names] : partitions) {
            for (const store::ArchiveName& archive : names) {
                const TimestampMs time = archive.last_timestamp.value_or(-1);
                if (topic == nullptr && (id.is_zero() || time > latest)) {
                    id = other;
                    latest = time;
                }
            }
        }
    }
    const auto chosen = by_id.find(id);
    if (chosen == by_id.end()) {
        return;
    }
    std::map<std::int32_t, std::int64_t> ends;
    for (const auto& [number, names] : chosen->second) {
        if (topic != nullptr && topic->find(number) != nullptr) {
            continue;
        }
        for (const store::ArchiveName& archive : names) {
            ends[number] = std::max(ends[number], archive.last_offset + 1);
        }
    }
    if (const auto done = around_.topics.adopt(name, id, ends); !done) {
        around_.notices.warn(done.error());
    }
}

void Archiver::learn(const Topic& topic, std::map<std::int32_t, Names>& archives) {
    for (const auto& [number, partition] : topic.partitions) {
        if (partition->archived() == nullptr) {
            continue;
        }
        partition->archived()->add(archives[number]);
        partition->learn_archives(partition->archived()->start());
        const auto end = partition->archived()->end();
        if (end && *end > partition->end_offset()) {
            // Appended to, the log would be another than the one that the store has.
            lives_[{topic.id, number}].blocked = true;
            around_.notices.warn({.code = Errc::invalid,
                                  .what = fmt::format("the store has records up to offset {}, where the log ends at {}; "
                                                      "nothing more of it is archived",
                                                      *end, partition->end_offset()),
                                  .file = partition->directory()});
        }
    }
}

}  // namespace kseg::broker
