// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdint>
#include <utility>

#include "io/fs.hpp"
#include "pack_modes.hpp"
#include "stop.hpp"
#include "store/archive_check.hpp"
#include "store/archive_select.hpp"
#include "store/archive_unpack.hpp"

namespace kseg::tools {
namespace {

/// The archives that the command names; what is not there is an error.
std::optional<store::Selection> select(const PackContext& context) {
    auto selection = store::select_archives(context.store, context.command.names);
    if (!selection) {
        context.report.error(selection.error());
        return std::nullopt;
    }
    for (const std::string& name : selection->missing) {
        context.report.error({.code = Errc::invalid, .what = "no such archive", .file = context.store.describe(name)});
    }
    return *std::move(selection);
}

/// Shows how much of the archives was read.
class ReadProgress {
  public:
    ReadProgress(Progress& progress, const std::vector<store::ArchiveName>& archives, std::uint64_t times)
        : progress_(progress) {
        std::uint64_t total = 0;
        for (const store::ArchiveName& name : archives) {
            total += times * name.size;
        }
        progress_.set_total(total);
    }
    ReadProgress(const ReadProgress&) = delete;
    ReadProgress& operator=(const ReadProgress&) = delete;
    ~ReadProgress() { progress_.clear(); }

    [[nodiscard]] std::function<void(std::size_t)> notice() {
        return [this](std::size_t bytes) {
            read_ += bytes;
            progress_.show(read_);
        };
    }

  private:
    Progress& progress_;
    std::uint64_t read_ = 0;
};

void verify_one(const PackContext& context, const store::ArchiveName& name, const store::CheckOptions& options) {
    const std::string object = context.store.describe(store::to_string(name));
    const auto manifest = store::check_archive(context.store, name, io::posix_fs(), options);
    context.progress.clear();
    if (!manifest && manifest.error().code == Errc::cancelled) {
        return;
    }
    std::string problem;
    std::string_view action = "verified";
    if (!manifest) {
        const Error error = manifest.error().in_file(object);
        problem = error.message();
        if (error.code == Errc::io) {
            action = "failed";
            context.report.error(error);
        } else {
            action = "damaged";
            context.report.lost(error);
        }
    } else if (manifest->damaged != 0) {
        problem = fmt::format("the log is damaged in {} places, as it was when it was indexed", manifest->damaged);
        context.report.damage(object, problem);
    } else {
        context.report.detail(object + ": good");
    }
    context.report.end_file(object);
    context.printer.json(name, {.action = action, .problem = problem});
}

/// Unpacks the archive of a segment that readers prefer, or another one of it where that cannot be read.
void extract_one(const PackContext& context, const std::vector<store::ArchiveName>& same,
                 const store::UnpackOptions& options) {
    for (const store::ArchiveName& name : same) {
        const auto target = store::unpack_archive(context.store, name, io::posix_fs(), *context.command.extract, options);
        context.progress.clear();
        if (target) {
            context.report.detail(fmt::format("{}: unpacked {}", *target, store::to_string(name)));
            context.printer.json(name, {.action = "extracted", .path = *target});
            return;
        }
        if (target.error().code == Errc::cancelled) {
            return;
        }
        context.report.error(target.error());
        context.printer.json(name, {.action = "failed", .problem = target.error().message()});
        if (target.error().code == Errc::exists) {
            return;  // another archive would meet the same files
        }
    }
}

}  // namespace

void list_archives(const PackContext& context) {
    const auto selection = select(context);
    if (!selection) {
        return;
    }
    for (const store::ArchiveName& name : selection->archives) {
        if (stop_asked()) {
            return;
        }
        context.printer.json(name, {});
        context.printer.text(text_line(name));
    }
    if (!selection->others.empty()) {
        context.report.detail(fmt::format("{} other objects; --verify names them", selection->others.size()));
    }
}

void verify_archives(const PackContext& context) {
    const auto selection = select(context);
    if (!selection) {
        return;
    }
    const bool deep = context.command.deep;
    ReadProgress progress(context.progress, selection->archives, deep ? 2 : 1);
    const store::CheckOptions options{.jobs = context.command.jobs > 1 ? context.command.jobs : 0,
                                      .deep = deep,
                                      .scratch = context.scratch,
                                      .stop = stop_asked,
                                      .on_read = progress.notice()};
    for (const store::ArchiveName& name : selection->archives) {
        if (stop_asked()) {
            return;
        }
        verify_one(context, name, options);
    }
    for (const std::string& object : selection->others) {
        context.report.damage(context.store.describe(object), "is no archive");
    }
    context.report.end_file(context.store.describe(""));
}

void extract_archives(const PackContext& context) {
    auto selection = select(context);
    if (!selection) {
        return;
    }
    ReadProgress progress(context.progress, selection->archives, 1);
    const store::UnpackOptions options{.overwrite = context.command.overwrite,
                                       .jobs = context.command.jobs > 1 ? context.command.jobs : 0,
                                       .stop = stop_asked,
                                       .on_read = progress.notice()};
    for (const auto& same : store::by_segment(std::move(selection->archives))) {
        if (stop_asked()) {
            return;
        }
        extract_one(context, same, options);
    }
}

void remove_archives(const PackContext& context) {
    const auto selection = select(context);
    if (!selection) {
        return;
    }
    const bool dry_run = context.command.dry_run;
    for (const store::ArchiveName& name : selection->archives) {
        if (stop_asked()) {
            return;
        }
        const std::string object = store::to_string(name);
        if (dry_run) {
            context.printer.text(fmt::format("{}: would be removed\n", object));
        } else if (const auto removed = context.store.remove(object); !removed) {
            context.report.error(removed.error());
            continue;
        } else {
            context.report.detail(context.store.describe(object) + ": removed");
        }
        context.printer.json(name, {.action = dry_run ? "would_remove" : "removed"});
    }
    for (const std::string& object : selection->others) {
        context.report.error(
            {.code = Errc::invalid, .what = "is no archive, and stays", .file = context.store.describe(object)});
    }
}

}  // namespace kseg::tools
