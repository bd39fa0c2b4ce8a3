// SPDX-License-Identifier: Apache-2.0
// Turns what a segment's walk yields into output. A printer belongs to one thread; several may work on parts of one
// segment.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "canonical/record_line.hpp"
#include "kafka/record/record.hpp"
#include "kafka/segment/cursor.hpp"
#include "kafka/segment/log_dir.hpp"
#include "kafka/segment/range.hpp"
#include "print/summary.hpp"

namespace kseg::tools {

/// What is being read.
struct SegmentInfo {
    std::string name;  ///< as the user knows it
    std::optional<segment::PartitionName> partition{};
    std::optional<std::size_t> log{};  ///< which log directory it belongs to, where it was read as part of one
    bool named_on_lines = false;       ///< more than one segment: each line names its file
};

/// Which records and batches are wanted.
struct Selection {
    segment::RecordRange range;
    std::optional<std::string> key_glob;
    bool damaged = false;  ///< batches whose CRC is wrong too
    bool shallow = false;  ///< bodies are not decoded
    std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t max_batch_bytes = std::uint64_t{1} << 30;
    canonical::BytesForm bytes = canonical::BytesForm::automatic;
};

/// A warning about a place in the file.
struct Note {
    std::uint64_t at = 0;
    std::string what;
};

/// What printing a part came to.
struct Printed {
    ByteBuffer out;
    std::vector<Note> notes;
    Summary summary;
    bool damaged = false;  ///< the exit status must tell, whether or not there are notes
    bool full = false;     ///< the limit was reached

    void clear();
};

class Printer {
  public:
    explicit Printer(const Selection& selection)
        : selection_(selection), left_(selection.limit), reader_(selection.max_batch_bytes) {}
    virtual ~Printer() = default;
    Printer(const Printer&) = delete;
    Printer& operator=(const Printer&) = delete;

    /// Begins a segment, or goes on with it in this printer.
    virtual void begin_segment(const SegmentInfo& segment) { segment_ = segment; }
    /// Prints one item, which is not Outcome::end.
    void print(const segment::Item& item, Printed& printed);
    /// Whether the limit has been reached.
    [[nodiscard]] bool full() const { return left_ == 0; }

  protected:
    virtual void print_batch(const segment::Item& item, Printed& printed) = 0;
    virtual void print_gap(const segment::Item& item, Printed& printed);

    /// Counts one printed thing; false where the limit leaves no room for it.
    bool take_one();
    [[nodiscard]] bool wanted(const record::RecordView& record) const;
    /// Whether anything in the batch is wanted; reads its records where that is needed to know.
    bool wanted(const segment::Item& item);
    /// Notes a batch that is left out because its CRC is wrong, or says false where it is to be used.
    bool left_out(const segment::Item& item, Printed& printed) const;
    void note_problem(const segment::Item& item, Printed& printed) const;

    Selection selection_;
    std::uint64_t left_;
    SegmentInfo segment_;
    record::RecordReader reader_;
};

/// Things that a printer can make of a segment.
enum class Mode : std::uint8_t { records_text, records_jsonl, raw, batches_text, batches_jsonl, hexdump, summary };

std::unique_ptr<Printer> make_printer(Mode mode, const Selection& selection);

std::unique_ptr<Printer> make_record_printer(const Selection& selection, bool jsonl);
std::unique_ptr<Printer> make_batch_printer(const Selection& selection, bool jsonl);
std::unique_ptr<Printer> make_hexdump_printer(const Selection& selection);

/// "gzip", or "unknown_5" for ids that name no codec.
std::string codec_name(std::uint8_t id);

}  // namespace kseg::tools
