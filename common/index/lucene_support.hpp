// SPDX-License-Identifier: Apache-2.0
// What reading and writing by Lucene++ share: our errors as its exceptions, and its wide strings, a character each. These
// are made here, because Lucene++ turns a string with one bad byte into an empty one.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "base/result.hpp"
#include "io/file.hpp"

namespace boost {
template <class T>
class shared_ptr;
}
namespace Lucene {  // NOLINT(readability-identifier-naming): the library's
class IndexInput;
}

namespace kseg::index {

/// Carries our errors through Lucene++, which knows exceptions only.
struct Failure {
    std::optional<Error> error;  ///< the first

    /// Keeps the error and throws one of Lucene++'s, which lets go of what it holds on the way.
    [[noreturn]] void raise(Error what);
};

/// A file as Lucene++ reads it; raises where it could not be opened. The failure must outlive it.
boost::shared_ptr<Lucene::IndexInput> open_input(Result<std::unique_ptr<io::ReadAt>> file, Failure& failure);

/// `utf8` is UTF-8: terms are.
template <typename WideString>
void assign_wide(WideString& out, std::string_view utf8) {
    out.clear();
    for (std::size_t i = 0; i < utf8.size();) {
        const auto lead = static_cast<unsigned char>(utf8[i++]);
        if (lead < 0x80) {
            out.push_back(static_cast<wchar_t>(lead));
            continue;
        }
        const int more = lead >= 0xf0 ? 3 : (lead >= 0xe0 ? 2 : 1);
        char32_t c = lead & (0x3fU >> more);
        for (int k = 0; k < more && i < utf8.size(); ++k) {
            c = (c << 6) | (static_cast<unsigned char>(utf8[i++]) & 0x3fU);
        }
        out.push_back(static_cast<wchar_t>(c));
    }
}

/// `wide` came from assign_wide().
template <typename String, typename WideString>
void assign_utf8(String& out, const WideString& wide) {
    out.clear();
    for (const wchar_t w : wide) {
        const auto c = static_cast<char32_t>(w);
        if (c < 0x80) {
            out.push_back(static_cast<char>(c));
            continue;
        }
        if (c < 0x800) {
            out.push_back(static_cast<char>(0xc0U | (c >> 6)));
        } else {
            if (c < 0x10000) {
                out.push_back(static_cast<char>(0xe0U | (c >> 12)));
            } else {
                out.push_back(static_cast<char>(0xf0U | ((c >> 18) & 0x07U)));
                out.push_back(static_cast<char>(0x80U | ((c >> 12) & 0x3fU)));
            }
            out.push_back(static_cast<char>(0x80U | ((c >> 6) & 0x3fU)));
        }
        out.push_back(static_cast<char>(0x80U | (c & 0x3fU)));
    }
}

}  // namespace kseg::index
