// SPDX-License-Identifier: Apache-2.0
// A disk in memory that knows what was synced, contents and names apart, and what a power cut may leave of the rest: what
// was not synced is lost, torn or reordered.
//
// What it takes for granted is what POSIX and Linux give: a sync of a file makes its contents and size durable but not its
// name; a sync of a directory makes the names in it durable, but not what is in the directories among them; a rename, of a
// directory with all that is in it too, is there or not, never half.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "io/fs.hpp"

namespace kseg::test {

/// Not for several threads.
class CrashDisk {
  public:
    /// A write that was not synced, or, without bytes, a change of size.
    struct Change {
        std::uint64_t offset = 0;
        std::optional<std::string> bytes;
    };
    struct Node;
    using NodePtr = std::shared_ptr<Node>;
    /// A name that was given (node) or taken away; `moved_from` loses its name in the same step.
    struct NameChange {
        std::string name;
        NodePtr node;
        std::string moved_from{};
    };
    /// A file or a directory, whatever its names are.
    struct Node {
        bool is_directory = false;
        std::int64_t modified = 0;
        // of a file
        std::string now{};
        std::string durable{};
        std::vector<Change> pending{};
        // of a directory
        std::map<std::string, NodePtr> names{};
        std::map<std::string, NodePtr> durable_names{};
        std::vector<NameChange> name_changes{};
    };

    explicit CrashDisk(std::uint64_t seed) : random_(seed) {}

    bool chance(double share) { return std::bernoulli_distribution(share)(random_); }
    std::size_t upto(std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most)(random_); }

    static std::string parent_of(const std::string& path) { return io::directory_of(path); }
    static std::string leaf_of(const std::string& path) {
        const std::size_t slash = path.rfind('/');
        return slash == std::string::npos ? path : path.substr(slash + 1);
    }

    /// What a path leads to, or null.
    NodePtr find(const std::string& path) const {
        const bool absolute = path.starts_with('/');
        NodePtr node = roots_.at(absolute ? "/" : ".");
        for (std::size_t at = 0; node != nullptr && at < path.size();) {
            const std::size_t end = std::min(path.find('/', at), path.size());
            const std::string name = path.substr(at, end - at);
            at = end + 1;
            if (!name.empty() && name != ".") {
                const auto found = node->names.find(name);
                node = found == node->names.end() ? nullptr : found->second;
            }
        }
        return node;
    }
    NodePtr find_directory(const std::string& path) const {
        NodePtr node = find(path);
        return node != nullptr && node->is_directory ? node : nullptr;
    }
    NodePtr find_file(const std::string& path) const {
        NodePtr node = find(path);
        return node != nullptr && !node->is_directory ? node : nullptr;
    }

    /// Makes a directory and those above it.
    Node& make_directory(const std::string& path, bool durable) {
        if (const auto there = find_directory(path)) {
            return *there;
        }
        Node& parent = make_directory(parent_of(path), durable);
        const NodePtr made = new_directory();
        touch(*made);
        give_name(parent, {.name = leaf_of(path), .node = made});
        if (durable) {
            parent.durable_names[leaf_of(path)] = made;
            parent.name_changes.pop_back();
        }
        return *made;
    }

    /// Changes a name in a directory, for now.
    void give_name(Node& directory, NameChange change) {
        if (!change.moved_from.empty()) {
            directory.names.erase(change.moved_from);
        }
        if (change.node == nullptr) {
            directory.names.erase(change.name);
        } else {
            directory.names[change.name] = change.node;
        }
        directory.name_changes.push_back(std::move(change));
        touch(directory);
    }

    /// Makes the names in a directory durable.
    static void sync_names(Node& directory) {
        directory.durable_names = directory.names;
        directory.name_changes.clear();
    }

    /// Adds to what a file holds, or changes its size, for now.
    void change(Node& file, Change change) {
        apply(file.now, change);
        file.pending.push_back(std::move(change));
        touch(file);
    }
    /// Makes the first `changes` of those that are pending durable.
    static void sync_content(Node& file, std::size_t changes) {
        const std::size_t covered = std::min(changes, file.pending.size());
        for (std::size_t i = 0; i < covered; ++i) {
            apply(file.durable, file.pending[i]);
        }
        file.pending.erase(file.pending.begin(), file.pending.begin() + static_cast<std::ptrdiff_t>(covered));
    }
    /// A sync of a file fails: some of what was pending is durable, and the rest only looks as if it were.
    void fail_sync(Node& file) {
        file.durable = surviving(file);
        file.pending.clear();
    }

    /// Sets a file's content, durably.
    void put(const std::string& path, std::string content) {
        Node& directory = make_directory(parent_of(path), true);
        const auto node = std::make_shared<Node>();
        node->now = std::move(content);
        node->durable = node->now;
        touch(*node);
        directory.names[leaf_of(path)] = node;
        directory.durable_names[leaf_of(path)] = node;
        touch(directory);
    }

    /// The power goes and comes again.
    void crash(std::uint64_t seed) {
        random_.seed(seed);
        std::set<const Node*> seen;
        for (auto& [name, root] : roots_) {
            lose_power(*root, seen);
        }
    }

    /// Everything becomes durable.
    void settle() {
        for (auto& [name, root] : roots_) {
            settle(*root);
        }
    }

