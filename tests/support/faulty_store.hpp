// SPDX-License-Identifier: Apache-2.0
// A store that passes everything on to another one, but for the call that is to fail: before anything of it is done, or
// once all of it is done and nobody learns of it, as over a network that breaks. Reads of what it opens are calls too.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "objects/object_store.hpp"

namespace kseg::test {

enum class StoreFault : std::uint8_t {
    none,
    before,  ///< fails, and nothing is done
    after,   ///< is done, and fails
};

class FaultyStore final : public objects::ObjectStore {
  public:
    explicit FaultyStore(std::unique_ptr<objects::ObjectStore> store) : store_(std::move(store)) {}

    /// Makes the k-th call from now on fail, the first being 1.
    void fail_at(std::uint64_t k, StoreFault fault) {
        calls_->at = calls_->made + k;
        calls_->fault = fault;
    }
    [[nodiscard]] std::uint64_t calls() const { return calls_->made; }

    Result<void> put_if_absent(const std::string& name, const io::ReadAt& content) override {
        return call<void>([&] { return store_->put_if_absent(name, content); });
    }
    Result<std::unique_ptr<io::ReadAt>> open(const std::string& name) override {
        return call<std::unique_ptr<io::ReadAt>>([&]() -> Result<std::unique_ptr<io::ReadAt>> {
            auto opened = store_->open(name);
            return opened ? std::unique_ptr<io::ReadAt>(std::make_unique<Object>(*std::move(opened), calls_))
                          : std::move(opened);
        });
    }
    Result<std::optional<objects::ObjectInfo>> head(const std::string& name) override {
        return call<std::optional<objects::ObjectInfo>>([&] { return store_->head(name); });
    }
    Result<void> list(const std::string& prefix, const objects::Visitor& visit) override {
        return call<void>([&] { return store_->list(prefix, visit); });
    }
    Result<void> remove(const std::string& name) override {
        return call<void>([&] { return store_->remove(name); });
    }
    Result<std::uint64_t> remove_unfinished(TimestampMs before) override {
        return call<std::uint64_t>([&] { return store_->remove_unfinished(before); });
    }
    [[nodiscard]] std::string describe(std::string_view name) const override { return store_->describe(name); }

  private:
    struct Calls {
        std::uint64_t made = 0;
        std::uint64_t at = 0;
        StoreFault fault = StoreFault::none;

        StoreFault next() { return ++made == at ? fault : StoreFault::none; }
    };

    class Object final : public io::ReadAt {
      public:
        Object(std::unique_ptr<io::ReadAt> object, std::shared_ptr<Calls> calls)
            : object_(std::move(object)), calls_(std::move(calls)) {}
        [[nodiscard]] Result<std::uint64_t> size() const override { return object_->size(); }
        [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
            return calls_->next() == StoreFault::none ? object_->read_at(offset, into) : Result<std::size_t>(broken());
        }

      private:
        std::unique_ptr<io::ReadAt> object_;
        std::shared_ptr<Calls> calls_;
    };

    static Error broken() { return {.code = Errc::io, .what = "the network broke", .file = "store"}; }

    template <typename T, typename Do>
    Result<T> call(Do&& run) {
        const StoreFault fault = calls_->next();
        if (fault == StoreFault::before) {
            return broken();
        }
        Result<T> done = run();
        return fault == StoreFault::after ? Result<T>(broken()) : std::move(done);
    }

    std::unique_ptr<objects::ObjectStore> store_;
    std::shared_ptr<Calls> calls_ = std::make_shared<Calls>();
};

}  // namespace kseg::test
