// SPDX-License-Identifier: Apache-2.0
#include "append_input.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>

#include "base/json_reader.hpp"
#include "file_cursor.hpp"
#include "io/window.hpp"
#include "kafka/wire/reader.hpp"
#include "stop.hpp"
#include "wal/chronik_files.hpp"
#include "wal/chronik_record.hpp"

namespace kseg::tools {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{256} << 10;
constexpr std::uint64_t kMostBatchBytes = std::uint64_t{1} << 30;
constexpr std::size_t kMostLineBytes = std::size_t{1} << 30;

constexpr std::string_view kChronikMagic = "\x7e\xca";

/// The keys that a record line may have; an object with others is a value that happens to be JSON.
constexpr std::array<std::string_view, 16> kRecordKeys{
    "topic", "partition",   "offset",         "timestamp", "timestamp_type", "key",     "value",      "headers",
    "file",  "producer_id", "producer_epoch", "sequence",  "transactional",  "control", "attributes", "crc_valid"};

bool is_record_line(std::string_view line) {
    JsonReader in(line);
    bool known = true;
    bool has_value = false;
    in.object([&](std::string_view name) {
        known = known && std::ranges::find(kRecordKeys, name) != kRecordKeys.end();
        has_value = has_value || name == "value";
        in.skip();
    });
    in.expect_end();
    return in.ok() && known && has_value;
}

/// Whether bytes begin as a batch or message does.
bool is_batch(Bytes head) {
    wire::Reader in(head);
    const std::int64_t offset = in.i64();
    const std::int32_t length = in.i32();
    in.i32();
    const std::int8_t magic = in.i8();
    return in.ok() && offset >= 0 && magic >= 0 && magic <= 2 &&
           length + static_cast<std::int64_t>(record::kLengthFieldEnd) >=
               static_cast<std::int64_t>(record::header_bytes(magic));
}

}  // namespace

std::vector<Input> inputs_of(const std::vector<std::string>& arguments, const segment::PartitionName& partition,
                             Report& report) {
    std::vector<Input> inputs = expand_inputs(arguments, report);
    const auto differs = [&](const Input& a) { return a.partition && a.partition != inputs.front().partition; };
    if (!inputs.empty() && std::ranges::any_of(inputs, differs)) {
        std::erase_if(inputs, [&](const Input& input) { return input.partition && input.partition != partition; });
        if (inputs.empty()) {
            report.error(
                {.code = Errc::invalid, .what = "the inputs are of several partitions, and none of them is asked for"});
        }
    }
    return inputs;
}

AppendInput::AppendInput(const AppendInputOptions& options, AppendSession& session, Report& report, Progress& progress)
    : options_(options), session_(session), report_(report), progress_(progress), batcher_(options.batcher) {}

void AppendInput::read(const Input& input) {
    file_ = input.path == "-" ? "stdin" : input.path;
    read_.clear();
    used_ = 0;
    position_ = 0;
    std::optional<io::File> file;
    std::unique_ptr<io::ByteSource> source;
    descriptor_ = STDIN_FILENO;
    if (input.path != "-") {
        auto opened = io::File::open(input.path);
        if (!opened) {
            report_.error(opened.error());
            return;
        }
        file.emplace(*std::move(opened));
        descriptor_ = file->descriptor();
    }
    source = io::source_of_descriptor(descriptor_, stop_asked);
    source->before_wait = [this] { before_wait(); };
    if (const auto done = read_open(*source); !done) {
        if (done.error().code == Errc::cancelled) {
            interrupted_ = true;
        } else {
            report_.error(done.error().in_file(file_));
        }
    }
    flush();
    bytes_before_ += input.size;
    report_.end_file(file_);
}

