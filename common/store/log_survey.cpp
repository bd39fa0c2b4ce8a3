// SPDX-License-Identifier: Apache-2.0
#include "store/log_survey.hpp"

#include <utility>

#include "index/summed_source.hpp"
#include "kafka/segment/index_builder.hpp"

namespace kseg::store {
namespace {

/// What the items of a walk come to.
class Survey {
  public:
    explicit Survey(std::int64_t base_offset) : builder_(base_offset) {}

    void add(const segment::Item& item) {
        if (item.outcome != segment::Outcome::batch) {
            loose_ = true;
            return;
        }
        const record::BatchHeader& header = item.batch.header();
        if (!header.is_control()) {
            loose_ = loose_ || header.codec_id() == 0;
            packed_ = true;
        }
        if (item.crc_valid && indexable_) {
            // Kafka's readers search these files, and so take rising offsets for granted.
            indexable_ = (!last_offset_ || header.last_offset() > *last_offset_) &&
                         builder_.add({.position = item.position,
                                       .last_offset = header.last_offset(),
                                       .max_timestamp = header.max_timestamp});
            last_offset_ = header.last_offset();
        }
    }

    [[nodiscard]] bool compressed() const { return packed_ && !loose_; }

    std::optional<KafkaIndexes> indexes() {
        if (!indexable_) {
            return std::nullopt;
        }
        builder_.finish();
        return KafkaIndexes{.offset_index = ByteBuffer(builder_.offset_index()),
                            .time_index = ByteBuffer(builder_.time_index())};
    }

  private:
    segment::IndexBuilder builder_;
    std::optional<std::int64_t> last_offset_;
    bool indexable_ = true;
    bool packed_ = false;
    bool loose_ = false;  // something is there that compression would make smaller
};

}  // namespace

Result<LogSurvey> survey_log(const io::ReadAt& log, std::int64_t base_offset, const SurveyOptions& options) {
    const auto size = log.size();
    if (!size) {
        return size.error();
    }
    const auto source = io::source_of(log, 0, false, options.stop);
    index::SummedSource summed(*source, *size, options.on_read);
    io::Window window(summed, {});
    segment::SegmentCursor cursor(window, {}, {.max_batch_bytes = options.max_batch_bytes});
    Survey survey(base_offset);
    for (;;) {
        const auto item = cursor.next();
        if (!item) {
            return item.error();
        }
        if (item->outcome == segment::Outcome::end) {
            break;
        }
        survey.add(*item);
        if (options.on_item) {
            if (const auto taken = options.on_item(*item); !taken) {
                return taken.error();
            }
        }
    }
    return LogSurvey{
        .bytes = summed.bytes(), .crc32c = summed.crc(), .compressed = survey.compressed(), .indexes = survey.indexes()};
}

}  // namespace kseg::store
