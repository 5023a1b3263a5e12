#include "log/examination.h"

#include <algorithm>

#include "log/base/assert.h"
#include "log/base/format.h"
#include "log/cut_store.h"
#include "log/reserve.h"
#include "log/salvage.h"
#include "log/segment_examiner.h"

namespace ledger::log {

namespace {

Result<Salvaged> read_whole(FileSystem& files, const std::string& name) {
    LEDGER_TRY(const auto file, files.open(name));
    return salvage(*file, UINT64_MAX);
}

// Into memory that was used before.
Result<void> read_whole(FileSystem& files, const std::string& name, Salvaged& into) {
    LEDGER_TRY(const auto file, files.open(name));
    return salvage(*file, UINT64_MAX, into);
}

// A segment before its contents are gone through.
struct FoundSegment {
    SegmentId id;
    std::uint64_t bytes = 0;
    std::optional<SegmentHeader> header;
};

class Examiner {
  public:
    Examiner(FileSystem& files, const std::string& directory, const Watch& watch)
        : files_(files), directory_(directory), watch_(watch) {}

    Result<Examination> run();

  private:
    Finding& find(FoundAt place, const std::string& file, std::string why);
    void note_unreadable(const Salvaged& whole, const std::string& file, SegmentId segment);
    void cover_unreadable();
    Result<void> examine_hard_state();
    Result<void> read_slots(const Salvaged& whole);
    void compare_slots();
    void check_slot_padding(const Salvaged& whole);
    Result<void> find_segments();
    Result<void> read_header(FoundSegment& segment) const;
    void leave_out_void();
    Result<void> examine_segments();
    Result<bool> is_promised(std::size_t number) const;
    void check_owner(const std::string& file, const Identity& identity);
    void check_promises();
    Result<void> examine_cuts();
    void examine_cut(const CutFiles& cut);

    void check_newest();

    SegmentId oldest() const { return out_.hard_state ? out_.hard_state->oldest : SegmentId{0}; }
    SegmentId newest() const { return out_.hard_state ? out_.hard_state->newest : SegmentId{0}; }

