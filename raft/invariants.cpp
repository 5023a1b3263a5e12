#include "raft/invariants.h"

#include <algorithm>
#include <variant>

#include "log/base/assert.h"

namespace ledger::raft {
namespace {

Observation::Peer observe_peer(const Progress& peer, Index last, bool loads_paced) {
    // A probe that waits, or that a broken link brought about, is released by a heartbeat, a window
    // by an answer, a load by loaded() or, before it begins, by its time; with none of them the next
    // entry should be on its way. So is the offer of a cut. Who is crowded gets nothing until a heartbeat
    // has been answered, which also finds out that what it lacks is gone from the log by now.
    const bool moving = peer.state == Progress::State::snapshot ? peer.waiting
                        : peer.state == Progress::State::probe
                            ? peer.waiting || peer.next <= last || peer.crowded
                            : !peer.inflight.empty() || peer.loading.has_value() ||
                                  loads_paced || peer.crowded;
    return {.node = peer.node,
        .added = peer.added,
        .match = peer.match,
        .next = peer.next,
        .acked_round = peer.acked_round,
        .inflight_bytes = peer.inflight.bytes(),
        .inflight_count = peer.inflight.count(),
        .stuck = peer.match < last && !moving};
}

std::string_view violated_by_leader(const Observation& now) {
    if (now.vote != now.self) {
        return "a leader has voted for itself";
    }
    if (!now.settling && now.last.term != now.term) {
        return "a leader's log ends in an entry of its own term";
    }
    if (now.settling != (now.first_own > now.last.index)) {
        return "a leader's log contains its no-op as soon as it is whole";
    }
    if (now.transfer_target == now.self || !now.transfer_to_voter) {
        return "leadership goes to another voter";
    }
    if (now.own_changes > 1) {
        return "a leader has at most one uncommitted change of the membership";
    }
    if (now.early_change) {
        return "no change of the membership before a commit of the leader's term";
    }
    for (std::uint32_t i = 0; i < now.peers_count; ++i) {
        const Observation::Peer& peer = now.peers[i];
        if (peer.match > now.last.index) {
            return "no follower's match lies beyond the leader's log";
        }
        if (peer.match >= peer.next) {
            return "a follower's match is below its next";
        }
        if (peer.next > now.last.index.next()) {
            return "a follower's next is at most one beyond the leader's log";
        }
        if (peer.acked_round > now.round) {
            return "no follower answers a heartbeat round that was not started";
        }
        if (peer.inflight_count == 0 && peer.inflight_bytes != 0) {
            return "an empty window holds no bytes";
        }
        if (peer.stuck && !now.settling) {
            return "a follower that lacks entries has a request, a load or a probe on the way";
        }
    }
    return {};
}

std::string_view violated_within_term(const Observation& before, const Observation& after) {
    if (before.vote != NodeId{0} && after.vote != before.vote) {
        return "a node votes at most once in a term";
    }
    if (before.leader != NodeId{0} && after.leader != NodeId{0} && before.leader != after.leader) {
        return "a term has at most one leader";
    }
    if (before.role == Role::leader && after.role != Role::leader && after.role != Role::follower) {
        return "a leader stays leader of its term or becomes a follower";
    }
    if (after.role == Role::leader && before.role != Role::leader &&
        before.role != Role::candidate) {
        return "only a candidate becomes leader";
    }
    if (after.role == Role::candidate && before.role != Role::candidate) {
        return "a candidate opens a new term";
    }
    return {};
}

std::string_view violated_leadership(const Observation& before, const Observation& after) {
    if (after.last.index < before.last.index && !before.settling) {
        return "a leader never shortens its log";
    }
    if (after.settling && !before.settling) {
        return "a leader's log stays whole";
    }
    if (after.first_own != before.first_own && !before.settling) {
        return "a leader never rewrites its log";
    }
    const bool transferring =
        before.transfer_target != NodeId{0} && after.transfer_target == before.transfer_target;
    if (transferring && after.last != before.last) {
        return "a leader appends nothing while its leadership moves";
    }
    if (after.round < before.round) {
        return "heartbeat rounds grow within a term";
    }
    for (std::uint32_t i = 0; i < before.peers_count && i < after.peers_count; ++i) {
        if (after.peers[i].node != before.peers[i].node ||
            after.peers[i].added != before.peers[i].added) {
            continue;
        }
        if (after.peers[i].match < before.peers[i].match) {
            return "a follower's match grows within a term";
        }
        if (after.peers[i].acked_round < before.peers[i].acked_round) {
            return "a follower's answered round grows within a term";
        }
    }
    return {};
}

}  // namespace

Observation observe(const Raft& raft) {
    const Status status = raft.status();
    Observation seen{.self = raft.self(),
        .role = status.role,
        .term = status.term,
        .vote = status.vote,
        .leader = status.leader,
        .first = raft.log().first(),
        .last = raft.log().last_id(),
        .durable = status.durable,
        .commit = status.commit,
        .first_in_memory = raft.log().first_in_memory(),
        .whole_to = raft.log().whole_to(),
        .configuration = raft.configurations().current_index(),
        .may_lead = raft.may_lead()};
    if (const Leader* leader = std::get_if<Leader>(&raft.role_state())) {
        seen.round = leader->round;
        seen.first_own = leader->first_own;
        seen.settling = raft.settling();
        seen.uncommitted_bytes = leader->uncommitted_bytes;
        seen.waiting_reads = leader->reads.size();
        seen.transfer_target = status.transfer_target;
        const Index own_uncommitted = std::max(leader->first_own, status.commit.next());
        seen.own_changes = raft.configurations().count_from(own_uncommitted);
        seen.early_change = status.commit < leader->first_own && seen.own_changes > 0;
        seen.transfer_to_voter = !leader->transfer ||
                                 raft.configuration().voters.contains(leader->transfer->target);
        for (const Progress& peer : leader->peers) {
            LEDGER_ASSERT(seen.peers_count < members_max);
            seen.peers[seen.peers_count] =
                observe_peer(peer, raft.sendable(peer), leader->paced_until != never);
            ++seen.peers_count;
        }
    }
    return seen;
}

std::string_view violated_state(const Observation& now) {
    if (now.commit > now.last.index) {
        return "commit lies within the log";
    }
    if (now.commit > now.whole_to) {
        return "what is committed is whole";
    }
    if (now.durable > now.last.index) {
        return "durable lies within the log";
    }
    if (now.first > now.last.index.next()) {
        return "the log has no gap before its end";
    }
    if (now.first_in_memory > now.commit.next()) {
        return "uncommitted entries are in memory";
    }
    if (now.first_in_memory > now.durable.next()) {
        return "entries that are not durable are in memory";
    }
    if (now.last.term > now.term) {
        return "no entry is of a later term than the node";
    }
    if (now.configuration > now.last.index) {
        return "the configuration in force stands in the log";
    }
    const bool campaigns = now.role == Role::pre_candidate || now.role == Role::candidate;
    if (campaigns && !now.may_lead) {
        return "only a voter that holds data campaigns";
    }
    if (now.role == Role::candidate && now.vote != now.self) {
        return "a candidate has voted for itself";
    }
    if ((now.role == Role::leader) != (now.leader == now.self)) {
        return "a node is leader exactly when it names itself as leader";
    }
    return now.role == Role::leader ? violated_by_leader(now) : std::string_view{};
}

std::string_view violated_transition(const Observation& before, const Observation& after) {
    if (after.term < before.term) {
        return "the term never goes back";
    }
    if (after.commit < before.commit) {
        return "commit never goes back";
    }
    if (after.last.index < before.commit) {
        return "a committed entry is never truncated";
    }
    if (after.term > before.term) {
        return after.role == Role::leader && after.first_own.previous() < before.commit
                   ? "a new leader's log contains what it knew as committed"
                   : std::string_view{};
    }
    if (const std::string_view broken = violated_within_term(before, after); !broken.empty()) {
        return broken;
    }
    return before.role == Role::leader && after.role == Role::leader
               ? violated_leadership(before, after)
               : std::string_view{};
}

}  // namespace ledger::raft
