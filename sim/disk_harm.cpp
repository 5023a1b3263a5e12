// The part of Disk that harms what it has taken, and shares its space with others.

#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "sim/disk.h"

namespace ledger::sim {
namespace {

std::ptrdiff_t at(std::uint64_t offset) {
    return static_cast<std::ptrdiff_t>(offset);
}

}  // namespace

void Disk::take_space(std::uint64_t left) {
    room_ = used_bytes() + left;
    crowd_felt_ = false;
    faults_.fire(Fault::disk_crowded);
}

bool Disk::fits_beside_others(std::uint64_t growth) {
    const bool fits = !room_ || used_bytes() + growth <= *room_;
    if (!fits && !crowd_felt_) {
        crowd_felt_ = true;
        faults_.consume(Fault::disk_crowded);
    }
    return fits;
}

bool Disk::can_harm(const Harm::Place& place) const {
    if (place.number >= files_.size() || files_[place.number] == nullptr) {
        return false;
    }
    const DiskFile& of = file(place.number);
    if (place.from >= place.to || !of.at_rest(place.from, place.to) ||
        of.media.touches(place.from, place.to)) {
        return false;
    }
    if (place.bytes.empty()) {
        const bool at_end = place.to == of.cached().size();
        return place.from % sector_bytes == 0 && (place.to % sector_bytes == 0 || at_end);
    }
    LEDGER_ASSERT(place.bytes.size() == place.to - place.from);
    return !std::equal(
        place.bytes.begin(), place.bytes.end(), of.cached().begin() + at(place.from));
}

bool Disk::harm(Harm&& harm) {
    for (std::size_t i = 0; i < harm.places.size(); ++i) {
        const Harm::Place& place = harm.places[i];
        const bool twice = std::any_of(harm.places.begin(), harm.places.begin() + at(i),
            [&](const Harm::Place& other) {
                return other.number == place.number && other.from < place.to &&
                       place.from < other.to;
            });
        if (twice || !can_harm(place)) {
            return false;
        }
    }
    if (harm.places.empty()) {
        return false;
    }
    harms_.push_back({harm.fault});
    faults_.fire(harm.fault);
    for (Harm::Place& place : harm.places) {
        file(place.number).media.add({.harm = harms_.size(),
            .from = place.from,
            .to = place.to,
            .bytes = std::move(place.bytes),
            .once = harm.once});
    }
    return true;
}

std::span<const Overlay> Disk::overlays(std::uint32_t number) const {
    return file(number).media.overlays();
}

bool Disk::any_harm() const {
    return std::any_of(files_.begin(), files_.end(),
        [](const auto& each) { return each != nullptr && !each->media.empty(); });
}

void Disk::end_harm(std::uint64_t number) {
    for (const auto& each : files_) {
        if (each != nullptr) {
            each->media.end(number);
        }
    }
}

void Disk::end_harms() {
    for (const auto& each : files_) {
        if (each != nullptr) {
            each->media = {};
        }
    }
}

void Disk::remember_writes(std::uint64_t count) {
    remembered_writes_ = count;
    for (const auto& each : files_) {
        if (each != nullptr) {
            each->remember(count);
        }
    }
}

std::span<const PastWrite> Disk::past_writes(std::uint32_t number) const {
    return file(number).past();
}

// Marks of crashes were consumed already.
Result<std::uint64_t> Disk::read_harmed(
    std::uint32_t number, std::uint64_t offset, std::span<std::byte> into) {
    const DiskFile& from = file(number);
    const ByteSpan cached = from.cached();
    if (offset >= cached.size()) {
        return std::uint64_t{0};
    }
    const std::uint64_t bytes = std::min<std::uint64_t>(into.size(), cached.size() - offset);
    ByteVector seen(cached.begin() + at(offset), cached.begin() + at(offset + bytes));
    const DiskMedia::Sight sight = from.look(offset, seen);
    feel(sight);
    if (sight.unreadable) {
        return refusal({.operation = DiskOperation::read}, name_of(number) + ": unreadable sector");
    }
    std::copy(seen.begin(), seen.end(), into.begin());
    return bytes;
}

void Disk::feel(const DiskMedia::Sight& sight) {
    for (const std::uint64_t number : sight.harms) {
        KnownHarm& known = harms_[number - 1];
        faults_.consume(known.fault, known.felt ? 0 : 1);
        known.felt = true;
    }
    for (const std::uint64_t number : sight.seen_once) {
        end_harm(number);
    }
}

}  // namespace ledger::sim
