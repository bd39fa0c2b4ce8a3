// SPDX-License-Identifier: Apache-2.0
// A file of profiles: [section] lines, "name = value" lines, and below an empty value indented ones that belong to it.
// Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files".
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace kseg::objects {

/// section -> name -> value; an indented name is "outer.name". Names are lower-case, as AWS's tools compare them; sections
/// are as they are written. Lines that are none of these are passed over, as those tools do.
using Profiles = std::map<std::string, std::map<std::string, std::string, std::less<>>, std::less<>>;

Profiles parse_profiles(std::string_view text);

}  // namespace kseg::objects
