#include "log/segment_examiner.h"

#include <algorithm>

#include "log/base/assert.h"
#include "log/base/format.h"

namespace ledger::log {

namespace {

bool is_zero(ByteSpan bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

// What is known of the record in a slot: by itself, or by the block of its group.
std::optional<EntryIdentity> name_of(const Slot& slot) {
    if (slot.record.damage == Damage::none) {
        return identity_of(slot.record.header, slot.record.envelope_crc);
    }
    if (slot.name) {
        return slot.name;
    }
    if (slot.record.damage != Damage::header) {
        return identity_of(slot.record.header, 0);
    }
    return std::nullopt;
}

Digest digest_in(ByteSpan envelope) {
    Digest hash;
    LEDGER_ASSERT(envelope.size() == hash.bytes.size());
    std::copy(envelope.begin(), envelope.end(), hash.bytes.begin());
    return hash;
}

}  // namespace

SegmentExaminer::SegmentExaminer(ByteSpan file, SegmentId id, const SegmentSurroundings& around,
    LogWalk& walk, const Watch& watch)
    : file_(file), around_(around), walk_(walk), watch_(watch) {
    result_.segment.id = id;
    result_.segment.file = segment_name(id);
    result_.segment.bytes = file.size();
}

Finding& SegmentExaminer::find(
    Condition condition, FoundAt place, Span span, std::string why) {
    Finding& finding = result_.findings.emplace_back();
    finding.condition = condition;
    finding.place = place;
    finding.file = result_.segment.file;
    finding.segment = result_.segment.id;
    finding.offset = span.offset;
    finding.bytes = std::max(span.offset, span.end) - span.offset;
    finding.why = std::move(why);
    return finding;
}

// Zeros that no checksum covers.
void SegmentExaminer::check_zeros(Span span, Condition condition, const char* what) {
    const std::uint64_t end = std::min<std::uint64_t>(span.end, file_.size());
    if (span.offset < end && !is_zero(file_.subspan(static_cast<std::size_t>(span.offset),
                                 static_cast<std::size_t>(end - span.offset)))) {
        find(condition, FoundAt::padding, {span.offset, end}, what).covered = true;
    }
}

ExaminedTail SegmentExaminer::tail_from(std::uint64_t offset, Condition condition) const {
    const std::uint64_t bytes = file_.size() - std::min<std::uint64_t>(offset, file_.size());
    return {condition, result_.segment.id, offset, bytes, 0};
}

SegmentVerdict SegmentExaminer::run() {
    footers_ = find_footers(file_, result_.segment.id);
    result_.segment.sealed = footers_.has_value();
    const std::uint64_t body =
        footers_ ? std::min<std::uint64_t>(footers_->footer.body_end, file_.size()) : file_.size();
    groups_ = scan_groups(file_.first(static_cast<std::size_t>(body)), result_.segment.id);
    examine_header();
    if (!ended_) {
        enter();
        look_ahead();
        for (std::size_t i = 0; i < groups_.size() && !ended_; ++i) {
            examine_group(i);
        }
        examine_footers();
        finish();
    }
    return std::move(result_);
}

std::uint64_t SegmentExaminer::begun_groups() const {
    return static_cast<std::uint64_t>(std::count_if(groups_.begin(), groups_.end(),
        [](const ScannedGroup& group) { return group.has_evidence(); }));
}

// The segment may never have seen the end of its first flush, as recovery judges one without a
// header: then what it holds was not promised.
bool SegmentExaminer::may_be_unflushed() const {
    const Index next = walk_.last().next();
    const bool witnessed =
        around_.witness >= next ||
        std::any_of(groups_.begin(), groups_.end(),
            [next](const ScannedGroup& group) { return group.sync_index() >= next; });
    return !around_.later && !around_.named && !around_.begun && !footers_ &&
           begun_groups() < 2 && !witnessed;
}

void SegmentExaminer::examine_header() {
    ExaminedSegment& segment = result_.segment;
    for (std::size_t copy = 0; copy < segment.header_copies.size(); ++copy) {
        const std::uint64_t offset = copy * sector_bytes;
        const ByteSpan from = file_.subspan(
            static_cast<std::size_t>(std::min<std::uint64_t>(offset, file_.size())));
        const auto header = decode_segment_header(
            from.first(std::min<std::size_t>(sector_bytes, from.size())), {segment.id, offset});
        if (header && !segment.header) {
            segment.header = *header;
        }
        segment.header_copies[copy] = header && *header == *segment.header;
    }
    if (!segment.header) {
        const bool torn = may_be_unflushed();
        find(torn ? Condition::torn : Condition::faulty, FoundAt::segment_header,
            {0, torn ? file_.size() : segment_header_bytes},
            torn ? "the crash came before its first flush; the next opening removes the file"
                 : "no copy of the header stands");
        if (!torn) {
            result_.findings.back().index = walk_.last().next();
        }
        result_.tail = tail_from(0, torn ? Condition::torn : Condition::faulty);
        segment.first = walk_.last().next();
        segment.last = walk_.last();
        ended_ = torn;
        return;
    }
    ByteVector written(segment_header_bytes);
    encode_segment_header(written, *segment.header);
    for (std::uint64_t copy = 0; copy < segment.header_copies.size(); ++copy) {
        const Span span{copy * sector_bytes, (copy + 1) * sector_bytes};
        if (!segment.header_copies[copy]) {
            find(may_be_unflushed() ? Condition::torn : Condition::faulty,
                FoundAt::segment_header_copy, span, "the other copy stands")
                .covered = true;
        } else if (!std::equal(written.begin() + static_cast<std::ptrdiff_t>(span.offset),
                       written.begin() + static_cast<std::ptrdiff_t>(span.end),
                       file_.begin() + static_cast<std::ptrdiff_t>(span.offset))) {
            find(Condition::faulty, FoundAt::padding, span, "behind a header").covered = true;
        }
    }
}

void SegmentExaminer::enter() {
    const auto& header = result_.segment.header;
    if (header) {
        const LogStart& start = header->start;
        const bool goes_on = start.id == LogId{walk_.last_term(), walk_.last()} &&
                             (!walk_.hash() || *walk_.hash() == start.hash);
        if (!around_.first && !around_.after_damage && !goes_on) {
            find(Condition::faulty, FoundAt::segment_header, {0, segment_header_bytes},
                "the segment does not continue the one before it")
                .index = walk_.last().next();
        }
        walk_.stand_at(start.id, start.hash);
    }
    result_.segment.first = walk_.last().next();
    start_hash_ = walk_.hash();
}

void SegmentExaminer::look_ahead() {
    later_sync_index_.assign(groups_.size(), Index{});
    later_evidence_.assign(groups_.size(), around_.later || footers_);
    for (std::size_t i = groups_.size(); i-- > 0;) {
        if (groups_[i].block) {
            result_.commit = std::max(result_.commit, groups_[i].block->commit);
        }
        if (i > 0) {
            later_sync_index_[i - 1] = std::max(later_sync_index_[i], groups_[i].sync_index());
            later_evidence_[i - 1] = later_evidence_[i] || groups_[i].has_evidence();
        }
    }
    if (footers_) {
        result_.commit = std::max(result_.commit, footers_->footer.commit);
    }
    witness_ = std::max(around_.witness, result_.commit);
}

void SegmentExaminer::examine_group(std::size_t number) {
    const ScannedGroup& group = groups_[number];
    check_base(group);
    bool whole = true;
    for (std::size_t i = 0; i < group.slots.size(); ++i) {
        whole = examine_slot(number, i) == Condition::clean && whole;
        if (ended_) {
            return;
        }
    }
    ++result_.segment.groups;
    end_ = group.end;
    if (group.block) {
        check_block(group, whole);
        walk_.committed(group.block->commit);
    } else {
        check_missing_block(number, whole);
    }
}

void SegmentExaminer::check_base(const ScannedGroup& group) {
    if (!group.block) {
        return;
    }
    const IdentityBlock& block = *group.block;
    const bool follows = block.base == walk_.last();
    const bool chained = !walk_.hash() || walk_.hash()->truncated() == block.base_hash64;
    if (follows && chained) {
        return;
    }
    find(Condition::faulty, FoundAt::identity_block,
        {group.end - identity_block_bytes(block.names.size()), group.end},
        "the group before this one is missing")
        .index = walk_.last().next();
    stand_at({walk_.term_at(block.base), block.base}, std::nullopt);
}

// `whole`: nothing was found in its records.
void SegmentExaminer::check_block(const ScannedGroup& group, bool whole) {
    const IdentityBlock& block = *group.block;
    const Span span{group.end - identity_block_bytes(block.names.size()), group.end};
    const bool agrees = walk_.last() == block.last &&
                        (!walk_.hash() || *walk_.hash() == block.last_hash);
    if (whole && !agrees) {
        find(Condition::faulty, FoundAt::identity_block, span,
            "identity block and records differ")
            .index = walk_.last();
    }
    if (walk_.last() != block.last) {
        stand_at({walk_.last_term(), block.last}, block.last_hash);
    } else {
        walk_.stand_at({walk_.last_term(), block.last}, block.last_hash);
    }
    if (!live_.empty()) {
        live_.back().hash = block.last_hash;
    }
    // Where recovery wrote the block it left these bytes to the file system, and so to a crash.
    check_zeros({group.slots.empty() ? group.start : group.slots.back().end, span.offset},
        Condition::torn, "between the records and their identity block");
    ByteVector written(static_cast<std::size_t>(span.end - span.offset));
    encode_identity_block(written, block, {result_.segment.id, span.offset});
    if (!std::equal(written.begin(), written.end(),
            file_.begin() + static_cast<std::ptrdiff_t>(span.offset))) {
        find(Condition::faulty, FoundAt::padding, span, "behind an identity block").covered = true;
    }
}

void SegmentExaminer::check_missing_block(std::size_t number, bool whole) {
    const ScannedGroup& group = groups_[number];
    const std::uint64_t at =
        group.slots.empty() ? group.start : sector_ceiling(group.slots.back().end);
    const bool last = number + 1 == groups_.size();
    if (last && !later_evidence_[number]) {
        find(Condition::torn, FoundAt::identity_block, {at, group.end},
            "the last group has none; the next opening writes it")
            .covered = true;
        result_.tail = tail_from(at, Condition::torn);
        return;
    }
    const auto* next = last || !groups_[number + 1].block ? nullptr : &*groups_[number + 1].block;
    const bool nothing_between = last || (next != nullptr && next->base == walk_.last());
    Finding& finding = find(Condition::faulty, FoundAt::identity_block, {at, group.end},
        nothing_between ? "it does not verify; its records do"
                        : "it does not verify, nor what stood before it");
    finding.covered = whole && nothing_between;
    finding.index = walk_.last();
}

Condition SegmentExaminer::examine_slot(std::size_t number, std::size_t at) {
    const ScannedGroup& group = groups_[number];
    const Slot& slot = group.slots[at];
    if (is_lost_last_block(slot)) {
        ended_ = true;
        find(Condition::faulty, FoundAt::identity_block,
            {sector_ceiling(slot.offset), footers_->footer.body_end},
            "it does not verify; its records do")
            .covered = true;
        return Condition::torn;
    }
    Condition condition = Condition::clean;
    switch (classify(observe(number, slot))) {
        case Verdict::clean: break;
        case Verdict::faulty: condition = Condition::faulty; break;
        // Without a block nothing says that the flush of the group ever came to an end.
        case Verdict::unsealed:
            condition = slot.name ? Condition::unsealed : Condition::torn;
            break;
    }
    if (condition != Condition::clean && is_superseded()) {
        ended_ = true;
        return Condition::torn;
    }
    if (condition != Condition::clean && is_truncation_known_by_name(slot)) {
        report_record(group, slot, condition).covered = true;
        pass(slot);
    } else if (condition == Condition::unsealed || condition == Condition::torn) {
        lose_tail(group, at, condition);
    } else {
        if (condition == Condition::faulty) {
            report_record(group, slot, condition);
        }
        pass(slot);
    }
    const bool unused = ended_ && result_.tail.condition == Condition::clean;
    if (watch_.record && !unused) {
        const bool same = slot.name && *slot.name == identity_of(slot.record.header,
                                                         slot.record.envelope_crc);
        watch_.record({result_.segment.id, slot, condition, walk_.hash(), same});
    }
    return condition;
}

// All that it says is in its name and in the log.
bool SegmentExaminer::is_truncation_known_by_name(const Slot& slot) const {
    return slot.name && slot.name->is_truncation() && slot.name->index <= walk_.last() &&
           walk_.hash_at(slot.name->index).has_value();
}

// As BodyJudge, whose words decide at boot.
Observation SegmentExaminer::observe(std::size_t number, const Slot& slot) const {
    const ScannedGroup& group = groups_[number];
    const std::optional<EntryIdentity> name = name_of(slot);
    const bool truncation = name && name->is_truncation();
    const Index index = (truncation ? name->index : walk_.last()).next();
    Observation seen;
    seen.record = *why_faulty(group, slot) == '\0';
    seen.identity = slot.name.has_value();
    seen.equal = seen.identity &&
                 *slot.name == identity_of(slot.record.header, slot.record.envelope_crc);
    seen.witness = index <= later_sync_index_[number] || index <= group.stray_sync_index ||
                   index <= witness_;
    seen.witness |= around_.begun && number == 0 && (slot.name || &slot == &group.slots.front());
    seen.later = later_evidence_[number];
    return seen;
}

// Empty if the record verifies and continues the log.
const char* SegmentExaminer::why_faulty(const ScannedGroup& group, const Slot& slot) const {
    const RecordView& record = slot.record;
    if (record.damage != Damage::none) {
        return to_text(record.damage);
    }
    const std::uint64_t epoch =
        group.block ? group.block->epoch : group.slots.front().record.header.epoch;
    const std::uint64_t created = result_.segment.header ? result_.segment.header->epoch : 0;
    if (record.header.epoch != epoch || epoch < created) {
        return "another opening of the log wrote it";
    }
    const Index index = record.header.index;
    if (record.header.is_truncation()) {
        const Digest hash = digest_in(record.envelope);
        const std::optional<Digest> known = walk_.hash_at(index);
        const bool fits = index <= walk_.last() && record.header.prev_hash64 == hash.truncated() &&
                          (!known || *known == hash);
        return fits ? "" : "the truncation does not fit the log before it";
    }
    if (index != walk_.last().next()) {
        return "it does not follow the entry before it";
    }
    if (record.header.term < walk_.last_term()) {
        return "the term goes back";
    }
    const bool chained = !walk_.hash() || walk_.hash()->truncated() == record.header.prev_hash64;
    return chained ? "" : "the hash chain does not continue";
}

Finding& SegmentExaminer::report_record(
    const ScannedGroup& group, const Slot& slot, Condition condition) {
    const RecordHeader& header = slot.record.header;
    const std::uint64_t envelope = slot.offset + record_header_bytes;
    const std::uint64_t erasable = envelope + header.envelope_bytes + sizeof(std::uint32_t);
    FoundAt place = FoundAt::record;
    Span span{slot.offset, std::min<std::uint64_t>(slot.end, file_.size())};
    switch (slot.record.damage) {
        case Damage::none: break;
        case Damage::header: place = FoundAt::record_header; break;
        case Damage::envelope:
            place = FoundAt::record_envelope;
            span = {envelope, erasable};
            break;
        case Damage::erasable:
            place = FoundAt::record_erasable;
            span = {erasable, erasable + header.erasable_bytes + sizeof(std::uint32_t)};
            break;
    }
    const char* why = why_faulty(group, slot);
    const auto name = name_of(slot);
    Finding& finding =
        find(condition, place, span, *why == '\0' ? "record and identity block differ" : why);
    finding.index = name ? name->index : walk_.last().next();
    return finding;
}

// From here on nothing belongs to the log.
void SegmentExaminer::lose_tail(const ScannedGroup& group, std::size_t at, Condition condition) {
    const Slot& slot = group.slots[at];
    ended_ = true;
    ExaminedTail& tail = result_.tail;
    tail = tail_from(slot.offset, condition);
    const bool reused = result_.segment.header && result_.segment.header->reused;
    const bool unused =
        !group.has_evidence() &&
        (reused || is_zero(file_.subspan(static_cast<std::size_t>(slot.offset))));
    if (unused) {
        tail.condition = Condition::clean;
        return;
    }
    for (std::size_t i = at; i < group.slots.size(); ++i) {
        const auto name = name_of(group.slots[i]);
        tail.entries += name && !name->is_truncation() ? 1u : 0u;
    }
    if (condition == Condition::unsealed) {
        report_record(group, slot, condition);
        return;
    }
    find(condition, FoundAt::tail, {slot.offset, file_.size()},
        "a group that a crash cut short; the next opening removes it")
        .index = walk_.last().next();
}

// The log's end in a segment that has a successor is known: what stands behind it is a footer that
// did not reach the disk whole, or a group that was given up.
bool SegmentExaminer::is_superseded() const {
    return !footers_ && around_.next && walk_.last() == around_.next->start.id.index &&
           (!walk_.hash() || *walk_.hash() == around_.next->start.hash);
}

// So it is in a segment that has a footer: all that can stand behind it is the last group's block.
bool SegmentExaminer::is_lost_last_block(const Slot& slot) const {
    return footers_ && !slot.name && slot.record.damage == Damage::header &&
           walk_.last() == footers_->footer.last &&
           (!walk_.hash() || *walk_.hash() == footers_->footer.last_hash);
}

void SegmentExaminer::pass(const Slot& slot) {
    const std::optional<EntryIdentity> name = name_of(slot);
    if (!name) {
        // Not even a length: what follows in this group cannot be found.
        whole_ = false;
        ended_ = true;
        result_.lost_place = true;
        result_.tail = tail_from(slot.offset, Condition::faulty);
        return;
    }
    if (name->is_truncation()) {
        pass_truncation(slot, name->index);
    } else {
        pass_entry(slot, *name);
    }
    count(slot, *name);
    if (slot.record.damage == Damage::none) {
        const RecordHeader& header = slot.record.header;
        const std::uint64_t parts = slot.offset + record_header_bytes + header.envelope_bytes +
                                    header.erasable_bytes + 2 * sizeof(std::uint32_t);
        check_zeros({parts, slot.offset + slot.record.bytes()}, Condition::faulty,
            "behind a record");
    }
}

void SegmentExaminer::pass_entry(const Slot& slot, const EntryIdentity& name) {
    if (name.index != walk_.last().next()) {
        stand_at({name.term, name.index.previous()}, std::nullopt);
    }
    const RecordView& record = slot.record;
    const bool hashable = record.damage == Damage::none || record.damage == Damage::erasable;
    std::optional<Digest> hash;
    if (walk_.hash() && hashable) {
        hash = entry_hash(*walk_.hash(), envelope_of(record));
    }
    walk_.append(name.term, hash);
    const auto place = static_cast<std::uint32_t>(slot.offset / record_alignment);
    live_.push_back({name.term,
        {place, name.envelope_bytes, name.erasable_bytes, name.envelope_crc},
        name.kind == static_cast<std::uint8_t>(EntryKind::configuration), hash});
}

void SegmentExaminer::pass_truncation(const Slot& slot, Index index) {
    const bool intact = slot.record.damage == Damage::none;
    if (index > walk_.last()) {
        stand_at({walk_.last_term(), index},
            intact ? std::optional<Digest>(digest_in(slot.record.envelope)) : std::nullopt);
        return;
    }
    std::optional<Digest> hash = walk_.hash_at(index);
    if (intact) {
        hash = digest_in(slot.record.envelope);
        walk_.truncate(index, *hash);
    } else {
        walk_.stand_at({walk_.term_at(index), index}, hash);
    }
    if (index.next() < result_.segment.first) {
        result_.segment.first = index.next();
        start_hash_ = hash;
        live_.clear();
    } else {
        live_.resize(static_cast<std::size_t>(index.next() - result_.segment.first));
    }
}

void SegmentExaminer::count(const Slot& slot, const EntryIdentity& name) {
    ExaminedSegment& segment = result_.segment;
    ++segment.records;
    if (name.is_truncation()) {
        ++segment.truncations;
    } else {
        segment.erased += name.erasure() == Erasure::whole ? 1u : 0u;
        segment.partly_erased += name.erasure() == Erasure::part ? 1u : 0u;
        segment.envelope_bytes += name.envelope_bytes;
        segment.erasable_bytes += name.erasable_bytes;
    }
    if (slot.record.damage != Damage::header &&
        (segment.epochs.empty() || segment.epochs.back() != slot.record.header.epoch)) {
        segment.epochs.push_back(slot.record.header.epoch);
    }
}

// Damage has hidden how the walk came here.
void SegmentExaminer::stand_at(LogId id, const std::optional<Digest>& hash) {
    walk_.stand_at(id, hash);
    live_.clear();
    result_.segment.first = id.index.next();
    start_hash_ = hash;
    whole_ = false;
}

void SegmentExaminer::examine_footers() {
    // They are durable before the next segment's first group is, and that before its second one.
    const Condition missing = around_.later_promised ? Condition::faulty : Condition::torn;
    if (!footers_) {
        if (around_.later) {
            find(missing, FoundAt::footer,
                {end_, file_.size()}, "no copy of it stands; the next opening writes it")
                .covered = true;
        }
        return;
    }
    const FooterCopies& copies = *footers_;
    result_.segment.footer_copies = copies.intact;
    for (std::size_t i = 0; i < copies.intact.size(); ++i) {
        if (!copies.intact[i]) {
            find(missing, FoundAt::footer_copy,
                {copies.offsets[i], copies.offsets[i] + copies.bytes}, "the other copy stands")
                .covered = true;
        }
    }
    const std::uint64_t end = copies.offsets.back() + copies.bytes;
    if (end < file_.size()) {
        find(Condition::faulty, FoundAt::padding, {end, file_.size()}, "behind the footers")
            .covered = true;
    }
    const std::string difference = whole_ ? difference_of(copies.footer) : std::string();
    if (!difference.empty()) {
        find(Condition::faulty, FoundAt::footer, {copies.offsets[0], end},
            "footer and records differ: " + difference)
            .index = walk_.last();
    }
}

// Empty if the footer says of the segment what its records say.
std::string SegmentExaminer::difference_of(const Footer& footer) const {
    const Index first = result_.segment.first;
    if (footer.first != first || footer.last != walk_.last()) {
        return fmt::format("it has {} to {}, they have {} to {}", footer.first, footer.last, first,
            walk_.last());
    }
    if ((start_hash_ && *start_hash_ != footer.start_hash) ||
        (walk_.hash() && *walk_.hash() != footer.last_hash)) {
        return "the hash at its begin or end";
    }
    LEDGER_ASSERT(footer.names.size() == live_.size());
    std::vector<Index> configurations;
    auto run = footer.terms.begin();
    for (std::size_t i = 0; i < live_.size(); ++i) {
        const Index index = first + i;
        while (std::next(run) != footer.terms.end() && std::next(run)->first <= index) {
            ++run;
        }
        if (run->term != live_[i].term) {
            return fmt::format("the term of index {}", index);
        }
        if (footer.names[i] != live_[i].name) {
            return fmt::format("the identity of index {}", index);
        }
        if (live_[i].configuration) {
            configurations.push_back(index);
        }
    }
    if (configurations != footer.configurations) {
        return "which entries are configurations";
    }
    for (const HashMark& mark : footer.marks) {
        const auto& hash = live_[static_cast<std::size_t>(mark.index - first)].hash;
        if (hash && *hash != mark.hash) {
            return fmt::format("the hash at index {}", mark.index);
        }
    }
    return "";
}

void SegmentExaminer::finish() {
    ExaminedSegment& segment = result_.segment;
    segment.last = segment.first + live_.size() - 1;
    for (std::size_t i = 0; i < live_.size(); ++i) {
        if (segment.terms.empty() || segment.terms.back().term != live_[i].term) {
            segment.terms.push_back({segment.first + i, live_[i].term});
        }
    }
    if (result_.tail.segment == SegmentId{}) {
        result_.tail = {Condition::clean, segment.id, end_, 0, 0};
    }
}

}  // namespace ledger::log
