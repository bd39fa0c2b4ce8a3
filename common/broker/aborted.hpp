// SPDX-License-Identifier: Apache-2.0
// Which transactions were aborted among the records that a reader gets. Source: Kafka 4.1, UnifiedLog and
// TransactionIndex.collectAbortedTxns.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "io/fs.hpp"
#include "store/txn_index.hpp"

namespace kseg::broker {

/// Those with records in [from, end), by the transaction indexes of a partition's directory. An index file that is damaged
/// ends what is known of its segment.
/// errors   io
Result<std::vector<store::AbortedTransaction>> aborted_transactions(io::Fs& fs, const std::string& directory,
                                                                    std::int64_t from, std::int64_t end);

}  // namespace kseg::broker
