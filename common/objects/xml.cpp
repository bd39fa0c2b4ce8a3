// SPDX-License-Identifier: Apache-2.0
#include "objects/xml.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace kseg::objects {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::uint32_t kLastCodePoint = 0x10ffff;

std::string_view local_name(std::string_view name) {
    return name.substr(name.find(':') + 1);  // npos + 1 = 0
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | (code >> 6U));
        put(0x80 | (code & 0x3fU));
    } else if (code < 0x10000) {
        put(0xe0 | (code >> 12U));
        put(0x80 | ((code >> 6U) & 0x3fU));
        put(0x80 | (code & 0x3fU));
    } else {
        put(0xf0 | (code >> 18U));
        put(0x80 | ((code >> 12U) & 0x3fU));
        put(0x80 | ((code >> 6U) & 0x3fU));
        put(0x80 | (code & 0x3fU));
    }
}

/// What stands between '&' and ';'.
bool append_entity(std::string& out, std::string_view entity) {
    struct Named {
        std::string_view name;
        char character;
    };
    constexpr Named kNamed[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    if (const auto* const found = std::ranges::find(kNamed, entity, &Named::name); found != std::end(kNamed)) {
        out += found->character;
        return true;
    }
    if (!entity.starts_with('#')) {
        return false;
    }
    entity.remove_prefix(1);
    const bool hex = entity.starts_with('x');
    entity.remove_prefix(hex ? 1 : 0);
    std::uint32_t code = 0;
    const auto [end, failed] = std::from_chars(entity.data(), entity.data() + entity.size(), code, hex ? 16 : 10);
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    if (failed != std::errc() || end != entity.data() + entity.size() || code == 0 || code > kLastCodePoint || surrogate) {
        return false;
    }
    append_utf8(out, code);
    return true;
}

/// Where a tag ends: the first '>' that is in no quotes.
std::size_t end_of_tag(std::string_view text) {
    char quote = '\0';
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (quote != '\0') {
            quote = text[i] == quote ? '\0' : quote;
        } else if (text[i] == '"' || text[i] == '\'') {
            quote = text[i];
        } else if (text[i] == '>') {
            return i;
        }
    }
    return std::string_view::npos;
}

}  // namespace

Error XmlReader::broken(std::string_view what) const {
    return {.code = Errc::corrupt, .what = fmt::format("xml: {}", what), .at = all_.size() - rest_.size()};
}

Result<void> XmlReader::add_text(std::string_view raw) {
    if (open_.empty()) {
        return raw.find_first_not_of(kSpace) == std::string_view::npos ? Result<void>()
                                                                       : broken("text outside of elements");
    }
    while (!raw.empty()) {
        const std::size_t plain = std::min(raw.find('&'), raw.size());
        text_ += raw.substr(0, plain);
        raw.remove_prefix(plain);
        if (raw.empty()) {
            break;
        }
        const std::size_t end = raw.find(';');
        if (end == std::string_view::npos || !append_entity(text_, raw.substr(1, end - 1))) {
            return broken("unknown entity");
        }
        raw.remove_prefix(end + 1);
    }
    return {};
}

/// A begin, an end, or both in one; `inside` is what stands between '<' and '>'.
Result<XmlEvent> XmlReader::tag(std::string_view inside) {
    const bool ends = inside.starts_with('/');
    inside.remove_prefix(ends ? 1 : 0);
    const bool at_once = !ends && inside.ends_with('/');
    inside.remove_suffix(at_once ? 1 : 0);
    const std::string_view written = inside.substr(0, inside.find_first_of(kSpace));
    if (written.empty() || written.find_first_of("<&/") != std::string_view::npos) {
        return broken("not a tag");
    }
    name_ = local_name(written);
    if (ends) {
        if (open_.empty() || open_.back() != written) {
            return broken("an end without its begin");
        }
        open_.pop_back();
        return XmlEvent::end;
    }
    if (open_.empty() && seen_root_) {
        return broken("a second root");
    }
    if (open_.size() == kMostDepth) {
        return broken("elements too deep");
    }
    seen_root_ = true;
    open_.emplace_back(written);
    ends_at_once_ = at_once;
    return XmlEvent::begin;
}

Result<XmlEvent> XmlReader::next() {
    text_.clear();
    if (ends_at_once_) {
        ends_at_once_ = false;
        open_.pop_back();
        return XmlEvent::end;
    }
    // Moves behind `mark` and says whether there is one.
    const auto skip_behind = [this](std::string_view mark) {
        const std::size_t at = rest_.find(mark);
        rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at + mark.size());
        return at != std::string_view::npos;
    };
    for (;;) {
        const std::size_t plain = std::min(rest_.find('<'), rest_.size());
        if (auto added = add_text(rest_.substr(0, plain)); !added) {
            return added.error();
        }
        rest_.remove_prefix(plain);
        if (rest_.empty()) {
            return open_.empty() && seen_root_ ? Result<XmlEvent>(XmlEvent::finished) : broken("ends within the document");
        }
        if (rest_.starts_with("<?")) {
            if (!skip_behind("?>")) {
                return broken("ends within an instruction");
            }
        } else if (rest_.starts_with("<!--")) {
            rest_.remove_prefix(4);
            if (!skip_behind("-->")) {
                return broken("ends within a comment");
            }
        } else if (rest_.starts_with("<![CDATA[") && !open_.empty()) {
            rest_.remove_prefix(9);
            text_ += rest_.substr(0, rest_.find("]]>"));
            if (!skip_behind("]]>")) {
                return broken("ends within CDATA");
            }
        } else if (rest_.starts_with("<!")) {
            return broken("a document type");
        } else {
            const std::size_t end = end_of_tag(rest_);
            if (end == std::string_view::npos) {
                return broken("ends within a tag");
            }
            auto event = tag(rest_.substr(1, end - 1));
            rest_.remove_prefix(end + 1);
            return event;
        }
    }
}

std::string xml_value(std::string_view text, std::string_view path) {
    XmlReader reader(text);
    std::string at;  // the path of the open elements, each with '/' behind it
    for (;;) {
        const auto event = reader.next();
        if (!event || *event == XmlEvent::finished) {
            return {};
        }
        if (*event == XmlEvent::begin) {
            at += reader.name() + "/";
            continue;
        }
        at.pop_back();
        if (at == path) {
            return reader.text();
        }
        at.resize(at.size() - reader.name().size());
    }
}

}  // namespace kseg::objects
