// SPDX-License-Identifier: Apache-2.0
// How inputs are read and printed.
#pragma once

#include "open_input.hpp"
#include "print/printer.hpp"

namespace kseg::tools {

struct ReadOptions {
    Mode mode = Mode::records_text;
    bool summary_json = false;
    Selection selection;
    Coding coding = Coding::automatic;
    bool follow = false;
    bool named_on_lines = false;
    unsigned threads = 1;
};

}  // namespace kseg::tools
