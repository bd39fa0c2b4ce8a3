// SPDX-License-Identifier: Apache-2.0
#include "base/loaded_library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

namespace kseg {

LoadedLibrary::LoadedLibrary(const char* name)
    : name_(name), handle_(::dlopen(name, RTLD_NOW | RTLD_LOCAL)), whole_(handle_ != nullptr) {}

void* LoadedLibrary::symbol(const char* name) {
    void* const found = handle_ == nullptr ? nullptr : ::dlsym(handle_, name);
    whole_ = whole_ && found != nullptr;
    return found;
}

Result<void> LoadedLibrary::check() const {
    return whole_ ? Result<void>()
                  : Error{.code = Errc::unsupported, .what = fmt::format("needs {}, which cannot be loaded", name_)};
}

}  // namespace kseg
