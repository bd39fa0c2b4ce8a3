// SPDX-License-Identifier: Apache-2.0
// Libraries of C functions that few commands need, loaded when the first of them does: linked, each would make every
// command start later, by its own relocations and those of the libraries that it brings along.
#pragma once

#include "base/result.hpp"

namespace kseg {

/// A shared library, loaded when this is made and never let go.
class LoadedLibrary {
  public:
    /// name   as programs load it, e.g. "libcurl.so.4"; borrowed
    explicit LoadedLibrary(const char* name);

    /// A function by its name and type; null, and the library is no longer whole, where it is not there.
    template <typename Function>
    Function function(const char* name) {
        return reinterpret_cast<Function>(symbol(name));
    }

    /// Whether the library and all functions asked for so far are there.
    [[nodiscard]] bool whole() const { return whole_; }
    /// The same as a message for whoever asked for something that needs it.
    /// errors   unsupported
    [[nodiscard]] Result<void> check() const;

  private:
    void* symbol(const char* name);

    const char* name_;
    void* handle_;
    bool whole_;
};

}  // namespace kseg

/// A member that is a function of the library which the member `library` stands for. It has the type that the library's own
/// header gives it, so that a call is checked as if it were linked.
#define KSEG_LOADED_FUNCTION(member, name) \
    decltype(&::name) member = library.function<decltype(&::name)>(#name)  // NOLINT(bugprone-macro-parentheses): a name
