// SPDX-License-Identifier: Apache-2.0
// One store for many threads: calls, and the objects that they open, are spread over several stores of the same content,
// each of which serves one call at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "objects/object_store.hpp"

namespace kseg::objects {

class StorePool final : public ObjectStore {
  public:
    /// stores   at least one, all of the same place
    explicit StorePool(std::vector<std::unique_ptr<ObjectStore>> stores) : stores_(std::move(stores)) {}

    Result<void> put_if_absent(const std::string& name, const io::ReadAt& content) override;
    Result<std::unique_ptr<io::ReadAt>> open(const std::string& name) override;
    Result<std::unique_ptr<io::ReadAt>> open_listed(const ObjectInfo& object) override;
    Result<std::optional<ObjectInfo>> head(const std::string& name) override;
    Result<void> list(const std::string& prefix, const Visitor& visit) override;
    Result<void> remove(const std::string& name) override;
    Result<std::uint64_t> remove_unfinished(TimestampMs before) override;
    /// Of all of them.
    [[nodiscard]] Traffic traffic() const override;
    [[nodiscard]] std::string describe(std::string_view name) const override { return stores_.front()->describe(name); }

  private:
    ObjectStore& next() { return *stores_[turn_.fetch_add(1, std::memory_order_relaxed) % stores_.size()]; }

    std::vector<std::unique_ptr<ObjectStore>> stores_;
    std::atomic<std::size_t> turn_{0};
};

}  // namespace kseg::objects
