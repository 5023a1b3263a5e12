#include "log/body_judge.h"

#include <algorithm>

#include "log/base/assert.h"

namespace ledger::log {

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
    if (group.block &&
        (group.block->base != base || group.block->base_hash64 != last_hash().truncated())) {
        return Fault{group.start, base.next(), "the group before this place is missing"};
    }
    begin_identity(group);
    for (std::size_t i = 0; i < group.slots.size(); ++i) {
        const Slot& slot = group.slots[i];
        if (is_torn_footer(slot)) {
            ended_ = true;
            return std::nullopt;
        }
        switch (judge_slot(number, slot)) {
            case Verdict::clean: apply(slot); break;
            case Verdict::unsealed: cut(group, i); return std::nullopt;
            case Verdict::faulty:
                return Fault{slot.offset, log_.map.last().next(), to_text(slot.record.damage)};
        }
    }
    if (group.block) {
        if (group.block->last != log_.map.last() || group.block->last_hash != last_hash()) {
            return Fault{group.start, log_.map.last(), "identity block and records differ"};
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
    return header.index == log_.map.last().next() && header.term >= log_.map.last_term() &&
           header.prev_hash64 == last_hash().truncated();
}

bool BodyJudge::truncation_continues(const RecordView& record) const {
    const Index index = record.header.index;
    if (index > log_.map.last() || index.next() < log_.map.first()) {
        return false;
    }
    Digest hash;
    std::copy(record.envelope.begin(), record.envelope.end(), hash.bytes.begin());
    const Digest* const known = log_.map.find_hash(index);
    return record.header.prev_hash64 == hash.truncated() && (known == nullptr || *known == hash);
}

void BodyJudge::apply(const Slot& slot) {
    const RecordView& record = slot.record;
    LEDGER_ASSERT(record.damage == Damage::none && slot.end > keep_);
    const EntryIdentity name = identity_of(record.header, record.envelope_crc);
    if (record.header.is_truncation()) {
        Digest hash;
        std::copy(record.envelope.begin(), record.envelope.end(), hash.bytes.begin());
        truncate(log_, record.header.index, hash);
    } else {
        append(log_, slot.offset, name, entry_hash(last_hash(), entry_of(record)));
    }
    begun_.epoch = record.header.epoch;
    begun_.sync_index = record.header.sync_index;
    begun_.names.push_back(name);
    begun_.last = log_.map.last();
    begun_.last_hash = last_hash();
    // Until its block is seen the group ends here and needs a new one.
    keep_ = slot.end;
    identity_ = begun_;
}

void BodyJudge::begin_identity(const ScannedGroup& group) {
    begun_ = IdentityBlock{};
    begun_.group_start = group.start;
    begun_.base = log_.map.last();
    begun_.base_hash64 = last_hash().truncated();
}

void BodyJudge::cut(const ScannedGroup& group, std::size_t slot) {
    LEDGER_ASSERT(slot < group.slots.size() && keep_ <= group.slots[slot].offset);
    ended_ = true;
    for (std::size_t i = slot; i < group.slots.size(); ++i) {
        const auto& name = group.slots[i].name;
        torn_entries_ += name && !name->is_truncation() ? 1u : 0u;
    }
}

// The log's end in a segment that has a successor is known: what stands behind it is a footer
// that did not reach the disk whole.
bool BodyJudge::is_torn_footer(const Slot& slot) const {
    return outside_.next && !slot.name && slot.record.damage == Damage::header &&
           log_.map.last() == outside_.next->start.id.index &&
           last_hash() == outside_.next->start.hash;
}

}  // namespace ledger::log
