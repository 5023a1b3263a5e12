#include "sim/media_nemesis.h"

#include <algorithm>
#include <utility>

#include "log/base/assert.h"
#include "log/hard_state_file.h"
#include "sim/network.h"

namespace ledger::sim {
namespace {

// The atlas refuses some; then another place may do.
constexpr int attempts = 4;

ByteVector durable_bytes(const Disk& disk, std::uint32_t number, ByteRange range) {
    ByteVector bytes(static_cast<std::size_t>(range.to - range.from));
    const bool there = disk.read_durable(number, range.from, bytes);
    LEDGER_ASSERT(there);
    return bytes;
}

std::uint64_t durable_size(const Disk& disk, std::uint32_t number) {
    ByteVector scratch;
    return disk.durable_view(number, scratch).size();
}

}  // namespace

MediaNemesis::MediaNemesis(const Profile& profile, ChoiceSource& choices, FaultCounts& faults,
    MediaAtlas& atlas, MediaPort& port)
    : profile_(profile), choices_(choices), faults_(faults), atlas_(atlas), port_(port) {
    const MediaProfile& media = profile.media;
    aims_.insert(aims_.end(), media.at_records, Aim::record);
    aims_.insert(aims_.end(), media.at_blocks, Aim::block);
    aims_.insert(aims_.end(), media.at_headers, Aim::header);
    aims_.insert(aims_.end(), media.at_footers, Aim::footer);
    aims_.insert(aims_.end(), media.at_hard_state, Aim::hard_state);
    aims_.insert(aims_.end(), media.at_cuts, Aim::cut);
    aims_.insert(aims_.end(), media.at_anything, Aim::anything);
    if (aims_.empty()) {
        aims_.push_back(Aim::anything);
    }
}

std::uint64_t MediaNemesis::draw(std::uint64_t domain) {
    return choices_.choose(Site::nemesis_media, turn_, ++draws_, domain);
}

void MediaNemesis::strike() {
    const MediaProfile& media = profile_.media;
    ++strikes_;
    strike(Fault::disk_bit_rot, media.rot);
    strike(Fault::disk_sector_error, media.sector_error);
    strike(Fault::disk_phantom_write, media.phantom_write);
    strike(Fault::disk_misdirected_write, media.misdirected_write);
    strike(Fault::disk_misdirected_read, media.misdirected_read);
    strike(Fault::disk_stale_read, media.stale_read);
    strike(Fault::disk_crowded, media.crowd);
}

void MediaNemesis::strike(Fault fault, PartsPerMillion chance) {
    // Questions about one fault of one strike move no others.
    turn_ = strikes_ << 8 | static_cast<std::uint64_t>(fault);
    draws_ = 0;
    if (!choices_.strikes(Site::nemesis_media, turn_, ++draws_, chance)) {
        return;
    }
    if (fault == Fault::disk_crowded) {
        crowd();
        return;
    }
    for (int attempt = 0; attempt < attempts && !propose(fault); ++attempt) {
    }
}

void MediaNemesis::crowd() {
    // All of it, as a rule, so that a write fails; or so much that there is less than there should be.
    constexpr std::uint64_t left_max = 4u << 10;
    constexpr std::uint64_t rarely = 4;
    const bool all_nodes = draw(rarely) == rarely - 1;
    const bool some_is_left = draw(rarely) == rarely - 1;
    const NodeId first{static_cast<std::uint32_t>(1 + draw(profile_.hosts()))};
    const std::uint64_t most = some_is_left ? profile_.soft_limit_bytes * 2 : left_max;
    for (std::uint32_t node = 1; node <= profile_.hosts(); ++node) {
        if (!all_nodes && NodeId{node} != first) {
            continue;
        }
        const std::uint64_t left = draw(most + 1);
        const Duration length = draw_latency(LatencyFamily::exponential, milliseconds(10),
            profile_.nemesis.duration_mean, draw(UINT64_MAX));
        port_.crowd(NodeId{node}, left, length);
    }
}

bool MediaNemesis::propose(Fault fault) {
    const NodeId node{static_cast<std::uint32_t>(1 + draw(profile_.hosts()))};
    std::optional<Harm> harm = plan(fault, node);
    return harm && commit(node, std::move(*harm));
}

bool MediaNemesis::commit(NodeId node, Harm&& harm) {
    const HarmVerdict verdict = atlas_.judge(node, harm.places, port_.keepers());
    const bool unsealed = verdict == HarmVerdict::unsealed;
    if (verdict == HarmVerdict::refused || (unsealed && !profile_.media.unsealed)) {
        ++counts_.refused;
        return false;
    }
    std::string text{fault_name(harm.fault)};
    for (const Harm::Place& place : harm.places) {
        text += ", file " + std::to_string(place.number) + " byte " + std::to_string(place.from);
    }
    if (!port_.device(node).harm(std::move(harm))) {
        return false;
    }
    ++counts_.done;
    counts_.unsealed += unsealed ? 1u : 0u;
    faults_.fire(Fault::disk_unsealed_harm, unsealed ? 1 : 0);
    faults_.consume(Fault::disk_unsealed_harm, unsealed ? 1 : 0);
    port_.harmed(node, text);
    return true;
}

std::optional<Harm> MediaNemesis::plan(Fault fault, NodeId node) {
    Disk& disk = port_.device(node);
    const std::optional<Target> near = target(atlas_.map(node), aim(), disk);
    if (!near) {
        return std::nullopt;
    }
    const bool whole_page = draw(2) == 1;
    const std::optional<Target> at = fault == Fault::disk_bit_rot
        ? near : sectors(*near, whole_page ? device_page_bytes : sector_bytes, disk);
    if (!at) {
        return std::nullopt;
    }
    Harm harm{.fault = fault, .places = {}};
    std::optional<Harm::Place> place;
    switch (fault) {
        case Fault::disk_bit_rot: place = flipped(*at, disk); break;
        case Fault::disk_sector_error:
            place = Harm::Place{at->number, at->range.from, at->range.to, {}};
            break;
        case Fault::disk_misdirected_read: place = as_elsewhere(*at, node); break;
        default: place = as_before(*at, node); break;
    }
    if (!place) {
        return std::nullopt;
    }
    harm.places.push_back(std::move(*place));
    harm.once = fault == Fault::disk_misdirected_read || fault == Fault::disk_stale_read;
    if (fault == Fault::disk_misdirected_write) {
        std::optional<Harm::Place> wrong = misplaced(*at, node);
        if (!wrong) {
            return std::nullopt;
        }
        harm.places.push_back(std::move(*wrong));
    }
    return harm;
}

// What was meant for this place stands at another one.
std::optional<Harm::Place> MediaNemesis::misplaced(const Target& at, NodeId node) {
    Disk& disk = port_.device(node);
    const std::optional<Target> wrong = target(atlas_.map(node), aim(), disk);
    if (!wrong) {
        return std::nullopt;
    }
    const std::uint64_t size = durable_size(disk, wrong->number);
    const std::uint64_t from = wrong->range.from / sector_bytes * sector_bytes;
    if (from >= size) {
        return std::nullopt;
    }
    const std::uint64_t bytes = std::min(at.range.to - at.range.from, size - from);
    return Harm::Place{wrong->number, from, from + bytes,
        durable_bytes(disk, at.number, {at.range.from, at.range.from + bytes})};
}

MediaNemesis::Aim MediaNemesis::aim() {
    return aims_[draw(aims_.size())];
}

std::optional<MediaNemesis::Target> MediaNemesis::target(
    const MediaMap& map, Aim aim, Disk& disk) {
    if (map.hard_state_number() == 0) {
        return std::nullopt;  // there is nothing on this disk
    }
    if (aim == Aim::hard_state) {
        const std::uint64_t copy = draw(log::hard_state_slots * log::hard_state_copies);
        const std::uint64_t from = copy * log::hard_state_spacing;
        return Target{map.hard_state_number(), {from, from + log::hard_state_slot_bytes}};
    }
    if (aim == Aim::cut) {
        return map.cuts().empty() ? std::nullopt : in_cut(map.cuts()[draw(map.cuts().size())]);
    }
    if (aim == Aim::anything) {
        return anywhere(disk);
    }
    if (map.segments().empty()) {
        return std::nullopt;
    }
    return in_segment(map.segments()[draw(map.segments().size())], aim);
}

std::optional<MediaNemesis::Target> MediaNemesis::anywhere(const Disk& disk) {
    const std::vector<std::string> names = disk.durable_files();
    const std::uint32_t number = disk.durable_number(names[draw(names.size())]);
    const std::uint64_t size = durable_size(disk, number);
    if (size == 0) {
        return std::nullopt;
    }
    const std::uint64_t from = draw(size);
    return Target{number, {from, std::min(from + sector_bytes, size)}};
}

std::optional<MediaNemesis::Target> MediaNemesis::in_segment(
    const MappedSegment& segment, Aim aim) {
    std::optional<ByteRange> found;
    if (aim == Aim::header) {
        const std::uint64_t from = draw(2) * log::sector_bytes;
        found = ByteRange{from, from + log::sector_bytes};
    } else if (aim == Aim::footer && !segment.footers.empty()) {
        found = segment.footers[draw(segment.footers.size())];
    } else if (aim == Aim::block && !segment.groups.empty()) {
        found = segment.groups[draw(segment.groups.size())].block;
    } else if (aim == Aim::record && !segment.records.empty()) {
        found = segment.records[draw(segment.records.size())].place;
    }
    return found ? std::optional(Target{segment.number, *found}) : std::nullopt;
}

std::optional<MediaNemesis::Target> MediaNemesis::in_cut(const MappedCut& cut) {
    const std::uint64_t which = draw(cut.chunks.size() + cut.copies.size());
    if (which < cut.chunks.size()) {
        return Target{cut.chunks_number, cut.chunks[which]};
    }
    return Target{cut.manifest_number, cut.copies[which - cut.chunks.size()]};
}

std::optional<MediaNemesis::Target> MediaNemesis::sectors(
    const Target& near, std::uint64_t unit, Disk& disk) {
    const std::uint64_t size = durable_size(disk, near.number);
    if (near.range.from >= std::min(near.range.to, size)) {
        return std::nullopt;
    }
    const std::uint64_t inside = near.range.from + draw(near.range.to - near.range.from);
    const std::uint64_t from = std::min(inside, size - 1) / unit * unit;
    return Target{near.number, {from, std::min(from + unit, size)}};
}

// One to four bits of a few neighbouring bytes.
std::optional<Harm::Place> MediaNemesis::flipped(const Target& at, Disk& disk) {
    constexpr std::uint64_t reach = 8;
    const std::uint64_t size = std::min(at.range.to, durable_size(disk, at.number));
    if (at.range.from >= size) {
        return std::nullopt;
    }
    const std::uint64_t from = at.range.from + draw(size - at.range.from);
    const ByteRange range{from, std::min(from + reach, size)};
    ByteVector bytes = durable_bytes(disk, at.number, range);
    for (std::uint64_t bits = 1 + draw(4); bits > 0; --bits) {
        const std::uint64_t which = draw(bytes.size());
        bytes[which] ^= static_cast<std::byte>(1u << draw(8));
    }
    return Harm::Place{at.number, range.from, range.to, std::move(bytes)};
}

// Zeros where nothing was before: logs and cuts write each place once. Of hard states only what is
// remembered can go.
std::optional<Harm::Place> MediaNemesis::as_before(const Target& at, NodeId node) {
    Disk& disk = port_.device(node);
    const bool once = at.number != atlas_.map(node).hard_state_number();
    ByteVector bytes = once ? ByteVector(static_cast<std::size_t>(at.range.to - at.range.from))
                            : durable_bytes(disk, at.number, at.range);
    for (const PastWrite& past : disk.past_writes(at.number)) {
        for (std::uint64_t i = at.range.from; i < at.range.to; ++i) {
            if (i >= past.offset && i - past.offset < past.before.size()) {
                bytes[i - at.range.from] = past.before[i - past.offset];
            }
        }
    }
    return Harm::Place{at.number, at.range.from, at.range.to, std::move(bytes)};
}

std::optional<Harm::Place> MediaNemesis::as_elsewhere(const Target& at, NodeId node) {
    Disk& disk = port_.device(node);
    const std::optional<Target> other = target(atlas_.map(node), aim(), disk);
    const std::uint64_t bytes = at.range.to - at.range.from;
    if (!other) {
        return std::nullopt;
    }
    const std::uint64_t from = other->range.from / sector_bytes * sector_bytes;
    if (from + bytes > durable_size(disk, other->number)) {
        return std::nullopt;
    }
    return Harm::Place{at.number, at.range.from, at.range.to,
        durable_bytes(disk, other->number, {from, from + bytes})};
}

}  // namespace ledger::sim
