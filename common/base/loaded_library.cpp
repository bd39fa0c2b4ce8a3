// SPDX-License-Identifier: Apache-2.0
#include "base/loaded_library.hpp"

#include <dlfcn.h>

namespace kseg {

LoadedLibrary::LoadedLibrary(const char* name)
    : handle_(::dlopen(name, RTLD_NOW | RTLD_LOCAL)), whole_(handle_ != nullptr) {}

void* LoadedLibrary::symbol(const char* name) {
    void* const found = handle_ == nullptr ? nullptr : ::dlsym(handle_, name);
    whole_ = whole_ && found != nullptr;
    return found;
}

}  // namespace kseg
