// What segment files and the hard state are made of, and the directory as a whole.
#include <algorithm>

#include "log/base/assert.h"
#include "log/base/crc32c.h"
#include "log/examination.h"
#include "log/footer.h"
#include "log/hard_state_file.h"
#include "log/record.h"
#include "log/scan.h"
#include "log/segment.h"
#include "tests/fuzz/target.h"
#include "tests/log/conformance/damage_sample.h"

namespace ledger::fuzz {
namespace {

using log::Location;

constexpr SegmentId segment{7};
constexpr Location place{segment, 8192};

void store_crc(ByteVector& bytes, std::size_t at, ByteSpan covered, Location where) {
    store_little_endian(bytes.data() + at, crc32c(covered, log::location_crc(where)));
}

// Judges the bytes as they are, and once more with checksums that hold, so that what lies behind
// them is reached as well.
template <typename Judge>
Verdict judge_with_checksums(
    ByteSpan bytes, const std::function<void(ByteVector&)>& repair, Judge judge) {
    ByteVector repaired(bytes.begin(), bytes.end());
    repair(repaired);
    Verdict verdict = judge(bytes);
    if (const Verdict behind = judge(repaired); verdict.wrong.empty()) {
        verdict.wrong = behind.wrong;
    }
    return verdict;
}

// --- records -------------------------------------------------------------------------------------

ByteVector encode_view(const log::RecordView& view) {
    ByteVector out(static_cast<std::size_t>(view.bytes()));
    log::encode_record(out, view.header, place, view.envelope, view.erasable);
    return out;
}

Verdict judge_record(ByteSpan bytes) {
    const log::RecordView view = log::decode_record(bytes, place);
    if (view.damage != log::Damage::none) {
        return {};
    }
    if (view.bytes() >= bytes.size() + log::record_alignment || view.envelope_crc != crc32c(view.envelope)) {
        return {{}, "a record is longer than its bytes, or has another envelope"};
    }
    const ByteVector again = encode_view(view);
    const log::RecordView twice = log::decode_record(again, place);
    const bool same = twice.damage == log::Damage::none && twice.header == view.header &&
                      std::ranges::equal(twice.envelope, view.envelope) &&
                      std::ranges::equal(twice.erasable, view.erasable);
    return {again, same ? "" : "a record does not come back"};
}

void repair_record(ByteVector& bytes) {
    constexpr std::size_t header = log::record_header_bytes;
    if (bytes.size() < header) {
        return;
    }
    store_crc(bytes, 72, ByteSpan(bytes).first(72), place);
    const std::size_t envelope = load_little_endian<std::uint32_t>(bytes.data() + 48);
    const std::size_t erasable = load_little_endian<std::uint32_t>(bytes.data() + 52);
    if (header + envelope + 4 + erasable + 4 <= bytes.size()) {
        store_little_endian(bytes.data() + header + envelope,
            crc32c(ByteSpan(bytes).subspan(header, envelope)));
        const std::size_t behind = header + envelope + 4;
        store_little_endian(bytes.data() + behind + erasable,
            crc32c(ByteSpan(bytes).subspan(behind, erasable)));
    }
}

std::vector<ByteVector> record_seeds() {
    std::vector<ByteVector> seeds;
    const auto add = [&](log::RecordHeader header, ByteSpan envelope, ByteSpan erasable) {
        header.epoch = 3;
        header.index = Index{40};
        header.envelope_bytes = static_cast<std::uint32_t>(envelope.size());
        header.erasable_bytes = static_cast<std::uint32_t>(erasable.size());
        ByteVector& out = seeds.emplace_back(static_cast<std::size_t>(
            log::record_bytes(envelope.size(), erasable.size())));
        log::encode_record(out, header, place, envelope, erasable);
    };
    add({.kind = 2, .term = Term{5}}, as_bytes("an envelope"), as_bytes("salt and payload"));
    add({.kind = 1, .term = Term{5}}, {}, {});
    add({.kind = 2, .flags = log::erased_flag, .term = Term{5}}, as_bytes("an envelope"), {});
    add({.kind = 2, .flags = log::partly_erased_flag, .term = Term{5}}, as_bytes("an envelope"),
        as_bytes("what is left"));
    const Digest hash = sha256(as_bytes("before"));
    add({.kind = log::truncate_kind, .prev_hash64 = hash.truncated()}, hash.span(), {});
    return seeds;
}

// --- segment headers and identity blocks ---------------------------------------------------------

Verdict judge_header(ByteSpan bytes) {
    const Location first{segment, 0};
    const auto header = log::decode_segment_header(bytes, first);
    if (!header) {
        return {{}, header.error().place.empty() ? "an error without a place" : ""};
    }
    ByteVector again(log::segment_header_bytes);
    log::encode_segment_header(again, *header);
    const auto twice =
        log::decode_segment_header(ByteSpan(again).first(log::sector_bytes), first);
    return {again, twice && *twice == *header ? "" : "a segment header does not come back"};
}

std::vector<ByteVector> header_seeds() {
    std::vector<ByteVector> seeds;
    for (const std::uint64_t first : {std::uint64_t{1}, std::uint64_t{1234}}) {
        log::SegmentHeader header;
        header.identity = log::sample_identity();
        header.segment = segment;
        header.epoch = 11;
        if (first > 1) {
            header.previous = SegmentId{5};
            header.start = {{Term{9}, Index{first - 1}}, sha256(as_bytes("before")), {77}, {-88}};
        }
        ByteVector both(log::segment_header_bytes);
        log::encode_segment_header(both, header);
        seeds.emplace_back(both.begin(), both.begin() + log::sector_bytes);
    }
    return seeds;
}

Verdict judge_block(ByteSpan bytes) {
    const auto block = log::decode_identity_block(bytes, place);
    if (!block) {
        return {};
    }
    if (block->names.size() * 32 > bytes.size()) {
        return {{}, "an identity block has more names than bytes"};
    }
    ByteVector again(static_cast<std::size_t>(log::identity_block_bytes(block->names.size())));
    log::encode_identity_block(again, *block, place);
    const auto twice = log::decode_identity_block(again, place);
    return {again, twice == block ? "" : "an identity block does not come back"};
}

void repair_block(ByteVector& bytes) {
    if (bytes.size() < 104) {
        return;
    }
    const std::uint64_t names = load_little_endian<std::uint32_t>(bytes.data() + 4);
    if (104 + names * 32 <= bytes.size()) {
        store_little_endian(bytes.data() + 96,
            crc32c(ByteSpan(bytes).subspan(104, static_cast<std::size_t>(names * 32))));
    }
    store_crc(bytes, 100, ByteSpan(bytes).first(100), place);
}

std::vector<ByteVector> block_seeds() {
    std::vector<ByteVector> seeds;
    for (const std::uint64_t names : {0u, 3u, 14u}) {
        log::IdentityBlock block;
        block.epoch = 11;
        block.group_start = 4096;
        block.base = Index{100};
        block.sync_index = Index{100};
        block.commit = Index{97};
        block.last = Index{100 + names};
        for (std::uint64_t i = 1; i <= names; ++i) {
            block.names.push_back({Index{100 + i}, Term{4}, static_cast<std::uint32_t>(10 * i),
                static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i * 77), 2, 0});
        }
        ByteVector& out = seeds.emplace_back(
            static_cast<std::size_t>(log::identity_block_bytes(names)));
        log::encode_identity_block(out, block, place);
    }
    return seeds;
}

// --- footers -------------------------------------------------------------------------------------

Verdict judge_footers(ByteSpan file) {
    const auto found = log::find_footers(file, segment);
    if (!found) {
        return {};
    }
    const ByteVector again = log::encode_footers(found->footer);
    ByteVector whole(static_cast<std::size_t>(found->footer.body_end));
    whole.insert(whole.end(), again.begin(), again.end());
    const auto twice = log::find_footers(whole, segment);
    const bool same = twice && twice->footer == found->footer && twice->intact[0] &&
                      twice->intact[1];
    return {again, same ? "" : "a footer does not come back"};
}

// Of the copy to which the trailer at the end leads.
void repair_footers(ByteVector& file) {
    constexpr std::size_t trailer = 64;
    if (file.size() < trailer) {
        return;
    }
    const std::size_t at = file.size() - trailer;
    const auto offset = load_little_endian<std::uint64_t>(file.data() + at + 8);
    if (offset < at) {
        const ByteSpan body =
            ByteSpan(file).subspan(static_cast<std::size_t>(offset), at - offset);
        store_crc(file, at + 4, body, {segment, offset});
    }
    store_crc(file, at + 60, ByteSpan(file).subspan(at, 60), {segment, at});
}

std::vector<ByteVector> footer_seeds() {
    std::vector<ByteVector> seeds;
    for (const std::uint64_t entries : {0u, 1u, 9u}) {
        log::Footer footer;
        footer.segment = segment;
        footer.epoch = 4;
        footer.first = Index{60};
        footer.last = Index{59 + entries};
        footer.last_hash = sha256(as_bytes("last"));
        footer.start_hash = entries == 0 ? footer.last_hash : sha256(as_bytes("start"));
        std::uint64_t offset = log::segment_header_bytes;
        for (std::uint64_t i = 0; i < entries; ++i) {
            footer.names.push_back(
                {static_cast<std::uint32_t>(offset / log::record_alignment), 20, 9, 1001});
            offset += log::record_bytes(20, 9);
        }
        if (entries > 0) {
            footer.terms.push_back({footer.first, Term{3}});
            footer.configurations = {footer.first};
            footer.dead = log::DeadBytes{.superseded = 812, .other = 512};
        }
        if (entries > 4) {
            footer.terms.push_back({Index{63}, Term{8}});
            footer.marks.push_back({Index{64}, sha256(as_bytes("middle"))});
        }
        footer.body_end = log::sector_ceiling(offset);
        ByteVector& file = seeds.emplace_back(static_cast<std::size_t>(footer.body_end));
        const ByteVector both = log::encode_footers(footer);
        file.insert(file.end(), both.begin(), both.end());
    }
    return seeds;
}

// --- the body of a segment -----------------------------------------------------------------------

Verdict judge_scan(ByteSpan file) {
    std::uint64_t at = 0;
    for (const log::ScannedGroup& group : log::scan_groups(file, segment)) {
        if (group.start < at || group.end < group.start || group.end > file.size()) {
            return {{}, "a group lies outside the file, or over another one"};
        }
        at = group.start;
        for (const log::Slot& slot : group.slots) {
            // Of a record that was cut short the end is where it would have been.
            const bool whole = slot.record.damage == log::Damage::none;
            if (slot.offset < at || slot.offset > group.end || slot.end < slot.offset ||
                (whole && slot.end >= group.end + log::record_alignment)) {
                return {{}, "a slot lies outside its group, or over another one"};
            }
            at = slot.end;
        }
        at = group.end;
    }
    return {ByteVector{}, ""};
}

// --- the hard state ------------------------------------------------------------------------------

Verdict judge_slot(ByteSpan bytes) {
    const auto slot = log::decode_hard_state_slot(bytes, 0);
    if (!slot) {
        return {{}, slot.error().place.empty() ? "an error without a place" : ""};
    }
    ByteVector again(log::hard_state_slot_bytes);
    log::encode_hard_state_slot(again, *slot, 0);
    const auto twice = log::decode_hard_state_slot(again, 0);
    return {again, twice && *twice == *slot ? "" : "a hard state does not come back"};
}

void repair_slot(ByteVector& bytes) {
    if (bytes.size() >= 108) {
        const auto version = load_little_endian<std::uint32_t>(bytes.data() + 4);
        const std::size_t at = version == 2 ? 88 : version == 3 ? 92 : 104;
        store_crc(bytes, at, ByteSpan(bytes).first(at), {SegmentId{0}, 0});
    }
}

std::vector<ByteVector> slot_seeds() {
    log::HardStateSlot slot;
    slot.identity = log::sample_identity();
    slot.generation = 12;
    slot.epoch = 4;
    slot.segment_max = SegmentId{9};
    slot.newest = SegmentId{8};
    slot.hard_state = {Term{7}, NodeId{2}, true};
    slot.commit = Index{55};
    ByteVector bytes(log::hard_state_slot_bytes);
    log::encode_hard_state_slot(bytes, slot, 0);
    // The versions before had their checksum where the flags and what follows them are.
    std::vector<ByteVector> seeds = {bytes};
    for (const std::uint32_t version : {2u, 3u}) {
        ByteVector& before = seeds.emplace_back(bytes);
        store_little_endian(before.data() + 4, version);
        std::fill(before.begin() + (version == 2 ? 88 : 92), before.end(), std::byte{0});
        repair_slot(before);
    }
    return seeds;
}

// --- a directory ---------------------------------------------------------------------------------

// Seven bytes each: which file, u32 where, what, with what.
void damage(log::conformance::Image& image, ByteSpan bytes) {
    ByteReader in(bytes);
    while (in.remaining() >= 7 && !image.empty()) {
        const std::uint8_t number = in.u8();
        const std::uint32_t where = in.u32();
        const std::uint8_t what = in.u8();
        const std::uint8_t with = in.u8();
        const auto at = std::next(image.begin(), number % static_cast<int>(image.size()));
        ByteVector& file = at->second;
        const std::size_t offset = file.empty() ? 0 : where % file.size();
        switch (what % 4) {
            case 0:
                if (!file.empty()) {
                    file[offset] ^= static_cast<std::byte>(with);
                }
                break;
            case 1: {
                const auto from = static_cast<std::ptrdiff_t>(offset);
                const std::size_t count = std::min<std::size_t>(512, file.size() - offset);
                std::fill_n(file.begin() + from, count, static_cast<std::byte>(with));
                break;
            }
            case 2: file.resize(with % 2 == 0 ? offset : file.size() + with); break;
            case 3: image.erase(at); break;
        }
    }
}

// Now in the log, or replaced since.
bool was_written(const log::conformance::DamageSample& sample, const HashedEntry& entry) {
    const Index index = entry.entry.index;
    const auto& old = sample.replaced;
    return (index <= sample.twin.last() && entry == sample.twin.at(index)) ||
           std::find(old.begin(), old.end(), entry) != old.end();
}

Verdict judge_directory(ByteSpan bytes) {
    const bool sealed = bytes.empty() || std::to_integer<unsigned>(bytes[0]) % 2 == 0;
    const log::conformance::DamageSample& sample = log::conformance::damage_sample(sealed);
    log::conformance::Image image = sample.image;
    damage(image, bytes.subspan(std::min<std::size_t>(1, bytes.size())));
    const auto arm = log::conformance::make_simulated_arm();
    const std::string directory = log::sample_options().directory;
    LEDGER_ASSERT(log::conformance::put_image(arm->files(), directory, image));
    const auto examined = log::examine(arm->files(), directory);
    const auto after = log::conformance::read_image(arm->files(), directory);
    if (!after || *after != image) {
        return {{}, "whoever looked has changed something"};
    }
    const auto opened = log::open(arm->files(),
        log::sample_options(log::conformance::damage_segment_bytes), log::sample_identity());
    if (!opened) {
        return {{}, opened.error().place.empty() ? "an error without a place" : ""};
    }
    const log::Recovered& found = opened->recovered;
    for (Index index = found.first; index <= found.last; index = index.next()) {
        const auto entry = opened->storage->read(index, index, UINT64_MAX);
        if (entry && !was_written(sample, entry->front())) {
            return {{}, "an entry that nobody wrote: " + std::to_string(index.value)};
        }
    }
    return {ByteVector{}, examined ? "" : "it can be opened and not be looked at"};
}

}  // namespace

std::vector<Target> log_targets() {
    const auto header_crc = [](ByteVector& bytes) {
        if (bytes.size() >= 140) {
            store_crc(bytes, 136, ByteSpan(bytes).first(136), {segment, 0});
        }
    };
    const auto with = [](auto repair, auto judge) {
        return [=](ByteSpan bytes) { return judge_with_checksums(bytes, repair, judge); };
    };
    std::vector<ByteVector> bodies;
    for (const auto& [name, bytes] : log::conformance::damage_sample(false).image) {
        if (log::parse_segment_name(name)) {
            bodies.push_back(bytes);
        }
    }
    return {
        {"record", true, record_seeds(), with(repair_record, judge_record)},
        {"segment_header", true, header_seeds(), with(header_crc, judge_header)},
        {"identity_block", true, block_seeds(), with(repair_block, judge_block)},
        {"footer", true, footer_seeds(), with(repair_footers, judge_footers)},
        {"scan", false, std::move(bodies), judge_scan},
        {"hard_state", true, slot_seeds(), with(repair_slot, judge_slot)},
        {"directory", false, {ByteVector{}, ByteVector{std::byte{1}}}, judge_directory},
    };
}

}  // namespace ledger::fuzz
