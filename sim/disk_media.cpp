#include "sim/disk_media.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "sim/disk_choices.h"

namespace ledger::sim {
namespace {

std::ptrdiff_t at(std::uint64_t offset) {
    return static_cast<std::ptrdiff_t>(offset);
}

// What of an overlay a write of `range` takes away. The last sector of a file is whole if the write
// reaches the end of the file.
ByteRange taken(const Overlay& overlay, ByteRange range, std::uint64_t size) {
    if (overlay.unreadable()) {
        range.from = (range.from + sector_bytes - 1) / sector_bytes * sector_bytes;
        const std::uint64_t whole = range.to / sector_bytes * sector_bytes;
        range.to = range.to >= size ? std::max(range.to, overlay.to) : whole;
    }
    return {std::clamp(range.from, overlay.from, overlay.to),
        std::clamp(range.to, overlay.from, overlay.to)};
}

Overlay piece(const Overlay& of, std::uint64_t from, std::uint64_t to) {
    Overlay part{.harm = of.harm, .from = from, .to = to, .bytes = {}, .once = of.once};
    if (!of.unreadable()) {
        const auto begin = of.bytes.begin() + at(from - of.from);
        part.bytes.assign(begin, begin + at(to - from));
    }
    return part;
}

void add_pieces(const Overlay& of, ByteRange without, std::vector<Overlay>& to) {
    if (without.from >= without.to) {
        to.push_back(of);
        return;
    }
    if (of.from < without.from) {
        to.push_back(piece(of, of.from, without.from));
    }
    if (without.to < of.to) {
        to.push_back(piece(of, without.to, of.to));
    }
}

void add_once(std::vector<std::uint64_t>& harms, std::uint64_t harm) {
    if (std::find(harms.begin(), harms.end(), harm) == harms.end()) {
        harms.push_back(harm);
    }
}

}  // namespace

bool DiskMedia::touches(std::uint64_t from, std::uint64_t to) const {
    return std::any_of(overlays_.begin(), overlays_.end(),
        [&](const Overlay& overlay) { return overlay.from < to && from < overlay.to; });
}

void DiskMedia::add(Overlay&& overlay) {
    LEDGER_ASSERT(overlay.from < overlay.to);
    LEDGER_ASSERT(overlay.unreadable() || overlay.bytes.size() == overlay.to - overlay.from);
    LEDGER_ASSERT(!touches(overlay.from, overlay.to));
    overlays_.push_back(std::move(overlay));
}

void DiskMedia::written(ByteRange range, std::uint64_t size) {
    std::vector<Overlay> left;
    for (const Overlay& overlay : overlays_) {
        add_pieces(overlay, taken(overlay, range, size), left);
    }
    overlays_ = std::move(left);
}

void DiskMedia::cut(std::uint64_t size) {
    written({size, UINT64_MAX}, size);
}

void DiskMedia::end(std::uint64_t harm) {
    std::erase_if(overlays_, [harm](const Overlay& overlay) { return overlay.harm == harm; });
}

DiskMedia::Sight DiskMedia::look(std::uint64_t offset, std::span<std::byte> into,
    std::span<const ByteRange> hidden, std::uint64_t size) const {
    Sight sight;
    const std::uint64_t end = offset + into.size();
    for (const Overlay& overlay : overlays_) {
        if (overlay.from >= end || offset >= overlay.to) {
            continue;
        }
        std::vector<Overlay> visible{overlay};
        for (const ByteRange& range : hidden) {
            std::vector<Overlay> left;
            for (const Overlay& part : visible) {
                add_pieces(part, taken(part, range, size), left);
            }
            visible = std::move(left);
        }
        for (const Overlay& part : visible) {
            const std::uint64_t from = std::max(part.from, offset);
            const std::uint64_t to = std::min(part.to, end);
            if (from >= to) {
                continue;
            }
            add_once(sight.harms, part.harm);
            if (part.once) {
                add_once(sight.seen_once, part.harm);
            }
            sight.unreadable = sight.unreadable || part.unreadable();
            if (!part.unreadable()) {
                std::copy_n(part.bytes.begin() + at(from - part.from), to - from,
                    into.begin() + at(from - offset));
            }
        }
    }
    return sight;
}

}  // namespace ledger::sim
