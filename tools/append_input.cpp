// SPDX-License-Identifier: Apache-2.0
#include "append_input.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "file_cursor.hpp"
#include "io/line_reader.hpp"
#include "io/window.hpp"
#include "stop.hpp"

namespace kseg::tools {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{256} << 10;
constexpr std::uint64_t kMostBatchBytes = std::uint64_t{1} << 30;

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
    std::optional<io::File> file;
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
    if (const auto done = read_open(io::source_of_descriptor(descriptor_, stop_asked)); !done) {
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

Result<void> AppendInput::read_open(std::unique_ptr<io::ByteSource> source) {
    source->before_wait = [this] { before_wait(); };
    wal::AppendForm form = options_.form;
    if (form == wal::AppendForm::automatic) {
        auto head = read_head(*source, form);
        if (!head) {
            return head.error();
        }
        source = io::source_with_head(*std::move(head), std::move(source));
        source->before_wait = [this] { before_wait(); };
    }
    if (form == wal::AppendForm::batches) {
        if (options_.codec) {
            return Error{.code = Errc::invalid, .what = "batches are appended as they are; --codec is for lines and jsonl"};
        }
        return read_batches(*source);
    }
    if (form == wal::AppendForm::lines && options_.batcher.keep_offsets) {
        return Error{.code = Errc::invalid, .what = "lines have no offsets for --keep-offsets to keep"};
    }
    return read_lines(*source, form == wal::AppendForm::jsonl);
}

/// Reads no more than it takes to tell the form, so that what comes slowly is not waited for.
Result<ByteBuffer> AppendInput::read_head(io::ByteSource& source, wal::AppendForm& form) const {
    const std::string name = std::filesystem::path(file_).filename().string();
    ByteBuffer head;
    form = wal::form_of(name, {}, false);
    while (form == wal::AppendForm::automatic) {
        const std::size_t filled = head.size();
        head.reserve_more(kPieceBytes);
        head.resize(filled + kPieceBytes);
        const auto got = source.read({head.data() + filled, kPieceBytes});
        if (!got) {
            return got.error();
        }
        head.resize(filled + *got);
        form = wal::form_of(name, head.bytes(), *got == 0);
    }
    return head;
}

Result<void> AppendInput::read_batches(io::ByteSource& source) {
    io::Window window(source, {});
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
    io::LineReader lines(source, wal::kMostLineBytes);
    while (!session_.stopped()) {
        const auto line = lines.next();
        if (!line) {
            return line.error();
        }
        if (!*line) {
            break;
        }
        record_lines ? take_record_line((*line)->text, (*line)->at) : take_line((*line)->text, (*line)->at);
        progress_.show(bytes_before_ + lines.read_to());
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
    make_room(batcher_.joins(line.size() + (key ? key->size() : 0)), at);
    if (const auto added = batcher_.add(key, as_bytes(line), now_); !added) {
        report_.damage(file_, at, added.error().what + "; refused");
    }
    flush_if_due();
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
    make_room(batcher_.joins(*parsed), at);
    if (const auto added = batcher_.add(*parsed, now_); !added) {
        report_.damage(file_, at, added.error().what + "; line left out");
    }
    flush_if_due();
}

/// Before a record is added, which came from position `at`: takes the time, and begins a batch unless it joins the one
/// there is.
void AppendInput::make_room(bool joins, std::uint64_t at) {
    if (!joins) {
        flush();
    }
    now_ = clock_.now();
    if (batcher_.empty()) {
        batch_at_ = at;
        batch_since_ = now_;
    }
}

void AppendInput::flush_if_due() {
    if (batcher_.full() || (options_.linger_ms != 0 && now_ - batch_since_ >= options_.linger_ms)) {
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
