// SPDX-License-Identifier: Apache-2.0
// How a message is described: a constexpr table with a line for each field. Only messages/<api>.cpp, the engine and its
// tests include this. Field names and versions are those of Kafka's message schemas (KIP-482).
//
//     constexpr auto kTopic = structure<CreateTopicsRequest::Topic>(
//         field<&CreateTopicsRequest::Topic::name>("name", since(0)));
//     constexpr auto kRequest = structure<CreateTopicsRequest>(
//         field<&CreateTopicsRequest::topics>("topics", since(0), kTopic),
//         field<&CreateTopicsRequest::timeout_ms>("timeoutMs", since(0)));
//     constinit const Schema CreateTopicsRequest::kSchema = message("CreateTopicsRequest", {0, 7}, since(5), kRequest);
//
// A field's default is its initialiser in the struct.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "kafka/protocol/types.hpp"

namespace kseg::protocol {

enum class Kind : std::uint8_t { boolean, int8, int16, int32, int64, uuid, string, bytes, records, structure };

/// What a std::vector of any type can do.
struct ArrayType {
    std::size_t (*size)(const void* array);
    const void* (*at)(const void* array, std::size_t index);
    void* (*append)(void* array);
    void (*reserve)(void* array, std::size_t count);
    std::size_t element_size;
};

/// What a std::optional of any type can do.
struct OptionalType {
    const void* (*value)(const void* optional);  ///< nullptr where there is none
    void* (*emplace)(void* optional);
    void (*reset)(void* optional);
};

struct Field;

/// A struct's fields, and an instance with every default.
struct Structure {
    const Field* fields = nullptr;
    std::size_t count = 0;
    const void* (*defaults)() = nullptr;

    [[nodiscard]] const Field* begin() const { return fields; }
    [[nodiscard]] const Field* end() const;
};

/// One line of a table.
struct Field {
    const char* name = "";  ///< Kafka's, in camelCase
    Versions versions{};
    Versions nullable_in = kNoVersions;
    Versions tagged_in = kNoVersions;
    std::uint32_t tag = 0;
    bool is_ignorable = false;
    bool may_be_compact = true;
    Kind kind{};  ///< of an array's elements where `array` is set
    const ArrayType* array = nullptr;
    const OptionalType* optional = nullptr;
    Structure nested{};
    const void* (*member)(const void* owner) = nullptr;

