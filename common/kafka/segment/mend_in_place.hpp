// SPDX-License-Identifier: Apache-2.0
// Mends a segment file where it is, so that at every moment there is the old file or the new one, whole.
#pragma once

#include <string>

#include "base/result.hpp"
#include "io/fs.hpp"
#include "kafka/segment/mend.hpp"

namespace kseg::segment {

struct InPlaceOptions {
    bool backup = true;  ///< the old file stays, with ".bak" behind its name
    bool overwrite_backup = false;
};

/// Mends `path`: writes a new file beside it, syncs it, reads it back, and renames it into place. A file in which nothing
/// changes is left alone. Owner and permissions stay. Where batches move or offsets change, `.index`, `.timeindex` and
/// `.txnindex` beside a segment are made anew, as far as they are there: the old ones go before the segment changes, so
/// that none of them is ever beside a segment that it does not fit, and Kafka makes missing ones itself.
/// outputs   its `mended` is not used
/// stop      asked while reading; true ends with Errc::cancelled and the file as it was
/// errors    as those of mend();   exists   the backup's name is taken;   io   also where a broker holds the lock of the
///           log directory. After an error the old file is there, except where the error says "sync directory" (the new
///           one is there, but not for certain after a power cut) or names an index file (then that is missing).
Result<MendTotals> mend_in_place(io::Fs& fs, const std::string& path, const MendOptions& options,
                                 const InPlaceOptions& in_place, const MendOutputs& outputs, const io::StopFlag& stop = {});

}  // namespace kseg::segment
