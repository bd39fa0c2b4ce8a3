// SPDX-License-Identifier: Apache-2.0
// For tests of object stores: contents from strings, faulty ones among them, and what a store holds.
#pragma once

#include <doctest/doctest.h>

#include <stdlib.h>  // mkdtemp

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "io/file.hpp"
#include "objects/object_store.hpp"

namespace kseg::test {

/// A directory that goes with it.
class Scratch {
  public:
    Scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "kseg-objects-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

inline void write_file(const std::string& path, const std::string& content) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << content;
}

class Text : public io::ReadAt {
  public:
    explicit Text(std::string text) : text_(std::move(text)) {}
    [[nodiscard]] Result<std::uint64_t> size() const override { return std::uint64_t{text_.size()}; }
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
        const std::size_t from = std::min<std::size_t>(offset, text_.size());
        const std::size_t size = std::min(into.size(), text_.size() - from);
        std::copy_n(as_bytes(text_).begin() + static_cast<std::ptrdiff_t>(from), size, into.begin());
        return size;
    }

  private:
    std::string text_;
};

/// Cannot be read from a position on.
class BrokenText final : public Text {
  public:
    BrokenText(std::string text, std::uint64_t from) : Text(std::move(text)), from_(from) {}
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
        if (offset >= from_) {
            return Error{.code = Errc::io, .what = "no medium"};
        }
        return Text::read_at(offset, into.first(std::min<std::size_t>(into.size(), from_ - offset)));
    }

  private:
    std::uint64_t from_;
};

/// Ends before its size.
class ShortText final : public Text {
  public:
    ShortText(std::string text, std::uint64_t from) : Text(std::move(text)), from_(from) {}
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
        if (offset >= from_) {
            return std::size_t{0};
        }
        return Text::read_at(offset, into.first(std::min<std::size_t>(into.size(), from_ - offset)));
    }

  private:
    std::uint64_t from_;
};

inline std::vector<std::string> names_in(objects::ObjectStore& store, const std::string& prefix) {
    std::vector<std::string> names;
    const auto listed = store.list(prefix, [&names](const objects::ObjectInfo& info) {
        names.push_back(info.name);
        return true;
    });
    if (!listed) {
        names.push_back("error: " + listed.error().message());
    }
    return names;
}

inline std::string read_object(objects::ObjectStore& store, const std::string& name) {
    const auto object = store.open(name);
    if (!object) {
        return "error: " + object.error().message();
    }
    std::string text((*object)->size().value_or(0), ' ');
    const auto got = (*object)->read_at(0, std::as_writable_bytes(std::span(text)));
    return got ? text.substr(0, *got) : "error: " + got.error().message();
}

}  // namespace kseg::test
