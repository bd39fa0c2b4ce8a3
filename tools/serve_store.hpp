// SPDX-License-Identifier: Apache-2.0
// The store that a broker archives to: opened as often as it is used side by side.
#pragma once

#include <memory>
#include <vector>

#include "base/result.hpp"
#include "broker/broker.hpp"
#include "broker/epoll_loop.hpp"
#include "report.hpp"
#include "store_option.hpp"

namespace kseg::tools {

class ServeStore {
  public:
    /// Whether the options can stand for a store, or name none.
    /// errors   those of open_store()
    static Result<void> check(const StoreOption& options);
    /// Nothing where the options name no store. Borrows the loop and the report.
    /// errors   those of open_store()
    static Result<std::unique_ptr<ServeStore>> open(const StoreOption& options, broker::EpollLoop& loop, Report& report);

    /// Adds what a broker needs of it.
    void add_to(broker::Broker::Surroundings& around);

    /// Runs the loop until the store was listed, or that failed, or it takes too long: clients that come by then find what
    /// is there.
    static void wait_until_listed(const broker::Broker& broker, broker::EpollLoop& loop);

  private:
    ServeStore(broker::EpollLoop& loop, Report& report);

    Report& report_;
    std::unique_ptr<objects::ObjectStore> reads_;
    std::vector<std::unique_ptr<objects::ObjectStore>> writes_;
    broker::ThreadWorkers workers_;
};

}  // namespace kseg::tools
