// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <limits>

#include "kafka/protocol/engine.hpp"
#include "kafka/protocol/fields.hpp"

namespace kseg::protocol {

namespace {

// Records borrow what they point to, so random ones point into this.
constexpr std::size_t kPoolBytes = 256;
constexpr auto kPool = [] {
    std::array<std::byte, kPoolBytes> pool{};
    for (std::size_t i = 0; i < pool.size(); ++i) {
        pool[i] = static_cast<std::byte>(i * 167 + 13);
    }
    return pool;
}();

constexpr std::array<std::string_view, 7> kTexts{"a",         "orders-2.x_y", "", "caf\u00e9", "\u65e5\u672c\u8a9e",
                                                 "\"\\/\n\t", "\U0001f600"};

class Filler {
  public:
    Filler(RandomSource& random, Version version) : random_(random), version_(version), is_sparse_(random.one_in(3)) {}

    // NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
    void structure(const Structure& type, void* owner) {
        for (const Field& field : type) {
            // A tagged field that keeps its default is not written, which is a case of its own. So is a message in which a
            // single field is what another version cannot carry.
            const bool keeps_default = (field.tagged_in.contains(version_) && random_.one_in(2)) ||
                                       (is_sparse_ && field.kind != Kind::structure && !random_.one_in(4));
            if (field.versions.contains(version_) && !keeps_default) {
                value(field, field.member_of(owner));
            }
        }
    }

  private:
    // NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
    void value(const Field& field, void* member) {
        if (field.nullable_in.contains(version_) && random_.one_in(4)) {
            if (field.optional != nullptr) {
                field.optional->reset(member);
            }
            return;
        }
        void* const out = field.optional != nullptr ? field.optional->emplace(member) : member;
        if (field.array == nullptr) {
            return element(field, out);
        }
        for (std::uint64_t count = random_.below(4); count > 0; --count) {
            element(field, field.array->append(out));
        }
    }

    // NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are
    void element(const Field& field, void* out) {
        switch (field.kind) {
            case Kind::boolean: store<bool>(out, random_.one_in(2)); break;
            case Kind::int8: store<std::int8_t>(out, integer<std::int8_t>()); break;
            case Kind::int16: store<std::int16_t>(out, integer<std::int16_t>()); break;
            case Kind::int32: store<std::int32_t>(out, integer<std::int32_t>()); break;
            case Kind::int64: store<std::int64_t>(out, integer<std::int64_t>()); break;
            case Kind::uuid:
                for (std::byte& b : value_at<Uuid>(out).bytes) {
                    b = static_cast<std::byte>(random_.below(256));
                }
                break;
            case Kind::string: value_at<std::string>(out) = text(); break;
            case Kind::bytes: {
                const Bytes content = pool();
                value_at<Blob>(out).assign(content.begin(), content.end());
                break;
            }
            case Kind::records: value_at<Records>(out).bytes = pool(); break;
            case Kind::structure: structure(field.nested, out); break;
        }
    }

    template <typename T>
    T integer() {
        switch (random_.below(6)) {
            case 0: return std::numeric_limits<T>::min();
            case 1: return std::numeric_limits<T>::max();
            case 2: return -1;
            case 3: return static_cast<T>(random_.below(100));
            default: return static_cast<T>(random_.next());
        }
    }

    /// Mostly short; sometimes longer than a length of one byte can say.
    std::string text() {
        std::string made(kTexts[random_.below(kTexts.size())]);
        if (random_.one_in(8)) {
            made.append(100 + random_.below(100), 'x');
        }
        return made;
    }

    Bytes pool() {
        const std::uint64_t most = random_.one_in(8) ? kPoolBytes : 8;
        return Bytes(kPool).first(random_.below(most + 1));
    }

    RandomSource& random_;
    Version version_;
    bool is_sparse_;
};

}  // namespace

void random_fields(const Schema& schema, void* message, Version version, RandomSource& random) {
    Filler(random, version).structure(schema.root, message);
}

}  // namespace kseg::protocol
