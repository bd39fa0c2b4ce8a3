// SPDX-License-Identifier: Apache-2.0
#include "objects/store_pool.hpp"

namespace kseg::objects {

Result<void> StorePool::put_if_absent(const std::string& name, const io::ReadAt& content) {
    return next().put_if_absent(name, content);
}

Result<std::unique_ptr<io::ReadAt>> StorePool::open(const std::string& name) {
    return next().open(name);
}

Result<std::unique_ptr<io::ReadAt>> StorePool::open_listed(const ObjectInfo& object) {
    return next().open_listed(object);
}

Result<std::optional<ObjectInfo>> StorePool::head(const std::string& name) {
    return next().head(name);
}

Result<void> StorePool::list(const std::string& prefix, const Visitor& visit) {
    return next().list(prefix, visit);
}

Result<void> StorePool::remove(const std::string& name) {
    return next().remove(name);
}

Result<std::uint64_t> StorePool::remove_unfinished(TimestampMs before) {
    return next().remove_unfinished(before);
}

Traffic StorePool::traffic() const {
    Traffic sum;
    for (const auto& store : stores_) {
        const Traffic one = store->traffic();
        sum.requests += one.requests;
        sum.retries += one.retries;
        sum.bytes_sent += one.bytes_sent;
        sum.bytes_received += one.bytes_received;
    }
    return sum;
}

}  // namespace kseg::objects
