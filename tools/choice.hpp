// SPDX-License-Identifier: Apache-2.0
// Options that take one of a few words. Apart from options.hpp, because it needs all of CLI11.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <utility>

#include "options.hpp"

namespace kseg::tools {

/// An option that takes one of a few words.
template <typename Enum>
CLI::Option* add_choice(CLI::App& app, const std::string& name, Enum& value, std::map<std::string, Enum> words,
                        const std::string& help) {
    std::string all;
    for (const auto& [word, unused] : words) {
        all += all.empty() ? word : "|" + word;
    }
    return app
        .add_option_function<std::string>(
            name,
            [&value, words = std::move(words), name, all](const std::string& word) {
                const auto found = words.find(word);
                if (found == words.end()) {
                    reject(name, all, word);
                }
                value = found->second;
            },
            help)
        ->option_text(all);
}

}  // namespace kseg::tools
