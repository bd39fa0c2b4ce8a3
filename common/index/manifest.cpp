// SPDX-License-Identifier: Apache-2.0
#include "index/manifest.hpp"

#include <fmt/format.h>

#include <cassert>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.hpp"
#include "index/manifest_seal.hpp"

namespace kseg::index {
namespace {

constexpr std::string_view kFormat = "kseg-index";
constexpr int kVersion = 1;
/// A text as a string, or, where it is not UTF-8, as {"base64":"..."}.
nlohmann::ordered_json text_json(std::string_view text) {
    if (is_utf8(as_bytes(text))) {
        return text;
    }
    ByteBuffer encoded;
    append_base64(encoded, as_bytes(text));
    return {{"base64", encoded.text()}};
}

template <typename T>
nlohmann::ordered_json number_json(const std::optional<T>& number) {
    return number ? nlohmann::ordered_json(*number) : nlohmann::ordered_json(nullptr);
}

// Members are looked up in a plain json, whose objects are maps: in an ordered one each look-up is a search.
using Json = nlohmann::json;

/// Takes members out of one object; what is missing or of another kind is noted, the first of them by name.
class Members {
  public:
    Members(const Json& object, std::string path, std::string& problem)
        : object_(object), path_(std::move(path)), problem_(problem) {
        if (!object.is_object()) {
            note("");
        }
    }

    template <typename T>
    T number(const char* name) {
        return optional_number<T>(name, false).value_or(T{});
    }

    /// A number of the whole range of T, or null.
    template <typename T>
    std::optional<T> optional_number(const char* name, bool may_be_null = true) {
        const Json* found = find(name);
        if (found == nullptr) {
            note(name);
            return std::nullopt;
        }
        if (may_be_null && found->is_null()) {
            return std::nullopt;
        }
        if (const auto* natural = found->get_ptr<const Json::number_unsigned_t*>()) {
            if (std::in_range<T>(*natural)) {
                return static_cast<T>(*natural);
            }
        } else if (const auto* integer = found->get_ptr<const Json::number_integer_t*>()) {
            if (std::in_range<T>(*integer)) {
                return static_cast<T>(*integer);
            }
        }
        note(name);
        return std::nullopt;
    }

    bool boolean(const char* name) {
        const Json* found = find(name);
        const auto* value = found == nullptr ? nullptr : found->get_ptr<const bool*>();
        return value == nullptr ? note(name) : *value;
    }

    std::string text(const char* name) {
        const Json* found = find(name);
        if (found != nullptr && found->is_object() && found->size() == 1) {
            const auto coded = found->find("base64");
            if (coded != found->end() && coded->is_string()) {
                if (const auto bytes = parse_base64(coded->get_ref<const std::string&>())) {
                    return std::string(bytes->text());
                }
            }
        }
        if (found == nullptr || !found->is_string()) {
            note(name);
            return {};
        }
        return found->get_ref<const std::string&>();
    }

    std::uint32_t crc(const char* name) {
        const Json* found = find(name);
        const auto crc =
            found == nullptr || !found->is_string() ? std::nullopt : parse_crc_text(found->get_ref<const std::string&>());
        if (!crc) {
            note(name);
        }
        return crc.value_or(0);
    }

    /// A member of any kind; null where there is none.
    const Json& any(const char* name) {
        static const Json null;
        const Json* found = find(name);
        if (found == nullptr) {
            note(name);
            return null;
        }
        return *found;
    }

    /// Says that a member makes no sense. Returns false.
    bool note(std::string_view name) {
        if (problem_.empty()) {
            problem_ = fmt::format("{}{}{}", path_, path_.empty() || name.empty() ? "" : ".", name);
        }
        return false;
    }

  private:
    const Json* find(const char* name) const {
        if (!object_.is_object()) {
            return nullptr;
        }
        const auto found = object_.find(name);
        return found == object_.end() ? nullptr : &*found;
    }