Result<void> AppendInput::read_open(io::ByteSource& source) {
    const auto form = options_.form == AppendForm::automatic ? detect(source) : Result<AppendForm>(options_.form);
    if (!form) {
        return form.error();
    }
    if (*form == AppendForm::batches) {
        if (options_.codec) {
            return Error{.code = Errc::invalid, .what = "batches are appended as they are; --codec is for lines and jsonl"};
        }
        return read_batches(source);
    }
    if (*form == AppendForm::lines && options_.batcher.keep_offsets) {
        return Error{.code = Errc::invalid, .what = "lines have no offsets for --keep-offsets to keep"};
    }
    return read_lines(source, *form == AppendForm::jsonl);
}

/// Reads another piece behind what there is; false at the end.
Result<bool> AppendInput::more(io::ByteSource& source) {
    if (used_ != 0) {
        std::memmove(read_.data(), read_.data() + used_, read_.size() - used_);
        read_.resize(read_.size() - used_);
        used_ = 0;
    }
    const std::size_t filled = read_.size();
    read_.reserve_more(kPieceBytes);
    read_.resize(filled + kPieceBytes);
    const auto got = source.read({read_.data() + filled, kPieceBytes});
    read_.resize(filled + got.value_or(0));
    progress_.show(bytes_before_ + position_ + read_.size());
    return got ? Result<bool>(*got != 0) : got.error();
}

/// Reads no more than it takes to tell, so that what comes slowly is not waited for.
Result<AppendForm> AppendInput::detect(io::ByteSource& source) {
    if (wal::is_chronik_name(std::filesystem::path(file_).filename().string())) {
        return AppendForm::batches;
    }
    for (bool at_end = false;;) {
        const std::string_view text = read_.text();
        if (at_end && text.empty()) {
            return AppendForm::jsonl;  // nothing is of any form, and this one takes all options
        }
        if (!text.empty() && text.front() == '\0' && (text.size() >= record::kFrameBytes || at_end)) {
            return is_batch(read_.bytes()) ? AppendForm::batches : AppendForm::lines;
        }
        if (text.starts_with(kChronikMagic) && (text.size() >= wal::kChronikV1HeaderBytes || at_end)) {
            return wal::looks_like_chronik(read_.bytes()) ? AppendForm::batches : AppendForm::lines;
        }
        const bool may_be_chronik = kChronikMagic.starts_with(text.substr(0, kChronikMagic.size()));
        if (!text.empty() && text.front() != '\0' && text.front() != '{' && !may_be_chronik) {
            return AppendForm::lines;
        }
        if (const std::size_t end = text.find('\n');
            !text.empty() && text.front() == '{' && (end != std::string_view::npos || at_end)) {
            return is_record_line(text.substr(0, end)) ? AppendForm::jsonl : AppendForm::lines;
        }
        if (at_end || text.size() > kMostLineBytes) {
            return AppendForm::lines;
        }
        const auto got = more(source);
        if (!got) {
            return got.error();
        }
        at_end = !*got;
    }
}

Result<void> AppendInput::read_batches(io::ByteSource& source) {
    // What was read to tell the form goes in front again.
    class Rest final : public io::ByteSource {
      public:
        Rest(Bytes head, io::ByteSource& rest) : head_(head), rest_(rest) {}
        Result<std::size_t> read(std::span<std::byte> into) override {
            if (head_.empty()) {
                return rest_.read(into);
            }
            const std::size_t part = std::min(into.size(), head_.size());
            std::copy_n(head_.begin(), part, into.begin());
            head_ = head_.subspan(part);
            return part;
        }

      private:
        Bytes head_;
        io::ByteSource& rest_;
    } whole(read_.bytes(), source);
    io::Window window(whole, {});
    FileCursor cursor(window, {}, kMostBatchBytes, file_);
    while (!session_.stopped()) {
        const auto item = cursor.next();
        if (!item) {
            return item.error();
        }
        if (item->outcome == segment::Outcome::end) {
            break;
        }
        progress_.show(bytes_before_ + item->position.value);
        for (const std::string& warning : cursor.warnings()) {
            report_.damage(file_, item->position.value, warning);
        }
        if (item->outcome == segment::Outcome::batch) {
            batch_.clear();
            batch_.append(item->batch.bytes());
            session_.append({batch_.data(), batch_.size()}, file_, item->position.value);
        } else {
            report_.damage(file_, item->position.value, item->describe_gap());
        }
    }
    return {};
}

