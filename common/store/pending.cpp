// SPDX-License-Identifier: Apache-2.0
// Stand-ins until the index layer has them; each goes when its source is there.
#include "index/query.hpp"
#include "index/segment_index.hpp"

namespace kseg::index {

#if !__has_include("index/query.cpp") && !__has_include("index/query_parser.cpp") && \
                                                        !__has_include("index/query_matcher.cpp")
Result<Query> Query::parse(std::string_view, TimestampMs) {
    return Error{.code = Errc::unsupported, .what = "queries are not there yet"};
}
struct QueryMatcher::State {};
QueryMatcher::QueryMatcher(const Query&) {}
QueryMatcher::~QueryMatcher() = default;
bool QueryMatcher::matches(const record::BatchHeader&, std::int64_t, const record::RecordView&) {
    return false;
}
#endif

#if !__has_include("index/segment_index.cpp")
std::unique_ptr<MemberSource> members_of_directory(io::Fs&, std::string) {
    return nullptr;
}
struct SegmentIndex::State {
    Manifest manifest;
};
SegmentIndex::SegmentIndex(std::unique_ptr<State> state) : state_(std::move(state)) {}
SegmentIndex::~SegmentIndex() = default;
Result<std::unique_ptr<SegmentIndex>> SegmentIndex::open(std::unique_ptr<MemberSource>) {
    return Error{.code = Errc::unsupported, .what = "indexes are not there yet"};
}
const Manifest& SegmentIndex::manifest() const {
    return state_->manifest;
}
Result<void> SegmentIndex::check_log(const io::ReadAt&, const std::string&) const {
    return {};
}
Result<void> SegmentIndex::find(const Ask&, const std::function<Result<bool>(const Candidate&)>&) {
    return {};
}
#endif

}  // namespace kseg::index
