// SPDX-License-Identifier: Apache-2.0
#include "archive/read_ahead.hpp"

#include <algorithm>
#include <utility>

namespace kseg::archive {

/// Takes the place at which a read follows the one before, or a new one in place of that which was used least recently.
std::shared_ptr<ReadAhead::Place> ReadAhead::place_of(std::uint64_t offset, std::size_t size, bool& follows) const {
    const std::lock_guard lock(mutex_);
    Slot* slot = slots_.data();
    for (Slot& one : slots_) {
        if (one.next == offset && one.place) {
            slot = &one;
            follows = true;
            break;
        }
        if (one.last_use < slot->last_use) {
            slot = &one;
        }
    }
    if (!follows) {
        slot->place = std::make_shared<Place>();
        slot->place->next = offset + size;
    }
    slot->next = offset + size;
    slot->last_use = ++uses_;
    return slot->place;
}

/// Reads where the one before ended: first what is kept, then more than is asked for.
Result<std::size_t> ReadAhead::read_on(Place& place, std::uint64_t offset, std::span<std::byte> into) const {
    const std::size_t kept = std::min(into.size(), place.kept.size() - place.used);
    if (kept != 0) {
        std::copy_n(place.kept.data() + place.used, kept, into.data());
        place.used += kept;
        place.next += kept;
    }
    if (kept == into.size()) {
        return kept;
    }
    const auto rest = into.subspan(kept);
    place.window = std::min(std::max(2 * place.window, rest.size()), most_bytes_);
    place.kept.resize(rest.size() + place.window);
    place.used = 0;
    const auto got = file_->read_at(offset + kept, {place.kept.data(), place.kept.size()});
    place.kept.resize(got.value_or(std::size_t{0}));
    if (!got) {
        return got.error();
    }
    place.used = std::min(rest.size(), *got);
    place.next += place.used;
    std::copy_n(place.kept.data(), place.used, rest.data());
    return kept + place.used;
}

Result<std::size_t> ReadAhead::read_at(std::uint64_t offset, std::span<std::byte> into) const {
    if (into.empty()) {
        return std::size_t{0};
    }
    bool follows = false;
    const auto place = place_of(offset, into.size(), follows);
    if (!follows) {
        return file_->read_at(offset, into);
    }
    const std::lock_guard lock(place->mutex);
    if (place->next != offset) {
        // Another thread reads on here too, and was faster.
        place->kept.clear();
        place->used = 0;
        place->next = offset + into.size();
        return file_->read_at(offset, into);
    }
    return read_on(*place, offset, into);
}

}  // namespace kseg::archive