Result<void> AppendInput::read_lines(io::ByteSource& source, bool record_lines) {
    std::size_t searched = 0;  // bytes behind used_ that hold no line end
    for (bool at_end = false; !session_.stopped();) {
        const std::string_view text = read_.text().substr(used_);
        std::size_t end = text.find('\n', searched);
        if (end == std::string_view::npos && at_end) {
            end = text.size();
        }
        if (end != std::string_view::npos && (end != text.size() || end != 0)) {
            const std::string_view line = text.substr(0, end);
            record_lines ? take_record_line(line, position_) : take_line(line, position_);
            const std::size_t taken = std::min(end + 1, text.size());
            used_ += taken;
            position_ += taken;
            searched = 0;
            continue;
        }
        if (at_end) {
            break;
        }
        searched = text.size();
        if (searched > kMostLineBytes) {
            return Error{.code = Errc::too_large,
                         .what = fmt::format("line; expected at most {} bytes, got more", kMostLineBytes),
                         .at = position_};
        }
        const auto got = more(source);
        if (!got) {
            return got.error();
        }
        at_end = !*got;
    }
    return {};
}

void AppendInput::take_line(std::string_view line, std::uint64_t at) {
    NullableBytes key;
    if (options_.key_separator) {
        if (const std::size_t found = line.find(*options_.key_separator); found != std::string_view::npos) {
            key = as_bytes(line.substr(0, found));
            line.remove_prefix(found + options_.key_separator->size());
        }
    }
    if (!batcher_.joins(line.size() + (key ? key->size() : 0))) {
        flush();
    }
    const TimestampMs now = clock_.now();
    if (batcher_.empty()) {
        batch_at_ = at;
        batch_since_ = now;
    }
    if (const auto added = batcher_.add(key, as_bytes(line), now); !added) {
        report_.damage(file_, at, added.error().what + "; refused");
    }
    if (batcher_.full() || (options_.linger_ms != 0 && now - batch_since_ >= options_.linger_ms)) {
        flush();
    }
}

void AppendInput::take_record_line(std::string_view line, std::uint64_t at) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
        return;
    }
    const auto parsed = canonical::parse_record_line(line);
    if (!parsed) {
        report_.damage(file_, at + parsed.error().at.value_or(0), parsed.error().what + "; line left out");
        return;
    }
    if (!batcher_.joins(*parsed)) {
        flush();
    }
    const TimestampMs now = clock_.now();
    if (batcher_.empty()) {
        batch_at_ = at;
        batch_since_ = now;
    }
    if (const auto added = batcher_.add(*parsed, now); !added) {
        report_.damage(file_, at, added.error().what + "; line left out");
    }
    if (batcher_.full() || (options_.linger_ms != 0 && now - batch_since_ >= options_.linger_ms)) {
        flush();
    }
}

void AppendInput::flush() {
    if (batcher_.empty() || session_.stopped()) {
        return;
    }
    if (const auto built = batcher_.take(batch_); !built) {
        report_.error(built.error().in_file(file_));
        return;
    }
    session_.append({batch_.data(), batch_.size()}, file_, batch_at_);
}

/// Nothing more is there to read: what was read is appended when its time has come, and acknowledged.
void AppendInput::before_wait() {
    while (!batcher_.empty() && !stop_asked()) {
        const TimestampMs left = batch_since_ + options_.linger_ms - clock_.now();
        if (left <= 0 || left > options_.linger_ms) {
            break;
        }
        session_.acknowledge();
        pollfd waiting{.fd = descriptor_, .events = POLLIN, .revents = 0};
        if (::poll(&waiting, 1, static_cast<int>(left)) > 0) {
            return;
        }
    }
    flush();
    session_.settle();
}

}  // namespace kseg::tools