    FileSystem& files_;
    const std::string& directory_;
    const Watch& watch_;
    Examination out_;
    std::vector<std::string> names_;
    std::optional<Identity> owner_;  // as the hard state says, or the first that says anything
    std::vector<FoundSegment> found_;
    LogWalk walk_;
    bool lost_place_ = false;
};

Finding& Examiner::find(FoundAt place, const std::string& file, std::string why) {
    Finding& finding = out_.findings.emplace_back();
    finding.place = place;
    finding.file = file;
    finding.why = std::move(why);
    return finding;
}

void Examiner::note_unreadable(
    const Salvaged& whole, const std::string& file, SegmentId segment) {
    for (const std::uint64_t offset : whole.unreadable) {
        Finding& finding = find(FoundAt::sector, file, "the device does not read it");
        finding.segment = segment;
        finding.offset = offset;
        finding.bytes = std::min<std::uint64_t>(sector_bytes, whole.bytes.size() - offset);
    }
}

// An unreadable sector costs what the places in it cost, which have findings of their own.
void Examiner::cover_unreadable() {
    for (Finding& sector : out_.findings) {
        const auto lost = [&sector](const Finding& other) {
            return other.place != FoundAt::sector && !other.covered && other.file == sector.file &&
                   other.offset < sector.offset + sector.bytes &&
                   sector.offset < other.offset + other.bytes;
        };
        sector.covered = sector.place == FoundAt::sector
                             ? std::none_of(out_.findings.begin(), out_.findings.end(), lost)
                             : sector.covered;
    }
}

Result<Examination> Examiner::run() {
    LEDGER_TRY(names_, files_.list(directory_));
    const bool any = std::any_of(names_.begin(), names_.end(), [](const std::string& name) {
        return name == hard_state_name || parse_segment_name(name) || cut_of_file(name);
    });
    if (!any) {
        return failure(Errc::not_found, path_in(directory_, hard_state_name));
    }
    LEDGER_CHECK(examine_hard_state());
    LEDGER_CHECK(find_segments());
    LEDGER_CHECK(examine_segments());
    check_promises();
    LEDGER_CHECK(examine_cuts());
    for (const std::string& name : names_) {
        const bool ours = name == hard_state_name || name == reserve_name ||
                          parse_segment_name(name) || cut_of_file(name);
        if (!ours) {
            out_.leftovers.push_back(name);
        }
    }
    std::sort(out_.leftovers.begin(), out_.leftovers.end());
    cover_unreadable();
    return std::move(out_);
}

Result<void> Examiner::examine_hard_state() {
    auto whole = read_whole(files_, path_in(directory_, hard_state_name));
    if (!whole && whole.error().code == make_error_code(Errc::not_found)) {
        find(FoundAt::hard_state, hard_state_name,
            "it is missing: term and vote are lost; this node must rejoin, not restart");
        return {};
    }
    if (!whole) {
        return whole.error();
    }
    out_.bytes += whole->bytes.size();
    note_unreadable(*whole, hard_state_name, SegmentId{});
    LEDGER_CHECK(read_slots(*whole));
    compare_slots();
    check_slot_padding(*whole);
    return {};
}

Result<void> Examiner::read_slots(const Salvaged& whole) {
    for (std::size_t place = 0; place < out_.slots.size(); ++place) {
        const std::uint64_t offset = place * hard_state_spacing;
        const std::uint64_t from = std::min<std::uint64_t>(offset, whole.bytes.size());
        const std::uint64_t count =
            std::min<std::uint64_t>(hard_state_slot_bytes, whole.bytes.size() - from);
        auto slot = decode_hard_state_slot(ByteSpan(whole.bytes).subspan(
            static_cast<std::size_t>(from), static_cast<std::size_t>(count)), offset);
        if (!slot && slot.error().code == make_error_code(Errc::unsupported)) {
            return slot.error();
        }
        if (slot) {
            out_.slots[place] = *slot;
            if (!out_.hard_state || slot->generation > out_.hard_state->generation) {
                out_.hard_state = *slot;
                owner_ = slot->identity;
            }
        }
    }
    return {};
}

void Examiner::compare_slots() {
    if (!out_.hard_state) {
        find(FoundAt::hard_state, hard_state_name,
            "no intact copy of term and vote; this node must rejoin, not restart")
            .bytes = (out_.slots.size() - 1) * hard_state_spacing + hard_state_slot_bytes;
        return;
    }
    for (std::size_t place = 0; place < out_.slots.size(); ++place) {
        const auto& slot = out_.slots[place];
        const auto& other = out_.slots[(place + hard_state_slots) % out_.slots.size()];
        const auto report = [&](Condition condition, bool covered, const char* why) {
            Finding& finding = find(FoundAt::hard_state_copy, hard_state_name, why);
            finding.condition = condition;
            finding.offset = place * hard_state_spacing;
            finding.bytes = hard_state_slot_bytes;
            finding.covered = covered;
        };
        if (!slot && other) {
            report(Condition::faulty, true, "the other copy stands");
        } else if (!slot) {
            report(Condition::faulty, false,
                "neither copy of this slot stands: a later term or vote may have been here");
        } else if (other && slot->generation < other->generation) {
            report(Condition::torn, true, "a crash came between the copies of one write");
        } else if (other && slot->generation == other->generation && *slot != *other) {
            report(Condition::faulty, false, "two intact copies contradict");
        }
    }
}

// No checksum covers what lies behind a slot and between them: it is zero.
void Examiner::check_slot_padding(const Salvaged& whole) {
    ByteVector written(
        static_cast<std::size_t>((out_.slots.size() - 1) * hard_state_spacing) +
        hard_state_slot_bytes);
    for (std::size_t place = 0; place < out_.slots.size(); ++place) {
        const std::uint64_t offset = place * hard_state_spacing;
        const auto at = static_cast<std::size_t>(offset);
        const auto sector = std::span(written).subspan(at, hard_state_slot_bytes);
        if (out_.slots[place]) {
            encode_hard_state_slot(sector, *out_.slots[place], offset);
        } else if (at + hard_state_slot_bytes <= whole.bytes.size()) {
            // It has its own finding.
            std::copy_n(whole.bytes.begin() + static_cast<std::ptrdiff_t>(at),
                hard_state_slot_bytes, sector.begin());
        }
    }
    for (std::uint64_t at = 0; at < whole.bytes.size(); at += sector_bytes) {
        const std::uint64_t end = std::min<std::uint64_t>(at + sector_bytes, whole.bytes.size());
        const auto there = ByteSpan(whole.bytes).subspan(
            static_cast<std::size_t>(at), static_cast<std::size_t>(end - at));
        const bool beyond = end > written.size();
        if (beyond || !std::equal(there.begin(), there.end(),
                          written.begin() + static_cast<std::ptrdiff_t>(at))) {
            Finding& finding = find(FoundAt::padding, hard_state_name, "outside the slots");
            finding.offset = at;
            finding.bytes = end - at;
            finding.covered = true;
        }
    }
}

Result<void> Examiner::find_segments() {
    std::vector<SegmentId> ids;
    for (const std::string& name : names_) {
        const std::optional<SegmentId> id = parse_segment_name(name);
        if (id && *id < oldest()) {
            out_.leftovers.push_back(name);  // the log begins behind it, but a crash kept it
        } else if (id) {
            ids.push_back(*id);
        }
    }
    std::sort(ids.begin(), ids.end());
    for (const SegmentId id : ids) {
        FoundSegment& found = found_.emplace_back();
        found.id = id;
        LEDGER_CHECK(read_header(found));
    }
    if (oldest() > SegmentId{0} && (ids.empty() || ids.front() != oldest())) {
        Finding& finding = find(FoundAt::file, segment_name(oldest()),
            "the segment with which the log begins is missing");
        finding.segment = oldest();
    }
    leave_out_void();
    return {};
}

Result<void> Examiner::read_header(FoundSegment& segment) const {
    LEDGER_TRY(const auto file, files_.open(path_in(directory_, segment_name(segment.id))));
    LEDGER_TRY(segment.bytes, file->size());
    for (std::uint64_t offset = 0; offset < segment_header_bytes; offset += sector_bytes) {
        std::byte sector[sector_bytes] = {};
        const auto read = file->read(offset, sector);
        if (!read) {
            continue;  // noted when the whole file is read
        }
        auto header = decode_segment_header(
            ByteSpan(sector).first(static_cast<std::size_t>(*read)), {segment.id, offset});
        if (!header && header.error().code == make_error_code(Errc::unsupported)) {
            return header.error();
        }
        if (header && !segment.header) {
            segment.header = *header;
        }
    }
    return {};
}

// As in recovery: a segment that was to begin the log anew, but the hard state never named it.
void Examiner::leave_out_void() {
    if (found_.empty() || !out_.hard_state || !found_.back().header ||
        !found_.back().header->restarts() || found_.back().id == oldest()) {
        return;
    }
    const FoundSegment& last = found_.back();
    if (last.bytes > segment_header_bytes) {
        find(FoundAt::hard_state, hard_state_name,
            "older than " + segment_name(last.id) + ", an old copy");
        return;
    }
    out_.leftovers.push_back(segment_name(last.id));
    found_.pop_back();
}

void Examiner::check_owner(const std::string& file, const Identity& identity) {
    if (!owner_) {
        owner_ = identity;
    } else if (identity.incarnation == Incarnation{} ? !identity.same_node(*owner_)
                                                     : identity != *owner_) {
        find(FoundAt::file, file, wrong_identity(file, identity, *owner_).place);
    }
}

// The first flush of the segment came to an end: there is a later group, a footer or a successor,
// or the hard state says so.
Result<bool> Examiner::is_promised(std::size_t number) const {
    if (number + 1 < found_.size() || found_[number].id <= newest()) {
        return true;
    }
    const FoundSegment& last = found_[number];
    LEDGER_TRY(const Salvaged whole,
        read_whole(files_, path_in(directory_, segment_name(last.id))));
    const auto groups = scan_groups(whole.bytes, last.id);
    const auto begun = std::count_if(groups.begin(), groups.end(),
        [](const ScannedGroup& group) { return group.has_evidence(); });
    return begun > 1 || find_footers(whole.bytes, last.id).has_value();
}

Result<void> Examiner::examine_segments() {
    std::uint64_t all = 0;
    SegmentId newest_with_header;
    for (const FoundSegment& found : found_) {
        all += found.bytes;
        newest_with_header = found.header ? found.id : newest_with_header;
    }
    out_.commit = out_.hard_state ? out_.hard_state->commit : Index{0};
    std::uint64_t done = 0;
    Salvaged whole;  // of one segment after the other: new memory costs as much as reading it
    for (std::size_t i = 0; i < found_.size(); ++i) {
        const FoundSegment& found = found_[i];
        const std::string name = segment_name(found.id);
        LEDGER_CHECK(read_whole(files_, path_in(directory_, name), whole));
        note_unreadable(whole, name, found.id);
        if (found.header) {
            check_owner(name, found.header->identity);
        }
        SegmentSurroundings around;
        around.first = i == 0;
        around.named = found.id == oldest();
        around.begun = found.id == newest();
        around.after_damage = lost_place_;
        around.later = found.id < newest_with_header;
        around.next = around.later ? found_[i + 1].header : std::nullopt;
        if (around.later) {
            LEDGER_TRY(around.later_promised, is_promised(i + 1));
        }
        if (i == 0 && found.header) {
            const LogStart& start = found.header->start;
            out_.previous = start.id;
            out_.first = start.id.index.next();
            out_.commit = std::max(out_.commit, start.id.index);
            if (out_.hard_state && oldest() == SegmentId{0} && start.id.index > Index{0}) {
                find(FoundAt::file, name, "the segments before it are missing").segment =
                    found.id;
            }
        }
        around.witness = out_.commit;
        SegmentVerdict verdict =
            SegmentExaminer(whole.bytes, found.id, around, walk_, watch_).run();
        out_.commit = std::max(out_.commit, verdict.commit);
        lost_place_ = verdict.lost_place;
        out_.tail = verdict.tail;
        out_.findings.insert(
            out_.findings.end(), verdict.findings.begin(), verdict.findings.end());
        out_.segments.push_back(std::move(verdict.segment));
        done += whole.bytes.size();
        out_.bytes += whole.bytes.size();
        if (watch_.progress) {
            watch_.progress(done, all);
        }
    }
    return {};
}

void Examiner::check_promises() {
    if (out_.first == Index{0}) {
        out_.first = Index{1};
    }
    out_.last = walk_.last();
    out_.last_hash = walk_.hash();
    if (out_.commit > out_.last && !lost_place_) {
        const bool none = out_.segments.empty();
        Finding& finding = find(FoundAt::promise,
            none ? hard_state_name : out_.segments.back().file,
            fmt::format("committed up to {}, but the log ends before it", out_.commit));
        finding.segment = out_.tail.segment;
        finding.offset = none ? 0 : out_.tail.offset;
        finding.index = out_.last.next();
    }
    if (!out_.hard_state) {
        return;
    }
    check_newest();
    // Every opening counts itself before it creates a segment; entries of a term are stored only
    // after the term itself. What says less is an old copy.
    for (const FoundSegment& found : found_) {
        if (found.header && found.header->epoch > out_.hard_state->epoch) {
            find(FoundAt::hard_state, hard_state_name,
                "older than " + segment_name(found.id) + ", an old copy");
            break;
        }
    }
    if (out_.hard_state->hard_state.term < walk_.last_term()) {
        find(FoundAt::hard_state, hard_state_name,
            fmt::format("term {} is older than the log's last term {}",
                out_.hard_state->hard_state.term, walk_.last_term()));
    }
}

// As in recovery: the newest segment and its first group, which were promised, stand.
void Examiner::check_newest() {
    if (newest() < std::max(oldest(), SegmentId{1})) {
        return;
    }
    const bool there = std::any_of(found_.begin(), found_.end(),
        [this](const FoundSegment& found) { return found.id == newest(); });
    const auto report = [this](std::uint64_t offset, const char* why) {
        Finding& finding = find(FoundAt::file, segment_name(newest()), why);
        finding.segment = newest();
        finding.offset = offset;
        finding.index = out_.last.next();
    };
    if (!there && newest() == oldest()) {
        return;  // it has its finding
    }
    if (!there) {
        report(0, "the newest segment is missing");
        return;
    }
    const ExaminedSegment& last = out_.segments.back();
    if (last.id == newest() && last.header && last.records == 0 && !last.sealed && !lost_place_) {
        report(segment_header_bytes, "the first group is missing");
    }
}

Result<void> Examiner::examine_cuts() {
    std::vector<Index> indexes;
    for (const std::string& name : names_) {
        if (const auto index = cut_of_file(name)) {
            indexes.push_back(*index);
        }
    }
    std::sort(indexes.begin(), indexes.end());
    indexes.erase(std::unique(indexes.begin(), indexes.end()), indexes.end());
    for (const Index index : indexes) {
        LEDGER_TRY(const CutFiles cut, look_at_cut(files_, directory_, index));
        examine_cut(cut);
        ExaminedCut& seen = out_.cuts.emplace_back();
        seen.index = index;
        seen.file = cut.has_manifest ? cut.manifest_name : cut.chunks_name;
        seen.manifest = cut.manifest;
        seen.bytes = cut.bytes;
        out_.bytes += cut.bytes;
    }
    return {};
}

void Examiner::examine_cut(const CutFiles& cut) {
    const Index index = *cut_of_file(cut.chunks_name);
    const auto report = [&](FoundAt place, const std::string& file, std::string why) -> Finding& {
        Finding& finding = find(place, file, std::move(why));
        finding.index = index;
        return finding;
    };
    if (!cut.has_manifest) {
        return;  // unfinished: resumed or removed
    }
    if (cut.identity) {
        check_owner(cut.manifest_name, {cut.identity->cluster, cut.identity->node, {}});
    }
    const bool stands = cut.manifest && cut.manifest->id.index == index;
    for (const CutPlace& place : cut.copies) {
        if (place.damage != nullptr) {
            Finding& finding =
                report(FoundAt::cut_manifest_copy, cut.manifest_name, place.damage);
            finding.offset = place.offset;
            finding.bytes = place.bytes;
            finding.covered = stands;
        }
    }
    if (!stands) {
        report(FoundAt::cut_manifest, cut.manifest_name,
            cut.manifest ? "it is the manifest of another cut" : "no copy stands: this is no cut");
        return;
    }
    if (!cut.has_chunks) {
        report(FoundAt::cut_manifest, cut.manifest_name, "its chunks are missing");
        return;
    }
    for (std::size_t number = 0; number < cut.chunks.size(); ++number) {
        const CutPlace& place = cut.chunks[number];
        if (place.damage != nullptr) {
            Finding& finding = report(FoundAt::cut_chunk, cut.chunks_name,
                fmt::format("chunk {}: {}", std::uint64_t{number}, place.damage));
            finding.offset = place.offset;
            finding.bytes = place.bytes;
        }
    }
}

}  // namespace

Condition Examination::condition() const {
    Condition worst = Condition::clean;
    for (const Finding& finding : findings) {
        switch (finding.condition) {
            case Condition::clean: break;
            case Condition::faulty: return Condition::faulty;
            case Condition::unsealed: worst = Condition::unsealed; break;
            case Condition::torn:
                worst = worst == Condition::clean ? Condition::torn : worst;
                break;
        }
    }
    return worst;
}

Result<Examination> examine(
    FileSystem& files, const std::string& directory, const Watch& watch) {
    return Examiner(files, directory, watch).run();
}

}  // namespace ledger::log
