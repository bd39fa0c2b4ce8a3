// SPDX-License-Identifier: Apache-2.0
#include "open_input.hpp"

#include <unistd.h>

#include <filesystem>

#include "archive/detect.hpp"
#include "archives.hpp"
#include "stop.hpp"
#include "wal/chronik_cursor.hpp"
#include "wal/chronik_files.hpp"

namespace kseg::tools {
namespace {

/// Reads up to `most` bytes from the beginning of a source, and no further once there are `enough`: a pipe gives a few at a
/// time.
Result<ByteBuffer> read_head(io::ByteSource& source, std::size_t most, std::size_t enough) {
    ByteBuffer head;
    head.resize(most);
    std::size_t filled = 0;
    while (filled < enough) {
        const auto got = source.read({head.data() + filled, head.size() - filled});
        if (!got) {
            return got.error();
        }
        if (*got == 0) {
            break;
        }
        filled += *got;
    }
    head.resize(filled);
    return head;
}

}  // namespace

Result<OpenedInput> open_input(const std::string& path) {
    OpenedInput opened;
    if (path == "-") {
        opened.source = io::source_of_descriptor(STDIN_FILENO, stop_asked);
        return opened;
    }
    auto file = io::File::open(path);
    if (!file) {
        return file.error().in_file(path);
    }
    opened.file = std::make_unique<io::File>(*std::move(file));
    std::error_code code;
    opened.is_regular = std::filesystem::is_regular_file(path, code);
    // A named pipe is read as stdin is.
    opened.source = opened.is_regular ? io::source_of(*opened.file, 0, false, stop_asked)
                                      : io::source_of_descriptor(opened.file->descriptor(), stop_asked);
    return opened;
}

Result<bool> is_chronik_wal(OpenedInput& input, const std::string& path) {
    if (wal::is_chronik_name(std::filesystem::path(path).filename().string())) {
        return true;
    }
    if (input.is_regular) {
        ByteBuffer head;
        head.resize(wal::kChronikV1HeaderBytes);
        const auto got = input.file->read_at(0, {head.data(), head.size()});
        return got ? Result<bool>(wal::looks_like_chronik(head.bytes().first(*got))) : got.error();
    }
    auto head = read_head(*input.source, wal::kChronikV1HeaderBytes, wal::kChronikV1HeaderBytes);
    if (!head) {
        return head.error();
    }
    const bool found = wal::looks_like_chronik(head->bytes());
    input.source = io::source_with_head(*std::move(head), std::move(input.source));
    return found;
}

Result<void> refuse_archive(std::unique_ptr<io::ByteSource>& source) {
    constexpr std::size_t kEnough = 4;  // of gzip and zstd; waiting for a tar header would keep a short batch back
    auto head = read_head(*source, archive::kHeadBytes, kEnough);
    if (!head) {
        return head.error();
    }
    const bool found = is_archive_head(head->bytes());
    source = io::source_with_head(*std::move(head), std::move(source));
    return found ? Result<void>(
                       Error{.code = Errc::unsupported,
                             .what = "is compressed or a tar archive, which is read from its end; give it as a file"})
                 : Result<void>();
}

Result<bool> decode_text(std::unique_ptr<io::ByteSource>& source, Coding coding) {
    if (coding == Coding::raw) {
        return false;
    }
    if (coding != Coding::automatic) {
        source =
            io::source_of_text(std::move(source), coding == Coding::hex ? io::TextCoding::hex : io::TextCoding::base64);
        return true;
    }
    constexpr std::size_t kHeadBytes = 4096;  // enough to tell text from a segment
    constexpr std::size_t kEnough = 64;       // text shows in the first bytes, and so does a segment
    auto head = read_head(*source, kHeadBytes, kEnough);
    if (!head) {
        return head.error();
    }
    const auto text = io::detect_text(head->bytes());
    source = io::source_with_head(*std::move(head), std::move(source));
    if (text) {
        source = io::source_of_text(std::move(source), *text);
    }
    return text.has_value();
}

}  // namespace kseg::tools
