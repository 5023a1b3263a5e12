#include "tests/log/conformance/damage_sample.h"

#include <algorithm>

#include "log/base/assert.h"
#include "log/cut_store.h"
#include "log/hard_state_file.h"
#include "log/scan.h"
#include "sim/disk.h"

namespace ledger::log::conformance {
namespace {

void store(Storage& storage, TwinLog& twin, const Group& group) {
    LEDGER_ASSERT(storage.write(group) && storage.sync());
    twin.apply(group);
}

void write_log(FileSystem& files, DamageSample& sample, bool sealed) {
    TwinLog& twin = sample.twin;
    const Options options = sample_options(damage_segment_bytes);
    LEDGER_ASSERT(format(files, options, sample_identity()));
    for (std::uint64_t life = 0; life < 2; ++life) {
        auto opened = open(files, options, sample_identity());
        LEDGER_ASSERT(opened);
        Group term;
        term.hard_state = HardState{twin.hard_state.term.next(), NodeId{2}};
        store(*opened->storage, twin, term);
        for (std::uint64_t i = 0; i < 9; ++i) {
            std::optional<Index> truncate_to;
            if (i == 2) {
                truncate_to = twin.last() - 2;
                sample.replaced.insert(
                    sample.replaced.end(), twin.entries.end() - 2, twin.entries.end());
            }
            const std::size_t bytes = i < 6 ? 1200 : 200;
            Group group = twin.group(life * 500 + i * 37 + 40, 3, bytes, truncate_to);
            group.commit = twin.last().value > 6 ? twin.last() - 6 : Index{0};
            store(*opened->storage, twin, group);
        }
        if (sealed) {
            Group seal;
            seal.commit = twin.last();
            store(*opened->storage, twin, seal);
        }
    }
}

void keep_cut(FileSystem& files, const TwinLog& twin) {
    auto opened = CutStore::open(files, sample_options(), sample_identity());
    LEDGER_ASSERT(opened);
    CutManifest manifest{.id = {Term{1}, Index{4}},
        .cluster_time = {5},
        .wall_time = {6},
        .entry_hash = twin.hash_at(Index{4}),
        .configuration = sample_bytes(7, 100),
        .control = {},
        .chunks = {}};
    for (std::uint32_t number = 0; number < 3; ++number) {
        const ByteVector chunk = sample_bytes(number, 300 * (number + 1));
        LEDGER_ASSERT(opened->write(manifest.id, number, chunk));
        manifest.chunks.push_back(sha256(chunk));
        manifest.bytes += chunk.size();
    }
    LEDGER_ASSERT(opened->complete(manifest));
}

SegmentSpot find_spots(const std::string& file, ByteSpan bytes, SegmentId id) {
    SegmentSpot found{.file = file, .groups = {}, .footers = {}};
    const auto footers = find_footers(bytes, id);
    const std::size_t body =
        footers ? static_cast<std::size_t>(footers->footer.body_end) : bytes.size();
    for (const ScannedGroup& group : scan_groups(bytes.first(body), id)) {
        LEDGER_ASSERT(group.block);
        GroupSpot& spot = found.groups.emplace_back();
        static_cast<Spot&>(spot) = {file, group.start, group.end};
        const std::uint64_t block = identity_block_bytes(group.block->names.size());
        spot.block = {file, group.end - block, group.end};
        for (const Slot& slot : group.slots) {
            RecordSpot& record = spot.records.emplace_back();
            static_cast<Spot&>(record) = {file, slot.offset, slot.end};
            record.header = slot.record.header;
        }
    }
    if (footers) {
        for (const std::uint64_t offset : footers->offsets) {
            found.footers.push_back({file, offset, offset + footers->bytes});
        }
    }
    return found;
}

void find_slots(DamageSample& sample) {
    const ByteVector& bytes = sample.image[hard_state_name];
    std::array<HardStateSlot, hard_state_slots> slots;
    for (std::uint64_t number = 0; number < hard_state_slots; ++number) {
        const std::uint64_t offset = hard_state_offset(number, 0);
        auto slot = decode_hard_state_slot(
            ByteSpan(bytes).subspan(static_cast<std::size_t>(offset), hard_state_slot_bytes), offset);
        LEDGER_ASSERT(slot);
        slots[number] = *slot;
    }
    const std::uint64_t newest = slots[0].generation > slots[1].generation ? 0 : 1;
    const auto spot = [](std::uint64_t number) {
        const std::uint64_t offset = hard_state_offset(number, 0);
        return Spot{hard_state_name, offset, offset + hard_state_slot_bytes};
    };
    sample.hard_state_newest = spot(newest);
    sample.hard_state_oldest = spot(1 - newest);
}

DamageSample make_sample(bool sealed) {
    DamageSample sample;
    sim::Disk disk{NodeId{1}};
    write_log(disk, sample, sealed);
    keep_cut(disk, sample.twin);
    auto image = read_image(disk, sample_options().directory);
    LEDGER_ASSERT(image);
    sample.image = std::move(*image);
    for (const auto& [name, bytes] : sample.image) {
        if (const auto id = parse_segment_name(name)) {
            sample.segments.push_back(find_spots(name, bytes, *id));
        }
    }
    find_slots(sample);
    LEDGER_ASSERT(sample.segments.size() >= 4 && sample.active().groups.size() >= 3);
    LEDGER_ASSERT(sample.active().footers.empty() && sample.sealed().footers.size() == 2);
    LEDGER_ASSERT(sample.active().groups.back().records.empty() == sealed);
    return sample;
}

}  // namespace

const RecordSpot& DamageSample::sealed_record() const {
    const GroupSpot& group = sealed().groups.front();
    const auto found = std::find_if(group.records.begin(), group.records.end(),
        [](const RecordSpot& record) { return record.header.erasable_bytes > 50; });
    LEDGER_ASSERT(found != group.records.end());
    return *found;
}

const GroupSpot& DamageSample::last_group() const {
    const auto found = std::find_if(active().groups.rbegin(), active().groups.rend(),
        [](const GroupSpot& group) { return !group.records.empty(); });
    LEDGER_ASSERT(found != active().groups.rend());
    return *found;
}

const DamageSample& damage_sample(bool sealed) {
    static const DamageSample samples[] = {make_sample(false), make_sample(true)};
    return samples[sealed ? 1 : 0];
}

}  // namespace ledger::log::conformance
