// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "index/json_scan.hpp"
#include "index/text.hpp"

namespace kseg::index {
namespace {

struct IgnoreAll {
    void enter() {}
    void leave() {}
    void name(RawString) {}
    void string(RawString) {}
    void number(std::string_view) {}
    void literal(std::string_view) {}
};

/// Copies a text with the escapes in its strings resolved.
class ResolveStrings {
  public:
    ResolveStrings(std::string_view text, std::string& out) : from_(text.data()), end_(from_ + text.size()), out_(out) {}

    void enter() {}
    void leave() {}
    void number(std::string_view) {}
    void literal(std::string_view) {}
    void name(RawString raw) { string(raw); }
    void string(RawString raw) {
        if (raw.escapes) {
            copy_to(raw.inside.data());
            append_resolved(out_, raw.inside);
            from_ += raw.inside.size();
        }
    }
    void finish() { copy_to(end_); }

  private:
    void copy_to(const char* to) {
        out_.append(from_, to);
        from_ = to;
    }

    const char* from_;
    const char* end_;
    std::string& out_;
};

/// Keeps the path on the way through objects and arrays.
template <typename Visit>
class VisitScalars {
  public:
    explicit VisitScalars(const Visit& visit) : visit_(visit) {}

    void enter() { levels_[depth_++] = here_; }
    void leave() { here_ = levels_[--depth_]; }
    void name(RawString raw) {
        const Level outer = levels_[depth_ - 1];
        path_.resize(outer.size);
        if (outer.named) {
            path_.push_back('.');
        }
        append_folded_name(path_, resolved(raw));
        here_ = {path_.size(), true};
    }
    void string(RawString raw) { visit_(path(), JsonKind::string, resolved(raw)); }
    void number(std::string_view text) { visit_(path(), JsonKind::number, text); }
    void literal(std::string_view text) { visit_(path(), JsonKind::literal, text); }

  private:
    struct Level {
        std::size_t size = 0;  // of the path
        bool named = false;    // it has a name, which may be empty
    };

    [[nodiscard]] std::string_view path() const { return std::string_view(path_).substr(0, here_.size); }
    std::string_view resolved(RawString raw) {
        if (!raw.escapes) {
            return raw.inside;
        }
        text_.clear();
        append_resolved(text_, raw.inside);
        return text_;
    }

    const Visit& visit_;
    std::array<Level, kMostJsonDepth> levels_{};
    std::size_t depth_ = 0;
    Level here_;
    std::string path_;
    std::string text_;
};

}  // namespace

std::string_view readable_text(Bytes bytes, std::string& scratch) {
    const std::string_view text = as_text(bytes);
    if (text.find('\\') == std::string_view::npos) {
        return text;
    }
    scratch.clear();
    ResolveStrings resolve(text, scratch);
    if (!JsonScan(text, resolve).run(true)) {
        return text;
    }
    resolve.finish();
    return scratch;
}

bool for_each_json_scalar(Bytes bytes,
                          const std::function<void(std::string_view path, JsonKind kind, std::string_view text)>& visit) {
    IgnoreAll ignore;
    if (!JsonScan(as_text(bytes), ignore).run(false)) {
        return false;
    }
    VisitScalars scalars(visit);
    JsonScan(as_text(bytes), scalars).run(false);
    return true;
}

}  // namespace kseg::index