    [[nodiscard]] CrashDisk copy() const {
        CrashDisk other(1);
        std::map<const Node*, NodePtr> copies;
        for (const auto& [name, root] : roots_) {
            other.roots_[name] = copied(root, copies);
        }
        other.changes_ = changes_;
        return other;
    }

  private:
    static constexpr std::size_t kSector = 512;

    static NodePtr new_directory() {
        auto node = std::make_shared<Node>();
        node->is_directory = true;
        return node;
    }
    /// Notes that a file's content, or the names in a directory, changed.
    void touch(Node& node) { node.modified = ++changes_; }

    static void apply(std::string& content, const Change& change) { apply(content, change, length(change)); }
    /// Applies the first `size` bytes of a write.
    static void apply(std::string& content, const Change& change, std::size_t size) {
        if (!change.bytes) {
            content.resize(change.offset, '\0');
            return;
        }
        if (content.size() < change.offset + size) {
            content.resize(change.offset + size, '\0');
        }
        content.replace(change.offset, size, *change.bytes, 0, size);
    }
    static std::size_t length(const Change& change) { return change.bytes ? change.bytes->size() : 0; }

    /// The durable content plus what happened to reach the disk of what was not synced.
    std::string surviving(const Node& node) {
        const std::size_t kind = upto(4);
        if (kind == 0 || node.pending.empty()) {
            return node.durable;  // nothing did
        }
        // Sizes change in order; up to here they reached the disk.
        const std::size_t kept = kind == 1 ? node.pending.size() : upto(node.pending.size());
        std::string content = node.durable;
        for (std::size_t i = 0; i < kept; ++i) {
            const Change& change = node.pending[i];
            const bool torn = i + 1 == kept && kind == 2 && change.bytes;  // at any byte
            apply(content, change, torn ? upto(length(change)) : length(change));
        }
        if (kind <= 2) {
            return content;
        }
        // Sector by sector: a sector holds what was in memory at the last moment at which it was written, if it ever was.
        for (std::size_t at = 0; at < content.size(); at += kSector) {
            const std::size_t end = std::min(at + kSector, content.size());
            if (!chance(kind == 3 ? 0.5 : 0.1)) {
                continue;
            }
            std::string sector(end - at, '\0');
            overlay(sector, at, 0, node.durable);
            const std::size_t written = upto(kept);
            for (std::size_t i = 0; i < written; ++i) {
                const Change& change = node.pending[i];
                if (change.bytes) {
                    overlay(sector, at, change.offset, *change.bytes);
                } else if (change.offset < end) {
                    const std::size_t from = std::max<std::size_t>(change.offset, at) - at;
                    std::fill(sector.begin() + static_cast<std::ptrdiff_t>(from), sector.end(), '\0');
                }
            }
            content.replace(at, end - at, sector);
        }
        return content;
    }
    /// Copies into a sector at `sector_at` what lies in it of `bytes` at `at`.
    static void overlay(std::string& sector, std::size_t sector_at, std::size_t at, const std::string& bytes) {
        const std::size_t from = std::max(sector_at, at);
        const std::size_t to = std::min(sector_at + sector.size(), at + bytes.size());
        if (from < to) {
            sector.replace(from - sector_at, to - from, bytes, from - at, to - from);
        }
    }

    /// What is left of a directory or file, and of all below it. What no name leads to is gone.
    void lose_power(Node& node, std::set<const Node*>& seen) {
        if (!seen.insert(&node).second) {
            return;
        }
        if (!node.is_directory) {
            node.durable = surviving(node);
            node.now = node.durable;
            node.pending.clear();
            return;
        }
        settle_names(node);
        for (auto& [name, below] : node.names) {
            lose_power(*below, seen);
        }
    }
    void settle_names(Node& directory) {
        const std::size_t kind = upto(3);
        const std::size_t kept = kind == 1 ? upto(directory.name_changes.size()) : directory.name_changes.size();
        for (std::size_t i = 0; i < kept; ++i) {
            if (kind == 0 || (kind == 3 && chance(0.5))) {
                continue;
            }
            const NameChange& change = directory.name_changes[i];
            if (change.node == nullptr) {
                directory.durable_names.erase(change.name);
            } else {
                directory.durable_names[change.name] = change.node;
            }
            if (!change.moved_from.empty()) {
                directory.durable_names.erase(change.moved_from);
            }
        }
        directory.names = directory.durable_names;
        directory.name_changes.clear();
    }
    static void settle(Node& node) {
        node.durable = node.now;
        node.pending.clear();
        node.durable_names = node.names;
        node.name_changes.clear();
        for (auto& [name, below] : node.names) {
            settle(*below);
        }
    }
    static NodePtr copied(const NodePtr& node, std::map<const Node*, NodePtr>& copies) {
        if (node == nullptr) {
            return nullptr;
        }
        if (const auto made = copies.find(node.get()); made != copies.end()) {
            return made->second;
        }
        const auto copy = std::make_shared<Node>(*node);
        copies[node.get()] = copy;
        for (auto* const names : {&copy->names, &copy->durable_names}) {
            for (auto& [name, below] : *names) {
                below = copied(below, copies);
            }
        }
        for (NameChange& change : copy->name_changes) {
            change.node = copied(change.node, copies);
        }
        return copy;
    }

    std::mt19937_64 random_;
    std::map<std::string, NodePtr> roots_{{".", new_directory()}, {"/", new_directory()}};
    std::int64_t changes_ = 0;  // the time, for what was modified when
};

}  // namespace kseg::test
