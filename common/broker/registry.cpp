// SPDX-License-Identifier: Apache-2.0
#include "broker/registry.hpp"

#include <nlohmann/json.hpp>

#include "broker/data_dir.hpp"
#include "wal/files.hpp"

namespace kseg::broker {
namespace {

constexpr std::string_view kRegistry = "/kseg.json";

Error bad_registry(const std::string& path, std::string_view what) {
    return {.code = Errc::corrupt, .what = std::string(what), .file = path};
}

Result<TopicEntry> entry_of(const nlohmann::json& json, const std::string& path) {
    const auto configs = json.is_object() ? json.find("configs") : json.end();
    if (!json.is_object() || configs == json.end() || !configs->is_object()) {
        return bad_registry(path, "topics; expected an object with configs for each");
    }
    TopicEntry entry;
    for (const auto& [name, value] : configs->items()) {
        if (!value.is_string()) {
            return bad_registry(path, "configs; expected strings");
        }
        entry.configs[name] = value.get<std::string>();
    }
    if (const auto id = json.find("id"); id != json.end()) {
        entry.id = id->is_string() ? parse_uuid(id->get<std::string>()) : std::nullopt;
        if (!entry.id) {
            return bad_registry(path, "id; expected 22 characters of base64");
        }
    }
    if (const auto from = json.find("making_from"); from != json.end()) {
        if (!from->is_number_unsigned() || from->get<std::uint64_t>() > INT32_MAX) {
            return bad_registry(path, "making_from; expected the number of a partition");
        }
        entry.making_from = from->get<std::int32_t>();
    }
    return entry;
}

/// What there is to know because of archives.
Result<void> read_archived(const nlohmann::json& json, const std::string& path, Registry& registry) {
    const auto uses = json.find("uses_store");
    registry.uses_store = uses != json.end() && uses->is_boolean() && uses->get<bool>();
    const auto deleted = json.find("deleted");
    if (deleted == json.end()) {
        return {};
    }
    for (const auto& [id, name] : deleted->items()) {
        const auto uuid = parse_uuid(id);
        if (!uuid || !name.is_string()) {
            return bad_registry(path, "deleted; expected names of topics by their ids");
        }
        registry.deleted[*uuid] = name.get<std::string>();
    }
    return {};
}

}  // namespace

Result<Registry> read_registry(io::Fs& fs, const std::string& directory) {
    const std::string path = directory + std::string(kRegistry);
    const auto content = wal::read_file(fs, path);
    if (!content) {
        return content.error();
    }
    Registry registry;
    if (content->empty()) {
        return registry;
    }
    const auto json = nlohmann::json::parse(content->text(), nullptr, false);
    if (json.is_discarded() || !json.is_object() || json.value("version", nlohmann::json(0)) != nlohmann::json(1)) {
        return bad_registry(path, "expected a JSON object of version 1");
    }
    const auto next = json.find("next_producer_id");
    if (next != json.end()) {
        if (!next->is_number_integer()) {
            return bad_registry(path, "next_producer_id; expected a number");
        }
        registry.next_producer_id = next->get<std::int64_t>();
    }
    if (const auto read = read_archived(json, path, registry); !read) {
        return read.error();
    }
    const auto topics = json.find("topics");
    if (topics == json.end()) {
        return registry;
    }
    if (!topics->is_object()) {
        return bad_registry(path, "topics; expected an object");
    }
    for (const auto& [topic, settings] : topics->items()) {
        auto entry = entry_of(settings, path);
        if (!entry) {
            return entry.error();
        }
        registry.topics[topic] = *std::move(entry);
    }
    return registry;
}

Result<void> write_registry(io::Fs& fs, const std::string& directory, const Registry& registry) {
    nlohmann::json json{{"version", 1}, {"next_producer_id", registry.next_producer_id}};
    auto& topics = json["topics"] = nlohmann::json::object();
    for (const auto& [topic, entry] : registry.topics) {
        if (entry.configs.empty() && !entry.id && !entry.making_from) {
            continue;
        }
        auto& to = topics[topic] = {{"configs", entry.configs}};
        if (entry.id) {
            to["id"] = to_string(*entry.id);
        }
        if (entry.making_from) {
            to["making_from"] = *entry.making_from;
        }
    }
    if (registry.uses_store) {
        json["uses_store"] = true;
    }
    for (const auto& [id, name] : registry.deleted) {
        json["deleted"][to_string(id)] = name;
    }
    const std::string text = json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    return wal::replace_content(fs, directory + std::string(kRegistry), as_bytes(text));
}

Result<void> RegistryFile::load() {
    auto registry = read_registry(fs_, directory_);
    if (!registry) {
        return registry.error();
    }
    const std::lock_guard lock(mutex_);
    registry_ = *std::move(registry);
    return {};
}

Result<void> RegistryFile::change(const std::function<void(Registry&)>& change) {
    const std::lock_guard lock(mutex_);
    Registry changed = registry_;
    change(changed);
    auto written = write_registry(fs_, directory_, changed);
    if (written) {
        registry_ = std::move(changed);
    }
    return written;
}

}  // namespace kseg::broker
