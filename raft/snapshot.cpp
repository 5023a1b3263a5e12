// Snapshot: what the core knows of cuts: offered to followers that need what is gone, taken over by
// them, and the log that may be forgotten (Raft §7, thesis §5; DESIGN section 4).
#include <algorithm>

#include "log/base/assert.h"
#include "log/base/sometimes.h"
#include "raft/configuration_body.h"
#include "raft/raft.h"

namespace ledger::raft {

void Raft::cut_durable(const Cut& cut) {
    LEDGER_ASSERT(cut.id.index <= commit_);
    LEDGER_ASSERT(cut.id.index > cut_.id.index);
    LEDGER_ASSERT(log_.contains(cut.id));
    LEDGER_ASSERT(cut.configuration == configuration_at(cut.id.index));
    LEDGER_ASSERT(fault_of(cut.configuration).empty());
    cut_ = {cut.id, cut.cluster_time, cut.wall_time};
    history_.forget_before(cut.id.index);
}

const Configuration& Raft::configuration_at(Index index) const {
    static const Configuration unknown;
    LEDGER_ASSERT(index <= commit_);
    const bool known = history_.knows(index);
    LEDGER_SOMETIMES(!known, "raft.cut_before_known_configuration");
    return known ? history_.in_force_at(index).configuration : unknown;
}

void Raft::discard_to(Index upto) {
    LEDGER_ASSERT(upto <= cut_.id.index);
    log_.begin_after(std::min(upto, log_.durable()));
}

Index Raft::discardable(std::uint64_t kept_min, std::uint64_t kept_max) const {
    const auto before_cut = [this](std::uint64_t kept) {
        return Index{cut_.id.index.value - std::min(kept, cut_.id.index.value)};
    };
    Index upto = before_cut(kept_min);
    if (const Leader* self = std::get_if<Leader>(&role_)) {
        for (const Progress& peer : self->peers) {
            const bool served = answers(peer) && peer.state == Progress::State::replicate;
            upto = served ? std::min(upto, peer.match) : upto;
        }
    }
    return std::max({upto, before_cut(std::max(kept_min, kept_max)), log_.first().previous()});
}

// ---- as leader

// While a cut is being sent it stays the one that is offered, or a slow follower would never see the
// end of any.
void Raft::offer_snapshot(Leader& self, Progress& peer) {
    // The log begins behind a cut only, and the peer needs what is in front of it.
    LEDGER_ASSERT(cut_.id.index.next() >= log_.first());
    LEDGER_ASSERT(cut_.id.index > peer.match);
    const bool goes_on = peer.state == Progress::State::snapshot && peer.sending &&
                         peer.offered.index > peer.match;
    LEDGER_SOMETIMES(goes_on && peer.offered != cut_.id, "raft.newer_cut_waits");
    if (goes_on && peer.offered != cut_.id) {
        peer.wait_for_heartbeat(self.round);
        return;
    }
    if (peer.state != Progress::State::snapshot || peer.offered != cut_.id) {
        peer.become_snapshot(cut_.id, self.sequence + 1);
    }
    peer.wait_for_heartbeat(self.round);
    ByteVector body;
    encode_configuration(configuration_at(cut_.id.index), body);
    send(peer.node, false,
        SnapshotOffer{.term = term_,
            .cut = cut_.id,
            .cluster_time = cut_.cluster_time,
            .wall_time = cut_.wall_time,
            .configuration = EntryHandle::make(body, {})});
}

void Raft::handle(NodeId from, const SnapshotStatus& status) {
    Progress* peer = answering_peer(from, status.term);
    if (peer == nullptr) {
        return;
    }
    Leader& self = *leader();
    const bool possible = status.cut.index <= commit_;
    LEDGER_SOMETIMES(!possible, "raft.status_of_unknown_cut");
    if (!possible) {
        return;
    }
    if (status.held) {
        const bool news = peer->acknowledged(status.cut.index);
        // The log may have been cut again meanwhile: then the newest cut is offered next.
        const bool arrived =
            peer->match.next() >= log_.first() || peer->match >= peer->offered.index;
        if (peer->state == Progress::State::snapshot && arrived) {
            LEDGER_SOMETIMES(peer->match.next() < log_.first(), "raft.cut_again_meanwhile");
            peer->become_probe(peer->match.next(), self.sequence + 1);
        }
        if (news) {
            leader_commit(self);
            continue_transfer(self);
            send_to_witnesses(self);
        }
        send_appends(self, *peer);
        return;
    }
    const bool wanted =
        peer->state == Progress::State::snapshot && status.cut == peer->offered && !peer->sending;
    // A newer cut may have taken the place of the one that was offered; that one is offered next.
    if (wanted && status.cut == cut_.id) {
        peer->sending = true;
        ready_.snapshots.push_back({peer->node,
            {cut_.id, cut_.cluster_time, cut_.wall_time, configuration_at(cut_.id.index)}});
    }
}

void Raft::snapshot_failed(Instant now, NodeId node) {
    advance_clock(now);
    Leader* self = leader();
    Progress* peer = self != nullptr ? find_peer(*self, node) : nullptr;
    if (peer != nullptr && peer->state == Progress::State::snapshot) {
        LEDGER_SOMETIMES(true, "raft.snapshot_failed");
        peer->sending = false;
        peer->wait_for_heartbeat(self->round);
    }
}

// ---- as follower

void Raft::handle(NodeId from, const SnapshotOffer& offer) {
    SnapshotStatus answer{.term = term_, .cut = offer.cut};
    if (offer.term < term_) {
        send(from, false, answer);
        return;
    }
    if (!follow(from, offer.term)) {
        return;
    }
    answer.term = term_;
    const bool whole = log_.contains(offer.cut) && offer.cut.index <= log_.whole_to();
    const bool needed = offer.cut.index > commit_ && !whole;
    LEDGER_SOMETIMES(!needed, "raft.offered_cut_not_needed");
    if (!needed) {
        // A cut is committed. What we hold up to there is the same, and stays (catalogue S01, S03).
        commit_to(std::max(commit_, offer.cut.index));
        answer.held = true;
        send(from, true, answer);
        return;
    }
    const bool news = offered_.id != offer.cut;
    LEDGER_SOMETIMES(news && offered_.id.index != Index{0}, "raft.offer_superseded");
    if (news) {
        offered_ = {offer.cut, offer.cluster_time, offer.wall_time};
        offered_configuration_ = offer.configuration;
        ready_.offers.push_back({from,
            {offer.cut, offer.cluster_time, offer.wall_time,
                *decode_configuration(offer.configuration.envelope())}});
    }
    send(from, false, answer);
}

bool Raft::snapshot_received(Instant now, LogId id) {
    advance_clock(now);
    Follower* self = std::get_if<Follower>(&role_);
    const bool awaited = self != nullptr && offered_.id == id && id.index > commit_;
    LEDGER_SOMETIMES(!awaited, "raft.snapshot_too_late");
    if (!awaited) {
        // The caller gives it up: who offers it again means it anew.
        forget_offer(id);
        return false;
    }
    if (log_.contains(id)) {
        // The entries came by the log meanwhile, or were there but damaged; nothing of it is lost.
        if (id.index > log_.whole_to()) {
            LEDGER_SOMETIMES(true, "raft.cut_covers_holes");
            covered_by_cut(now, id, *decode_configuration(offered_configuration_.envelope()));
        }
        commit_to(std::max(commit_, id.index));
    } else {
        restore({id, offered_.cluster_time, offered_.wall_time,
            *decode_configuration(offered_configuration_.envelope())});
    }
    forget_offer(id);
    if (self->leader != NodeId{0}) {
        send(self->leader, true, SnapshotStatus{.term = term_, .cut = id, .held = true});
    }
    return true;
}

void Raft::forget_offer(LogId upto) {
    if (offered_.id.index <= upto.index) {
        offered_ = {};
        offered_configuration_ = {};
    }
}

// Raft fig. 13: the whole log is discarded, and what lies in Ready of it.
void Raft::restore(const Cut& cut) {
    LEDGER_ASSERT(cut.id.index > commit_);
    LEDGER_ASSERT(leader() == nullptr);
    LEDGER_SOMETIMES(log_.last() > cut.id.index, "raft.conflict_at_cut");
    log_.restart_after(cut.id, cut.cluster_time, cut.wall_time, term_);
    history_ = ConfigurationHistory({cut.id.index, cut.configuration});
    commit_ = cut.id.index;
    cut_ = {cut.id, cut.cluster_time, cut.wall_time};
    ready_.entries.clear();
    ready_.repairs.clear();
    ready_.truncate_to.reset();
    ready_.state_from.reset();
    ready_.restore = cut;
    if (trimmed_) {
        LEDGER_SOMETIMES(true, "raft.trimmed_log_discarded");
        trimmed_ = false;
        persist_hard_state();
    }
}

}  // namespace ledger::raft
