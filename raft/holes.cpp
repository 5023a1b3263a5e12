// Holes: entries that are damaged on the own disk. They stay part of the log, since somebody may have
// been promised them; they are mended by a copy, or dropped once no quorum can have had them (DESIGN
// section 5; storage reference 3.3).
#include <algorithm>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "raft/configuration_body.h"
#include "raft/quorum.h"
#include "raft/raft.h"

namespace ledger::raft {

void Raft::restore_unsealed(std::span<const EntryRef> entries) {
    LEDGER_ASSERT(std::holds_alternative<Follower>(role_));
    LEDGER_ASSERT(log_.holes().empty() || entries.empty());
    LEDGER_SOMETIMES(!entries.empty(), "raft.unsealed_restored");
    for (const EntryRef& entry : entries) {
        LEDGER_ASSERT(entry.term <= term_);
        append_entry(entry);
    }
}

void Raft::covered_by_cut(Instant now, LogId id, const Configuration& configuration) {
    advance_clock(now);
    if (!log_.contains(id)) {
        return;
    }
    log_.forget_holes(id.index);
    history_.learn_in_force_at(id.index, configuration);
    commit_to(std::max(commit_, id.index));
    ready_.state_from = id;
    forget_offer(offered_.id);  // the caller begins anew, too
    begin_term_when_whole();
}

void Raft::begin_term_when_whole() {
    if (Leader* self = leader(); self != nullptr && self->first_own > log_.last() && !settling()) {
        begin_term(*self);
    }
}

void Raft::replace_body(Index index, const EntryHandle& body) {
    LEDGER_ASSERT(index <= commit_);  // the bytes of others are being counted
    log_.replace_body(index, body);
}

// The copy of a hole is in Ready::repairs; that of a committed entry the caller stores by itself.
void Raft::mend(Instant now, const EntryRef& entry) {
    advance_clock(now);
    if (log_.is_hole(entry.index) && log_.contains(entry.id())) {
        mend_hole(entry);
    } else if (history_.is_unreadable(entry.index) && log_.contains(entry.id())) {
        LEDGER_SOMETIMES(true, "raft.committed_configuration_mended");
        history_.learn(entry.index, *configuration_of(entry));
    }
    begin_term_when_whole();
    finish_call();
}

void Raft::mend_hole(const EntryRef& entry) {
    log_.mend(entry);
    if (history_.is_unreadable(entry.index)) {
        LEDGER_ASSERT(entry.kind == EntryKind::configuration);
        history_.learn(entry.index, *configuration_of(entry));
    }
    ready_.repairs.push_back(entry);
}

// Lost is what a majority never had, in every configuration by which it could have been committed:
// that at the entry itself, and those behind it.
void Raft::never_had(Instant now, NodeId from, LogId id) {
    advance_clock(now);
    Leader* const self = leader();
    if (self == nullptr || !settling() || id.index != log_.holes().front() || !log_.contains(id)) {
        return;
    }
    const bool counts = !history_.all_since(id.index.previous(),
        [from](const Configuration& configuration) { return !configuration.is_voter(from); });
    if (!counts) {
        return;
    }
    if (self->never_had_at != id.index) {
        self->never_had = {};
        self->never_had_at = id.index;
    }
    self->never_had.insert(from);
    if (!history_.all_since(id.index.previous(), [&](const Configuration& configuration) {
            return vote_result(configuration, self->never_had, NodeSet{}) == VoteResult::won;
        })) {
        return;
    }
    LEDGER_SOMETIMES(true, "raft.hole_dropped");
    drop_from_hole(*self);
    finish_call();
}

// Nothing behind it was committed either, and nothing of this term has been appended or sent yet.
void Raft::drop_from_hole(Leader& self) {
    LEDGER_ASSERT(self.first_own > log_.last());
    truncate_log(log_.holes().front().previous());
    refresh_peers(self);
    for (Progress& peer : self.peers) {
        peer.next = std::min(peer.next, log_.last().next());
    }
    LEDGER_ASSERT(log_.holes().empty());
    begin_term(self);
}

}  // namespace ledger::raft
