// SPDX-License-Identifier: Apache-2.0
#include "store/archive_select.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace kseg::store {
namespace {

/// Objects by name, with what the name says where it is an archive's.
using Objects = std::map<std::string, std::optional<ArchiveName>>;

/// Adds what a name selects; false where that is nothing.
Result<bool> add(objects::ObjectStore& store, std::string name, Objects& objects) {
    while (name.ends_with('/')) {
        name.pop_back();
    }
    if (const auto good = objects::check_name(name); !good) {
        return good.error();
    }
    const auto one = store.head(name);
    if (!one) {
        return one.error();
    }
    bool found = one->has_value();
    if (found) {
        objects.emplace(name, parse_archive_name(name));
    }
    const auto listed = store.list(name + "/", [&](const objects::ObjectInfo& object) {
        objects.emplace(object.name, parse_archive_name(object.name));
        found = true;
        return true;
    });
    return listed ? Result<bool>(found) : listed.error();
}

}  // namespace

Result<Selection> select_archives(objects::ObjectStore& store, const std::vector<std::string>& names) {
    Objects objects;
    Selection selection;
    for (const std::string& name : names) {
        const auto found = add(store, name, objects);
        if (!found) {
            return found.error();
        }
        if (!*found) {
            selection.missing.push_back(name);
        }
    }
    if (names.empty()) {
        const auto listed = store.list("", [&objects](const objects::ObjectInfo& object) {
            objects.emplace(object.name, parse_archive_name(object.name));
            return true;
        });
        if (!listed) {
            return listed.error();
        }
    }
    for (auto& [name, archive] : objects) {
        if (archive) {
            selection.archives.push_back(*std::move(archive));
        } else {
            selection.others.push_back(name);
        }
    }
    return selection;
}

}  // namespace kseg::store