    const Json& object_;
    std::string path_;
    std::string& problem_;
};

/// A file directly in the directory, so that a manifest cannot name one elsewhere.
bool is_file_name(std::string_view name) {
    return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
           name.find('\0') == std::string_view::npos && name != kManifestFile;
}

void read_files(const Json& array, std::vector<ManifestFile>& files, std::string& problem) {
    if (!array.is_array()) {
        problem = problem.empty() ? "files" : problem;
        return;
    }
    for (const Json& element : array) {
        Members members(element, fmt::format("files[{}]", files.size()), problem);
        ManifestFile file;
        file.name = members.text("name");
        file.size = members.number<std::uint64_t>("size");
        file.crc32c = members.crc("crc32c");
        if (!is_file_name(file.name) || (!files.empty() && file.name <= files.back().name)) {
            members.note("name");
        }
        if (!problem.empty()) {
            return;
        }
        files.push_back(std::move(file));
    }
}

Manifest read_members(const Json& json, std::string& problem) {
    Members members(json, "", problem);
    Manifest manifest;
    manifest.topic = members.text("topic");
    manifest.partition = members.number<std::int32_t>("partition");
    manifest.base_offset = members.number<std::int64_t>("base_offset");
    manifest.first_offset = members.optional_number<std::int64_t>("first_offset");
    manifest.last_offset = members.optional_number<std::int64_t>("last_offset");
    manifest.min_timestamp = members.optional_number<TimestampMs>("min_timestamp");
    manifest.max_timestamp = members.optional_number<TimestampMs>("max_timestamp");
    manifest.batches = members.number<std::uint64_t>("batches");
    manifest.records = members.number<std::uint64_t>("records");
    manifest.damaged = members.number<std::uint64_t>("damaged");
    manifest.offsets_rise = members.boolean("offsets_rise");
    Members log(members.any("log"), "log", problem);
    manifest.log_path = log.text("path");
    manifest.log_size = log.number<std::uint64_t>("size");
    manifest.log_crc32c = log.crc("crc32c");
    Members fields(members.any("fields"), "fields", problem);
    manifest.fields = {.key = fields.boolean("key"),
                       .value = fields.boolean("value"),
                       .headers = fields.boolean("headers"),
                       .json_paths = fields.boolean("json_paths")};
    read_files(members.any("files"), manifest.files, problem);
    if (manifest.partition < 0) {
        members.note("partition");
    }
    if (manifest.first_offset.has_value() != manifest.last_offset.has_value()) {
        members.note("last_offset");
    }
    if (manifest.min_timestamp.has_value() != manifest.max_timestamp.has_value()) {
        members.note("max_timestamp");
    }
    return manifest;
}

Error corrupt(std::string what, std::uint64_t at) {
    return Error{.code = Errc::corrupt, .what = std::move(what), .at = at};
}

Result<Manifest> parse(Bytes content) {
    if (const auto sealed = check_seal(content); !sealed) {
        return sealed.error();
    }
    const Json json = Json::parse(as_text(content), nullptr, false);
    if (json.is_discarded()) {
        return corrupt("manifest: no JSON text", 0);
    }
    std::string problem;
    Members members(json, "", problem);
    if (members.text("format") != kFormat) {
        return corrupt("manifest: of another format", 0);
    }
    const auto version = members.number<std::int64_t>("version");
    const auto analysis = members.number<std::int64_t>("analysis");
    if (problem.empty() && (version != kVersion || analysis != kAnalysisVersion)) {
        return Error{.code = Errc::unsupported,
                     .what = fmt::format("index version; expected {}, analysis {}, got {}, analysis {}", kVersion,
                                         kAnalysisVersion, version, analysis)};
    }
    Manifest manifest = read_members(json, problem);
    if (!problem.empty()) {
        return corrupt(fmt::format("manifest: member \"{}\" is missing or makes no sense", problem), 0);
    }
    return manifest;
}

}  // namespace

ByteBuffer write_manifest(const Manifest& manifest) {
    nlohmann::ordered_json files = nlohmann::ordered_json::array();
    for (const ManifestFile& file : manifest.files) {
        files.push_back({{"name", text_json(file.name)}, {"size", file.size}, {"crc32c", crc_text(file.crc32c)}});
    }
    const nlohmann::ordered_json json = {
        {"format", kFormat},
        {"version", kVersion},
        {"analysis", kAnalysisVersion},
        {"topic", text_json(manifest.topic)},
        {"partition", manifest.partition},
        {"base_offset", manifest.base_offset},
        {"first_offset", number_json(manifest.first_offset)},
        {"last_offset", number_json(manifest.last_offset)},
        {"min_timestamp", number_json(manifest.min_timestamp)},
        {"max_timestamp", number_json(manifest.max_timestamp)},
        {"batches", manifest.batches},
        {"records", manifest.records},
        {"damaged", manifest.damaged},
        {"offsets_rise", manifest.offsets_rise},
        {"log",
         {{"path", text_json(manifest.log_path)}, {"size", manifest.log_size}, {"crc32c", crc_text(manifest.log_crc32c)}}},
        {"fields",
         {{"key", manifest.fields.key},
          {"value", manifest.fields.value},
          {"headers", manifest.fields.headers},
          {"json_paths", manifest.fields.json_paths}}},
        {"files", std::move(files)},
        {"crc32c", crc_text(0)}};
    std::string text = json.dump(2) + "\n";
    seal(text);
    return ByteBuffer(as_bytes(text));
}

Result<Manifest> parse_manifest(Bytes content, const std::string& name) {
    auto parsed = parse(content);
    if (!parsed) {
        return parsed.error().in_file(name);
    }
    return parsed;
}

}  // namespace kseg::index
