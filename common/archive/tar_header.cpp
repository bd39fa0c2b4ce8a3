// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <string>
#include <utility>

namespace kseg::archive {
namespace {

constexpr std::size_t kNameBytes = 100;
constexpr std::size_t kPrefixBytes = 155;
constexpr std::uint64_t kMaxOctalSize = (std::uint64_t{1} << 33) - 1;  // 11 octal digits
constexpr std::string_view kPaxName = "././@PaxHeader";

struct SplitName {
    std::string_view prefix;
    std::string_view name;
    bool fits = false;
};

/// Name and prefix, which a reader joins with a slash.
SplitName split_name(std::string_view name) {
    if (name.size() <= kNameBytes) {
        return {.prefix = {}, .name = name, .fits = true};
    }
    const std::size_t slash = name.find('/', name.size() - kNameBytes - 1);
    if (slash != std::string_view::npos && slash != 0 && slash <= kPrefixBytes) {
        return {.prefix = name.substr(0, slash), .name = name.substr(slash + 1), .fits = true};
    }
    return {.prefix = {}, .name = name.substr(0, kNameBytes), .fits = false};
}

/// "LENGTH KEY=VALUE\n", where LENGTH counts itself too.
std::string pax_record(std::string_view key, std::string_view value) {
    const std::size_t rest = 1 + key.size() + 1 + value.size() + 1;
    std::size_t length = rest + 1;
    while (fmt::formatted_size("{}", length) + rest != length) {
        ++length;
    }
    return fmt::format("{} {}={}\n", length, key, value);
}

void append_block(ByteBuffer& out, const SplitName& name, char type, std::uint64_t size) {
    std::array<char, kTarBlockBytes> block{};
    const auto put = [&block](std::size_t at, std::string_view text) {
        if (!text.empty()) {  // of an empty view the pointer is null
            std::copy_n(text.data(), text.size(), block.data() + at);
        }
    };
    put(0, name.name);
    put(100, "0000644");                                                // mode
    put(108, "0000000");                                                // user
    put(116, "0000000");                                                // group
    put(124, fmt::format("{:011o}", size > kMaxOctalSize ? 0 : size));  // a pax record has it where it does not fit
    put(136, "00000000000");                                            // time
    put(148, "        ");                                               // the checksum is taken with blanks in its place
    block[156] = type;
    put(257, std::string_view("ustar\0"
                              "00",
                              8));  // magic, version
    put(329, "0000000");            // device
    put(337, "0000000");
    put(345, name.prefix);
    unsigned sum = 0;
    for (const char c : block) {
        sum += static_cast<unsigned char>(c);
    }
    put(148, fmt::format("{:06o}", sum));
    block[154] = '\0';
    out.append(std::string_view(block.data(), block.size()));
}

}  // namespace

void append_zeros(ByteBuffer& out, std::size_t count) {
    out.reserve_more(count);
    const std::size_t start = out.size();
    out.resize(start + count);
    std::fill_n(out.data() + start, count, std::byte{0});
}

void append_tar_header(ByteBuffer& out, std::string_view name, std::uint64_t size) {
    const std::size_t start = out.size();
    const SplitName split = split_name(name);
    std::string records;
    if (!split.fits) {
        records += pax_record("path", name);
    }
    if (size > kMaxOctalSize) {
        records += pax_record("size", fmt::to_string(size));
    }
    if (!records.empty()) {
        append_block(out, split_name(kPaxName), 'x', records.size());
        out.append(records);
        append_zeros(out, tar_padding(records.size()));
    }
    append_block(out, split, '0', size);
    assert(out.size() - start <= kMaxTarHeaderBytes);
    static_cast<void>(start);
}

}  // namespace kseg::archive
