// SPDX-License-Identifier: Apache-2.0
// Makes the indexes of segments, several at once, and reports on them in the order in which they were given.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ordered_jobs.hpp"
#include "index/build.hpp"
#include "index/segment_finder.hpp"
#include "progress.hpp"
#include "report.hpp"

namespace kseg::tools {

struct IndexRunOptions {
    std::string out;  ///< directory that takes the indexes
    index::WriterOptions writer{};
    unsigned jobs = 1;
};

class IndexRun {
  public:
    /// Borrows all but the options.
    IndexRun(const IndexRunOptions& options, index::SegmentFinder& finder, Report& report, Progress& progress);

    /// Makes the indexes of these segments and tells the finder how each went. What failed before in the same way is not
    /// reported again. Ends early when the user asks to stop.
    void make(const std::vector<index::SealedSegment>& segments);

  private:
    struct Job {
        std::shared_ptr<index::PartitionIndexes> indexes;
        index::SealedSegment segment;
    };
    struct Done {
        std::shared_ptr<index::PartitionIndexes> indexes;  // let go of where the next one is opened: two would not get on
        index::SealedSegment segment;
        std::optional<Result<index::Built>> built;
    };
    using Jobs = OrderedJobs<Job, Done>;

    std::shared_ptr<index::PartitionIndexes> indexes_of(const segment::PartitionName& partition);
    void consume(Done& done);
    void report_built(const index::SealedSegment& segment, const index::Built& built);
    void report_damage(const index::SealedSegment& segment, const index::Built& built);
    void report_once(const std::string& about, const Error& error);

    IndexRunOptions options_;
    index::BuildOptions build_;
    index::SegmentFinder& finder_;
    Report& report_;
    std::mutex progress_mutex_;  // workers show progress, and so nothing is printed without it
    Progress& progress_;
    std::uint64_t bytes_read_ = 0;
    std::map<segment::PartitionName, std::weak_ptr<index::PartitionIndexes>> open_;
    std::set<segment::PartitionName> closed_;    // that could not be opened in this round
    std::map<std::string, std::string> failed_;  // what the last error about something was
    std::unique_ptr<Jobs> jobs_;                 // last, so that its threads end first
};

}  // namespace kseg::tools
