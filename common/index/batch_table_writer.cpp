// SPDX-License-Identifier: Apache-2.0
#include <cassert>

#include "base/crc.hpp"
#include "index/batch_rows.hpp"
#include "index/batch_table.hpp"

namespace kseg::index {

Result<void> BatchTableWriter::add(const BatchRow& row) {
    assert(row.first_ordinal == records_ && (row.kind == RowKind::batch || row.records == 0));
    assert(row.position >= end_position_ && row.position + row.size >= row.position);
    if (row.records > kMostRecords - records_) {
        return Error{.code = Errc::unsupported, .what = "more than 2147483646 records in a segment", .at = row.position};
    }
    block_.push_back(row);
    ++rows_;
    records_ += row.records;
    end_position_ = row.position + row.size;
    if (block_.size() == kBlockRows) {
        end_block();
    }
    return {};
}

void BatchTableWriter::end_block() {
    const std::size_t begin = out_.size();
    append_rows(out_, block_);
    const Bytes bytes = out_.bytes().subspan(begin);
    append_entry(directory_, {.size = static_cast<std::uint32_t>(bytes.size()),
                              .crc = crc32c(bytes),
                              .rows = static_cast<std::uint16_t>(block_.size()),
                              .bounds = bounds_of(block_)});
    block_.clear();
    ++blocks_;
}

ByteBuffer BatchTableWriter::finish() {
    if (!block_.empty()) {
        end_block();
    }
    out_.append(directory_.bytes());
    append_footer(out_,
                  {.blocks = blocks_, .rows = rows_, .records = records_, .directory_crc = crc32c(directory_.bytes())});
    return std::move(out_);
}

}  // namespace kseg::index
