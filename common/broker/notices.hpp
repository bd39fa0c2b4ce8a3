// SPDX-License-Identifier: Apache-2.0
// What a broker has to tell whoever runs it, beside the answers to clients. By the loop's thread; empty functions tell
// nobody.
#pragma once

#include <functional>
#include <string_view>

#include "base/error.hpp"

namespace kseg::broker {

struct Notices {
    std::function<void(const Error&)> warning{};     ///< something goes wrong; the broker goes on
    std::function<void(std::string_view)> detail{};  ///< of use to those who want to know more

    void warn(const Error& error) const {
        if (warning) {
            warning(error);
        }
    }
    void tell(std::string_view text) const {
        if (detail) {
            detail(text);
        }
    }
};

}  // namespace kseg::broker