    /// In these versions the field may be null. Its type has to be a std::optional, or Records.
    [[nodiscard]] constexpr Field nullable(Versions in) const {
        Field changed = *this;
        changed.nullable_in = in;
        return changed;
    }
    /// In these versions the field is written behind the others, and only where it is not the default.
    [[nodiscard]] constexpr Field tagged(std::uint32_t number, Versions in) const {
        Field changed = *this;
        changed.tag = number;
        changed.tagged_in = in;
        return changed;
    }
    /// A version that cannot carry the field drops its value. Without this, a value that is not the default is an error.
    [[nodiscard]] constexpr Field ignorable() const {
        Field changed = *this;
        changed.is_ignorable = true;
        return changed;
    }
    /// Written in the old way in flexible versions too.
    [[nodiscard]] constexpr Field never_compact() const {
        Field changed = *this;
        changed.may_be_compact = false;
        return changed;
    }
    [[nodiscard]] void* member_of(void* owner) const { return const_cast<void*>(member(owner)); }
};

inline const Field* Structure::end() const {
    return fields + count;
}

struct Schema {
    const char* name = "";
    Versions versions{};
    Versions flexible = kNoVersions;
    Structure root{};
    void* (*create)() = nullptr;
    void (*destroy)(void* message) = nullptr;
};

// --- from C++ types to lines -------------------------------------------------------------------------------------------

template <typename T>
inline constexpr ArrayType kArrayType{
    [](const void* array) { return static_cast<const std::vector<T>*>(array)->size(); },
    [](const void* array, std::size_t index) -> const void* {
        return &(*static_cast<const std::vector<T>*>(array))[index];
    },
    [](void* array) -> void* { return &static_cast<std::vector<T>*>(array)->emplace_back(); },
    [](void* array, std::size_t count) { static_cast<std::vector<T>*>(array)->reserve(count); }, sizeof(T)};

template <typename T>
inline constexpr OptionalType kOptionalType{
    [](const void* optional) -> const void* {
        const auto& typed = *static_cast<const std::optional<T>*>(optional);
        return typed ? &*typed : nullptr;
    },
    // Not emplace(): a struct inside another is not yet default constructible where the optional of it was declared.
    [](void* optional) -> void* { return &static_cast<std::optional<T>*>(optional)->emplace(T{}); },
    [](void* optional) { static_cast<std::optional<T>*>(optional)->reset(); }};

template <typename T>
const void* defaults_of() {
    static const T instance{};
    return &instance;
}

template <typename T>
struct KindOf {
    static constexpr Kind kKind = Kind::structure;
};
template <Kind kValue>
struct IsKind {
    static constexpr Kind kKind = kValue;
};
template <>
struct KindOf<bool> : IsKind<Kind::boolean> {};
template <>
struct KindOf<std::int8_t> : IsKind<Kind::int8> {};
template <>
struct KindOf<std::int16_t> : IsKind<Kind::int16> {};
template <>
struct KindOf<std::int32_t> : IsKind<Kind::int32> {};
template <>
struct KindOf<std::int64_t> : IsKind<Kind::int64> {};
template <>
struct KindOf<Uuid> : IsKind<Kind::uuid> {};
template <>
struct KindOf<std::string> : IsKind<Kind::string> {};
template <>
struct KindOf<Blob> : IsKind<Kind::bytes> {};
template <>
struct KindOf<Records> : IsKind<Kind::records> {};

template <typename T>
requires std::is_enum_v<T>
struct KindOf<T> : KindOf<std::underlying_type_t<T>> {
};

template <typename T>
struct TypeOf {
    using Element = T;
    static constexpr const ArrayType* kArray = nullptr;
    static constexpr const OptionalType* kOptional = nullptr;
};
template <typename T>
requires(!std::is_same_v<T, std::byte>) struct TypeOf<std::vector<T>> {
    using Element = T;
    static constexpr const ArrayType* kArray = &kArrayType<T>;
    static constexpr const OptionalType* kOptional = nullptr;
};
template <typename T>
struct TypeOf<std::optional<T>> {
    using Element = typename TypeOf<T>::Element;
    static constexpr const ArrayType* kArray = TypeOf<T>::kArray;
    static constexpr const OptionalType* kOptional = &kOptionalType<T>;
};

template <typename Owner, typename Member>
Owner owner_of(Member Owner::*);
template <typename Owner, typename Member>
Member type_of(Member Owner::*);

/// The table of T: N lines.
template <typename T, std::size_t N>
struct StructureTable {
    std::array<Field, N> fields;

    [[nodiscard]] constexpr Structure view() const { return {fields.data(), N, &defaults_of<T>}; }
};

template <auto kMember>
constexpr Field any_field(const char* name, Versions versions) {
    using Owner = decltype(owner_of(kMember));
    using Type = TypeOf<decltype(type_of(kMember))>;
    Field made{name, versions};
    made.kind = KindOf<typename Type::Element>::kKind;
    made.array = Type::kArray;
    made.optional = Type::kOptional;
    made.member = [](const void* owner) -> const void* { return &(static_cast<const Owner*>(owner)->*kMember); };
    return made;
}

/// A field whose type is no struct.
template <auto kMember>
constexpr Field field(const char* name, Versions versions) {
    static_assert(KindOf<typename TypeOf<decltype(type_of(kMember))>::Element>::kKind != Kind::structure,
                  "name the struct's table");
    return any_field<kMember>(name, versions);
}

/// A field that is a struct, or an array of structs, with this table.
template <auto kMember, typename T, std::size_t N>
constexpr Field field(const char* name, Versions versions, const StructureTable<T, N>& table) {
    static_assert(std::is_same_v<typename TypeOf<decltype(type_of(kMember))>::Element, T>, "another struct's table");
    Field made = any_field<kMember>(name, versions);
    made.nested = table.view();
    return made;
}

template <typename T, typename... Fields>
constexpr StructureTable<T, sizeof...(Fields)> structure(Fields... fields) {
    return {{fields...}};
}

template <typename T, std::size_t N>
constexpr Schema message(const char* name, Versions versions, Versions flexible, const StructureTable<T, N>& table) {
    return {name,
            versions,
            flexible,
            table.view(),
            []() -> void* { return std::make_unique<T>().release(); },
            [](void* made) { std::default_delete<T>()(static_cast<T*>(made)); }};
}

}  // namespace kseg::protocol
