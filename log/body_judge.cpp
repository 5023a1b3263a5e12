#include "log/body_judge.h"

#include <algorithm>

#include "log/base/assert.h"
#include "log/base/sometimes.h"

namespace ledger::log {

namespace {

Digest hash_in(const RecordView& truncation) {
    Digest hash;
    std::copy(truncation.envelope.begin(), truncation.envelope.end(), hash.bytes.begin());
    return hash;
}

}  // namespace

void BodyJudge::look_ahead() {
    later_sync_index_.assign(groups_.size(), Index{});
    later_evidence_.assign(groups_.size(), outside_.later);
    for (std::size_t i = groups_.size(); i-- > 0;) {
        if (groups_[i].block) {
            commit_ = std::max(commit_, groups_[i].block->commit);
        }
        if (i > 0) {
            later_sync_index_[i - 1] = std::max(later_sync_index_[i], groups_[i].sync_index());
            later_evidence_[i - 1] = later_evidence_[i] || groups_[i].has_evidence();
        }
    }
}

std::optional<BodyJudge::Fault> BodyJudge::judge() {
    look_ahead();
    for (std::size_t i = 0; i < groups_.size() && !ended_; ++i) {
        if (auto fault = judge_group(i)) {
            return fault;
        }
    }
    return std::nullopt;
}

std::optional<BodyJudge::Fault> BodyJudge::judge_group(std::size_t number) {
    const ScannedGroup& group = groups_[number];
    const Index base = log_.map.last();
    const Digest* const base_hash = last_hash();
    if (base_hash == nullptr) {
        return Fault{group.start, base, "neither this entry nor its identity block stands"};
    }
    if (group.block &&
        (group.block->base != base || group.block->base_hash64 != base_hash->truncated())) {
        if (is_superseded()) {
            return std::nullopt;
        }
        return Fault{group.start, base.next(), "the group before this place is missing"};
    }
    begin_identity(group);
    for (std::size_t i = 0; i < group.slots.size(); ++i) {
        const Slot& slot = group.slots[i];
        const Verdict verdict = judge_slot(number, slot);
        if (verdict == Verdict::clean) {
            apply(slot);
            continue;
        }
        if (is_superseded()) {
            return std::nullopt;
        }
        // All that a truncation says is in its name and in the log, so nothing of it is lost.
        if (slot.name && slot.name->is_truncation() && truncate_by_name(*slot.name)) {
            note_applied(slot, *slot.name);
            continue;
        }
        if (verdict == Verdict::unsealed) {
            cut(group, i);
            return std::nullopt;
        }
        if (!apply_by_name(slot)) {
            return Fault{slot.offset, log_.map.last().next(), to_text(slot.record.damage)};
        }
    }
    if (group.block) {
        const Digest* const hash = last_hash();
        if (group.block->last != log_.map.last() ||
            (hash != nullptr && group.block->last_hash != *hash)) {
            return Fault{group.start, log_.map.last(), "identity block and records differ"};
        }
        log_.map.learn(group.block->last, group.block->last_hash);
        if (group.block->names.empty()) {
            note_dead(log_, identity_block_bytes(0));
        }
        keep_ = group.end;
        identity_.reset();
    }
    sync_index_ = group.sync_index();
    return std::nullopt;
}

Verdict BodyJudge::judge_slot(std::size_t number, const Slot& slot) const {
    const ScannedGroup& group = groups_[number];
    // A witness must come from elsewhere: a later group, a stray record behind the damage, or a
    // commit. The place that a truncation makes is the one after its index.
    const bool truncation = slot.name ? slot.name->is_truncation()
                                      : slot.record.damage != Damage::header &&
                                            slot.record.header.is_truncation();
    const Index index =
        truncation && slot.name ? slot.name->index.next()
                                : (truncation ? slot.record.header.index : log_.map.last()).next();
    Observation seen;
    seen.record = continues(group, slot);
    seen.identity = slot.name.has_value();
    seen.equal = seen.identity &&
                 *slot.name == identity_of(slot.record.header, slot.record.envelope_crc);
    seen.witness = index <= later_sync_index_[number] || index <= group.stray_sync_index ||
                   index <= outside_.witness || index <= commit_;
    // The first group of a segment that has begun was whole: whatever its block names stood there,
    // and one record in any case.
    seen.witness |= outside_.begun && number == 0 && (slot.name || &slot == &group.slots.front());
    seen.later = later_evidence_[number];
    return classify(seen);
}

bool BodyJudge::continues(const ScannedGroup& group, const Slot& slot) const {
    const RecordView& record = slot.record;
    if (record.damage != Damage::none) {
        return false;
    }
    // Bytes of an earlier opening are stale, whatever their checksum says.
    const std::uint64_t epoch =
        group.block ? group.block->epoch : group.slots.front().record.header.epoch;
    if (record.header.epoch != epoch || epoch < header_epoch_) {
        return false;
    }
    return record.header.is_truncation() ? truncation_continues(record)
                                         : entry_continues(record.header);
}

bool BodyJudge::entry_continues(const RecordHeader& header) const {
    const Digest* const hash = last_hash();
    return header.index == log_.map.last().next() && header.term >= log_.map.last_term() &&
           (hash == nullptr || header.prev_hash64 == hash->truncated());
}

bool BodyJudge::truncation_continues(const RecordView& record) const {
    const Index index = record.header.index;
    if (index > log_.map.last() || index.next() < log_.map.first()) {
        return false;
    }
    const Digest hash = hash_in(record);
    const Digest* const known = log_.map.find_hash(index);
    return record.header.prev_hash64 == hash.truncated() && (known == nullptr || *known == hash);
}

void BodyJudge::apply(const Slot& slot) {
    const RecordView& record = slot.record;
    LEDGER_ASSERT(record.damage == Damage::none && slot.end > keep_);
    const EntryIdentity name = identity_of(record.header, record.envelope_crc);
    if (record.header.is_truncation()) {
        truncate(log_, record.header.index, hash_in(record));
        note_dead(log_, record.bytes());
    } else if (const Digest* const hash = last_hash()) {
        append(log_, slot.offset, name, entry_hash(*hash, entry_of(record)));
    } else {
        append_unverified(log_, slot.offset, name, std::nullopt);
    }
    note_applied(slot, name);
}

// FAULTY: the entry keeps its place in the log. False if its name makes no sense there.
bool BodyJudge::apply_by_name(const Slot& slot) {
    if (!slot.name || slot.name->is_truncation() || slot.name->index != log_.map.last().next() ||
        slot.name->term < log_.map.last_term()) {
        return false;
    }
    LEDGER_SOMETIMES(true, "log.faulty_entry_kept");
    std::optional<Digest> hash;
    const RecordView& record = slot.record;
    const Digest* const before = last_hash();
    if (record.damage == Damage::erasable && before != nullptr && entry_continues(record.header) &&
        *slot.name == identity_of(record.header, record.envelope_crc)) {
        hash = entry_hash(*before, envelope_of(record));
    }
    append_unverified(log_, slot.offset, *slot.name, hash);
    note_faulty(log_, *slot.name);
    note_applied(slot, *slot.name);
    return true;
}

bool BodyJudge::truncate_by_name(const EntryIdentity& name) {
    const Index index = name.index;
    if (index > log_.map.last() || index.next() < log_.map.first()) {
        return false;
    }
    const Digest* const known = log_.map.find_hash(index);
    const std::optional<Digest> hash =
        known != nullptr ? std::optional(*known) : outside_.read_hash(index);
    if (hash) {
        LEDGER_SOMETIMES(true, "log.truncation_known_by_name");
        truncate(log_, index, *hash);
        note_dead(log_, record_bytes(name.envelope_bytes, name.erasable_bytes));
    }
    return hash.has_value();
}

void BodyJudge::note_applied(const Slot& slot, const EntryIdentity& name) {
    begun_.epoch = slot.record.damage == Damage::header ? begun_.epoch : slot.record.header.epoch;
    begun_.sync_index = slot.record.damage == Damage::header ? begun_.sync_index
                                                             : slot.record.header.sync_index;
    begun_.names.push_back(name);
    // Until its block is seen the group ends here and needs a new one.
    keep_ = slot.end;
    if (const Digest* const hash = last_hash()) {
        begun_.last = log_.map.last();
        begun_.last_hash = *hash;
        identity_ = begun_;
    }
}

void BodyJudge::begin_identity(const ScannedGroup& group) {
    begun_ = IdentityBlock{};
    begun_.group_start = group.start;
    begun_.base = log_.map.last();
    begun_.base_hash64 = last_hash()->truncated();
    if (group.block) {
        begun_.epoch = group.block->epoch;
        begun_.sync_index = group.block->sync_index;
    }
}

// The last group, from this slot on. Without its block it was not written whole, or two places are
// damaged: TORN. With it peers decide, and what is there stays until they have.
void BodyJudge::cut(const ScannedGroup& group, std::size_t slot) {
    LEDGER_ASSERT(slot < group.slots.size() && keep_ <= group.slots[slot].offset);
    ended_ = true;
    for (std::size_t i = slot; i < group.slots.size(); ++i) {
        const auto& name = group.slots[i].name;
        const Index next = (log_.map.last() + unsealed_.size()).next();
        // Not what follows a truncation that is lost: it replaces what is kept.
        if (name && !name->is_truncation() && group.block && name->index == next) {
            unsealed_.push_back(*name);
        }
    }
    LEDGER_SOMETIMES(!unsealed_.empty(), "log.unsealed_group");
}

// The log's end in a segment that has a successor is known: what stands behind it is a footer
// that did not reach the disk whole, or a group that was given up.
bool BodyJudge::is_superseded() {
    if (!outside_.next) {
        return false;
    }
    const LogStart& start = outside_.next->start;
    const Digest* const hash = last_hash();
    const bool there = LogId{log_.map.last_term(), log_.map.last()} == start.id &&
                       (hash == nullptr || *hash == start.hash);
    if (there) {
        log_.map.learn(start.id.index, start.hash);
        ended_ = true;
    }
    return there;
}

}  // namespace ledger::log
