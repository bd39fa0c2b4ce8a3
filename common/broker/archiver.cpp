// SPDX-License-Identifier: Apache-2.0
#include "broker/archiver.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "io/remove_tree.hpp"
#include "store/archived_log.hpp"
#include "wal/files.hpp"

namespace kseg::broker {
namespace {

constexpr TimestampMs kFirstDelayMs = 1000;
constexpr TimestampMs kLongestDelayMs = 300'000;
// Postings in memory before they go to a file: several jobs run beside a broker.
constexpr std::uint64_t kIndexBufferBytes = std::uint64_t{16} << 20;

}  // namespace

void Archiver::stop() {
    *stopped_ = true;
    for (auto& [key, life] : lives_) {
        *life.stop = true;
    }
    for (const auto& [number, timer] : retries_) {
        around_.loop.cancel(timer);
    }
    retries_.clear();
    ready_.clear();
    if (running_ == 0) {
        // Space, and no more: the next start removes it too.
        (void)io::remove_tree(around_.fs, around_.scratch);
    }
}

TimestampMs Archiver::delay(unsigned failures) const {
    TimestampMs longest = kFirstDelayMs;
    for (unsigned i = 1; i < failures && longest < kLongestDelayMs; ++i) {
        longest *= 2;
    }
    longest = std::min(longest, kLongestDelayMs);
    // Not all at the same moment, when a store comes back.
    const auto half = static_cast<std::uint64_t>(longest / 2);
    return static_cast<TimestampMs>(half + around_.random() % (half + 1));
}

void Archiver::retry_later(unsigned failures, std::function<void()> then) {
    const std::uint64_t number = ++last_retry_;
    retries_[number] = around_.loop.at(around_.loop.now() + delay(failures), [this, number, then = std::move(then)] {
        retries_.erase(number);
        then();
    });
}

std::shared_ptr<Partition> Archiver::find(const Key& key) const {
    const Topic* const topic = around_.topics.find(key.first);
    if (topic == nullptr) {
        return nullptr;
    }
    const auto found = topic->partitions.find(key.second);
    return found == topic->partitions.end() ? nullptr : found->second;
}

void Archiver::look_at(const Partition& partition) {
    const Topic* const topic = around_.topics.find(partition.name().topic);
    if (*stopped_ || !listed_ || topic == nullptr || !topic->is_archived() ||
        topic->find(partition.name().partition) != &partition) {
        return;
    }
    enqueue({topic->id, partition.name().partition}, topic->name);
}

void Archiver::shortened(const Partition& partition) {
    const Topic* const topic = around_.topics.find(partition.name().topic);
    if (topic == nullptr || partition.archived() == nullptr || !partition.archives_known()) {
        return;
    }
    auto names = partition.archived()->remove_below(partition.log_start());
    if (names.empty()) {
        return;
    }
    const Key key{topic->id, partition.name().partition};
    std::ranges::move(names, std::back_inserter(lives_[key].to_remove));
    enqueue(key, topic->name);
}

void Archiver::removed(const std::string& name, const protocol::Uuid& id) {
    bool waits = false;
    for (auto& [key, life] : lives_) {
        if (key.first == id) {
            *life.stop = true;
            waits = waits || life.running;
        }
    }
    // A job of the topic may still put an archive: its end brings this again. So does a listing.
    if (!waits && listed_ && around_.topics.is_gone(id)) {
        enqueue({id, -1}, name);
    }
}

/// Looks for something to do for a partition when a store is free.
void Archiver::enqueue(const Key& key, const std::string& topic) {
    Life& life = lives_[key];
    life.topic = topic;
    if (!life.queued && !life.waits && !*stopped_) {
        life.queued = true;
        ready_.push_back(key);
    }
    pump();
}

void Archiver::pump() {
    for (std::size_t left = ready_.size(); left > 0 && !free_stores_.empty() && !*stopped_; --left) {
        const Key key = ready_.front();
        ready_.pop_front();
        const auto found = lives_.find(key);
        if (found == lives_.end()) {
            continue;
        }
        Life& life = found->second;
        life.queued = false;
        if (!life.running && !begin(key, life) && !life.blocked) {
            lives_.erase(found);  // nothing is known of it that the disk does not tell
        }
    }
}

/// Takes the next step of a partition, or of a topic that is gone; false where there is none.
bool Archiver::begin(const Key& key, Life& life) {
    if (key.second < 0) {
        begin_forgetting(key, life);
        return true;
    }
    if (!life.to_remove.empty()) {
        begin_removing(key, life);
        return true;
    }
    const auto partition = find(key);
    const Topic* const topic = around_.topics.find(key.first);
    if (partition == nullptr || !topic->is_archived() || life.blocked) {
        return false;
    }
    const auto segment = partition->first_sealed();
    if (!segment) {
        return false;
    }
    begin_archiving(key, life, *partition, *segment);
    return true;
}

template <typename Do, typename Then>
void Archiver::run(Life& life, Do work, Then then) {
    objects::ObjectStore* const store = free_stores_.back();
    free_stores_.pop_back();
    ++running_;
    life.running = true;
    around_.workers.run([self = weak_from_this(), store, work = std::move(work), then = std::move(then)]() -> Loop::Task {
        return [self, store, then, done = work(*store)] {
            if (const auto archiver = self.lock()) {
                archiver->free_stores_.push_back(store);
                --archiver->running_;
                then(*archiver, done);
                archiver->pump();
            }
        };
    });
}

void Archiver::begin_archiving(const Key& key, Life& life, const Partition& partition, const LogSegments::Bounds& segment) {
    const std::string id = to_string(key.first);
    index::SealedSegment sealed{.path = wal::file_beside(partition.directory(), segment.base_offset, ".log"),
                                .partition = partition.name(),
                                .base_offset = segment.base_offset};
    store::LifeOptions options{.scratch = fmt::format("{}/{}", around_.scratch, id),
                               .topic_id = id,
                               .format = around_.format,
                               .stop = [stop = life.stop] { return stop->load(); }};
    options.writer.buffer_bytes = kIndexBufferBytes;
    run(
        life,
        [&fs = around_.fs, sealed = std::move(sealed), options = std::move(options)](objects::ObjectStore& store) {
            return store::archive_sealed(fs, store, sealed, options);
        },
        [key, next_base = segment.next_base](Archiver& self, const Result<store::SegmentLife>& done) {
            self.on_archived(key, next_base, done);
        });
}

/// Notes that the job of a partition has ended. Null where the topic went meanwhile: what the job may have put goes too.
std::shared_ptr<Partition> Archiver::ended(const Key& key) {
    Life& life = lives_[key];
    life.running = false;
    auto partition = find(key);
    if (partition == nullptr) {
        const std::string topic = life.topic;
        lives_.erase(key);
        removed(topic, key.first);
    }
    return partition;
}

void Archiver::on_archived(const Key& key, std::int64_t next_base, const Result<store::SegmentLife>& done) {
    const auto partition = ended(key);
    if (partition == nullptr) {
        return;
    }
    Life& life = lives_[key];
    if (!done) {
        failed(key, life, done.error());
        return;
    }
    if (done->outcome != store::LifeOutcome::gone) {
        partition->archived()->add(done->name);
        if (const auto gone = partition->remove_local_below(next_base); !gone) {
            failed(key, life, gone.error());
            return;
        }
        around_.notices.tell(fmt::format("{}: archived as {}", partition->directory(), to_string(done->name)));
    }
    succeeded(life);
    // Records may have been deleted meanwhile.
    shortened(*partition);
    look_at(*partition);
}

void Archiver::begin_removing(const Key& key, Life& life) {
    run(
        life,
        [names = life.to_remove, stop = life.stop](objects::ObjectStore& store) -> Result<void> {
            for (const store::ArchiveName& name : names) {
                if (*stop) {
                    return Error{.code = Errc::cancelled, .what = "interrupted"};
                }
                if (auto removed = store.remove(to_string(name)); !removed) {
                    return removed;
                }
            }
            return {};
        },
        [key, count = life.to_remove.size()](Archiver& self, const Result<void>& done) {
            auto& names = self.lives_[key].to_remove;
            if (done) {
                names.erase(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(count));
            }
            self.on_removed(key, done);
        });
}

void Archiver::on_removed(const Key& key, const Result<void>& done) {
    if (ended(key) == nullptr) {
        return;
    }
    Life& life = lives_[key];
    if (!done) {
        failed(key, life, done.error());
        return;
    }
    succeeded(life);
    enqueue(key, std::string(life.topic));
}

void Archiver::begin_forgetting(const Key& key, Life& life) {
    run(
        life,
        [topic = life.topic, id = to_string(key.first), stop = stopped_](objects::ObjectStore& store) {
            return store::remove_archives_of(store, topic, id, [stop] { return stop->load(); });
        },
        [key](Archiver& self, const Result<std::uint64_t>& done) { self.on_forgotten(key, done); });
}

void Archiver::on_forgotten(const Key& key, const Result<std::uint64_t>& done) {
    Life& life = lives_[key];
    life.running = false;
    auto outcome = done ? around_.topics.forget_deleted(key.first) : Result<void>(done.error());
    if (!outcome) {
        failed(key, life, outcome.error());
        return;
    }
    succeeded(life);
    around_.notices.tell(fmt::format("{}: {} archives of the deleted topic were removed", life.topic, *done));
    lives_.erase(key);  // and those of its partitions, of which none is at work
    std::erase_if(lives_, [&key](const auto& other) { return other.first.first == key.first; });
}

void Archiver::succeeded(Life& life) {
    life.failures = 0;
    if (std::exchange(failing_, false)) {
        around_.notices.tell("archiving goes on");
    }
}

void Archiver::failed(const Key& key, Life& life, const Error& error) {
    if (error.code == Errc::cancelled) {
        return;
    }
    ++life.failures;
    if (!std::exchange(failing_, true)) {
        around_.notices.warn(error);
    } else {
        around_.notices.tell(error.message());
    }
    life.waits = true;
    retry_later(life.failures, [this, key] {
        const auto found = lives_.find(key);
        if (found != lives_.end()) {
            found->second.waits = false;
            enqueue(key, std::string(found->second.topic));
        }
    });
}

}  // namespace kseg::broker
