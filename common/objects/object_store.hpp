// SPDX-License-Identifier: Apache-2.0
// Objects: whole byte strings under names, which are put once and never changed. A directory and an S3 bucket are two such
// stores; the interface is what archives need of either, so that a test can put a faulty store in its place.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/units.hpp"
#include "io/file.hpp"

namespace kseg::objects {

struct ObjectInfo {
    std::string name;
    std::uint64_t size = 0;  ///< in bytes
};

/// What a store and the objects it opened have done so far.
struct Traffic {
    std::uint64_t requests = 0;  ///< each attempt counts
    std::uint64_t retries = 0;
    std::uint64_t bytes_sent = 0;      ///< of bodies
    std::uint64_t bytes_received = 0;  ///< of bodies
};

/// Called for each object of a listing; false ends it.
using Visitor = std::function<bool(const ObjectInfo&)>;

/// A name is relative and has parts between single '/': see check_name(). Every call checks it first (Errc::invalid).
/// Every error names the object as describe() does, and never a key or a token. Calls may come from any thread; they are
/// served one at a time, so threads that want to wait for a store side by side open one each.
class ObjectStore {
  public:
    ObjectStore() = default;
    ObjectStore(const ObjectStore&) = delete;
    ObjectStore& operator=(const ObjectStore&) = delete;
    virtual ~ObjectStore() = default;

    /// Puts all of `content`, as large as it is now, under a name that nothing has. Whoever reads sees the whole object or
    /// none, and once this has succeeded it is durable. After an error it may be there or not: ask again.
    /// errors   exists      the name is taken, by an object that is whole and durable
    ///          truncated   content ends before its size
    ///          io          or what reading `content` gives
    [[nodiscard]] virtual Result<void> put_if_absent(const std::string& name, const io::ReadAt& content) = 0;

    /// Opens an object for reading in ranges; its size is known then. What is returned does not need the store any more.
    /// errors   io   there is none, or it cannot be read
    [[nodiscard]] virtual Result<std::unique_ptr<io::ReadAt>> open(const std::string& name) = 0;

    /// The same for an object whose size is known from a listing, which saves a request where asking for it is one. That
    /// it is gone, or of another size, may be found only when it is read.
    [[nodiscard]] virtual Result<std::unique_ptr<io::ReadAt>> open_listed(const ObjectInfo& object) {
        return open(object.name);
    }

    /// What is known of an object, or nothing where there is none.
    [[nodiscard]] virtual Result<std::optional<ObjectInfo>> head(const std::string& name) = 0;

    /// Visits the objects whose names begin with `prefix` in the order of their names' bytes. What is put or removed
    /// meanwhile may be seen or not. Memory holds a page of them, or the entries of a directory.
    /// errors   io   what was visited until then is right
    [[nodiscard]] virtual Result<void> list(const std::string& prefix, const Visitor& visit) = 0;

    /// Takes an object away, durably; nothing where there is none.
    [[nodiscard]] virtual Result<void> remove(const std::string& name) = 0;

    /// Takes away what puts have left that began before a time and never ended: no object, only space. A put that is still
    /// at work fails then, so the time must lie well back. Returns how many there were.
    [[nodiscard]] virtual Result<std::uint64_t> remove_unfinished(TimestampMs before) = 0;

    /// Of a store that counts it; else zeros.
    [[nodiscard]] virtual Traffic traffic() const { return {}; }

    /// An object as messages call it; with an empty name, the store.
    [[nodiscard]] virtual std::string describe(std::string_view name) const = 0;
};

inline constexpr std::size_t kMostNameBytes = 1024;  // S3's limit of a key, which has the store's prefix in front
inline constexpr std::size_t kMostPartBytes = 255;   // of a file's name

/// What names no object: the parts of file names that a directory store gives to what is being put.
inline constexpr std::string_view kTemporaryPrefix = ".kseg-put-";

/// Whether a name can be an object's: UTF-8 without control characters, at most kMostNameBytes, of parts between single
/// '/', none of which is empty, "." or "..", longer than kMostPartBytes or begins with kTemporaryPrefix.
/// errors   invalid
Result<void> check_name(std::string_view name);

/// Whether a text can be the beginning of names: empty, or a name that may break off anywhere.
/// errors   invalid
Result<void> check_prefix(std::string_view prefix);

}  // namespace kseg::objects
