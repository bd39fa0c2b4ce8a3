// SPDX-License-Identifier: Apache-2.0
#include "temporary_directory.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace kseg::tools {

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    if (!path_.empty()) {
        std::filesystem::remove_all(path_, ignored);
    }
}

Result<std::string> TemporaryDirectory::make() {
    std::error_code failed;
    const std::filesystem::path parent = std::filesystem::temp_directory_path(failed);
    if (failed) {
        return io_error("temporary directory", failed.value());
    }
    std::string name = (parent / "kseg-serve-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        return io_error("temporary directory", errno).in_file(parent.string());
    }
    path_ = name;
    return name;
}

}  // namespace kseg::tools
