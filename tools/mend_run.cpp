// SPDX-License-Identifier: Apache-2.0
#include "mend_run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "kafka/segment/mend_in_place.hpp"
#include "open_input.hpp"
#include "stop.hpp"

namespace kseg::tools {
namespace {

namespace stdfs = std::filesystem;

/// The file that a link stands for: renaming would put a file in the link's place.
std::string resolved(const std::string& path) {
    std::error_code code;
    const stdfs::path whole = stdfs::is_symlink(path, code) ? stdfs::canonical(path, code) : stdfs::path(path);
    return code ? path : whole.string();
}

Error not_a_segment() {
    return {.code = Errc::unsupported, .what = "is a Chronik WAL and no segment; what is in it can be taken out by decode"};
}

bool is_directory_name(io::Fs& fs, const std::string& path) {
    const auto there = fs.info(path);
    return path.ends_with('/') || (there && there->has_value() && (*there)->is_directory);
}

}  // namespace

bool is_same_file(const std::string& input, const std::string& output) {
    io::Fs& fs = io::posix_fs();
    const auto a = fs.info(input == "-" ? "/dev/stdin" : input);
    const auto b = fs.info(output == "-" ? "/dev/stdout" : output);
    if (a && b && a->has_value() && b->has_value()) {
        return (*a)->is_regular && (*a)->same_file(**b);
    }
    // Neither may be there yet.
    std::error_code code;
    return input != "-" && stdfs::weakly_canonical(input, code) == stdfs::weakly_canonical(output, code);
}

MendRun::MendRun(MendRunOptions options, MendReport& lines, Report& report, Progress& progress)
    : options_(std::move(options)), lines_(lines), report_(report), progress_(progress) {}

bool MendRun::open() {
    if (!options_.rejects.empty()) {
        auto file = segment::RejectsFile::create(fs_, options_.rejects, options_.overwrite);
        if (!file) {
            report_.error(file.error());
            return false;
        }
        rejects_ = *std::move(file);
    }
    if (options_.dry_run || options_.in_place) {
        return true;
    }
    to_directory_ = options_.output != "-" && is_directory_name(fs_, options_.output);
    if (to_directory_) {
        return true;
    }
    const auto there = fs_.info(options_.output);
    if (options_.output == "-") {
        output_ = io::sink_to_descriptor(STDOUT_FILENO);
    } else if (there && there->has_value() && !(*there)->is_regular) {
        auto sink = io::replace_file(options_.output, options_.overwrite);
        if (!sink) {
            report_.error(sink.error());
            return false;
        }
        output_ = *std::move(sink);
    } else {
        auto file = io::Replacement::begin(fs_, options_.output, {.overwrite = options_.overwrite});
        if (!file) {
            report_.error(file.error());
            return false;
        }
        replacement_ = file->get();
        output_ = *std::move(file);
    }
    return true;
}

Result<void> MendRun::sync_rejects() {
    return rejects_ ? rejects_->sync() : Result<void>();
}

Result<segment::MendTotals> MendRun::mend_one(const Input& input) {
    const segment::MendOutputs outputs{.mended = output_.get(),
                                       .rejects = rejects_.get(),
                                       .finding = [this](const segment::Finding& finding) { lines_.finding(finding); },
                                       .progress = [this](std::uint64_t at) { progress_.show(bytes_before_ + at); },
                                       .before_replace = [this] { return sync_rejects(); }};
    auto opened = open_input(input.path);
    if (!opened) {
        return opened.error();
    }
    if (const auto chronik = is_chronik_wal(*opened, input.path); !chronik || *chronik) {
        return chronik ? not_a_segment() : chronik.error();
    }
    if (options_.in_place) {
        return segment::mend_in_place(fs_, resolved(input.path), options_.mend,
                                      {.backup = options_.backup, .overwrite_backup = options_.overwrite}, outputs,
                                      stop_asked);
    }
    if (!to_directory_) {
        return segment::mend(*opened->source, options_.mend, outputs);
    }
    const std::string path = (stdfs::path(options_.output) / input.name_below).string();
    if (is_same_file(input.path, path)) {
        return Error{.code = Errc::invalid, .what = "is an input and cannot be the output", .file = path};
    }
    return segment::mend_to_file(fs_, *opened->source, path, options_.overwrite, options_.mend, outputs);
}

void MendRun::mend(const Input& input) {
    const std::string name = shown_name(input);
    report_.detail(fmt::format("reading {}", name));
    if (input.side_file) {
        report_.error({.code = Errc::invalid, .what = "is no segment; index files are rebuilt beside one", .file = name});
        return;
    }
    lines_.begin(name);
    // Behind the first input of a log, or the first file, offsets keep their distance to what was there.
    if (log_ != input.log) {
        log_ = input.log;
        options_.mend.offset_shift.reset();
    }
    const auto totals = mend_one(input);
    lines_.flush();
    bytes_before_ += input.size;
    if (!totals && totals.error().code == Errc::cancelled) {
        interrupted_ = true;
        stopped_ = true;
        return;
    }
    const auto& unprinted = lines_.failed();
    if ((!totals && totals.error().what == io::kBrokenPipe) || (unprinted && unprinted->what == io::kBrokenPipe)) {
        // Nobody wants it any more; nothing to say.
        stopped_ = true;
        return;
    }
    if (!totals || unprinted) {
        report_.error((totals ? *unprinted : totals.error()).in_file(name));
        return;
    }
    lines_.end(*totals);
    all_.add(*totals);
    if (options_.mend.base_offset && totals->offset_shift) {
        options_.mend.offset_shift = totals->offset_shift;
    }
    judge(input, *totals);
}

/// What is left is said on stderr, since the exit status tells of it.
void MendRun::judge(const Input& input, const segment::MendTotals& totals) {
    const bool damaged = totals.left_over() != 0 || (options_.dry_run && totals.mended() != 0);
    if (damaged) {
        report_.damage(shown_name(input), "damage found: " + describe(totals));
    }
    report_.end_file(shown_name(input));
}

void MendRun::finish() {
    if (report_.status() == Exit::failed || stopped_ || !output_) {
        if (const auto synced = sync_rejects(); !synced) {
            report_.error(synced.error());
        }
        return;
    }
    Result<void> done;
    if (replacement_ != nullptr) {
        done = segment::commit_mended(*replacement_, all_, [this] { return sync_rejects(); });
    } else {
        done = sync_rejects();
        if (done) {
            done = output_->commit();
        }
    }
    if (!done) {
        report_.error(done.error().in_file(options_.output));
    }
}

}  // namespace kseg::tools
