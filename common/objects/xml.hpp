// SPDX-License-Identifier: Apache-2.0
// The XML of S3's answers, read one element after another: elements and text, entities and CDATA; attributes, comments and
// namespaces are passed over, document types are refused. Source: W3C XML 1.0, sections 2 and 4.6.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace kseg::objects {

enum class XmlEvent : std::uint8_t { begin, end, finished };

/// Borrows the text. Memory is a path of at most kMostDepth names and one element's text.
class XmlReader {
  public:
    static constexpr std::size_t kMostDepth = 32;

    explicit XmlReader(std::string_view text) : all_(text), rest_(text) {}

    /// Goes on to the next begin or end of an element, or the end of the document.
    /// errors   corrupt, at the offset in the text
    Result<XmlEvent> next();

    /// The element that just began or ended, without its namespace's prefix.
    [[nodiscard]] const std::string& name() const { return name_; }
    /// How many elements are open: at an end event without the one that ended.
    [[nodiscard]] std::size_t depth() const { return open_.size(); }
    /// The text since the event before: at an end, the element's own where it has no others inside.
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    [[nodiscard]] Error broken(std::string_view what) const;
    Result<void> add_text(std::string_view raw);
    Result<XmlEvent> tag(std::string_view inside);

    std::string_view all_;
    std::string_view rest_;
    std::vector<std::string> open_;  // names as they are written
    std::string name_;
    std::string text_;
    bool seen_root_ = false;
    bool ends_at_once_ = false;  // <a/>: its end is the next event
};

/// A tree of what few elements an answer has, for those that are not read one by one: the text of the first element on a
/// path such as "Error/Code", or nothing where there is none or the text is broken before it.
std::string xml_value(std::string_view text, std::string_view path);

}  // namespace kseg::objects
